//! What every task carries beside its future, in the same allocation.

#![expect(unsafe_code, reason = "a task is known by a pointer into its allocation")]

use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{RawWakerVTable, Waker};

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
/// | `id`, `entry`, `waker_*` | the spawner, before the task is first scheduled | anybody after that |
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
    waker_data: AtomicPtr<()>,
    waker_vtable: AtomicPtr<RawWakerVTable>,
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
            waker_data: AtomicPtr::new(ptr::null_mut()),
            waker_vtable: AtomicPtr::new(ptr::null_mut()),
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

    /// Keeps a reference to the task until [`Meta::release_waker`]: `async_task` frees a task whose last reference goes at
    /// the end of a poll without running its future's destructor.
    pub(super) fn keep_waker(&self, waker: Waker) {
        let waker = ManuallyDrop::new(waker);
        self.waker_data.store(waker.data().cast_mut(), Relaxed);
        self.waker_vtable
            .store(ptr::from_ref(waker.vtable()).cast_mut(), Relaxed);
    }

    /// Gives the reference of [`Meta::keep_waker`] back.
    ///
    /// # Safety
    /// Called once, after `keep_waker`.
    pub(super) unsafe fn release_waker(&self) -> Waker {
        // SAFETY: passed on to the caller, who may drop the waker since it does so once.
        ManuallyDrop::into_inner(unsafe { self.kept_waker() })
    }

    /// A waker of this task.
    ///
    /// # Safety
    /// [`Meta::keep_waker`] was called, and the task's allocation has a reference that outlasts this call: the caller holds a
    /// handle, or the future can't be dropped meanwhile.
    pub(super) unsafe fn waker(&self) -> Waker {
        // SAFETY: passed on to the caller; the value is not dropped, and is gone before the caller's reference is.
        let kept = unsafe { self.kept_waker() };
        Waker::clone(&kept)
    }

    /// The waker that [`Meta::keep_waker`] was given, without a reference of its own.
    ///
    /// # Safety
    /// `keep_waker` was called. The value is used only while the task's allocation has a reference, and dropped only by whoever
    /// gives the kept reference back.
    unsafe fn kept_waker(&self) -> ManuallyDrop<Waker> {
        let data = self.waker_data.load(Relaxed);
        // SAFETY: set from a `&'static RawWakerVTable` by `keep_waker`.
        let vtable: &'static RawWakerVTable = unsafe { &*self.waker_vtable.load(Relaxed) };
        // SAFETY: these are the parts of a waker of this task.
        ManuallyDrop::new(unsafe { Waker::new(data, vtable) })
    }
}

/// A pointer to the metadata of a task whose allocation is known to be alive.
#[derive(Clone, Copy)]
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
