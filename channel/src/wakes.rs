//! The wakers that an operation has to call, gathered under a lock and called after it was left.

use std::iter;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// Wakes those that were gathered, at the latest when it is dropped: declare it before the lock is taken.
#[derive(Debug, Default)]
#[must_use]
pub struct Wakes {
    first: Option<Waker>,
    /// Empty but for operations that complete several waiters.
    crowd: Vec<Waker>,
}

impl Wakes {
    #[inline]
    pub(crate) const fn new() -> Wakes {
        Wakes {
            first: None,
            crowd: Vec::new(),
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.add_to_crowd(waker);
        }
    }

    #[cold]
    fn add_to_crowd(&mut self, waker: Option<Waker>) {
        self.crowd.extend(waker);
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            if self.crowd.is_empty() && !thread::panicking() {
                first.wake();
            } else {
                wake_all(first, mem::take(&mut self.crowd));
            }
        }
    }
}

/// Wakes each, also when one of them panics; the first panic goes on afterwards, unless another one is under way.
#[cold]
fn wake_all(first: Waker, crowd: Vec<Waker>) {
    let mut panicked = None;
    for waker in iter::once(first).chain(crowd) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panicked.get_or_insert(panic);
        }
    }
    match panicked {
        Some(panic) if !thread::panicking() => resume_unwind(panic),
        _ => {}
    }
}
