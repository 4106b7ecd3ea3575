//! Tasks that block, and nothing else: the time until all have ended.

use std::thread;
use std::time::{Duration, Instant};

use crate::runtimes::{Canter, Runtime, Smol, Tokio};
use crate::versus::everyone::everyone;
use crate::versus::timing::{expect_count, sum_of};
use crate::versus::{Better, Contender, Failure, Figure, Run, Workload};

/// How many tasks block in the larger row, and in the one with the echo server.
pub(super) const TASKS: u64 = 1_000;

/// How long a task blocks.
const BLOCKED: Duration = Duration::from_millis(100);

/// Until all have ended.
const WALL: &[Figure] = &[Figure {
    name: "",
    unit: "ms",
    better: Better::Lower,
}];

pub(super) fn workloads() -> [Workload; 2] {
    let name = "stalls/blocking/20";
    let few = Workload {
        name: name.to_owned(),
        about: "20 tasks each block their thread for 100 ms, and nobody tells the runtime: from before the first is started until all \
                have ended. One that stands in for no thread needs a second with two workers. A quick run has 6 of them."
            .to_owned(),
        figures: WALL,
        times: 20,
        quick_times: 6,
        contenders: everyone!(name, untold),
    };
    let name = "stalls/blocking/1000";
    let many = Workload {
        name: name.to_owned(),
        about: "1,000 tasks each block their thread for 100 ms: from before the first is started until all have ended. canter and Go are \
                not told that they block, and the others are: by tokio's block_in_place and spawn_blocking, and by smol's unblock. \
                Without that they need 50 seconds with two workers."
            .to_owned(),
        figures: WALL,
        times: TASKS,
        quick_times: TASKS,
        contenders: vec![
            Contender::ours(measure::<Untold<Canter>>),
            Contender::peer(InPlace::NAME, measure::<InPlace>),
            Contender::peer(SpawnBlocking::NAME, measure::<SpawnBlocking>),
            Contender::peer(Unblock::NAME, measure::<Unblock>),
            Contender::go(name),
        ],
    };
    [few, many]
}

/// How the tasks that block are started on a runtime.
pub(super) trait Start: 'static {
    /// The contender's name.
    const NAME: &'static str;
    /// The runtime.
    type Runtime: Runtime;

    /// Starts one, from a task: the future waits for what it gives.
    fn start(work: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send + 'static;
}

/// As any other task.
pub(super) struct Untold<R>(R);

/// As a task that calls tokio's `block_in_place`.
pub(super) struct InPlace;

/// By tokio's `spawn_blocking`.
pub(super) struct SpawnBlocking;

/// By smol's `unblock`.
pub(super) struct Unblock;

impl<R: Runtime> Start for Untold<R> {
    const NAME: &'static str = R::NAME;
    type Runtime = R;

    fn start(work: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send + 'static {
        R::spawn(async { work() })
    }
}

impl Start for InPlace {
    const NAME: &'static str = "tokio-block-in-place";
    type Runtime = Tokio;

    fn start(work: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send + 'static {
        Tokio::spawn(async { tokio::task::block_in_place(work) })
    }
}

impl Start for SpawnBlocking {
    const NAME: &'static str = "tokio-spawn-blocking";
    type Runtime = Tokio;

    fn start(work: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send + 'static {
        let task = tokio::task::spawn_blocking(work);
        async { task.await.expect("a task ends") }
    }
}

impl Start for Unblock {
    const NAME: &'static str = "smol-unblock";
    type Runtime = Smol;

    fn start(work: impl FnOnce() -> u64 + Send + 'static) -> impl Future<Output = u64> + Send + 'static {
        smol::unblock(work)
    }
}

/// Plain tasks on any runtime.
fn untold<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    measure::<Untold<R>>(run)
}

/// The milliseconds until all have ended. Nothing warms up but the runtime itself: the threads that stand in are part of it.
fn measure<S: Start>(run: &Run) -> Result<Vec<f64>, Failure> {
    let runtime = S::Runtime::start(run.workers);
    runtime.block_on(async { S::Runtime::spawn(async {}).await });
    let started = Instant::now();
    block_all::<S>(&runtime, run.times)?;
    Ok(vec![started.elapsed().as_secs_f64() * 1e3])
}

/// Has a task start so many tasks that block, and waits until all have ended.
pub(super) fn block_all<S: Start>(runtime: &S::Runtime, tasks: u64) -> Result<(), Failure> {
    let block = || {
        thread::sleep(BLOCKED);
        1
    };
    let ended = runtime.block_on(async {
        let all = async move {
            let running: Vec<_> = (0..tasks).map(|_| S::start(block)).collect();
            sum_of(running).await
        };
        S::Runtime::spawn(all).await
    });
    expect_count(ended, tasks)
}
