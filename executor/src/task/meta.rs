//! What every task carries beside its future, in the same allocation.

#![expect(unsafe_code, reason = "a task is known by a pointer into its allocation")]

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};

use canter_coop::{Reason, Waiting};

use super::registry::Registry;

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
/// | `reason`, `place` | the poll, while it runs | anybody; the two may belong to different waits for a moment |
pub(crate) struct Meta {
    pub(super) registry: Arc<Registry>,
    pub(super) id: AtomicU64,
    spawned_at: &'static Location<'static>,
    pub(super) entry: AtomicU32,
    aborted: AtomicBool,
    pub(super) future_dropped: AtomicBool,
    reason: AtomicPtr<Reason>,
    place: AtomicPtr<Location<'static>>,
}

impl Meta {
    pub(super) fn new(registry: Arc<Registry>, spawned_at: &'static Location<'static>) -> Meta {
        Meta {
            registry,
            id: AtomicU64::new(0),
            spawned_at,
            entry: AtomicU32::new(Registry::NO_ENTRY),
            aborted: AtomicBool::new(false),
            future_dropped: AtomicBool::new(false),
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

    pub(crate) fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    pub(super) fn set_aborted(&self) {
        self.aborted.store(true, Relaxed); // the wake that follows orders it before the poll that looks
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Relaxed)
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
