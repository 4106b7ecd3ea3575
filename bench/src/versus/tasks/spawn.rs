//! Tasks that do nothing but end: started from outside or from a worker, many at a time or one by one.

use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use crate::Flag;
use crate::runtimes::{Equipped, Runtime, Tools};
use crate::versus::everyone::everyone;
use crate::versus::timing::{expect_count, from_outside, from_worker, sum_below};
use crate::versus::{Failure, Run, Workload, limits};

/// How many tasks are there at once.
const BATCH: u64 = 1_000;

pub(super) fn workloads() -> Vec<Workload> {
    let mut workloads = Vec::new();
    let name = "task/spawn-join/outside";
    workloads.push(Workload::timed(
        name,
        "Start 1,000 tasks from a thread that is no worker and join them, again and again; for each task.",
        1_000_000,
        everyone!(name, spawn_join_outside),
    ));
    let name = "task/spawn-join/worker";
    workloads.push(Workload::timed(
        name,
        "Start 1,000 tasks from a task and join them, again and again; for each task.",
        1_000_000,
        everyone!(name, spawn_join_worker),
    ));
    let name = "task/spawn-wait/worker";
    workloads.push(Workload::timed(name, "Start 1,000 tasks from a task and wait until all have ended, by the wait group of the runtime's users, \
                again and again; for each task.", 1_000_000, everyone!(name, spawn_wait)));
    let name = "task/one-by-one";
    workloads.push(Workload::timed(
        name,
        "Start a task from a task and join it, again and again; for each.",
        500_000,
        everyone!(name, one_by_one),
    ));
    let name = "task/chain";
    workloads.push(Workload::timed(
        name,
        "A task starts the next one and ends, which starts the next; for each.",
        1_000_000,
        everyone!(name, chain),
    ));
    for workload in &mut workloads {
        workload.contenders.extend(limits::allocation());
    }
    workloads
}

fn spawn_join_outside<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_outside::<R, _, _>(run, spawn_join::<R>)
}

fn spawn_join_worker<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, spawn_join::<R>)
}

/// The numbers below `times`, in batches.
fn batches(times: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    (0..times)
        .step_by(BATCH as usize)
        .map(move |first| first..times.min(first + BATCH))
}

async fn spawn_join<R: Runtime>(times: u64) -> Result<(), Failure> {
    let mut sum = 0;
    for batch in batches(times) {
        let tasks: Vec<_> = batch.map(|number| R::spawn(async move { number })).collect();
        for task in tasks {
            sum += task.await;
        }
    }
    expect_count(sum, sum_below(times))
}

fn spawn_wait<R: Equipped>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, async |times| {
        let ended = Arc::new(AtomicU64::new(0));
        for batch in batches(times) {
            let tasks = batch.map(|_| {
                let ended = ended.clone();
                async move {
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            });
            R::Tools::run_all::<R, _>(tasks).await;
        }
        expect_count(ended.load(Ordering::Relaxed), times)
    })
}

fn one_by_one<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let mut sum = 0;
        for number in 0..times {
            sum += R::spawn(async move { number }).await;
        }
        expect_count(sum, sum_below(times))
    })
}

fn chain<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let chain = Arc::new(Chain::default());
        R::go(Link::<R> {
            left: times,
            chain: chain.clone(),
            runtime: PhantomData,
        });
        chain.ended.lowered().await;
        expect_count(chain.links.load(Ordering::Relaxed), times)
    })
}

/// What the links share.
#[derive(Default)]
struct Chain {
    links: AtomicU64,
    ended: Flag,
}

/// A task of the chain. A future by hand, since an `async` block that starts itself would have to be boxed.
struct Link<R> {
    left: u64,
    chain: Arc<Chain>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> Future for Link<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.chain.links.fetch_add(1, Ordering::Relaxed);
        match self.left {
            1 => self.chain.ended.raise(),
            left => R::go(Link::<R> {
                left: left - 1,
                chain: self.chain.clone(),
                runtime: PhantomData,
            }),
        }
        Poll::Ready(())
    }
}
