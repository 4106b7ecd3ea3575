//! Timers: start and cancel, and many that fire.

#[path = "common/on_workers.rs"]
mod on_workers;

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use canter_executor::spawn;
use canter_executor::time::sleep;
use criterion::{Criterion, criterion_group, criterion_main};
use on_workers::on_workers;

/// Starts a timer that does not fire, and cancels it.
async fn start_and_cancel(timers: u64) -> u64 {
    let mut pending = 0;
    for _ in 0..timers {
        let mut sleep = pin!(sleep(Duration::from_secs(3600)));
        pending += poll_fn(|cx| Poll::Ready(u64::from(sleep.as_mut().poll(cx).is_pending()))).await;
    }
    pending
}

/// Sleeps of one to ten milliseconds in as many tasks.
async fn fire(timers: u64) -> u64 {
    let tasks: Vec<_> = (0..timers)
        .map(|number| spawn(sleep(Duration::from_millis(1 + number % 10))))
        .collect();
    let mut fired = 0;
    for task in tasks {
        fired += u64::from(task.await.is_ok());
    }
    fired
}

fn timers(c: &mut Criterion) {
    on_workers(c, "start and cancel", 1_000, 1_000, || start_and_cancel(1_000));
    on_workers(c, "10,000 sleeps of up to 10 ms", 10_000, 10_000, || fire(10_000));
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = timers
}
criterion_main!(benches);
