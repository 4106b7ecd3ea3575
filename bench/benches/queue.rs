//! The scheduler's queues, as far as they show from outside: tasks that are there already are woken, do next to nothing, and wait again.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use canter_bench::{Flag, WORKERS, runtime};
use canter_executor::runtime::Runtime;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Tasks that are woken together.
const TASKS: u64 = 1_000;

/// Steps of a task that is worth stealing: about a microsecond.
const STEPS: u64 = 1_000;

/// Tasks that wait for their turn, and a count of those that still have to have it.
struct Crowd {
    turns: Vec<Arc<Flag>>,
    left: AtomicU64,
    all_had_it: Arc<Flag>,
}

impl Crowd {
    /// So many tasks, each of which does so many steps in its turn. They wait again and again, for as long as the runtime is there.
    fn on(runtime: &Runtime, tasks: u64, steps: u64) -> Arc<Crowd> {
        let crowd = Arc::new(Crowd {
            turns: (0..tasks).map(|_| Flag::new()).collect(),
            left: AtomicU64::new(0),
            all_had_it: Flag::new(),
        });
        for turn in &crowd.turns {
            let (turn, crowd) = (turn.clone(), crowd.clone());
            runtime.go(async move {
                loop {
                    turn.lowered().await;
                    for step in 0..steps {
                        black_box(step);
                    }
                    if crowd.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        crowd.all_had_it.raise();
                    }
                }
            });
        }
        crowd
    }

    /// Wakes all, and waits until each has had its turn.
    async fn wake(&self) {
        self.left.store(self.turns.len() as u64, Ordering::Release);
        self.turns.iter().for_each(|turn| turn.raise());
        self.all_had_it.lowered().await;
    }
}

/// Who wakes.
#[derive(Clone, Copy)]
enum By {
    Task,
    OutsideThread,
}

fn wakes(c: &mut Criterion, name: &str, by: By, tasks: u64, steps: u64) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(tasks));
    for workers in WORKERS {
        let runtime = runtime(workers);
        let crowd = Crowd::on(&runtime, tasks, steps);
        group.bench_function(BenchmarkId::new("worker", workers), |b| match by {
            By::Task => b.iter(|| {
                let crowd = crowd.clone();
                let task = runtime.spawn(async move { crowd.wake().await });
                runtime.block_on(task).expect("it ends");
            }),
            By::OutsideThread => b.iter(|| runtime.block_on(crowd.wake())),
        });
    }
    group.finish();
}

fn queues(c: &mut Criterion) {
    // With one worker: pushes into its next slot and its queue, and what it takes out of them. The second one has hardly the time to steal.
    wakes(c, "a burst of wakes by a task", By::Task, TASKS, 0);
    // Half of the time with two workers is perfect: the second one gets its work by stealing alone.
    wakes(c, "a burst of wakes of tasks that work", By::Task, TASKS, STEPS);
    // Pushes into the injector, and batches out of it.
    wakes(
        c,
        "a burst of wakes from an outside thread",
        By::OutsideThread,
        TASKS,
        0,
    );
    // The injector again, and above all a sleeping worker that is woken, and wakes the thread in turn.
    wakes(c, "one wake from an outside thread", By::OutsideThread, 1, 0);
}

criterion_group!(benches, queues);
criterion_main!(benches);
