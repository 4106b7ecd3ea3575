//! Tasks that take turns: by yielding, and by waking each other.

use crate::ping_pong;
use crate::runtimes::Runtime;
use crate::versus::everyone::everyone;
use crate::versus::timing::{expect_count, from_worker, share, sum_of};
use crate::versus::{Failure, Run, Workload, limits};

/// How many tasks yield to each other.
const YIELDING: u64 = 1_000;

pub(super) fn workloads() -> Vec<Workload> {
    let name = "task/yield/1000";
    let mut yields = Workload::timed(
        name,
        "1,000 tasks yield to each other; for each yield.",
        5_000_000,
        everyone!(name, take_turns),
    );
    yields.contenders.push(limits::atomic());
    let name = "task/ping-pong";
    let mut ping_pong = Workload::timed(
        name,
        "Two tasks wake each other in turn; for each time there and back. The limit is the same between two threads.",
        500_000,
        everyone!(name, bounce),
    );
    ping_pong.contenders.push(limits::futex());
    vec![yields, ping_pong]
}

fn take_turns<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let tasks: Vec<_> = (0..YIELDING)
            .map(|index| {
                R::spawn(async move {
                    let mut yields = 0;
                    for _ in share(times, index, YIELDING) {
                        R::yield_now().await;
                        yields += 1;
                    }
                    yields
                })
            })
            .collect();
        let yields = sum_of(tasks).await;
        expect_count(yields, times)
    })
}

fn bounce<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        expect_count(ping_pong::<R>(times).await, times)
    })
}
