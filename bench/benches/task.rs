//! Tasks: spawn and join, yield, chains, fork and join, and a wake-up that two tasks bounce between them.

#[path = "common/on_workers.rs"]
mod on_workers;

use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use canter_bench::runtimes::Canter;
use canter_bench::{Flag, WORKERS, ping_pong, runtime};
use canter_executor::{go, spawn, yield_now};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use on_workers::on_workers;

const TASKS: u64 = 1000;

/// Spawns `TASKS` tasks, joins them, and gives the sum of their outputs.
async fn spawn_and_join() -> u64 {
    let tasks: Vec<_> = (0..TASKS).map(|number| spawn(async move { number })).collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a task ends");
    }
    sum
}

/// Starts `TASKS` tasks that count down together.
async fn go_and_wait() -> u64 {
    let (left, done) = (Arc::new(AtomicU64::new(TASKS)), Flag::new());
    for _ in 0..TASKS {
        let (left, done) = (left.clone(), done.clone());
        go(async move {
            if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                done.raise();
            }
        });
    }
    done.lowered().await;
    left.load(Ordering::Relaxed)
}

/// Spawns one task, awaits it, and again.
async fn one_after_another() -> u64 {
    let mut sum = 0;
    for number in 0..TASKS {
        sum += spawn(async move { number }).await.expect("a task ends");
    }
    sum
}

/// Each task starts the next one and ends.
async fn chain() -> u64 {
    fn link(left: u64, done: Arc<Flag>) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(async move {
            match left {
                0 => done.raise(),
                _ => go(link(left - 1, done)),
            }
        })
    }
    let done = Flag::new();
    go(link(TASKS, done.clone()));
    done.lowered().await;
    TASKS
}

/// 1,000 tasks that each yield 100 times.
async fn yields() -> u64 {
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            spawn(async {
                for _ in 0..100 {
                    yield_now().await;
                }
                100
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.expect("a task ends");
    }
    sum
}

fn fib(n: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move {
        if n < 2 {
            return n;
        }
        let other = spawn(fib(n - 1));
        fib(n - 2).await + other.await.expect("a task ends")
    })
}

fn tasks(c: &mut Criterion) {
    let sum = TASKS * (TASKS - 1) / 2;
    let mut group = c.benchmark_group("spawn and join, from outside");
    group.throughput(Throughput::Elements(TASKS));
    for workers in WORKERS {
        let runtime = runtime(workers);
        group.bench_function(BenchmarkId::new("worker", workers), |b| {
            b.iter(|| assert_eq!(runtime.block_on(spawn_and_join()), sum));
        });
    }
    group.finish();
    on_workers(c, "spawn and join, from a worker", TASKS, sum, spawn_and_join);
    on_workers(c, "go and wait, from a worker", TASKS, 0, go_and_wait);
    on_workers(c, "spawn one, await it, again", TASKS, sum, one_after_another);
    on_workers(c, "chained spawn", TASKS, TASKS, chain);
    on_workers(c, "yield, 1,000 tasks", TASKS * 100, TASKS * 100, yields);
    on_workers(c, "ping-pong of wake-ups", 1000, 1000, || {
        ping_pong::<Canter>(1000)
    });
    on_workers(c, "fork and join, fib(20)", 10_945, 6765, || async {
        black_box(fib(20)).await
    });
}

criterion_group!(benches, tasks);
criterion_main!(benches);
