//! The wakers of tasks. Each is a reference.

#![expect(unsafe_code, reason = "a waker is a pointer to its task")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::header::{Header, free, leave};
use super::runnable::Runnable;
use super::span::WakerOp;
use super::state::Wake;
use crate::task::{Registry, Woken};

static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker with a reference of the caller's.
///
/// # Safety
/// The caller has a reference, and gives it up. The pointer can reach the whole allocation.
#[inline]
pub(super) unsafe fn of(task: NonNull<Header>) -> Waker {
    // SAFETY: the functions of the table take what `of`'s caller gives.
    unsafe { Waker::new(task.as_ptr().cast_const().cast(), &VTABLE) }
}

/// A waker without a reference, for a poll.
///
/// # Safety
/// The caller has a reference for as long as the value is used. The pointer can reach the whole allocation.
#[inline]
pub(super) unsafe fn borrowed(task: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: passed on to the caller; what is never dropped takes no reference away.
    ManuallyDrop::new(unsafe { of(task) })
}

/// # Safety
/// It is the pointer of a waker.
unsafe fn task(data: *const ()) -> NonNull<Header> {
    // SAFETY: a waker's pointer is that of a task.
    unsafe { NonNull::new_unchecked(data.cast_mut().cast()) }
}

/// # Safety
/// The caller has a reference to the task for as long as the borrow is used.
unsafe fn header<'a>(task: NonNull<Header>) -> &'a Header {
    // SAFETY: the reference keeps the allocation.
    unsafe { task.as_ref() }
}

/// # Safety
/// As `RawWakerVTable` says of each.
unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the pointer of the waker that is cloned.
    let task = unsafe { task(data) };
    // SAFETY: that waker's reference.
    let Header { meta, span, .. } = unsafe { header(task) };
    meta.state.add_reference();
    span.waker(WakerOp::Clone);
    RawWaker::new(data, &VTABLE)
}

/// # Safety
/// As `clone`.
unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference, which the call gives up.
    let Header { meta, span, .. } = unsafe { header(task) };
    span.waker(WakerOp::Wake);
    match meta.state.wake() {
        Wake::Nothing => {}
        Wake::Schedule => {
            span.woken(meta);
            // SAFETY: the state says that there is to be a runnable.
            Registry::schedule(unsafe { Runnable::new(task) }, Woken::Parked);
        }
        // SAFETY: the state says that nobody refers to the task any more.
        Wake::Free => unsafe { free(task) },
    }
}

/// # Safety
/// As `clone`.
unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference.
    let Header { meta, span, .. } = unsafe { header(task) };
    span.waker(WakerOp::WakeByRef);
    if meta.state.wake_by_ref() == Wake::Schedule {
        span.woken(meta);
        // SAFETY: the state says that there is to be a runnable.
        Registry::schedule(unsafe { Runnable::new(task) }, Woken::Parked);
    }
}

/// # Safety
/// As `clone`.
unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference, which the call gives up.
    let Header { meta, span, .. } = unsafe { header(task) };
    span.waker(WakerOp::Drop);
    let left = meta.state.drop_reference();
    // SAFETY: the task is used no more.
    unsafe { leave(task, left) }
}
