//! Work on this thread, without a runtime.

use criterion::{Criterion, Throughput};
use futures::executor::block_on;

/// How often work that is [`alone`] does what it does.
pub const TIMES: u64 = 1_000;

/// Measures work on this thread, and checks that it took effect `TIMES` times.
pub fn alone(c: &mut Criterion, name: &str, mut work: impl AsyncFnMut() -> u64) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(TIMES));
    group.bench_function("on one thread", |b| {
        b.iter(|| assert_eq!(block_on(work()), TIMES))
    });
    group.finish();
}
