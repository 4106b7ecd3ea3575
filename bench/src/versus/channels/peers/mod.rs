//! The crates that take part, a file each.

mod async_channel;
mod canter;
mod crossbeam;
mod crossfire;
mod flume;
mod futures;
mod kanal;
mod tachyonix;
mod tokio;

use super::channel::Channel;
use super::measure::measure;
use super::row::Row;
use crate::runtimes::{Runtime, Threads};
use crate::versus::Contender;

/// Those that have such a row, canter first.
pub(super) fn contenders<R: Runtime>(row: Row) -> Vec<Contender> {
    let ours = measure::<R, canter::Canter>(row).map(Contender::ours);
    // Go has no unbounded channels.
    let go = row
        .shape()
        .capacity
        .map(|_| Contender::go(format!("channel/{row}")));
    let all = [
        ours,
        peer::<R, async_channel::AsyncChannel>(row),
        peer::<Threads, crossbeam::Crossbeam>(row),
        peer::<R, crossfire::Bounded>(row),
        peer::<R, crossfire::Unbounded>(row),
        peer::<R, crossfire::BoundedSingle>(row),
        peer::<R, crossfire::UnboundedSingle>(row),
        peer::<R, flume::Flume>(row),
        peer::<R, futures::Bounded>(row),
        peer::<R, futures::Unbounded>(row),
        peer::<R, kanal::Kanal>(row),
        peer::<R, tachyonix::Tachyonix>(row),
        peer::<R, tokio::Bounded>(row),
        peer::<R, tokio::Unbounded>(row),
        go,
    ];
    all.into_iter().flatten().collect()
}

fn peer<R: Runtime, C: Channel>(row: Row) -> Option<Contender> {
    measure::<R, C>(row).map(|call| Contender::peer(C::NAME, call))
}

/// A handle for each of the tasks.
fn copies<T: Clone>(handle: T, tasks: usize) -> Vec<T> {
    vec![handle; tasks]
}
