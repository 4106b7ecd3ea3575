//! The crates that take part, a file each.

mod async_lock;
mod awaitgroup;
mod canter;
mod event_listener;
mod futures;
mod tokio;

use super::entry::Entry;
use super::measure::{Barriers, Events, Mutexes, OnceCells, RwLocks, Semaphores, WaitGroups};

/// All contenders, canter first. The names repeat, since a contender is one kind of lock.
pub fn entries() -> Vec<Entry> {
    vec![
        Entry::of::<Mutexes<canter_sync::Mutex<u64>>>(),
        Entry::of::<Mutexes<::tokio::sync::Mutex<u64>>>(),
        Entry::of::<Mutexes<::async_lock::Mutex<u64>>>(),
        Entry::of::<RwLocks<canter_sync::RwLock<u64>>>(),
        Entry::of::<RwLocks<::tokio::sync::RwLock<u64>>>(),
        Entry::of::<RwLocks<::async_lock::RwLock<u64>>>(),
        Entry::of::<Semaphores<canter_sync::Semaphore>>(),
        Entry::of::<Semaphores<::tokio::sync::Semaphore>>(),
        Entry::of::<Semaphores<::async_lock::Semaphore>>(),
        Entry::of::<WaitGroups<canter_sync::WaitGroup>>(),
        Entry::of::<WaitGroups<tokio_util::task::TaskTracker>>(),
        Entry::of::<WaitGroups<::tokio::task::JoinSet<()>>>(),
        Entry::of::<WaitGroups<::awaitgroup::WaitGroup>>(),
        Entry::of::<WaitGroups<futures::JoinAll>>(),
        Entry::of::<OnceCells<canter_sync::OnceCell<u64>>>(),
        Entry::of::<OnceCells<::tokio::sync::OnceCell<u64>>>(),
        Entry::of::<OnceCells<::async_lock::OnceCell<u64>>>(),
        Entry::of::<Events<canter_sync::Event>>(),
        Entry::of::<Events<::tokio::sync::Notify>>(),
        Entry::of::<Events<event_listener::Flag>>(),
        Entry::of::<Barriers<canter_sync::Barrier>>(),
        Entry::of::<Barriers<::tokio::sync::Barrier>>(),
        Entry::of::<Barriers<::async_lock::Barrier>>(),
    ]
}
