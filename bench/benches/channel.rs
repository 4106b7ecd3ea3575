//! Channels beside their peers: streams between one and four tasks, ping-pong, and a select over four channels. A contender
//! that loses messages is reported, and the others run on.

mod contest;

use canter_bench::channels;
use criterion::{Criterion, criterion_group, criterion_main};

fn channels(c: &mut Criterion) {
    contest::bench(c, &channels::contest(10_000));
}

criterion_group! {
    name = benches;
    config = contest::config();
    targets = channels
}
criterion_main!(benches);
