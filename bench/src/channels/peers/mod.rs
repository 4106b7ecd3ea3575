//! The crates that take part, a file each.

mod async_channel;
mod canter;
mod crossfire;
mod flume;
mod futures;
mod kanal;
mod tachyonix;
mod tokio;

use super::entry::Entry;

/// All contenders, canter first. The names repeat for crates that need a contender for each kind of channel.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<canter::Canter>(),
        Entry::of::<async_channel::AsyncChannel>(),
        Entry::of::<crossfire::Bounded>(),
        Entry::of::<crossfire::Unbounded>(),
        Entry::of::<crossfire::BoundedSingle>(),
        Entry::of::<crossfire::UnboundedSingle>(),
        Entry::of::<flume::Flume>(),
        Entry::of::<futures::Bounded>(),
        Entry::of::<futures::Unbounded>(),
        Entry::of::<kanal::Kanal>(),
        Entry::of::<tachyonix::Tachyonix>(),
        Entry::of::<tokio::Bounded>(),
        Entry::of::<tokio::Unbounded>(),
    ]
}

/// A handle for each of the tasks.
fn copies<T: Clone>(handle: T, tasks: usize) -> Vec<T> {
    vec![handle; tasks]
}
