//! The state word of a task: what it is doing, who refers to it, and why it waits, in one atomic.
//!
//! | bits | what they say |
//! | --- | --- |
//! | [`SCHEDULED`] | a [`Runnable`](super::Runnable) is there; beside `RUNNING`: there is to be one after the poll |
//! | [`RUNNING`] | somebody polls the future, or drops it |
//! | [`COMPLETED`] | the future is gone, and its result is there for the handle; never taken back |
//! | [`HANDLE`] | there is a join handle |
//! | [`JOINER`] | the joiner's waker is in its slot, and whoever completes the task may take it |
//! | [`ABORTED`] | the future is to be dropped instead of polled |
//! | [`PANICKED`] | a panic was the end of the task |
//! | [`LEAKED`] | nothing could wake the task any more; the future is to be dropped instead of polled |
//! | reason | 16 bits for whoever polls: what the task waits for |
//! | references | wakers, and one for the runnable or the poll |
//!
//! The handle is no reference: it is told apart because a task that somebody may join has not leaked.
//!
//! # Whose is what
//!
//! 1. The **future** belongs to whoever has the runnable, and during a poll to whoever took `SCHEDULED` for `RUNNING`. Nobody else
//!    touches it.
//! 2. The **result** belongs to whoever completes the task until `COMPLETED` is set, and to the handle afterwards. If the handle went
//!    first it never gets there.
//! 3. The **joiner's slot** belongs to the handle while `JOINER` is clear. While it is set, and the task has not completed, the handle
//!    may read, and has to clear the flag before it writes. The transition to `COMPLETED` gives the slot to the one who completes if
//!    `JOINER` was set then, and to the handle for ever if not.
//! 4. The **allocation** is freed by whoever takes away the last of references and handle, once the task has completed.
//!
//! # Leaks
//!
//! A task without handle and references that has not completed can't be reached: it has leaked. Whoever takes away the last of them
//! notices, and is alone with the task from then on: nobody can wake it, there is nobody to clone a waker. It sets `LEAKED` and schedules
//! the task once more. At the end of a poll the reference in question is the poll's own, so it drops the future right there.
//!
//! Only the registry still knows the task, without a reference, because the destructor of the future takes the task out under the
//! registry's lock. It may want to wake it, and so makes a reference, under that lock, unless it finds neither references nor a handle
//! ([`State::try_add_reference`]): such a task is about to be scheduled anyway, and a reference out of nothing would make two who
//! believe to be alone.

use std::process;

use crate::sync::atomic::{AtomicU64, Ordering::*};

const SCHEDULED: u64 = 1;
const RUNNING: u64 = 1 << 1;
const COMPLETED: u64 = 1 << 2;
const HANDLE: u64 = 1 << 3;
const JOINER: u64 = 1 << 4;
const ABORTED: u64 = 1 << 5;
const PANICKED: u64 = 1 << 6;
const LEAKED: u64 = 1 << 7;
const REASON_SHIFT: u32 = 8;
const REASON: u64 = (u16::MAX as u64) << REASON_SHIFT;
const REFERENCE: u64 = 1 << 24;

/// Beyond it references are about to overflow into nothing. Half of what there is room for, so that many threads can pass it at once
/// before the first of them has ended the process.
const MOST: u64 = u64::MAX / 2;

pub(super) struct State(AtomicU64);

/// The state in one moment.
#[derive(Clone, Copy)]
pub(super) struct Snapshot(u64);

/// What is left of a task when a reference or the handle went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "whoever goes last frees the task or schedules it"]
pub(super) enum Left {
    /// It is not the caller's any more.
    Others,
    /// Nobody else: the caller frees it.
    Nobody,
    /// Nobody else, and it has not completed: the caller schedules it, to be dropped.
    Leak,
}

/// What whoever woke a task has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a task that was woken has to be scheduled"]
pub(super) enum Wake {
    /// Nothing: the task is ready already, or has ended.
    Nothing,
    /// Schedule it, with the reference that was made or given up for that.
    Schedule,
    /// Free it: the reference that was given up was the last one.
    Free,
}

/// How a poll ended that left the task pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    /// The task waits, and is not the caller's any more.
    Waits,
    /// It was woken meanwhile: the caller schedules it.
    Woken,
    /// Nothing can wake it: the caller, which still runs it, drops the future.
    Leaked,
}

/// How a task completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Complete {
    /// There is no handle: the result is still the caller's, which calls [`State::end_unwanted`] after it was dropped.
    Unwanted,
    /// The result is the handle's, and the joiner's waker the caller's, which still has its reference.
    Joined,
    /// The result is the handle's. The caller has no reference any more.
    Left,
}

/// How a handle may let go of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detach {
    /// The result is there and the handle's: it is dropped first, and then [`State::release_handle`] is called.
    Completed,
    /// The waker in the joiner's slot is the handle's again: it is taken out, and then the handle tries again.
    Joiner,
    /// It is done.
    Detached(Left),
}

impl Snapshot {
    fn references(self) -> u64 {
        self.0 / REFERENCE
    }

    fn has(self, flag: u64) -> bool {
        self.0 & flag != 0
    }

