//! Ways to wait for many tasks.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::peers::JoinAll;
use super::workload;
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each};
use crate::versus::{Contender, Failure, Run, Workload};

/// A way to wait for many tasks.
pub trait WaitGroupContender: 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// Whether it works on this runtime, and ends in good time with that many tasks.
    fn manages<R: Runtime>(_tasks: u64) -> bool {
        true
    }

    /// Starts that many tasks, each of which counts itself, and waits until they all have.
    fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) -> impl Future<Output = ()> + Send;
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    [1, 100, 100_000].map(row::<R>).into()
}

fn row<R: Runtime>(tasks: u64) -> Workload {
    let name = format!("sync/wait-group/{tasks}");
    let about = format!("Start {tasks} tasks, wait until all have ended, again: the time for a task.");
    let ours = measure::<R, canter_sync::WaitGroup>(tasks);
    let all = [
        Some(Contender::ours(ours)),
        peer::<R, tokio_util::task::TaskTracker>(tasks),
        peer::<R, tokio::task::JoinSet<()>>(tasks),
        peer::<R, awaitgroup::WaitGroup>(tasks),
        peer::<R, JoinAll>(tasks),
        Some(Contender::go(&name)),
    ];
    workload::<R>(&name, about, 400_000, all.into_iter().flatten().collect())
}

fn peer<R: Runtime, G: WaitGroupContender>(tasks: u64) -> Option<Contender> {
    G::manages::<R>(tasks).then(|| Contender::peer(G::NAME, measure::<R, G>(tasks)))
}

/// How so many tasks at a time are waited for on this runtime. Each must have counted itself by the time that the wait is over.
pub fn measure<R: Runtime, G: WaitGroupContender>(tasks: u64) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        by_its_clock::<R, _>(run, move |times| async move {
            let started = Instant::now();
            let (mut left, mut counted) = (times, 0);
            while left > 0 {
                let counter = Arc::new(AtomicU64::new(0));
                let tasks = tasks.min(left);
                G::run_tasks::<R>(tasks, counter.clone()).await;
                counted += counter.load(Relaxed);
                left -= tasks;
            }
            each(started.elapsed(), counted, times)
        })
    }
}
