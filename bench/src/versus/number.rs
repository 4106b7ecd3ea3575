//! Numbers as people read them.

use indicatif::HumanCount;

/// A number with three significant digits: `0.0123`, `45.6`, `12,300`.
pub(super) fn three_digits(value: f64) -> String {
    let scientific = format!("{value:.2e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if exponent < 3 {
        let digits = usize::try_from(2 - exponent).unwrap_or_default();
        return if value == 0.0 {
            "0".into()
        } else {
            format!("{:.digits$}", rounded(&scientific, value))
        };
    }
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    // Cut off where an integer ends, which nothing measured comes near to.
    format!("{sign}{}", HumanCount(rounded(&scientific, value).abs() as u64))
}

fn rounded(scientific: &str, value: f64) -> f64 {
    scientific.parse().unwrap_or(value)
}

/// A factor with three significant digits: `1.09×`.
pub(super) fn factor(value: f64) -> String {
    format!("{}×", three_digits(value))
}

/// A unit, and by how much a value has to be divided to be counted in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    /// Its name.
    pub(super) name: &'static str,
    divisor: f64,
}

impl Unit {
    /// The unit in which values from this one on are readable: nanoseconds become longer units where they are many. The smallest of no
    /// values is infinite.
    pub(super) fn readable(unit: &'static str, smallest: f64) -> Unit {
        let (name, divisor) = match unit {
            unit if smallest.is_infinite() => (unit, 1.0),
            "ns" if smallest >= 1e9 => ("s", 1e9),
            "ns" if smallest >= 1e6 => ("ms", 1e6),
            "ns" if smallest >= 1e4 => ("µs", 1e3),
            unit => (unit, 1.0),
        };
        Unit { name, divisor }
    }

    /// The value, counted in this unit.
    pub(super) fn count(self, value: f64) -> f64 {
        value / self.divisor
    }

    /// The value in this unit as text, without the unit's name.
    pub(super) fn text(self, value: f64) -> String {
        three_digits(self.count(value))
    }
}

/// A value with its unit as text: `45.6 ns`.
pub(super) fn with_unit(value: f64, unit: &'static str) -> String {
    let unit = Unit::readable(unit, value);
    format!("{} {}", unit.text(value), unit.name)
}

#[cfg(test)]
mod tests {
    use super::{factor, three_digits, with_unit};

    /// Three digits count, rounded, and thousands are apart.
    #[test]
    fn three_digits_count() {
        let texts = [
            (0.0, "0"),
            (0.012_34, "0.0123"),
            (1.0, "1.00"),
            (45.62, "45.6"),
            (99.96, "100"),
            (999.6, "1,000"),
            (1_234.0, "1,230"),
            (12_345_678.0, "12,300,000"),
            (-45.62, "-45.6"),
            (-1_234.0, "-1,230"),
            (f64::INFINITY, "inf"),
        ];
        for (value, text) in texts {
            assert_eq!(three_digits(value), text);
        }
        assert_eq!(factor(1.5), "1.50×");
    }

    /// Nanoseconds become longer units, and nothing else does.
    #[test]
    fn long_times_have_long_units() {
        assert_eq!(with_unit(9_990.0, "ns"), "9,990 ns");
        assert_eq!(with_unit(15_000.0, "ns"), "15.0 µs");
        assert_eq!(with_unit(2_500_000.0, "ns"), "2.50 ms");
        assert_eq!(with_unit(4.2e9, "ns"), "4.20 s");
        assert_eq!(with_unit(2_500_000.0, "msg/s"), "2,500,000 msg/s");
    }
}
