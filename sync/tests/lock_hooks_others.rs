//! As `lock_hooks`, for what the locks share with semaphores and events: wakers that panic when they are cloned or dropped.

#![expect(unsafe_code, reason = "a waker is made of raw parts")]

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/hooks.rs"]
mod hooks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Waker};

use by_hand::{ready, wait};
use canter_sync::{Event, Semaphore};
use hooks::hooked;

/// A waker that does this when it is cloned, and panics then, or when the clone is dropped.
fn panics_when(
    panics: hooks::Event,
    on_clone: impl Fn() + Send + Sync + 'static,
) -> (Waker, Arc<AtomicBool>) {
    let armed = Arc::new(AtomicBool::new(true));
    let is_armed = armed.clone();
    let waker = hooked(move |event| {
        if event == hooks::Event::Clone {
            on_clone();
        }
        assert!(event != panics || !is_armed.load(SeqCst), "a waker that panics");
    });
    (waker, armed)
}

/// Polls a future with a waker that panics.
#[track_caller]
fn poll_panics<F: Future>(future: &mut Pin<Box<F>>, (waker, armed): (Waker, Arc<AtomicBool>)) {
    let poll = || drop(future.as_mut().poll(&mut Context::from_waker(&waker)));
    assert!(catch_unwind(AssertUnwindSafe(poll)).is_err(), "it has to panic");
    armed.store(false, SeqCst);
}

#[test]
fn an_acquire_whose_waker_panics_when_it_is_cloned_keeps_nobody_waiting() {
    for waits_already in [false, true] {
        let semaphore = Semaphore::new(1);
        let held = semaphore.try_acquire().unwrap();
        let mut first = Box::pin(semaphore.acquire());
        _ = waits_already.then(|| wait(&mut first));
        poll_panics(&mut first, panics_when(hooks::Event::Clone, || ()));
        let mut second = Box::pin(semaphore.acquire());
        let woken = wait(&mut second);
        drop((first, held));
        assert!(woken.take());
        drop(ready(&mut second));
        assert_eq!(semaphore.available_permits(), 1);
    }
}

#[test]
fn permits_that_were_got_beside_a_clone_that_panics_are_not_lost() {
    for waits_already in [false, true] {
        let semaphore = Arc::new(Semaphore::new(0));
        let adds = semaphore.clone();
        let mut acquire = Box::pin(semaphore.acquire_many(3));
        _ = waits_already.then(|| wait(&mut acquire));
        poll_panics(
            &mut acquire,
            panics_when(hooks::Event::Drop, move || adds.add_permits(3)),
        );
        drop(acquire);
        assert_eq!(semaphore.available_permits(), 3);
    }
}

#[test]
fn a_notification_that_came_beside_a_clone_that_panics_is_not_lost() {
    for waits_already in [false, true] {
        let event = Arc::new(Event::new());
        let tells = event.clone();
        let mut told = Box::pin(event.wait());
        _ = waits_already.then(|| wait(&mut told));
        poll_panics(
            &mut told,
            panics_when(hooks::Event::Drop, move || tells.notify_one()),
        );
        drop(told);
        ready(&mut Box::pin(event.wait()));
    }
}
