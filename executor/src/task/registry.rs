//! Where the tasks of one home are listed, and how they are scheduled when they are woken.
//!
//! A runtime has several registries, so that cores which spawn and finish tasks do not meet at one lock; a `LocalSet` has
//! one of its own, and so has the blocking pool.
//!
//! Invariant: a task is listed from before it is first scheduled until its future's destructor has run. Whoever has run it then
//! takes the entry out under the lock, before the task can go, so under the lock the task of each entry is there.
//!
//! A registry that lists a task keeps itself alive, so that a task can point to it without a reference of its own: two cores that
//! start and end tasks would contend for the count.
//!
//! An entry is no reference to its task either, or a task that nothing can wake would never be found. A waker of a listed task can be had
//! all the same, under the lock, unless the task is about to be dropped: [`state`](super::cell) says why that is sound.

#![expect(unsafe_code, reason = "a task points to its registry, and the registry to it")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::Waker;
use std::time::Instant;

use super::cell::TaskRef;
use super::{Meta, Runnable, Woken};
use crate::count::Count;
use crate::diagnostics::{Kind, OnTaskPanic};
use crate::runtime::current;
use crate::sync::{Condvar, Lock, Mutex, lock};

/// Who runs the tasks of a registry.
pub(crate) trait Schedule: Send + Sync {
    /// Takes a task that is ready. Called by whoever wakes it, on any thread.
    fn schedule(&self, runnable: Runnable, woken: Woken);

    /// What its tasks are.
    fn kind(&self) -> Kind {
        Kind::Task
    }

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
    /// What happens when a task panics; `None` where the runtime decides in which it runs.
    on_task_panic: Option<OnTaskPanic>,
    /// Written under the lock of `tasks`, and read without.
    spawned: Count,
    ended: Count,
    panicked: Count,
    leaked: Count,
}

/// How many tasks a registry has seen. The numbers may belong to different moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    /// Those that were listed.
    pub(crate) spawned: u64,
    /// Those whose futures are gone, for whatever reason.
    pub(crate) ended: u64,
    /// Those among them that panicked, in a poll or in the destructor of their futures.
    pub(crate) panicked: u64,
    /// Those among them that nothing could wake any more.
    pub(crate) leaked: u64,
}

#[derive(Default)]
struct Tasks {
    /// The registry itself, while a task is listed.
    keeps: Option<Arc<Registry>>,
    entries: Vec<Option<TaskRef>>,
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

    pub(crate) fn new(schedule: Arc<dyn Schedule>, on_task_panic: Option<OnTaskPanic>) -> Arc<Registry> {
        Arc::new(Registry {
            tasks: Lock::new(Tasks::default()),
            emptied: Condvar::new(),
            waits: Mutex::new(()),
            schedule,
            on_task_panic,
            spawned: Count::default(),
            ended: Count::default(),
            panicked: Count::default(),
            leaked: Count::default(),
        })
    }

    /// Hands a ready task to whoever runs the tasks of its registry.
    pub(crate) fn schedule(runnable: Runnable, woken: Woken) {
        // SAFETY: a task that can be run has its future, so it is listed. Once the runnable is handed over it may end, which is why
        // nothing of the registry is used after that.
        let schedule = unsafe { &runnable.metadata().registry().schedule };
        match schedule.here() {
            Some(schedule_here) => schedule_here(runnable, woken),
            None => {
                let schedule = schedule.clone(); // the task may end, and its registry with it, before `schedule` returns
                schedule.schedule(runnable, woken);
            }
        }
    }

    /// What its tasks are.
    pub(crate) fn kind(&self) -> Kind {
        self.schedule.kind()
    }

    /// What happens when a task panics that runs on this thread.
    pub(super) fn on_task_panic(&self) -> OnTaskPanic {
        self.on_task_panic.clone().unwrap_or_else(current::on_task_panic)
    }

    /// Gives a task its identity and lists it; false where the registry is closed.
    pub(super) fn insert(self: &Arc<Self>, runnable: &Runnable) -> bool {
        let meta = runnable.metadata();
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
        // SAFETY: the entry goes before the task does, in the future's destructor.
        let task = Some(unsafe { runnable.task_ref() });
        let entry = match tasks.vacant.pop() {
            Some(entry) => {
                tasks.entries[entry as usize] = task;
                entry
            }
            None => {
                let entry = u32::try_from(tasks.entries.len())
                    .expect("more than four thousand million tasks at once");
                tasks.entries.push(task);
                entry
            }
        };
        self.spawned.add(1);
        meta.entry.store(entry, Relaxed);
        true
    }

    /// Takes a task out, if it was listed. Called when its future has been dropped, before anybody else can see that.
    pub(super) fn remove(meta: &Meta) {
        let entry = meta.entry.load(Relaxed);
        if entry == Registry::NO_ENTRY {
            return;
        }
        // SAFETY: the task is listed until the lock below is left. Afterwards `kept` keeps the registry, if this was the last task, or
        // the tasks that are left do; and those that wait for the last one to go borrow it.
        let registry = unsafe { meta.registry() };
        let mut tasks = registry.tasks.lock();
        tasks.entries[entry as usize] = None;
        tasks.vacant.push(entry);
        registry.ended.add(1);
        if meta.has_panicked() {
            registry.panicked.add(1);
        }
        // What the end of a runtime drops may have held the wakers of the others.
        if meta.has_leaked() && !tasks.closed {
            registry.leaked.add(1);
        }
        let (mut kept, mut notifies) = (None, false);
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
    }

    pub(crate) fn len(&self) -> usize {
        let tasks = self.tasks.lock();
        tasks.entries.len() - tasks.vacant.len()
    }

    /// Does not take the lock.
    pub(crate) fn counts(&self) -> Counts {
        // What is part of another count is read before it.
        let (panicked, leaked) = (self.panicked.get(), self.leaked.get());
        let ended = self.ended.get();
        Counts {
            spawned: self.spawned.get(),
            ended,
            panicked,
            leaked,
        }
    }

    /// Calls `visit` for each listed task, under the registry's lock: no user code in there. One that is listed all the time is
    /// visited once.
    ///
    /// The lock is taken for a bounded number of entries at a time, whose places do not change.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&TaskRef)) {
        let mut next = 0;
        while self.for_some(&mut next, &mut visit) {}
    }

    /// As [`for_each`](Registry::for_each), for a bounded number of entries from `next` on, which is zero at first. False when there are no
    /// more.
    pub(crate) fn for_some(&self, next: &mut usize, visit: impl FnMut(&TaskRef)) -> bool {
        const AT_ONCE: usize = 256;
        let tasks = self.tasks.lock();
        let left = tasks.entries.get(*next..).unwrap_or_default();
        left.iter().take(AT_ONCE).flatten().for_each(visit);
        *next += AT_ONCE;
        !left.is_empty()
    }

    /// A waker of each listed task, but for those that are about to be dropped because nothing could wake them.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let mut wakers = Vec::with_capacity(self.len());
        self.for_each(|task| wakers.extend(task.listed_waker()));
        wakers
    }
}
