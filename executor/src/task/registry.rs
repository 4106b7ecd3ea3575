//! Where the tasks of one home are listed, and how they are scheduled when they are woken.
//!
//! A runtime has several registries, so that cores which spawn and finish tasks do not meet at one lock; a `LocalSet` has
//! one of its own, and so has the blocking pool.
//!
//! Invariant: a task is listed from before it is first scheduled until its future's destructor has run. The destructor
//! takes the entry out under the lock, so under the lock each entry's metadata is alive.
//!
//! A registry that lists a task keeps itself alive, so that a task can point to it without a reference of its own: two cores that
//! start and end tasks would contend for the count. Whoever asks for a listed task from outside, through a handle, keeps every registry
//! from going meanwhile: see [`GOING`].
//!
//! An entry has a reference to its task, the waker: `async_task` frees a task whose last reference goes at the end of a poll
//! without running its future's destructor.

#![expect(unsafe_code, reason = "a task points to its registry")]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Waker;
use std::time::Instant;

use super::meta::{Meta, MetaRef};
use super::{Runnable, Woken};
use crate::sync::{Condvar, Lock, Mutex, lock};

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
    tasks: Lock<Tasks>,
    /// Notified when the last task is gone, if `awaited` says that somebody wants to know.
    emptied: Condvar,
    /// Held by whoever waits for that, from before its look at the tasks.
    waits: Mutex<()>,
    schedule: Arc<dyn Schedule>,
}

struct Entry {
    meta: MetaRef,
    waker: Waker,
}

#[derive(Default)]
struct Tasks {
    /// The registry itself, while a task is listed.
    keeps: Option<Arc<Registry>>,
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
            tasks: Lock::new(Tasks::default()),
            emptied: Condvar::new(),
            waits: Mutex::new(()),
            schedule,
        })
    }

    /// Hands a ready task to whoever runs the tasks of its registry.
    pub(crate) fn schedule(runnable: Runnable, woken: Woken) {
        // SAFETY: a task that can be run has its future, so it is listed. Once the runnable is handed over it may end, which is why
        // nothing of the registry is used after that.
        let schedule = unsafe { &runnable.metadata().registry().schedule };
        runnable.metadata().set_ready();
        match schedule.here() {
            Some(schedule_here) => schedule_here(runnable, woken),
            None => {
                let schedule = schedule.clone(); // the task may end, and its registry with it, before `schedule` returns
                schedule.schedule(runnable, woken);
            }
        }
    }

    /// Gives a task its identity and lists it; false where the registry is closed.
    pub(super) fn insert(self: &Arc<Self>, meta: MetaRef, waker: Waker) -> bool {
        let mut tasks = self.tasks.lock();
        let id = tasks.ids.next().unwrap_or_else(|| {
            let first = NEXT_BLOCK.fetch_add(BLOCK, Relaxed);
            tasks.ids = first + 1..first + BLOCK;
            first
        });
        meta.id.store(id, Relaxed);
        if tasks.closed {
            return false;
        }
        tasks.keeps.get_or_insert_with(|| self.clone());
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

    /// Takes a task out, if it was listed. The destructor of its future calls this, as the last thing that it does.
    pub(super) fn remove(meta: &Meta) {
        let entry = meta.entry.load(Relaxed);
        if entry == Registry::NO_ENTRY {
            return;
        }
        // SAFETY: the task is listed until the lock below is left. Afterwards `kept` keeps the registry, if this was the last task, or
        // the tasks that are left do; and those that wait for the last one to go borrow it.
        let registry = unsafe { meta.registry() };
        let mut tasks = registry.tasks.lock();
        let removed = tasks.entries[entry as usize].take();
        meta.entry.store(Registry::NO_ENTRY, Relaxed);
        tasks.vacant.push(entry);
        let (mut kept, mut notifies, closed) = (None, false, tasks.closed);
        if tasks.vacant.len() == tasks.entries.len() {
            kept = tasks.keeps.take();
            notifies = tasks.awaited;
            if tasks.entries.capacity() > 1024 {
                // The memory of a crowd goes back once the last of it is gone.
                tasks.entries = Vec::new();
                tasks.vacant = Vec::new();
            }
        }
        drop(tasks);
        if notifies {
            drop(lock(&registry.waits)); // whoever looked before this, and saw a task, waits by now
            registry.emptied.notify_all();
        }
        drop(removed); // without the lock
        if kept.is_some() && closed {
            wait_for_those_who_ask();
        }
        drop(kept);
    }

    /// Waits until no task is listed, or until `deadline`. True if none is.
    pub(crate) fn wait_empty(&self, deadline: Option<Instant>) -> bool {
        self.tasks.lock().awaited = true;
        let mut waits = lock(&self.waits);
        while self.len() > 0 {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            waits = match left {
                Some(left) if left.is_zero() => return false,
                Some(left) => {
                    self.emptied
                        .wait_timeout(waits, left)
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .0
                }
                None => self
                    .emptied
                    .wait(waits)
                    .unwrap_or_else(|poisoned| poisoned.into_inner()),
            };
        }
        true
    }

    /// Refuses every task from now on; those that are listed stay. Whoever made the registry calls this before letting go of it.
    pub(crate) fn close(&self) {
        self.tasks.lock().closed = true;
        wait_for_those_who_ask();
    }

    pub(crate) fn len(&self) -> usize {
        let tasks = self.tasks.lock();
        tasks.entries.len() - tasks.vacant.len()
    }

    /// Calls `visit` for each listed task, under the registry's lock: no user code in there. One that is listed all the time is
    /// visited once.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Meta)) {
        self.for_each_entry(|entry| visit(&entry.meta));
    }

    /// A waker of each listed task.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let mut wakers = Vec::with_capacity(self.len());
        self.for_each_entry(|entry| wakers.push(entry.waker.clone()));
        wakers
    }

    /// The lock is taken for a bounded number of entries at a time, whose places do not change.
    fn for_each_entry(&self, mut visit: impl FnMut(&Entry)) {
        const AT_ONCE: usize = 256;
        let mut next = 0;
        loop {
            let tasks = self.tasks.lock();
            let Some(left) = tasks.entries.get(next..).filter(|left| !left.is_empty()) else {
                return;
            };
            left.iter().take(AT_ONCE).flatten().for_each(&mut visit);
            next += AT_ONCE;
        }
    }

    /// A waker of the task, while it is listed.
    pub(super) fn waker(meta: MetaRef) -> Option<Waker> {
        let _stays = GOING.read().unwrap_or_else(PoisonError::into_inner);
        if meta.entry.load(Relaxed) == Registry::NO_ENTRY {
            return None;
        }
        // SAFETY: the task was listed a moment ago, so its registry has not gone before the lock above was taken, and does not go while
        // it is held.
        let registry = unsafe { meta.registry() };
        let tasks = registry.tasks.lock();
        let entry = tasks.entries.get(meta.entry.load(Relaxed) as usize)?.as_ref()?;
        // The place may be another task's by now.
        (entry.meta == meta).then(|| entry.waker.clone())
    }
}

/// Held for reading by whoever asks for a task from outside, who then finds that the task is not listed, or has a registry that stays.
/// Once a registry is closed, it may go when its last task does; and if that is gone already, when its owner does. In both cases the lock
/// is taken for writing before that, which lets those who found a listed task end first.
static GOING: RwLock<()> = RwLock::new(());

fn wait_for_those_who_ask() {
    drop(GOING.write().unwrap_or_else(PoisonError::into_inner));
}
