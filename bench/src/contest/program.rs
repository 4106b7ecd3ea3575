//! What the programs share: their options, and the rounds.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::go::{self, Go};
use super::{Entry, Failure, HostName, Hosts, Table, Work};

/// What every contest can be asked for.
#[derive(Args, Debug)]
pub struct Options {
    /// Rounds that count, after one that warms up
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// The runtime that the contenders run on
    #[arg(long, value_enum, default_value_t = Choice::Both)]
    runtime: Choice,
    /// Only those whose "row/contender" contains this, such as "/canter"; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Measures Go too, if there is a go command
    #[arg(long)]
    go: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    Tokio,
    Canter,
    Both,
}

impl Choice {
    fn hosts(self) -> &'static [HostName] {
        match self {
            Choice::Tokio => &[HostName::Tokio],
            Choice::Canter => &[HostName::Canter],
            Choice::Both => &[HostName::Tokio, HostName::Canter],
        }
    }
}

impl Options {
    fn wants<W: Work>(&self, row: W, contender: &str) -> bool {
        let name = format!("{row}/{contender}");
        self.only.is_empty() || self.only.iter().any(|pattern| name.contains(pattern))
    }
}

/// All rows, and all who take part in some.
#[derive(Debug)]
pub struct Contest<W> {
    /// The rows, in the order in which they are run.
    pub rows: Vec<W>,
    /// The contenders, but for Go.
    pub entries: Vec<Entry<W>>,
    /// The source of Go's program: a file in the folder `go`.
    pub go: &'static str,
    /// How often the work of each row is done in each run.
    pub times: u64,
}

impl<W: Work> Contest<W> {
    /// Runs everything that the options ask for, and prints the table of each row as soon as there is one.
    pub fn run(self, options: Options) -> Vec<Table<W>> {
        let mut rounds = Rounds::new(self, options);
        let mut tables = Vec::new();
        for &host in rounds.options.runtime.hosts() {
            for row in rounds.contest.rows.clone() {
                let table = rounds.table(host, row);
                if !table.is_empty() {
                    rounds.progress.suspend(|| println!("{table}"));
                    tables.push(table);
                }
            }
        }
        rounds.progress.finish_and_clear();
        tables
    }
}

/// What takes part in a row, and what it has shown so far.
struct Competitor<W> {
    entry: Option<Entry<W>>,
    outcome: Result<Vec<Duration>, Failure>,
}

impl<W> Competitor<W> {
    fn new(entry: Option<Entry<W>>) -> Competitor<W> {
        Competitor {
            entry,
            outcome: Ok(Vec::new()),
        }
    }

    fn name(&self) -> &'static str {
        self.entry.as_ref().map_or(go::NAME, |entry| entry.name())
    }
}

struct Rounds<W> {
    contest: Contest<W>,
    options: Options,
    hosts: Hosts,
    go: Option<Go>,
    progress: ProgressBar,
}

impl<W: Work> Rounds<W> {
    fn new(contest: Contest<W>, options: Options) -> Rounds<W> {
        let go = if options.go {
            Go::start(contest.go)
                .inspect_err(|error| eprintln!("without Go: {error}"))
                .ok()
        } else {
            None
        };
        let steps = options.runtime.hosts().len() * contest.rows.len() * (usize::from(options.rounds) + 1);
        let progress = if stderr().is_terminal() {
            ProgressBar::new(steps as u64)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{bar:40} {elapsed} of about {duration}  {msg}");
        Rounds {
            contest,
            options,
            hosts: Hosts::start(),
            go,
            progress: progress.with_style(style.expect("a template")),
        }
    }

    /// Runs all rounds of a row.
    fn table(&mut self, host: HostName, row: W) -> Table<W> {
        let entries = self.contest.entries.iter().copied().map(Some).chain([None]);
        let mut competitors: Vec<_> = entries.map(Competitor::new).collect();
        competitors.retain(|competitor| self.options.wants(row, competitor.name()));
        for round in 0..=self.options.rounds {
            competitors.retain_mut(|competitor| self.compete(host, row, round, competitor));
            self.progress.inc(1);
        }
        let outcomes = competitors
            .into_iter()
            .map(|competitor| (competitor.name(), competitor.outcome));
        Table::new(host, row, self.contest.times, outcomes)
    }

    /// Runs one competitor once; false if it has no such row.
    fn compete(&mut self, host: HostName, row: W, round: u16, competitor: &mut Competitor<W>) -> bool {
        let Ok(durations) = &mut competitor.outcome else {
            return true;
        };
        let times = self.contest.times;
        let ran = match (&competitor.entry, &mut self.go) {
            (Some(entry), _) => {
                self.progress
                    .set_message(format!("{host} {row} {}", entry.name()));
                entry.run(&self.hosts, host, row, times)
            }
            (None, Some(go)) => go.run(row, times),
            (None, None) => None,
        };
        match ran {
            None => return false,
            Some(Ok(_)) if round == 0 => {}
            Some(Ok(duration)) => durations.push(duration),
            Some(Err(failure)) => competitor.outcome = Err(failure),
        }
        true
    }
}
