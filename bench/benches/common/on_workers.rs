//! Work in a task, on runtimes of one worker and of two.

use canter_bench::{WORKERS, runtime};
use criterion::{BenchmarkId, Criterion, Throughput};

/// Measures work that a task does, with each number of workers. The work has so many elements, and has to give what is expected.
pub fn on_workers<F, Fut>(c: &mut Criterion, name: &str, elements: u64, expected: u64, work: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = u64> + Send + 'static,
{
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(elements));
    for workers in WORKERS {
        let runtime = runtime(workers);
        group.bench_function(BenchmarkId::new("worker", workers), |b| {
            b.iter(|| {
                let task = runtime.spawn(work());
                assert_eq!(runtime.block_on(task).expect("it ends"), expected);
            });
        });
    }
    group.finish();
}
