//! Dumps and reports as a person reads them: a line for each thread and for each group, the numbers in a column.

use std::fmt;
use std::time::Duration;

use super::{BlockedThread, Deadlock, Described, Dump, Group, Kind, Party, State, Suspects};

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headline = if self.proven {
            "all tasks are asleep: deadlock!"
        } else {
            "all tasks are asleep, and no timer, socket or signal can wake one: \
             a deadlock, unless another thread ends it (this is said once)"
        };
        f.write_str(headline)?;
        for dump in &self.dumps {
            write!(f, "\n{dump}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.threads.iter().map(ToString::to_string).collect::<Vec<_>>();
        let numbers: Vec<String> = self.groups.iter().map(|group| grouped(group.count)).collect();
        let width = numbers.iter().map(String::len).max().unwrap_or(0);
        let groups = self.groups.iter().zip(&numbers);
        lines.extend(groups.map(|(group, number)| format!("{number:>width$} {group}")));
        if self.groups.is_empty() {
            lines.push("no tasks".to_owned());
        }
        if !self.suspects.is_empty() {
            lines.push("suspects, which seem to wait for each other and nobody else:".to_owned());
            lines.extend(self.suspects.iter().map(ToString::to_string));
        }
        f.write_str(&lines.join("\n"))
    }
}

impl fmt::Display for BlockedThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "thread '{name}'")?,
            None => f.write_str("a thread")?,
        }
        write!(f, " waits in `block_on` at {}", self.called_at)?;
        if let Some(waiting) = self.waiting {
            write!(f, " for {waiting}")?;
        }
        write!(f, ", for {}", Time(self.waited))
    }
}

/// Without the number, which stands before it: `tasks spawned at src/main.rs:40:5 wait for ..`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let one = self.count == 1;
        let plural = if one { "" } else { "s" };
        write!(f, "{}{plural} spawned at {} ", self.kind.words(), self.spawned_at)?;
        match (self.state, self.kind) {
            (State::Running, _) => f.write_str(if one { "runs" } else { "run" })?,
            (State::Ready, Kind::Closure) => {
                f.write_str(if one {
                    "waits for a thread"
                } else {
                    "wait for a thread"
                })?;
            }
            (State::Ready, _) => f.write_str(if one { "is ready" } else { "are ready" })?,
            (State::Waiting(waiting), _) => {
                f.write_str(if one { "waits" } else { "wait" })?;
                if let Some(waiting) = waiting {
                    write!(f, " for {waiting}")?;
                }
            }
        }
        self.fmt_times(f)?;
        write!(f, ": task{plural} ")?;
        for (index, task) in self.sample.iter().enumerate() {
            write!(f, "{}{task}", if index == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.count > self.sample.len() {
            ", .."
        } else {
            ""
        })
    }
}

impl Group {
    fn fmt_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.longest, self.shortest) {
            (Some(longest), Some(shortest)) => write!(f, ", for {}", Times { longest, shortest }),
            _ => Ok(()),
        }
    }
}

impl Kind {
    fn words(self) -> &'static str {
        match self {
            Kind::Task => "task",
            Kind::LocalTask => "local task",
            Kind::Closure => "closure",
        }
    }
}

/// `2 tasks spawned at src/main.rs:40:5 wait for .., for 3.2 s; the other ends are held by the `block_on` at ..`.
impl fmt::Display for Suspects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Suspects {
            who,
            waiting,
            longest,
            shortest,
            ref held_by,
        } = self;
        let verb = if who.count == 1 { "waits" } else { "wait" };
        let times = Times { longest, shortest };
        write!(f, "{who} {verb} for {waiting}, for {times}")?;
        for (index, party) in held_by.iter().enumerate() {
            let before = if index == 0 {
                "; the other ends are held by"
            } else {
                ","
            };
            write!(f, "{before} {party}")?;
        }
        Ok(())
    }
}

/// `2 tasks spawned at src/main.rs:40:5`, or `the `block_on` at src/main.rs:12:1`.
impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Party { kind, place, count } = self;
        let plural = if *count == 1 { "" } else { "s" };
        match kind {
            Some(kind) => write!(f, "{count} {}{plural} spawned at {place}", kind.words()),
            None if *count == 1 => write!(f, "the `block_on` at {place}"),
            None => write!(f, "{count} threads in the `block_on` at {place}"),
        }
    }
}

/// From the shortest to the longest, if they differ.
struct Times {
    longest: Duration,
    shortest: Duration,
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (longest, shortest) = (Time(self.longest).to_string(), Time(self.shortest).to_string());
        if longest == shortest {
            f.write_str(&longest)
        } else {
            write!(f, "{shortest} to {longest}")
        }
    }
}

/// `17`, or `17 "name" (worker 2, 0.4 s)`.
impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        match self.worker {
            Some(worker) => write!(f, " (worker {worker})"),
            None => Ok(()),
        }
    }
}

/// A time to two or three digits.
struct Time(Duration);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0..60 => write!(f, "{:.1} s", self.0.as_secs_f64()),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

/// A number with a comma before every three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Time, grouped};

    #[test]
    fn numbers_have_a_comma_before_every_three_digits() {
        let numbers = [0, 7, 999, 1_000, 12_345, 1_000_000].map(grouped);
        assert_eq!(numbers, ["0", "7", "999", "1,000", "12,345", "1,000,000"]);
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        let told = |millis| Time(Duration::from_millis(millis)).to_string();
        assert_eq!(told(0), "0.0 s");
        assert_eq!(told(3_240), "3.2 s");
        assert_eq!(told(61_000), "1 min 1 s");
        assert_eq!(told(2 * 3_600_000 + 300_000), "2 h 5 min");
    }
}
