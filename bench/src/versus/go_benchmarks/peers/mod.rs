//! The crates that take part, a file each.

mod async_channel;
mod canter;
mod crossbeam;
mod flume;
mod kanal;

use super::benchmark::Benchmark;
use super::channels::Channels;
use super::measure::measure;
use crate::runtimes::{self, Runtime, Threads, Tokio};
use crate::versus::Contender;

/// Those that can do it, canter first.
pub(super) fn contenders(benchmark: Benchmark) -> Vec<Contender> {
    let ours = Contender::ours(measure::<runtimes::Canter, canter::Canter>(benchmark));
    let all = [
        Some(ours),
        peer::<Tokio, async_channel::AsyncChannel>(benchmark),
        peer::<Threads, crossbeam::Crossbeam>(benchmark),
        peer::<Tokio, flume::Flume>(benchmark),
        peer::<Tokio, kanal::Kanal>(benchmark),
        Some(Contender::go(format!("go/{benchmark}"))),
    ];
    all.into_iter().flatten().collect()
}

fn peer<R: Runtime, C: Channels>(benchmark: Benchmark) -> Option<Contender> {
    C::can(benchmark).then(|| Contender::peer(C::NAME, measure::<R, C>(benchmark)))
}
