//! How steeply cost grows.

/// By how much cost may exceed what it should be before it is not noise: a difference below a quarter is a tie.
const NOISE: f64 = 1.25;

/// How cost grows between two points.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Growth {
    /// The power of the number with which cost grows: one if it grows as the number does.
    pub(super) exponent: f64,
    /// Whether that is steeper than `n log n`.
    pub(super) is_steep: bool,
}

impl Growth {
    /// The growth between two points, each a number and the whole cost there. Nothing if they are the same, or without cost.
    pub(super) fn between((from, start): (u64, f64), (to, end): (u64, f64)) -> Option<Growth> {
        let steps = (to as f64 / from as f64).ln();
        let ratio = end / start;
        (from > 0 && steps != 0.0 && ratio.is_finite() && ratio > 0.0).then(|| Growth {
            exponent: ratio.ln() / steps,
            is_steep: ratio > n_log_n(to) / n_log_n(from) * NOISE,
        })
    }
}

/// `n log n`, and one for one.
fn n_log_n(number: u64) -> f64 {
    let number = number as f64;
    number * (1.0 + number.log2())
}

#[cfg(test)]
mod tests {
    use super::Growth;

    /// The exponent is the slope between logarithms, and only what is above `n log n` is steep.
    #[test]
    fn steep_is_more_than_n_log_n() {
        let steep = |cost: fn(f64) -> f64| {
            let growth = Growth::between((1_000, cost(1e3)), (1_000_000, cost(1e6)));
            growth.expect("two points").is_steep
        };
        assert!(!steep(|_| 5.0));
        assert!(!steep(|n| n));
        assert!(!steep(|n| n * n.log2()));
        assert!(steep(|n| n * n.sqrt()));
        assert!(steep(|n| n * n));
        let square = Growth::between((10, 100.0), (100, 10_000.0)).expect("two points");
        assert!((square.exponent - 2.0).abs() < 1e-9);
        let workers = Growth::between((1, 50.0), (2, 50.0)).expect("two points");
        assert!(workers.exponent.abs() < 1e-9 && !workers.is_steep);
    }

    /// There is no growth from nothing.
    #[test]
    fn no_growth_without_cost() {
        assert_eq!(Growth::between((10, 0.0), (100, 1.0)), None);
        assert_eq!(Growth::between((10, 1.0), (100, 0.0)), None);
        assert_eq!(Growth::between((0, 1.0), (100, 1.0)), None);
        assert_eq!(Growth::between((10, 1.0), (10, 2.0)), None);
    }
}
