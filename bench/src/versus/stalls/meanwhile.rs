//! An echo server on a runtime whose tasks block: how long the messages take.

use std::convert::Infallible;
use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};

use super::blocking::{InPlace, SpawnBlocking, Start, TASKS, Unblock, Untold, block_all};
use super::clients::{CLIENTS, latencies_during};
use crate::runtimes::{Canter, Runtime};
use crate::versus::echo::{accept_on_canter, accept_on_smol, accept_on_tokio};
use crate::versus::network::{Process, listen};
use crate::versus::timing::expect_count;
use crate::versus::{Better, Contender, Failure, Figure, Run, Workload, go};

const FIGURES: &[Figure] = &[figure("p50"), figure("p99"), figure("longest")];

const fn figure(name: &'static str) -> Figure {
    Figure {
        name,
        unit: "ns",
        better: Better::Lower,
    }
}

pub(super) fn workload() -> Workload {
    Workload {
        name: "stalls/echo-meanwhile".to_owned(),
        about: format!(
            "A TCP echo server on the runtime on which 1,000 tasks each block their thread for 100 ms, started as in stalls/blocking/1000: \
             how long the messages take that are under way from the start of the first task to the end of the last. {CLIENTS} clients, a \
             thread each, wait 1 ms between two messages; Go's server is a process of its own."
        ),
        figures: FIGURES,
        times: TASKS,
        quick_times: TASKS,
        contenders: vec![
            Contender::ours(measure::<Untold<Canter>, _>(accept_on_canter)),
            Contender::peer(InPlace::NAME, measure::<InPlace, _>(accept_on_tokio)),
            Contender::peer(SpawnBlocking::NAME, measure::<SpawnBlocking, _>(accept_on_tokio)),
            Contender::peer(Unblock::NAME, measure::<Unblock, _>(accept_on_smol)),
            Contender::call_with_go(measure_go),
        ],
    }
}

/// In the order of [`FIGURES`], with this server.
fn measure<S: Start, F>(accept: fn(TcpListener) -> F) -> impl Fn(&Run) -> Result<Vec<f64>, Failure>
where
    F: Future<Output = io::Result<Infallible>> + Send + 'static,
{
    move |run| {
        let listener = listen().map_err(died)?;
        let address = listener.local_addr().map_err(died)?;
        let runtime = S::Runtime::start(run.workers);
        let accepts = accept(listener);
        runtime.block_on(async {
            S::Runtime::go(async {
                // Where it ends the clients know as well.
                let _ = accepts.await;
            });
        });
        figures(address, || block_all::<S>(&runtime, run.times))
    }
}

fn measure_go(run: &Run) -> Result<Vec<f64>, Failure> {
    let program = env::current_exe().map_err(died)?;
    let mut command = go::command_beside(&program, run.workers);
    let mut server = Process::start(command.arg("serve-echo"))?;
    figures(server.address(), || {
        expect_count(server.block(run.times)?, run.times)
    })
}

fn figures(address: SocketAddr, work: impl FnOnce() -> Result<(), Failure>) -> Result<Vec<f64>, Failure> {
    let latencies = latencies_during(address, work)?;
    let figures = [
        latencies.value_at_quantile(0.5),
        latencies.value_at_quantile(0.99),
        latencies.max(),
    ];
    Ok(figures.map(|nanos| nanos as f64).to_vec())
}

fn died(error: io::Error) -> Failure {
    Failure::Died(format!("the server: {error}"))
}