    fn is_unreachable(self) -> bool {
        self.references() == 0 && !self.has(HANDLE)
    }

    pub(super) fn is_scheduled(self) -> bool {
        self.has(SCHEDULED)
    }

    pub(super) fn is_running(self) -> bool {
        self.has(RUNNING)
    }

    pub(super) fn is_completed(self) -> bool {
        self.has(COMPLETED)
    }

    pub(super) fn has_joiner(self) -> bool {
        self.has(JOINER)
    }

    /// Whether the future is to be dropped instead of polled.
    pub(super) fn is_to_end(self) -> bool {
        self.has(ABORTED | LEAKED)
    }

    pub(super) fn has_leaked(self) -> bool {
        self.has(LEAKED)
    }

    pub(super) fn has_panicked(self) -> bool {
        self.has(PANICKED)
    }

    pub(super) fn reason(self) -> u16 {
        (self.0 >> REASON_SHIFT) as u16
    }

    fn with_reason(self, reason: u16) -> Snapshot {
        Snapshot(self.0 & !REASON | u64::from(reason) << REASON_SHIFT)
    }
}

impl State {
    /// Of a task that has a runnable and a handle.
    pub(super) fn new() -> State {
        State(AtomicU64::new(SCHEDULED | HANDLE | REFERENCE))
    }

    #[inline]
    pub(super) fn load(&self) -> Snapshot {
        Snapshot(self.0.load(Acquire)) // partner: whoever completed the task
    }

    /// Takes the step that `step` says, in one piece; it can be asked several times. `None` leaves the state as it is.
    ///
    /// Release: what was done before belongs to whoever comes next. Acquire: and so did what others did before this.
    #[inline]
    fn step<R>(&self, mut step: impl FnMut(Snapshot) -> (Option<u64>, R)) -> R {
        let mut state = self.load();
        loop {
            let (next, result) = step(state);
            let Some(next) = next else { return result };
            match self.0.compare_exchange_weak(state.0, next, AcqRel, Acquire) {
                Ok(_) => return result,
                Err(now) => state = Snapshot(now),
            }
        }
    }

    // References.

    /// One more reference, beside one that the caller has.
    #[inline]
    pub(super) fn add_reference(&self) {
        // Relaxed: the reference that is there keeps the task, and passes on what the new one needs to see.
        if self.0.fetch_add(REFERENCE, Relaxed) > MOST {
            process::abort();
        }
    }

    /// A reference for somebody who has none, and knows that the allocation is there. None can be had once the last one has gone.
    pub(super) fn try_add_reference(&self) -> bool {
        self.step(|state| {
            let next = (!state.is_unreachable()).then(|| checked(state.0 + REFERENCE));
            (next, next.is_some())
        })
    }

    /// One reference less.
    #[inline]
    pub(super) fn drop_reference(&self) -> Left {
        // Release: whatever was done with the task comes before its end. Acquire: for whoever ends it.
        let before = self.0.fetch_sub(REFERENCE, AcqRel);
        self.left(Snapshot(before - REFERENCE))
    }

    /// What is left in that state, which the caller has brought about.
    #[inline]
    fn left(&self, state: Snapshot) -> Left {
        if !state.is_unreachable() {
            Left::Others
        } else if state.is_completed() {
            Left::Nobody
        } else {
            // Nobody else changes the state of a task that nobody refers to, so no step is needed.
            self.0.store(state.0 | LEAKED | SCHEDULED | REFERENCE, Release);
            Left::Leak
        }
    }

    // Wakers.

    /// Wakes the task and gives up a reference.
    #[inline]
    pub(super) fn wake(&self) -> Wake {
        let woken = self.step(|state| {
            if state.has(COMPLETED) {
                (None, None)
            } else if state.has(SCHEDULED) {
                // A step all the same, so that the poll that is to come sees what was done before the wake-up.
                (Some(state.0 - REFERENCE), Some(Wake::Nothing))
            } else if state.has(RUNNING) {
                (Some((state.0 | SCHEDULED) - REFERENCE), Some(Wake::Nothing))
            } else {
                (Some(state.0 | SCHEDULED), Some(Wake::Schedule)) // the runnable takes the reference over
            }
        });
        woken.unwrap_or_else(|| match self.drop_reference() {
            Left::Nobody => Wake::Free,
            Left::Others => Wake::Nothing,
            Left::Leak => unreachable!("a task that has completed does not leak"),
        })
    }

