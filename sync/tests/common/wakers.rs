//! Wakers that panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use crate::hooks::{Event, hooked};

/// Whether a waker panics yet.
pub type Armed = Arc<AtomicBool>;

/// A waker that panics at this event, as long as it is armed.
pub fn panicking(at: Event, armed: &Armed) -> Waker {
    let armed = armed.clone();
    hooked(move |event| {
        if event == at && armed.load(SeqCst) && !std::thread::panicking() {
            panic!("a waker that panics");
        }
    })
}

/// Runs what may panic, and tells whether it did.
pub fn panics<R>(code: impl FnOnce() -> R) -> bool {
    catch_unwind(AssertUnwindSafe(code)).is_err()
}

/// Polls a future once, with this waker.
pub fn poll_with<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}
