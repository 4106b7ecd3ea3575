//! A task that is ready, and the right to poll it.

#![expect(unsafe_code, reason = "the right to a task goes with a pointer to it")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use super::header::{Header, TaskRef};
use super::meta::Meta;
use crate::diagnostics::Kind;

/// A task that is ready, and the right to poll it. One that is dropped ends its task: the future is dropped right there, and the join
/// says that it was cancelled.
pub(crate) struct Runnable(TaskRef);

impl Runnable {
    /// # Safety
    /// The state says that there is a runnable, with a reference, and no other value stands for it. The pointer can reach the whole
    /// allocation.
    pub(super) unsafe fn new(task: NonNull<Header>) -> Runnable {
        // SAFETY: the runnable's reference keeps the allocation.
        Runnable(unsafe { TaskRef::new(task) })
    }

    pub(crate) fn metadata(&self) -> &Meta {
        &self.0
    }

    /// A pointer to the task.
    ///
    /// # Safety
    /// The value is not used when the task may be gone.
    pub(in crate::task) unsafe fn task_ref(&self) -> TaskRef {
        // SAFETY: passed on to the caller.
        unsafe { TaskRef::new(self.0.pointer()) }
    }

    /// The task is about to be scheduled for the first time.
    #[inline]
    pub(in crate::task) fn begin(&self, kind: impl FnOnce() -> Kind) {
        // SAFETY: whoever has the runnable owns the future.
        unsafe { self.0.header().span.begin(&self.0, kind) }
    }

    /// Polls the task once.
    #[inline]
    pub(in crate::task) fn run(self) {
        let task = ManuallyDrop::new(self).0.pointer();
        // SAFETY: the allocation is there as long as the runnable's reference.
        let vtable = unsafe { task.as_ref() }.vtable;
        // SAFETY: this was the runnable, and it is given up.
        unsafe { (vtable.run)(task) }
    }

    /// The task as a bare pointer.
    pub(crate) fn into_raw(self) -> NonNull<()> {
        ManuallyDrop::new(self).0.pointer().cast()
    }

    /// # Safety
    /// The pointer comes from [`Runnable::into_raw`], and is used once.
    pub(crate) unsafe fn from_raw(pointer: NonNull<()>) -> Runnable {
        // SAFETY: passed on to the caller.
        unsafe { Runnable::new(pointer.cast()) }
    }
}

impl Drop for Runnable {
    fn drop(&mut self) {
        let cancel = self.0.header().vtable.cancel;
        // SAFETY: this is the runnable, and it goes.
        unsafe { cancel(self.0.pointer()) }
    }
}
