//! What every task carries beside its future, and others may know about it.

#![expect(
    unsafe_code,
    reason = "a task points to its registry and to the place where it waits"
)]

use std::cell::Cell;
use std::panic::Location;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};

use canter_coop::{Reason, Waiting};

use super::runnable::Runnable;
use super::state::{Pending, State};
use crate::task::identity::TaskId;
use crate::task::join::JOIN;
use crate::task::registry::Registry;
use crate::timer::Moment;

/// Beside the number of a reason: the task has waited for another task twice in a row.
const JOINS_AGAIN: u16 = 1 << 15;

/// Beside the number of a reason: the poll that goes on, or is about to begin, is recorded for a trace. It lies here, where the end of
/// a poll looks anyway, so that polls which nobody records don't pay for a look of their own.
const TRACED: u16 = 1 << 14;

const NUMBER: u16 = TRACED - 1;
const _: () = assert!(Reason::MOST_NUMBERS <= NUMBER);

thread_local! {
    /// Of the traced poll that has just ended on this thread: what its task waits for, if it was pending.
    static PENDING: Cell<Option<Option<Waiting>>> = const { Cell::new(None) };
}

/// What others may read of a task at any time while its allocation lives.
///
/// | field | written by | read by |
/// | --- | --- | --- |
/// | `state` | see [`state`](super::state); its reason by the poll | anybody |
/// | `registry`, `spawned_at` | the spawner, once | anybody |
/// | `id`, `entry` | the spawner, before the task is first scheduled | anybody after that |
/// | `place`, `since` | the poll | anybody; they may belong to different waits for a moment |
pub(crate) struct Meta {
    pub(super) state: State,
    registry: NonNull<Registry>,
    pub(in crate::task) id: AtomicU64,
    spawned_at: &'static Location<'static>,
    place: AtomicPtr<Location<'static>>,
    /// Since when it waits.
    since: AtomicU32,
    pub(in crate::task) entry: AtomicU32,
}

/// Has a task polled once, by `run`, and gives what it waits for when that poll ends, if it is pending then: `Some(None)` if it did not
/// say for what.
pub(in crate::task) fn run_traced(runnable: Runnable, run: fn(Runnable)) -> Option<Option<Waiting>> {
    runnable.metadata().state.mark_reason(TRACED);
    let outer = PENDING.take();
    run(runnable);
    PENDING.replace(outer)
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

impl Meta {
    pub(super) fn new(registry: &Arc<Registry>, spawned_at: &'static Location<'static>) -> Meta {
        Meta {
            state: State::new(),
            registry: NonNull::from(&**registry),
            id: AtomicU64::new(0),
            spawned_at,
            place: AtomicPtr::new(ptr::null_mut()),
            since: AtomicU32::new(0),
            entry: AtomicU32::new(Registry::NO_ENTRY),
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
    /// The task is listed: its future has not been dropped to the end, and none of the borrow is left when it has. Or it was refused,
    /// and whoever started it still has the registry.
    pub(in crate::task) unsafe fn registry(&self) -> &Registry {
        // SAFETY: passed on to the caller.
        unsafe { self.registry.as_ref() }
    }

    /// Whether the task waits for one task after another. It is better off when more of them have ended.
    pub(crate) fn collects(&self) -> bool {
        self.state.load().reason() & JOINS_AGAIN != 0
    }

    /// Notes, while the future is there, that the task panicked.
    pub(in crate::task) fn set_panicked(&self) {
        self.state.set_panicked();
    }

    pub(in crate::task) fn has_panicked(&self) -> bool {
        self.state.load().has_panicked()
    }

    pub(in crate::task) fn has_leaked(&self) -> bool {
        self.state.load().has_leaked()
    }

    /// The end of a poll that is pending, with what the task waits for. What it waited for before stays known until then, to be compared.
    #[inline(always)] // a call, which the compiler may think is better, takes a fiftieth of the shortest poll
    pub(super) fn end_poll(&self, waiting: Option<Waiting>) -> Pending {
        let mut reason = 0;
        let state = self.state.load();
        let (is_woken, is_traced) = (state.is_scheduled(), state.reason() & TRACED != 0);
        if !(is_woken | is_traced) {
            self.set_waiting(waiting); // the step that ends the poll follows
        } else if is_traced {
            self.end_traced_poll(waiting, is_woken);
        }
        let mut joins = false;
        if let Some(waiting) = waiting {
            reason = waiting.reason.number().get();
            joins = ptr::eq(waiting.reason, &JOIN);
        }
        self.state.end_poll(|last| {
            let again = joins && last & NUMBER == reason;
            if again { reason | JOINS_AGAIN } else { reason }
        })
    }

    /// Notes where the task waits, and since when.
    #[inline]
    fn set_waiting(&self, waiting: Option<Waiting>) {
        let place = waiting.map_or(ptr::null_mut(), |waiting| ptr::from_ref(waiting.place).cast_mut());
        self.place.store(place, Relaxed);
        self.since.store(Moment::recent().0, Relaxed);
    }

    /// Tells [`run_traced`] that the task is pending, and does the rest that the end of a poll does.
    #[cold]
    #[inline(never)]
    fn end_traced_poll(&self, waiting: Option<Waiting>, is_woken: bool) {
        PENDING.set(Some(waiting));
        if !is_woken {
            self.set_waiting(waiting);
        }
    }

    /// What the task is doing now.
    pub(crate) fn stage(&self) -> Stage {
        let state = self.state.load();
        if state.is_running() {
            Stage::Running
        } else if state.is_scheduled() {
            Stage::Ready
        } else {
            Stage::Waiting {
                waiting: self.waiting(state.reason()),
                since: Moment(self.since.load(Relaxed)),
            }
        }
    }

    fn waiting(&self, reason: u16) -> Option<Waiting> {
        // SAFETY: the pointer is null or comes from a `&'static Location`.
        let place = unsafe { self.place.load(Relaxed).as_ref() }?;
        let reason = Reason::of_number(reason & NUMBER)?;
        Some(Waiting { reason, place })
    }
}

// SAFETY: the pointer to the registry, which is `Send` and `Sync`, is read under the condition of `Meta::registry` only.
unsafe impl Send for Meta {}
// SAFETY: as for `Send`; the other fields are atomics and a shared borrow.
unsafe impl Sync for Meta {}
