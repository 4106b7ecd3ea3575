//! The wakers of tasks. Each is a reference.
//!
//! Those of a task with a span tell what is done with them: they have a table of their own, so that the others need not ask.

#![expect(unsafe_code, reason = "a waker is a pointer to its task")]

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::header::{Header, free, leave};
use super::runnable::Runnable;
use super::span::WakerOp;
use super::state::Wake;
use crate::task::{Registry, Woken};

static QUIET: RawWakerVTable = vtable::<false>();
static TELLING: RawWakerVTable = vtable::<true>();

const fn vtable<const TELLS: bool>() -> RawWakerVTable {
    RawWakerVTable::new(
        clone::<TELLS>,
        wake::<TELLS>,
        wake_by_ref::<TELLS>,
        drop_waker::<TELLS>,
    )
}

/// A waker with a reference of the caller's.
///
/// # Safety
/// The caller has a reference, and gives it up. The pointer can reach the whole allocation.
#[inline]
pub(super) unsafe fn of(task: NonNull<Header>) -> Waker {
    // SAFETY: the caller's reference.
    let tells = unsafe { header(task) }.span.is_there();
    let vtable = if tells { &TELLING } else { &QUIET };
    // SAFETY: the functions of the table take what the caller gives.
    unsafe { Waker::new(task.as_ptr().cast_const().cast(), vtable) }
}

/// A waker without a reference, for a poll; `TELLS` if the task has a span.
///
/// # Safety
/// The caller has a reference for as long as the value is used. The pointer can reach the whole allocation.
#[inline]
pub(super) unsafe fn borrowed<const TELLS: bool>(task: NonNull<Header>) -> ManuallyDrop<Waker> {
    let vtable = if TELLS { &TELLING } else { &QUIET };
    // SAFETY: the functions of the table take what the caller gives; what is never dropped takes no reference away.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast_const().cast(), vtable) })
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
unsafe fn clone<const TELLS: bool>(data: *const ()) -> RawWaker {
    // SAFETY: the pointer of the waker that is cloned.
    let task = unsafe { task(data) };
    // SAFETY: that waker's reference.
    let Header { meta, span, .. } = unsafe { header(task) };
    meta.state.add_reference();
    if TELLS {
        span.waker(WakerOp::Clone);
    }
    RawWaker::new(data, if TELLS { &TELLING } else { &QUIET })
}

/// # Safety
/// As `clone`.
unsafe fn wake<const TELLS: bool>(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference, which the call gives up.
    let Header { meta, span, .. } = unsafe { header(task) };
    if TELLS {
        span.waker(WakerOp::Wake);
    }
    match meta.state.wake() {
        Wake::Nothing => {}
        Wake::Schedule => {
            if TELLS {
                span.woken(meta);
            }
            // SAFETY: the state says that there is to be a runnable.
            Registry::schedule(unsafe { Runnable::new(task) }, Woken::Parked);
        }
        // SAFETY: the state says that nobody refers to the task any more.
        Wake::Free => unsafe { free(task) },
    }
}

/// # Safety
/// As `clone`.
unsafe fn wake_by_ref<const TELLS: bool>(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference.
    let Header { meta, span, .. } = unsafe { header(task) };
    if TELLS {
        span.waker(WakerOp::WakeByRef);
    }
    if meta.state.wake_by_ref() == Wake::Schedule {
        if TELLS {
            span.woken(meta);
        }
        // SAFETY: the state says that there is to be a runnable.
        Registry::schedule(unsafe { Runnable::new(task) }, Woken::Parked);
    }
}

/// # Safety
/// As `clone`.
unsafe fn drop_waker<const TELLS: bool>(data: *const ()) {
    // SAFETY: the waker's pointer.
    let task = unsafe { task(data) };
    // SAFETY: the waker's reference, which the call gives up.
    let Header { meta, span, .. } = unsafe { header(task) };
    if TELLS {
        span.waker(WakerOp::Drop);
    }
    let left = meta.state.drop_reference();
    // SAFETY: the task is used no more.
    unsafe { leave(task, left) }
}
