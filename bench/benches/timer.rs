//! Timers: start and cancel, and many that fire.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use canter_bench::{WORKERS, runtime};
use canter_executor::spawn;
use canter_executor::time::sleep;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

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
    for (name, timers) in [
        ("start and cancel", 1000),
        ("10,000 sleeps of up to 10 ms", 10_000),
    ] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(timers));
        group.sample_size(20);
        for workers in WORKERS {
            let runtime = runtime(workers);
            group.bench_function(BenchmarkId::new("worker", workers), |b| {
                b.iter(|| {
                    let work = async move {
                        if timers == 1000 {
                            start_and_cancel(timers).await
                        } else {
                            fire(timers).await
                        }
                    };
                    assert_eq!(runtime.block_on(runtime.spawn(work)).expect("it ends"), timers);
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, timers);
criterion_main!(benches);
