//! The results of a row, and of all rows, as text.

use std::fmt::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use super::{Failure, HostName, Work};

const OURS: &str = "canter";

/// Nanoseconds for doing it once.
#[derive(Debug)]
struct Line {
    name: &'static str,
    median: f64,
    min: f64,
    max: f64,
}

impl Line {
    fn new(name: &'static str, mut durations: Vec<Duration>, times: u64) -> Line {
        durations.sort();
        let each = |index: usize| durations[index].as_nanos() as f64 / times as f64;
        Line {
            name,
            median: each(durations.len() / 2),
            min: each(0),
            max: each(durations.len() - 1),
        }
    }
}

/// What each contender took in one row, the quickest first.
#[derive(Debug)]
pub struct Table<W> {
    host: HostName,
    row: W,
    lines: Vec<Line>,
    failures: Vec<(&'static str, Failure)>,
}

impl<W: Work> Table<W> {
    /// The table of what the contenders took for doing the work that many times.
    pub(super) fn new(
        host: HostName,
        row: W,
        times: u64,
        outcomes: impl IntoIterator<Item = (&'static str, Result<Vec<Duration>, Failure>)>,
    ) -> Table<W> {
        let (mut lines, mut failures) = (Vec::new(), Vec::new());
        for (name, outcome) in outcomes {
            match outcome {
                Ok(durations) => lines.push(Line::new(name, durations, times)),
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
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.failures.is_empty()
    }

    /// The runtime on which the contenders ran.
    pub fn host(&self) -> HostName {
        self.host
    }

    /// What they did.
    pub fn row(&self) -> W {
        self.row
    }

    /// Canter's median, in nanoseconds.
    pub fn ours_ns(&self) -> Option<f64> {
        Some(self.ours()?.median)
    }

    /// Prints a line for each table: canter, its best peer, and the factor. Fails if there is none, or if canter failed.
    pub fn print_summary(tables: &[Table<W>]) -> ExitCode {
        if tables.is_empty() {
            eprintln!("no contender in any row fits --only");
            return ExitCode::FAILURE;
        }
        print!("{}", summary(tables));
        ExitCode::from(u8::from(tables.iter().any(Table::ours_failed)))
    }

    fn ours_failed(&self) -> bool {
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

impl<W: Work> fmt::Display for Table<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = format!("{} on {}", self.row, self.host);
        writeln!(
            f,
            "{title:<24} {:>8} {:>8} {:>8}  ns per {}",
            "median",
            "min",
            "max",
            W::UNIT
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

fn summary<W: Work>(tables: &[Table<W>]) -> String {
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
            cell(table.ours_ns(), 1)
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
    text
}
