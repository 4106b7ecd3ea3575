//! Where the tasks of one home are listed, and how they are scheduled when they are woken.
//!
//! A runtime has several registries, so that cores which spawn and finish tasks do not meet at one lock; a `LocalSet` has
//! one of its own, and so has the blocking pool.
//!
//! Invariant: a task is listed from before it is first scheduled until its future's destructor has run. The destructor
//! takes the entry out under the lock, so under the lock each entry's metadata is alive.
//!
//! An entry has a reference to its task, the waker: `async_task` frees a task whose last reference goes at the end of a poll
//! without running its future's destructor.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;
use std::time::Instant;

use super::meta::{Meta, MetaRef};
use super::{Runnable, Woken};
use crate::sync::{Condvar, Mutex, lock};

/// Who runs the tasks of a registry.
pub(crate) trait Schedule: Send + Sync {
    /// Takes a task that is ready. Called by whoever wakes it, on any thread.
    fn schedule(&self, runnable: Runnable, woken: Woken);

    /// A way to schedule from this very thread that needs nothing kept alive: the reference count that cores would
    /// otherwise contend for stays untouched.
    fn here(&self) -> Option<fn(Runnable, Woken)> {
        None
    }
}

pub(crate) struct Registry {
    tasks: Mutex<Tasks>,
    /// Notified when the last task is gone, if `awaited` says that somebody wants to know.
    emptied: Condvar,
    schedule: Arc<dyn Schedule>,
}

struct Entry {
    meta: MetaRef,
    waker: Waker,
}

#[derive(Default)]
struct Tasks {
    entries: Vec<Option<Entry>>,
    vacant: Vec<u32>,
    ids: std::ops::Range<u64>,
    closed: bool,
    awaited: bool,
}

/// Identities are handed out in blocks, so that the registries rarely meet at the counter.
static NEXT_BLOCK: AtomicU64 = AtomicU64::new(1);
const BLOCK: u64 = 64;

impl Registry {
    pub(super) const NO_ENTRY: u32 = u32::MAX;

    pub(crate) fn new(schedule: Arc<dyn Schedule>) -> Arc<Registry> {
        Arc::new(Registry {
            tasks: Mutex::new(Tasks::default()),
            emptied: Condvar::new(),
            schedule,
        })
    }

    /// Hands a ready task to whoever runs the tasks of its registry.
    pub(crate) fn schedule(runnable: Runnable, woken: Woken) {
        let schedule = &runnable.metadata().registry.schedule;
        match schedule.here() {
            Some(schedule_here) => schedule_here(runnable, woken),
            None => {
                let schedule = schedule.clone(); // the task may end, and its registry with it, before `schedule` returns
                schedule.schedule(runnable, woken);
            }
        }
    }

    /// Gives a task its identity and lists it; false where the registry is closed.
    pub(super) fn insert(&self, meta: MetaRef, waker: Waker) -> bool {
        let mut tasks = lock(&self.tasks);
        let id = tasks.ids.next().unwrap_or_else(|| {
            let first = NEXT_BLOCK.fetch_add(BLOCK, Relaxed);
            tasks.ids = first + 1..first + BLOCK;
            first
        });
        meta.id.store(id, Relaxed);
        if tasks.closed {
            return false;
        }
        let entry = match tasks.vacant.pop() {
            Some(entry) => {
                tasks.entries[entry as usize] = Some(Entry { meta, waker });
                entry
            }
            None => {
                let entry = u32::try_from(tasks.entries.len())
                    .expect("more than four thousand million tasks at once");
                tasks.entries.push(Some(Entry { meta, waker }));
                entry
            }
        };
        meta.entry.store(entry, Relaxed);
        true
    }

    pub(super) fn remove(&self, meta: &Meta) {
        let entry = meta.entry.load(Relaxed);
        if entry == Registry::NO_ENTRY {
            return;
        }
        let mut tasks = lock(&self.tasks);
        let removed = tasks.entries[entry as usize].take();
        tasks.vacant.push(entry);
        if tasks.vacant.len() == tasks.entries.len() {
            if tasks.awaited {
                self.emptied.notify_all();
            }
            if tasks.entries.capacity() > 1024 {
                // The memory of a crowd goes back once the last of it is gone.
                tasks.entries = Vec::new();
                tasks.vacant = Vec::new();
            }
        }
        drop(tasks);
        drop(removed); // without the lock
    }

    /// Waits until no task is listed, or until `deadline`. True if none is.
    pub(crate) fn wait_empty(&self, deadline: Option<Instant>) -> bool {
        let mut tasks = lock(&self.tasks);
        tasks.awaited = true;
        while tasks.entries.len() > tasks.vacant.len() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            tasks = match left {
                Some(left) if left.is_zero() => return false,
                Some(left) => {
                    self.emptied
                        .wait_timeout(tasks, left)
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .0
                }
                None => self
                    .emptied
                    .wait(tasks)
                    .unwrap_or_else(|poisoned| poisoned.into_inner()),
            };
        }
        true
    }

    /// Refuses every task from now on; those that are listed stay.
    pub(crate) fn close(&self) {
        lock(&self.tasks).closed = true;
    }

    pub(crate) fn len(&self) -> usize {
        let tasks = lock(&self.tasks);
        tasks.entries.len() - tasks.vacant.len()
    }

    /// Calls `visit` for each listed task, under the registry's lock: no user code in there.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Meta)) {
        let tasks = lock(&self.tasks);
        tasks
            .entries
            .iter()
            .flatten()
            .for_each(|entry| visit(&entry.meta));
    }

    /// A waker of each listed task.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let tasks = lock(&self.tasks);
        tasks
            .entries
            .iter()
            .flatten()
            .map(|entry| entry.waker.clone())
            .collect()
    }

    /// A waker of the task, while it is listed.
    pub(super) fn waker(&self, meta: MetaRef) -> Option<Waker> {
        let tasks = lock(&self.tasks);
        let entry = tasks.entries.get(meta.entry.load(Relaxed) as usize)?.as_ref()?;
        // The place may be another task's by now.
        (entry.meta == meta).then(|| entry.waker.clone())
    }
}
