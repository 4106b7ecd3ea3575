//! What a future tells its host.

use std::panic::Location;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

use canter_coop::{budget, host};

/// The reason and the line that a future gives that has to wait.
#[track_caller]
pub fn waits_for<F: Future>(future: F) -> (&'static str, u32) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut future = pin!(future);
    let (polled, waiting) = host::poll(9, || future.as_mut().poll(&mut cx).is_pending());
    assert!(polled, "it has to wait");
    let waiting = waiting.expect("it says why it waits");
    assert_eq!(waiting.place.file(), Location::caller().file());
    (waiting.reason.as_str(), waiting.place.line())
}

/// Polls a future that need not wait: without a budget it gives way, and with one it ends and takes part of that.
#[track_caller]
pub fn takes_part_in_the_budget<F: Future>(future: F) -> F::Output {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(woken.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    let (pending, waiting) = host::poll(0, || future.as_mut().poll(&mut cx).is_pending());
    assert!(pending, "its budget is spent");
    assert!(waiting.is_none(), "it waits for nothing but its turn");
    assert!(woken.0.swap(false, SeqCst), "its turn comes again");
    let ((polled, budget_left), _) =
        host::poll(1, || (future.as_mut().poll(&mut cx), budget::has_remaining()));
    assert!(!budget_left, "it is one operation");
    match polled {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it has to be ready"),
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Woken>) {
        self.0.store(true, SeqCst);
    }
}
