//! The rows: how many connections, on which cores.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use super::cores::{self, Cores};
use super::{Load, Process, SERVERS, Trips, Usage};
use crate::versus::{Better, Contender, Failure, Figure, Run, Workload, go};

/// The bytes of a message.
pub const MESSAGE: usize = 64;

const FIGURES: &[Figure] = &[
    figure("throughput", "round trips/s", Better::Higher),
    figure("p50", "ns", Better::Lower),
    figure("p99", "ns", Better::Lower),
    figure("p99.9", "ns", Better::Lower),
    figure("user", "ns", Better::Lower),
    figure("system", "ns", Better::Lower),
];

const fn figure(name: &'static str, unit: &'static str, better: Better) -> Figure {
    Figure { name, unit, better }
}

/// What a server has to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    OneCore,
    Shared,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Row {
    place: Place,
    connections: usize,
    times: u64,
}

const ROWS: [Row; 7] = [
    row(Place::OneCore, 1, 30_000),
    row(Place::OneCore, 64, 200_000),
    row(Place::OneCore, 1_000, 200_000),
    row(Place::OneCore, 10_000, 300_000),
    row(Place::Shared, 1, 30_000),
    row(Place::Shared, 64, 200_000),
    row(Place::Shared, 1_000, 200_000),
];

const fn row(place: Place, connections: usize, times: u64) -> Row {
    Row {
        place,
        connections,
        times,
    }
}

/// The rows of TCP echo. The servers are processes of the program that runs, and Go's of the one beside it.
pub fn workloads() -> Vec<Workload> {
    // A server that can't be started says so in its row.
    workloads_with(env::current_exe().unwrap_or_default())
}

/// As [`workloads`], with the servers of that program: `PROGRAM serve NAME --workers N` has to call [`serve`](super::serve).
pub fn workloads_with(program: PathBuf) -> Vec<Workload> {
    let program: Rc<Path> = program.into();
    ROWS.iter().map(|row| row.workload(&program)).collect()
}

impl Row {
    fn workload(self, program: &Rc<Path>) -> Workload {
        Workload {
            name: self.name(),
            about: self.about(),
            figures: FIGURES,
            times: self.times,
            quick_times: self.times / 10,
            contenders: self.contenders(program),
        }
    }

    fn name(self) -> String {
        let place = match self.place {
            Place::OneCore => "one-core",
            Place::Shared => "shared",
        };
        format!("echo/{place}/{}", self.connections)
    }

    fn about(self) -> String {
        let who = match self.connections {
            1 => format!("One connection sends {MESSAGE} bytes, waits"),
            many => format!("{many} connections send {MESSAGE} bytes each, wait"),
        };
        let where_to = match (self.place, self.cores().are_apart()) {
            (Place::OneCore, true) => {
                "The server has one worker and a core of its own, and the load has another"
            }
            (Place::OneCore, false) => "The server has one worker and shares the only core with the load",
            (Place::Shared, true) => "The server has all cores but one, which the load has",
            (Place::Shared, false) => "The server shares all cores with the load, which is one thread",
        };
        format!(
            "{who} for their echo over TCP, and again. {where_to}. The clock runs from the first message that is sent to the \
             last one that is back, after a tenth as many on the same connections; user and system are the server's, a message."
        )
    }

    fn cores(self) -> Cores {
        match self.place {
            Place::OneCore => Cores::one_each(),
            Place::Shared => Cores::all(),
        }
    }

    fn contenders(self, program: &Rc<Path>) -> Vec<Contender> {
        let ours = |name: &'static str| {
            let program = program.clone();
            move |run: &Run| {
                let mut command = Command::new(&*program);
                let workers = self.workers(run).to_string();
                command.args(["serve", name, "--workers", &workers]);
                // The global executor of smol asks for it here.
                command.env("SMOL_THREADS", workers);
                self.measure(run, &mut command)
            }
        };
        let program = program.clone();
        let go = move |run: &Run| {
            let mut command = go::command_beside(&program, self.workers(run));
            self.measure(run, command.arg("serve-echo"))
        };
        let contenders = SERVERS.iter().map(|server| match server.name {
            "canter" => Contender::ours(ours(server.name)),
            "mio" => Contender::limit(server.name, ours(server.name)),
            peer => Contender::peer(peer, ours(peer)),
        });
        contenders.chain([Contender::call_with_go(go)]).collect()
    }

    fn workers(self, run: &Run) -> usize {
        match self.place {
            Place::OneCore => 1,
            Place::Shared => run.workers,
        }
    }

    fn measure(self, run: &Run, command: &mut Command) -> Result<Vec<f64>, Failure> {
        let cores = self.cores();
        let keep_to = |cores: &[usize]| {
            cores::keep_to(cores)
                .map_err(|error| Failure::Unavailable(format!("the cores {cores:?}: {error}")))
        };
        // A process has the cores of the thread that starts it.
        keep_to(&cores.server)?;
        let server = Process::start(command);
        keep_to(&cores.load)?;
        let mut server = server?;
        let mut load = Load::connect(server.address(), self.connections, MESSAGE)?;
        load.round_trips(run.times / 10)?;
        let before = server.usage()?;
        let trips = load.round_trips(run.times)?;
        let after = server.usage()?;
        Ok(figures(run.times, &trips, before, after))
    }
}

/// In the order of [`FIGURES`].
fn figures(times: u64, trips: &Trips, before: Usage, after: Usage) -> Vec<f64> {
    let times = times as f64;
    let latency = |quantile| trips.latencies.value_at_quantile(quantile) as f64;
    let each = |before: u64, after: u64| (after - before) as f64 / times;
    vec![
        times / trips.took.as_secs_f64(),
        latency(0.5),
        latency(0.99),
        latency(0.999),
        each(before.user, after.user),
        each(before.system, after.system),
    ]
}
