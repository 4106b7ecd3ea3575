//! What every task carries beside its future, in the same allocation.

#![expect(unsafe_code, reason = "a task is known by a pointer into its allocation")]

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use canter_coop::{Reason, Waiting};

use super::join::JOIN;
use super::registry::Registry;

/// So many polls in a row that end with the wait for another task make a collector of a task. A task that forks and joins waits for fewer,
/// and is better off at once, with what it joined still in the cache.
const MANY_JOINS: u8 = 2;

/// The identity of a task, unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(super) u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The state of a task that others may read at any time while the allocation lives.
///
/// | field | written by | read by |
/// | --- | --- | --- |
/// | `registry`, `spawned_at` | the spawner, once | anybody |
/// | `id`, `entry` | the spawner, before the task is first scheduled | anybody after that |
/// | `aborted` | whoever aborts | the poll |
/// | `future_dropped` | the poll | the future's destructor |
/// | `joins` | the poll | whoever wakes it |
/// | `reason`, `place` | the poll, while it runs | anybody; the two may belong to different waits for a moment |
pub(crate) struct Meta {
    registry: NonNull<Registry>,
    pub(super) id: AtomicU64,
    spawned_at: &'static Location<'static>,
    pub(super) entry: AtomicU32,
    aborted: AtomicBool,
    pub(super) future_dropped: AtomicBool,
    joins: AtomicU8,
    reason: AtomicPtr<Reason>,
    place: AtomicPtr<Location<'static>>,
}

impl Meta {
    pub(super) fn new(registry: &Arc<Registry>, spawned_at: &'static Location<'static>) -> Meta {
        Meta {
            registry: NonNull::from(&**registry),
            id: AtomicU64::new(0),
            spawned_at,
            entry: AtomicU32::new(Registry::NO_ENTRY),
            aborted: AtomicBool::new(false),
            future_dropped: AtomicBool::new(false),
            joins: AtomicU8::new(0),
            reason: AtomicPtr::new(ptr::null_mut()),
            place: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(crate) fn id(&self) -> TaskId {
        TaskId(self.id.load(Relaxed))
    }

    pub(crate) fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// Where the task is listed. A registry lives for as long as it lists a task, whoever else lets go of it.
    ///
    /// # Safety
    /// The task is listed: its future has not been dropped to the end, and none of the borrow is left when it has.
    pub(super) unsafe fn registry(&self) -> &Registry {
        // SAFETY: passed on to the caller.
        unsafe { self.registry.as_ref() }
    }

    pub(super) fn set_aborted(&self) {
        self.aborted.store(true, Relaxed); // the wake that follows orders it before the poll that looks
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Relaxed)
    }

    /// Whether the task waits for one task after another. It is better off when more of them have ended.
    pub(crate) fn collects(&self) -> bool {
        self.joins.load(Relaxed) >= MANY_JOINS
    }

    /// Called at the end of a poll that is pending.
    pub(super) fn set_pending(&self, waiting: Option<Waiting>) {
        let joins = waiting.is_some_and(|waiting| ptr::eq(waiting.reason, &JOIN));
        let before = self.joins.load(Relaxed);
        self.joins
            .store(if joins { before.saturating_add(1) } else { 0 }, Relaxed);
        self.set_waiting(waiting);
    }

    pub(super) fn set_waiting(&self, waiting: Option<Waiting>) {
        let (reason, place) = match waiting {
            Some(waiting) => (
                ptr::from_ref(waiting.reason).cast_mut(),
                ptr::from_ref(waiting.place).cast_mut(),
            ),
            None => (ptr::null_mut(), ptr::null_mut()),
        };
        self.reason.store(reason, Relaxed);
        self.place.store(place, Relaxed);
    }

    /// What the task waits for, as it said at the end of its last poll; `None` while it runs or is ready.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        // SAFETY: the pointer is null or comes from a `&'static Reason`.
        let reason = unsafe { self.reason.load(Relaxed).as_ref() }?;
        // SAFETY: the pointer is null or comes from a `&'static Location`.
        let place = unsafe { self.place.load(Relaxed).as_ref() }?;
        Some(Waiting { reason, place })
    }
}

// SAFETY: the pointer to the registry, which is `Send` and `Sync`, is read under the condition of `Meta::registry` only.
unsafe impl Send for Meta {}
// SAFETY: as for `Send`; the other fields are atomics and a shared borrow.
unsafe impl Sync for Meta {}

/// A pointer to the metadata of a task whose allocation is known to be alive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct MetaRef(NonNull<Meta>);

impl MetaRef {
    /// # Safety
    /// The allocation of the task must outlive the value: it is kept beside a handle of the task, or inside its future, or
    /// in the registry until the future's destructor takes it out.
    pub(super) unsafe fn new(meta: &Meta) -> MetaRef {
        MetaRef(NonNull::from(meta))
    }
}

impl Deref for MetaRef {
    type Target = Meta;

    fn deref(&self) -> &Meta {
        // SAFETY: `new`'s caller keeps the allocation alive, and `Meta` is only ever shared.
        unsafe { self.0.as_ref() }
    }
}

// SAFETY: `Meta` is `Sync`, and a `MetaRef` gives nothing but `&Meta`.
unsafe impl Send for MetaRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for MetaRef {}
