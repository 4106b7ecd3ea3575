//! The next slot: the task that a worker runs next, where others can take it too.

#![expect(unsafe_code, reason = "the slot holds a task as a bare pointer")]

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::task::Runnable;

/// Holds at most one task. The pointer is what `Runnable::into_raw` gave; whoever swaps it out owns the task.
pub(crate) struct Slot(AtomicPtr<()>);

impl Slot {
    pub(crate) fn new() -> Slot {
        Slot(AtomicPtr::new(ptr::null_mut()))
    }

    /// Puts a task in, and gives the one that was there.
    pub(crate) fn replace(&self, runnable: Runnable) -> Option<Runnable> {
        // Release: the task's memory is handed to whoever takes it. Acquire: the one that comes out was handed over so.
        from_raw(self.0.swap(runnable.into_raw().as_ptr(), Ordering::AcqRel))
    }

    /// Takes the task. Anybody may, at any moment.
    pub(crate) fn take(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        from_raw(self.0.swap(ptr::null_mut(), Ordering::Acquire)) // partner: `replace`
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed).is_null()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        drop(self.take());
    }
}

fn from_raw(pointer: *mut ()) -> Option<Runnable> {
    // SAFETY: a pointer in the slot came from `Runnable::into_raw`, and the swap that took it out took it once.
    NonNull::new(pointer).map(|pointer| unsafe { Runnable::from_raw(pointer) })
}