    /// Wakes the task. The runnable, if there is to be one, has a reference of its own.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> Wake {
        self.step(|state| {
            if state.has(COMPLETED) {
                (None, Wake::Nothing)
            } else if state.has(SCHEDULED | RUNNING) {
                (Some(state.0 | SCHEDULED), Wake::Nothing) // a step all the same, as above
            } else {
                (Some(checked((state.0 | SCHEDULED) + REFERENCE)), Wake::Schedule)
            }
        })
    }

    // Whoever has the runnable.

    /// The runnable becomes a poll.
    #[inline]
    pub(super) fn begin_poll(&self) -> Snapshot {
        // One addition: `SCHEDULED` is set, and `RUNNING` isn't. Acquire: the poll sees what was done before each wake-up. Release: a
        // later waker of the same poll passes on what earlier ones published.
        let before = self.0.fetch_add(RUNNING - SCHEDULED, AcqRel);
        debug_assert_eq!(before & (SCHEDULED | RUNNING | COMPLETED), SCHEDULED);
        Snapshot(before + RUNNING - SCHEDULED)
    }

    /// Adds to the reason, before the poll that replaces it.
    pub(super) fn mark_reason(&self, mark: u16) {
        self.0.fetch_or(u64::from(mark) << REASON_SHIFT, Relaxed); // for whoever has the runnable
    }

    /// The poll has left the task pending, for a reason that `reason` tells from the last one. Where the task waits, the poll's
    /// reference is given up.
    #[inline]
    pub(super) fn end_poll(&self, reason: impl Fn(u16) -> u16) -> Pending {
        self.step(|state| {
            let next = state.with_reason(reason(state.reason())).0 & !RUNNING;
            if state.has(SCHEDULED) {
                (Some(next), Pending::Woken)
            } else if state.references() == 1 && !state.has(HANDLE) {
                (None, Pending::Leaked)
            } else {
                (Some(next - REFERENCE), Pending::Waits)
            }
        })
    }

    /// Notes, during a poll, that nothing can wake the task.
    pub(super) fn set_leaked(&self) {
        self.0.fetch_or(LEAKED, Relaxed); // for the registry, under its lock
    }

    /// Notes, while the future is there, that it panicked.
    pub(super) fn set_panicked(&self) {
        self.0.fetch_or(PANICKED, Relaxed); // for the registry, under its lock
    }

    /// Whether somebody may want the result that is about to be stored. A handle that has gone does not come back.
    #[inline]
    pub(super) fn has_handle(&self) -> bool {
        self.load().has(HANDLE)
    }

    /// The task completes; the result was stored if there was a handle.
    #[inline]
    pub(super) fn complete(&self) -> Complete {
        self.step(|state| {
            let completed = state.0 ^ (RUNNING | COMPLETED);
            if !state.has(HANDLE) {
                (None, Complete::Unwanted)
            } else if state.has(JOINER) {
                (Some(completed), Complete::Joined)
            } else {
                (Some(completed - REFERENCE), Complete::Left)
            }
        })
    }

    /// The task completes, and nobody wanted the result, which is gone. The poll's reference is given up.
    #[inline]
    pub(super) fn end_unwanted(&self) -> Left {
        // The registry does not know the task any more, so without a waker nobody does. Acquire: those that were dropped.
        if self.load().references() == 1 {
            return Left::Nobody;
        }
        let before = self.0.fetch_sub(REFERENCE + RUNNING - COMPLETED, AcqRel); // as `drop_reference`
        self.left(Snapshot(before - (REFERENCE + RUNNING - COMPLETED)))
    }

    // The handle.

    /// Marks the task as one to be dropped, and makes a reference to wake it with; false if it has completed.
    pub(super) fn abort(&self) -> bool {
        self.step(|state| {
            let next = (!state.has(COMPLETED)).then(|| checked((state.0 | ABORTED) + REFERENCE));
            (next, next.is_some())
        })
    }

    /// The joiner's waker lies in its slot. False if the task has completed: the slot is the handle's then.
    pub(super) fn set_joiner(&self) -> bool {
        // Release: for whoever takes the waker. Acquire: for the result that may be there.
        self.0.fetch_or(JOINER, AcqRel) & COMPLETED == 0
    }

    /// Claims the joiner's slot back. False if the task has completed: the waker is on its way then.
    pub(super) fn unset_joiner(&self) -> bool {
        self.0.fetch_and(!JOINER, AcqRel) & COMPLETED == 0 // Acquire: as above
    }

    /// The handle of a task that may not have completed wants to go.
    #[inline]
    pub(super) fn detach(&self) -> Detach {
        let mut detached = Snapshot(0);
        let detach = self.step(|state| {
            if state.has(COMPLETED) {
                (None, Detach::Completed)
            } else if state.has(JOINER) {
                (Some(state.0 & !JOINER), Detach::Joiner)
            } else {
                detached = Snapshot(state.0 & !HANDLE);
                (Some(detached.0), Detach::Detached(Left::Others))
            }
        });
        match detach {
            Detach::Detached(_) => Detach::Detached(self.left(detached)),
            detach => detach,
        }
    }

    /// The handle of a task that has completed goes; the result has been taken.
    #[inline]
    pub(super) fn release_handle(&self) -> Left {
        // References to a task that has completed are only ever made from others. Acquire: those that were dropped.
        if self.load().references() == 0 {
            return Left::Nobody;
        }
        let before = self.0.fetch_and(!HANDLE, AcqRel); // as `drop_reference`
        self.left(Snapshot(before & !HANDLE))
    }
}

/// Ends the process if there are more references than can be counted: one that was not would free the task too early.
fn checked(state: u64) -> u64 {
    if state > MOST {
        process::abort();
    }
    state
}
