//! The results of a row, and of all rows, as text.

use std::fmt::{self, Write};
use std::time::Duration;

use canter_bench::channels::{Failure, HostName, Row};

const OURS: &str = "canter";

/// Nanoseconds a message.
struct Line {
    name: &'static str,
    median: f64,
    min: f64,
    max: f64,
}

impl Line {
    fn new(name: &'static str, mut durations: Vec<Duration>, messages: u64) -> Line {
        durations.sort();
        let each = |index: usize| durations[index].as_nanos() as f64 / messages as f64;
        Line {
            name,
            median: each(durations.len() / 2),
            min: each(0),
            max: each(durations.len() - 1),
        }
    }
}

/// What each contender took in one row, the quickest first.
pub struct Table {
    host: HostName,
    row: Row,
    lines: Vec<Line>,
    failures: Vec<(&'static str, Failure)>,
}

impl Table {
    /// The table of what the contenders took for that many messages.
    pub fn new(
        host: HostName,
        row: Row,
        messages: u64,
        outcomes: impl IntoIterator<Item = (&'static str, Result<Vec<Duration>, Failure>)>,
    ) -> Table {
        let (mut lines, mut failures) = (Vec::new(), Vec::new());
        for (name, outcome) in outcomes {
            match outcome {
                Ok(durations) => lines.push(Line::new(name, durations, messages)),
                Err(failure) => failures.push((name, failure)),
            }
        }
        lines.sort_by(|left, right| left.median.total_cmp(&right.median));
        Table {
            host,
            row,
            lines,
            failures,
        }
    }

    /// Whether nobody took part.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.failures.is_empty()
    }

    /// Whether canter lost messages.
    pub fn ours_failed(&self) -> bool {
        self.failures.iter().any(|(name, _)| *name == OURS)
    }

    fn ours(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == OURS)
    }

    fn best_peer(&self) -> Option<&Line> {
        self.lines.iter().find(|line| line.name != OURS)
    }

    /// The best peer's median to canter's: above one, canter is ahead.
    fn factor(&self) -> Option<f64> {
        Some(self.best_peer()?.median / self.ours()?.median)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!("{} on {}", self.row, self.host);
        writeln!(
            f,
            "{title:<24} {:>8} {:>8} {:>8}  ns per message",
            "median", "min", "max"
        )?;
        for line in &self.lines {
            writeln!(
                f,
                "  {:<22} {:>8.1} {:>8.1} {:>8.1}",
                line.name, line.median, line.min, line.max
            )?;
        }
        for (name, failure) in &self.failures {
            writeln!(f, "  {name:<22}   failed: {failure}")?;
        }
        if let (Some(peer), Some(factor)) = (self.best_peer(), self.factor()) {
            writeln!(f, "  {} / {OURS} = {factor:.2}", peer.name)?;
        }
        Ok(())
    }
}

/// A line for each row: canter, its best peer, and the factor; and what a select costs beside a plain receive.
pub fn summary(tables: &[Table]) -> String {
    let mut text = format!(
        "{:<8} {:<16} {:>8} {:>8} {:>8}  best peer\n",
        "runtime", "row", OURS, "peer", "factor"
    );
    for table in tables {
        let cell =
            |number: Option<f64>, digits| number.map_or("-".into(), |number| format!("{number:.digits$}"));
        let ours = if table.ours_failed() {
            "failed".into()
        } else {
            cell(table.ours().map(|line| line.median), 1)
        };
        let _ = writeln!(
            text,
            "{:<8} {:<16} {:>8} {:>8} {:>8}  {}",
            table.host.to_string(),
            table.row.to_string(),
            ours,
            cell(table.best_peer().map(|line| line.median), 1),
            cell(table.factor(), 2),
            table.best_peer().map_or("-", |line| line.name),
        );
    }
    for table in tables.iter().filter(|table| table.row == Row::Select) {
        let receive = tables
            .iter()
            .find(|other| other.row == Row::Receive && other.host == table.host);
        if let (Some(select), Some(receive)) = (table.ours(), receive.and_then(Table::ours)) {
            let times = select.median / receive.median;
            let _ = writeln!(
                text,
                "on {}, {OURS}'s select takes {times:.2} of its receive",
                table.host
            );
        }
    }
    text
}
