//! Locks and their like beside their peers: mutexes, locks for readers and writers, semaphores, wait groups, cells, events and
//! barriers, alone and contended. A contender that admits too many is reported, and the others run on.

mod contest;

use canter_bench::locks;
use criterion::{Criterion, criterion_group, criterion_main};

fn locks(c: &mut Criterion) {
    contest::bench(c, &locks::contest(8_000));
}

criterion_group! {
    name = benches;
    config = contest::config();
    targets = locks
}
criterion_main!(benches);
