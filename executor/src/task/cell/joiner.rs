//! The handle's side of a task.

#![expect(
    unsafe_code,
    reason = "the handle takes the result and the waker out of the task's allocation"
)]

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{Poll, Waker};

use super::header::{Header, TaskRef, leave};
use super::state::Detach;
use crate::task::join::{Failure, JoinError, discard};

/// The one who may take the result of a task, and is woken when it is there. Without one the result is dropped where it comes to be.
pub(in crate::task) struct Joiner<T> {
    task: TaskRef,
    _output: PhantomData<T>,
}

impl<T> Joiner<T> {
    /// # Safety
    /// The state says that there is a handle, and no other value stands for it. The pointer can reach the whole allocation, and the
    /// task's output is a `T`.
    pub(super) unsafe fn new(task: NonNull<Header>) -> Joiner<T> {
        Joiner {
            // SAFETY: the handle keeps the allocation.
            task: unsafe { TaskRef::new(task) },
            _output: PhantomData,
        }
    }

    pub(in crate::task) fn task(&self) -> &TaskRef {
        &self.task
    }

    /// Whether the result is there.
    pub(in crate::task) fn is_completed(&self) -> bool {
        self.task.state().load().is_completed()
    }

    /// Sees to it that the task is dropped the next time it would be polled, which is when the waker is woken. `None` if it has
    /// completed.
    pub(in crate::task) fn abort(&self) -> Option<Waker> {
        let marked = self.task.state().abort();
        // SAFETY: the reference has just been made.
        marked.then(|| unsafe { super::waker::of(self.task.pointer()) })
    }

    /// Ready when the result is there; `waker`, in place of an earlier one, is woken when it is.
    pub(in crate::task) fn poll(&mut self, waker: &Waker) -> Poll<()> {
        let state = self.task.state();
        let now = state.load();
        if now.is_completed() {
            return Poll::Ready(());
        }
        if now.has_joiner() && self.is_joiner(waker) {
            return Poll::Pending;
        }
        let waker = waker.clone(); // before anything is changed
        if now.has_joiner() && !state.unset_joiner() {
            return Poll::Ready(());
        }
        // SAFETY: the flag was set, the slot was claimed back, and the handle is `&mut`.
        let earlier = now.has_joiner().then(|| unsafe { self.take_joiner() });
        self.task.header().joiner.with_mut(|slot| {
            // SAFETY: the flag is clear, so the slot is the handle's.
            unsafe { &mut *slot }.write(waker);
        });
        let polled = if state.set_joiner() {
            Poll::Pending
        } else {
            // SAFETY: it has just been written, and the flag came too late for whoever completed the task.
            drop(unsafe { self.take_joiner() });
            Poll::Ready(())
        };
        drop(earlier);
        polled
    }

    /// Whether the waker in the slot does as that one.
    fn is_joiner(&self, waker: &Waker) -> bool {
        self.task.header().joiner.with(|slot| {
            // SAFETY: the flag was set and only the handle clears it, so nobody writes.
            let slot = unsafe { &*slot };
            // SAFETY: as the flag says. Whoever completes the task may have taken the waker, which leaves what is compared in its place.
            unsafe { slot.assume_init_ref() }.will_wake(waker)
        })
    }

    /// # Safety
    /// There is a waker in the slot, and it is the handle's.
    unsafe fn take_joiner(&self) -> Waker {
        self.task.header().joiner.with(|slot| {
            // SAFETY: passed on to the caller.
            let slot = unsafe { slot.read() };
            // SAFETY: passed on to the caller.
            unsafe { slot.assume_init() }
        })
    }

    /// The result.
    ///
    /// # Panics
    /// Panics if it is not there yet.
    pub(in crate::task) fn into_result(self) -> Result<T, JoinError> {
        assert!(
            self.is_completed(),
            "a join gives its result before the task has ended"
        );
        let joiner = ManuallyDrop::new(self);
        // SAFETY: it is there, and the joiner goes.
        let result = unsafe { joiner.take_result() };
        let result = result.map_err(|failure| failure.into_join_error(joiner.task.identity()));
        let left = joiner.task.state().release_handle();
        // SAFETY: the task is used no more.
        unsafe { leave(joiner.task.pointer(), left) };
        result
    }

    /// # Safety
    /// The result is there, and is taken once.
    unsafe fn take_result(&self) -> Result<T, Failure> {
        let task = self.task.pointer();
        // SAFETY: the task has completed, and the handle is the one who may take the result.
        let result = unsafe { (self.task.header().vtable.result)(task) };
        // SAFETY: the output is a `T`; passed on to the caller.
        unsafe { result.cast::<Result<T, Failure>>().read() }
    }
}

impl<T> Drop for Joiner<T> {
    fn drop(&mut self) {
        let left = loop {
            match self.task.state().detach() {
                Detach::Detached(left) => break left,
                // SAFETY: the state gave it back.
                Detach::Joiner => drop(unsafe { self.take_joiner() }),
                Detach::Completed => {
                    // SAFETY: as the state says, and the joiner goes.
                    let result = unsafe { self.take_result() };
                    discard(&self.task, result);
                    break self.task.state().release_handle();
                }
            }
        };
        // SAFETY: the task is used no more.
        unsafe { leave(self.task.pointer(), left) };
    }
}

// SAFETY: a shared joiner gives nothing of the output.
unsafe impl<T> Sync for Joiner<T> {}
