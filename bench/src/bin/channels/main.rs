//! Channels beside their peers, interleaved: each round runs every contender once, so that what else the machine does hits
//! them alike.

mod go;
mod table;

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::time::Duration;

use canter_bench::channels::{Entry, Failure, HostName, Hosts, Row, entries, rows};
use clap::{Parser, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use go::Go;
use table::{Table, summary};

#[derive(Parser)]
#[command(about = "Measures channels beside their peers, interleaved")]
struct Args {
    /// Rounds that count, after one that warms up
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Messages a run, an even number
    #[arg(long, default_value_t = 200_000, value_parser = even)]
    messages: u64,
    /// The runtime that the channels run on
    #[arg(long, value_enum, default_value_t = Choice::Both)]
    runtime: Choice,
    /// Only those whose "row/contender" contains this, such as "1:1-0/" or "/kanal"; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Measures Go too, if there is a go command
    #[arg(long)]
    go: bool,
}

#[derive(Clone, Copy, ValueEnum)]
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

fn even(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 && number % 2 == 0 => Ok(number),
        _ => Err("not an even number above zero".into()),
    }
}

impl Args {
    fn wants(&self, row: Row, contender: &str) -> bool {
        let name = format!("{row}/{contender}");
        self.only.is_empty() || self.only.iter().any(|pattern| name.contains(pattern))
    }
}

/// What takes part in a row, and what it has shown so far.
struct Competitor {
    entry: Option<Entry>,
    outcome: Result<Vec<Duration>, Failure>,
}

impl Competitor {
    fn name(&self) -> &'static str {
        self.entry.map_or(go::NAME, |entry| entry.name())
    }
}

struct Program {
    args: Args,
    hosts: Hosts,
    go: Option<Go>,
    progress: ProgressBar,
}

impl Program {
    fn new(args: Args) -> Program {
        let go = if args.go {
            Go::start()
                .inspect_err(|error| eprintln!("without Go: {error}"))
                .ok()
        } else {
            None
        };
        let steps = args.runtime.hosts().len() * rows().len() * (usize::from(args.rounds) + 1);
        let progress = if stderr().is_terminal() {
            ProgressBar::new(steps as u64)
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{bar:40} {elapsed} of about {duration}  {msg}");
        Program {
            args,
            hosts: Hosts::start(),
            go,
            progress: progress.with_style(style.expect("a template")),
        }
    }

    /// Runs all rounds of a row.
    fn table(&mut self, host: HostName, row: Row) -> Table {
        let entries = entries().into_iter().map(Some).chain([None]);
        let mut competitors: Vec<_> = entries
            .map(|entry| Competitor {
                entry,
                outcome: Ok(Vec::new()),
            })
            .collect();
        competitors.retain(|competitor| self.args.wants(row, competitor.name()));
        for round in 0..=self.args.rounds {
            competitors.retain_mut(|competitor| self.compete(host, row, round, competitor));
            self.progress.inc(1);
        }
        let outcomes = competitors
            .into_iter()
            .map(|competitor| (competitor.name(), competitor.outcome));
        Table::new(host, row, self.args.messages, outcomes)
    }

    /// Runs one competitor once; false if it has no such row.
    fn compete(&mut self, host: HostName, row: Row, round: u16, competitor: &mut Competitor) -> bool {
        let Ok(durations) = &mut competitor.outcome else {
            return true;
        };
        let ran = match (competitor.entry, &mut self.go) {
            (Some(entry), _) => {
                self.progress
                    .set_message(format!("{host} {row} {}", entry.name()));
                entry.run(&self.hosts, host, row, self.args.messages)
            }
            (None, Some(go)) => go.run(row, self.args.messages),
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

fn main() -> ExitCode {
    let mut program = Program::new(Args::parse());
    let mut tables = Vec::new();
    for &host in program.args.runtime.hosts() {
        for row in rows() {
            let table = program.table(host, row);
            if !table.is_empty() {
                program.progress.suspend(|| println!("{table}"));
                tables.push(table);
            }
        }
    }
    program.progress.finish_and_clear();
    if tables.is_empty() {
        eprintln!("no contender in any row fits --only");
        return ExitCode::FAILURE;
    }
    print!("{}", summary(&tables));
    ExitCode::from(u8::from(tables.iter().any(Table::ours_failed)))
}
