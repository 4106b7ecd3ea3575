//! The rows: how many connections, on which cores.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use super::cores::{self, Cores};
use super::{Load, Process, Server, Talk, Trips, Usage};
use crate::versus::{Better, Contender, Failure, Figure, Run, Workload, go};

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

/// A number of connections, and what the server has to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::versus) struct Row {
    place: Place,
    connections: usize,
    times: u64,
}

/// That many connections make that many round trips with a server that has one core.
pub(in crate::versus) const fn one_core(connections: usize, times: u64) -> Row {
    Row {
        place: Place::OneCore,
        connections,
        times,
    }
}

/// The same, with a server that has all cores but the load's.
pub(in crate::versus) const fn shared(connections: usize, times: u64) -> Row {
    Row {
        place: Place::Shared,
        connections,
        times,
    }
}

/// What is served.
#[derive(Debug, Clone, Copy)]
pub(in crate::versus) struct Service {
    /// The name of its rows, and of Go's server: `serve-NAME`.
    pub(in crate::versus) name: &'static str,
    /// What so many connections do, in a sentence that is not ended.
    pub(in crate::versus) about: fn(usize) -> String,
    /// Those who serve it, canter first.
    pub(in crate::versus) servers: &'static [Server],
    /// What is said on the connection of a number.
    pub(in crate::versus) talk: fn(usize) -> Box<dyn Talk>,
}

/// The rows of a service. The servers are processes of that program, or else of the one that runs, and Go's of the one beside it.
pub(in crate::versus) fn workloads(
    service: Service,
    rows: &[Row],
    program: Option<PathBuf>,
) -> Vec<Workload> {
    // A server that can't be started says so in its row.
    let program = program.unwrap_or_else(|| env::current_exe().unwrap_or_default());
    let program: Rc<Path> = program.into();
    let row = |&row| Served { service, row }.workload(&program);
    rows.iter().map(row).collect()
}

/// A row of a service.
#[derive(Debug, Clone, Copy)]
struct Served {
    service: Service,
    row: Row,
}

impl Served {
    fn workload(self, program: &Rc<Path>) -> Workload {
        Workload {
            name: self.name(),
            about: self.about(),
            figures: FIGURES,
            times: self.row.times,
            quick_times: self.row.times / 10,
            contenders: self.contenders(program),
        }
    }

    fn name(self) -> String {
        let place = match self.row.place {
            Place::OneCore => "one-core",
            Place::Shared => "shared",
        };
        format!("{}/{place}/{}", self.service.name, self.row.connections)
    }

    fn about(self) -> String {
        let what = (self.service.about)(self.row.connections);
        let where_to = match (self.row.place, self.cores().are_apart()) {
            (Place::OneCore, true) => {
                "The server has one worker and a core of its own, and the load has another"
            }
            (Place::OneCore, false) => "The server has one worker and shares the only core with the load",
            (Place::Shared, true) => "The server has all cores but one, which the load has",
            (Place::Shared, false) => "The server shares all cores with the load, which is one thread",
        };
        format!(
            "{what}. {where_to}. The clock runs from the first message that is sent to the last answer that is there, after a \
             tenth as many on the same connections; user and system are the server's, a message."
        )
    }

    fn cores(self) -> Cores {
        match self.row.place {
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
                command.args(["serve", self.service.name, name, "--workers", &workers]);
                // The global executor of smol asks for it here.
                command.env("SMOL_THREADS", workers);
                self.measure(run, &mut command)
            }
        };
        let program = program.clone();
        let go = move |run: &Run| {
            let mut command = go::command_beside(&program, self.workers(run));
            self.measure(run, command.arg(format!("serve-{}", self.service.name)))
        };
        let contenders = self.service.servers.iter().map(|server| match server.name {
            "canter" => Contender::ours(ours(server.name)),
            "mio" => Contender::limit(server.name, ours(server.name)),
            peer => Contender::peer(peer, ours(peer)),
        });
        contenders.chain([Contender::call_with_go(go)]).collect()
    }

    fn workers(self, run: &Run) -> usize {
        match self.row.place {
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
        let mut load = Load::connect(server.address(), self.row.connections, self.service.talk)?;
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
