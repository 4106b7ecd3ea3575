//! The rounds: every contender measures once in each, so that what else the machine does hits them alike.

use std::env::current_exe;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::go::Go;
use super::group::Group;
use super::options::{Measurement, Options};
use super::row::{Outcomes, Row};
use super::{Contender, Failure, Means, Run, Workload, child, measure};

/// How long all rounds of a quick run may take. Starting and ending the program is in the rest of the minute.
const QUICK: Duration = Duration::from_secs(50);

/// All groups, and how they are measured.
#[derive(Debug)]
pub(super) struct Contest {
    program: PathBuf,
    go: Option<Go>,
    run_workers: usize,
    rounds: u16,
    time_limit: Duration,
    quick: bool,
    progress: ProgressBar,
}

/// What came out for a group.
#[derive(Debug)]
pub(super) struct Outcome {
    /// The rows of each of its workloads.
    pub(super) rows: Vec<Vec<Row>>,
    /// The rounds that there was time for.
    pub(super) rounds: u16,
}

impl Contest {
    /// Prepares to measure the groups: builds Go's program if one of them needs it.
    pub(super) fn new(groups: &[Group], options: &Options) -> io::Result<Contest> {
        let mut contenders = groups
            .iter()
            .flat_map(|group| &group.workloads)
            .flat_map(|workload| &workload.contenders);
        let with_go = contenders.any(|contender| !matches!(contender.means, Means::Call(_)));
        let measurements: usize = groups.iter().map(Group::measurements).sum();
        Ok(Contest {
            program: current_exe()?,
            go: with_go.then(Go::build),
            run_workers: options.workers(),
            rounds: options.rounds(),
            time_limit: options.time_limit(),
            quick: options.quick,
            progress: progress(measurements as u64 * u64::from(options.rounds())),
        })
    }

    /// Measures one group after the other, and shows what came out for each.
    pub(super) fn run(&self, groups: &[Group], mut show: impl FnMut(&Group, &Outcome)) -> Vec<Outcome> {
        let started = Instant::now();
        let mut outcomes = Vec::new();
        for (number, group) in groups.iter().enumerate() {
            let left = QUICK.saturating_sub(started.elapsed());
            let share = self.quick.then(|| left / (groups.len() - number) as u32);
            let outcome = self.measure_group(group, share);
            self.progress.suspend(|| show(group, &outcome));
            outcomes.push(outcome);
        }
        self.progress.finish_and_clear();
        outcomes
    }

    /// Runs all rounds of a group, but no second one if the time that it may take would be over then.
    fn measure_group(&self, group: &Group, time: Option<Duration>) -> Outcome {
        let none_yet = |workload: &Workload| vec![Vec::new(); workload.contenders.len()];
        let mut outcomes: Vec<Vec<_>> = group.workloads.iter().map(none_yet).collect();
        let (started, mut rounds) = (Instant::now(), 0);
        while rounds < self.rounds {
            let with_another = started.elapsed() / u32::from(rounds.max(1)) * u32::from(rounds + 1);
            if rounds > 0 && time.is_some_and(|time| with_another > time) {
                break;
            }
            for (workload, outcomes) in group.workloads.iter().zip(&mut outcomes) {
                for (contender, outcomes) in workload.contenders.iter().zip(outcomes) {
                    if !is_out(outcomes) {
                        outcomes.push(self.measure(workload, contender));
                    }
                    self.progress.inc(1);
                }
            }
            rounds += 1;
        }
        let skipped = u64::from(self.rounds - rounds) * group.measurements() as u64;
        self.progress.dec_length(skipped);
        let rows = group.workloads.iter().zip(&outcomes);
        Outcome {
            rows: rows
                .map(|(workload, outcomes)| Row::of(workload, outcomes))
                .collect(),
            rounds,
        }
    }

    /// Measures one contender once.
    fn measure(&self, workload: &Workload, contender: &Contender) -> Result<Vec<f64>, Failure> {
        self.progress
            .set_message(format!("{} {}", workload.name, contender.name));
        let command = self.command(workload, contender)?;
        match child::run(command, self.time_limit) {
            Ok(Some(output)) => measure::figures(&output, workload.figures.len()),
            Ok(None) => Err(Failure::Stuck),
            Err(error) => Err(Failure::Died(error.to_string())),
        }
    }

    fn command(&self, workload: &Workload, contender: &Contender) -> Result<Command, Failure> {
        let run = Run {
            times: workload.times(self.quick),
            workers: self.run_workers,
        };
        match (&contender.means, &self.go) {
            (Means::Go(name), Some(go)) => return go.command(name, run),
            (Means::CallWithGo(_), Some(go)) => {
                go.program()?;
            }
            _ => {}
        }
        let mut command = Command::new(&self.program);
        command.args(Measurement::arguments(&workload.name, contender.name, run));
        Ok(command)
    }
}

/// Whether another round can tell nothing more of a contender: it lacks what it needs, or would take all its time again.
fn is_out(outcomes: &Outcomes) -> bool {
    matches!(
        outcomes.last(),
        Some(Err(Failure::Unavailable(_) | Failure::Stuck))
    )
}

/// A bar on the standard error, which shows nothing where that is no terminal.
fn progress(steps: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {percent}%, {elapsed} gone, {eta} to go  {wide_msg}");
    let progress = ProgressBar::new(steps).with_style(style.expect("a template"));
    // A measurement may take long; the time goes on meanwhile.
    progress.enable_steady_tick(Duration::from_secs(1));
    progress
}
