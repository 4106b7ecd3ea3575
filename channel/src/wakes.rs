//! The wakers that an operation has to call, gathered under a lock and called after it was left.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// Wakes those that were gathered, at the latest when it is dropped: declare it before the lock is taken.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Wakes(Gathered);

#[derive(Debug, Default)]
enum Gathered {
    #[default]
    None,
    One(Waker),
    /// A crowd, for operations that complete several waiters.
    Many(Vec<Waker>),
}

impl Wakes {
    #[inline]
    pub(crate) const fn new() -> Wakes {
        Wakes(Gathered::None)
    }

    #[inline]
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        let Some(waker) = waker else { return };
        match &mut self.0 {
            Gathered::None => self.0 = Gathered::One(waker),
            _ => self.add_to_crowd(waker),
        }
    }

    #[cold]
    fn add_to_crowd(&mut self, waker: Waker) {
        self.0 = Gathered::Many(match mem::take(&mut self.0) {
            Gathered::None => vec![waker],
            Gathered::One(first) => vec![first, waker],
            Gathered::Many(mut crowd) => {
                crowd.push(waker);
                crowd
            }
        });
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        match mem::take(&mut self.0) {
            Gathered::None => {}
            Gathered::One(waker) if !thread::panicking() => waker.wake(),
            Gathered::One(waker) => wake_all(vec![waker]),
            Gathered::Many(crowd) => wake_all(crowd),
        }
    }
}

/// Wakes each, also when one of them panics; the first panic goes on afterwards, unless another one is under way.
#[cold]
fn wake_all(crowd: Vec<Waker>) {
    let mut panicked = None;
    for waker in crowd {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panicked.get_or_insert(panic);
        }
    }
    match panicked {
        Some(panic) if !thread::panicking() => resume_unwind(panic),
        _ => {}
    }
}
