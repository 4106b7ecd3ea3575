//! What the program can be asked for.

use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::Run;

/// The rounds of a full run: enough for a median that one disturbed round does not move.
const ROUNDS: NonZeroU16 = NonZeroU16::new(7).expect("not zero");

/// The most rounds of a quick run; it makes fewer where time is short.
const QUICK_ROUNDS: NonZeroU16 = NonZeroU16::new(3).expect("not zero");

/// How long one measurement may take. The longest, ten million tasks, takes half a minute on a slow machine; ten times that is stuck.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// How long one measurement of a quick run may take, where none is meant to take a second.
const QUICK_TIME_LIMIT: Duration = Duration::from_secs(20);

/// The command line.
#[derive(Debug, Parser)]
#[command(
    name = "versus",
    about = "Measures canter beside its peers, interleaved, each measurement in a process of its own",
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    override_usage = "versus [OPTIONS]"
)]
pub(super) struct CommandLine {
    #[command(flatten)]
    pub(super) options: Options,
    #[command(subcommand)]
    pub(super) role: Option<Role>,
}

/// What a process that the program started does.
#[derive(Debug, Subcommand)]
pub(super) enum Role {
    /// Measures once, and prints the figures
    #[command(hide = true)]
    Measure(Measurement),
    /// Serves for one measurement
    #[command(hide = true)]
    Serve {
        /// What is served
        service: Served,
        /// The contender
        contender: String,
        /// Worker threads
        #[arg(long)]
        workers: usize,
    },
}

/// What a process can serve.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Served {
    Echo,
    Http,
}

/// One measurement.
#[derive(Args, Debug)]
pub(super) struct Measurement {
    /// The workload
    pub(super) workload: String,
    /// The contender
    pub(super) contender: String,
    /// How often the work is done
    #[arg(long)]
    times: u64,
    /// Worker threads
    #[arg(long)]
    workers: usize,
}

impl Measurement {
    /// What the run is asked for.
    pub(super) fn run(&self) -> Run {
        Run {
            times: self.times,
            workers: self.workers,
        }
    }

    /// The arguments that ask for this measurement.
    pub(super) fn arguments(workload: &str, contender: &str, run: Run) -> [String; 7] {
        let (times, workers) = (run.times.to_string(), run.workers.to_string());
        [
            "measure".into(),
            workload.into(),
            contender.into(),
            "--times".into(),
            times,
            "--workers".into(),
            workers,
        ]
    }
}

/// What a person asks for.
#[derive(Args, Debug)]
pub(super) struct Options {
    /// Only those whose "workload/contender" contains this, such as "spawn" or "/canter"; may be given several times
    #[arg(long, value_name = "PATTERN")]
    only: Vec<String>,
    /// Shows how cost grows with the workers, tasks, channels and timers, and nothing else
    #[arg(long)]
    pub(super) scale: bool,
    /// Takes less than a minute: less work, and as many rounds as there is time for
    #[arg(long)]
    pub(super) quick: bool,
    /// Rounds, each of which measures every contender once [default: 7, with --quick up to 3]
    #[arg(long)]
    rounds: Option<NonZeroU16>,
    /// Worker threads of each runtime that has several [default: the cores that are usable]
    #[arg(long)]
    workers: Option<NonZeroUsize>,
    /// Seconds that one measurement may take before it counts as stuck [default: 300, with --quick 20]
    #[arg(long, value_name = "SECONDS")]
    time_limit: Option<u64>,
    /// Writes what was measured, and on what machine, to this file
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Draws a chart of each row into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) plot: Option<PathBuf>,
    /// Lists the workloads and their contenders, and runs nothing
    #[arg(long)]
    pub(super) list: bool,
}

impl Options {
    /// Whether that contender is to run that workload.
    pub(super) fn wants(&self, workload: &str, contender: &str) -> bool {
        let name = format!("{workload}/{contender}");
        self.only.is_empty() || self.only.iter().any(|pattern| name.contains(pattern))
    }

    /// The rounds, or the most of them in a quick run.
    pub(super) fn rounds(&self) -> u16 {
        let default = if self.quick { QUICK_ROUNDS } else { ROUNDS };
        self.rounds.unwrap_or(default).get()
    }

    /// The worker threads of each runtime that has several.
    pub(super) fn workers(&self) -> usize {
        self.workers.map_or_else(usable_cores, NonZeroUsize::get)
    }

    /// How long one measurement may take.
    pub(super) fn time_limit(&self) -> Duration {
        let default = if self.quick { QUICK_TIME_LIMIT } else { TIME_LIMIT };
        self.time_limit.map_or(default, Duration::from_secs)
    }
}

/// The cores that this process may use.
pub(super) fn usable_cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}
