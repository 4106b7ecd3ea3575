//! What every task carries beside its future, in the same allocation.

#![expect(unsafe_code, reason = "a task is known by a pointer into its allocation")]

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed,
};

use canter_coop::{Reason, Waiting};

use super::join::JOIN;
use super::registry::Registry;
use crate::timer::Moment;

/// Beside the number of a reason: the task has waited for another task twice in a row.
const JOINS_AGAIN: u16 = 1 << 15;
const _: () = assert!(Reason::MOST_NUMBERS < JOINS_AGAIN);

/// The identity of a task, unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(super) u64);

impl TaskId {
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The identity with that number; zero is none's.
    pub(crate) fn of_number(number: u64) -> Option<TaskId> {
        (number != 0).then_some(TaskId(number))
    }
}

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
/// | `stage`, `since`, `reason`, `place` | the poll, and whoever schedules the task | anybody; they may belong to different waits for a moment |
pub(crate) struct Meta {
    registry: NonNull<Registry>,
    pub(super) id: AtomicU64,
    spawned_at: &'static Location<'static>,
    pub(super) entry: AtomicU32,
    aborted: AtomicBool,
    pub(super) future_dropped: AtomicBool,
    /// The number of a reason, and `JOINS_AGAIN`.
    reason: AtomicU16,
    place: AtomicPtr<Location<'static>>,
    /// Since when it waits.
    since: AtomicU32,
    stage: AtomicU8,
}

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It is to be polled.
    Ready,
    /// It is being polled.
    Running,
    /// It waits, for something that its leaf futures named or not.
    Waiting { waiting: Option<Waiting>, since: Moment },
}

const READY: u8 = 0;
const RUNNING: u8 = 1;
const WAITING: u8 = 2;

/// With this, a task whose future has five words or fewer is among the small blocks that glibc frees without a lock, whichever thread
/// does it: tasks often end on another one.
const _: () = assert!(size_of::<Meta>() <= 48);

impl Meta {
    pub(super) fn new(registry: &Arc<Registry>, spawned_at: &'static Location<'static>) -> Meta {
        Meta {
            registry: NonNull::from(&**registry),
            id: AtomicU64::new(0),
            spawned_at,
            entry: AtomicU32::new(Registry::NO_ENTRY),
            aborted: AtomicBool::new(false),
            future_dropped: AtomicBool::new(false),
            reason: AtomicU16::new(0),
            place: AtomicPtr::new(ptr::null_mut()),
            since: AtomicU32::new(0),
            stage: AtomicU8::new(READY),
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
        self.reason.load(Relaxed) & JOINS_AGAIN != 0
    }

    /// Called at the end of a poll that is pending, with what it waits for.
    pub(super) fn set_waiting(&self, waiting: Option<Waiting>) {
        let (mut reason, mut place) = (0, ptr::null_mut());
        if let Some(waiting) = waiting {
            reason = waiting.reason.number().get();
            place = ptr::from_ref(waiting.place).cast_mut();
            if reason == self.reason.load(Relaxed) & !JOINS_AGAIN && ptr::eq(waiting.reason, &JOIN) {
                reason |= JOINS_AGAIN;
            }
        }
        self.place.store(place, Relaxed);
        self.reason.store(reason, Relaxed);
        self.since.store(Moment::recent().0, Relaxed);
        self.stage.store(WAITING, Relaxed);
    }

    /// Called by whoever schedules the task.
    pub(super) fn set_ready(&self) {
        self.stage.store(READY, Relaxed);
    }

    /// Called at the beginning of a poll. What the task waited for stays known, to be compared with what it waits for next.
    pub(super) fn clear_waiting(&self) {
        self.place.store(ptr::null_mut(), Relaxed);
        self.stage.store(RUNNING, Relaxed);
    }

    /// What the task is doing now.
    pub(crate) fn stage(&self) -> Stage {
        match self.stage.load(Relaxed) {
            READY => Stage::Ready,
            RUNNING => Stage::Running,
            _ => Stage::Waiting {
                waiting: self.waiting(),
                since: Moment(self.since.load(Relaxed)),
            },
        }
    }

    /// What the task waits for, as it said at the end of its last poll; `None` while it runs or is ready.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        // SAFETY: the pointer is null or comes from a `&'static Location`.
        let place = unsafe { self.place.load(Relaxed).as_ref() }?;
        let reason = Reason::of_number(self.reason.load(Relaxed) & !JOINS_AGAIN)?;
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
