//! Locks after a panic.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::by_hand::{ready, wait};
use crate::kinds::{Crowd, KINDS, Kind, Locks};

/// Runs what has to panic.
#[track_caller]
pub fn panics<R>(code: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(code)).is_err(), "it has to panic");
}

pub fn poll_with<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// The kinds of waits that several can make at a time.
pub fn with_a_crowd() -> impl Iterator<Item = &'static Kind> {
    const { &KINDS }.iter().filter(|kind| kind.crowd != Crowd::Alone)
}

/// Waits, and is served, at locks that have to be free.
#[track_caller]
pub fn check_usable(locks: &Locks, name: &str) {
    assert!(locks.are_free(), "{name}: somebody holds it, or waits");
    for kind in &KINDS {
        let held = kind.hold(locks);
        let mut waits = kind.wait(locks);
        let woken = wait(&mut waits);
        drop(held);
        assert!(woken.take(), "{name}, then {}", kind.name);
        drop(ready(&mut waits));
        assert!(locks.are_free(), "{name}, then {}", kind.name);
    }
}
