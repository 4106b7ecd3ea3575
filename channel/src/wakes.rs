//! The wakers that an operation has to call, gathered under a lock and called after it was left.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakes those that were gathered, at the latest when it is dropped: declare it before the lock is taken.
#[derive(Debug, Default)]
#[must_use]
pub(crate) struct Wakes {
    first: Option<Waker>,
    /// Empty but for operations that complete a crowd.
    more: Vec<Waker>,
    /// Not woken, only dropped outside of the lock: a waker's destructor is user code as well.
    retired: Option<Waker>,
}

impl Wakes {
    #[inline]
    pub(crate) const fn new() -> Wakes {
        Wakes {
            first: None,
            more: Vec::new(),
            retired: None,
        }
    }

    #[inline]
    pub(crate) fn add(&mut self, waker: Option<Waker>) {
        if self.first.is_none() {
            self.first = waker;
        } else {
            self.more.extend(waker);
        }
    }

    /// The waker of a waiter that does not wait any more. One for each section.
    pub(crate) fn retire(&mut self, waker: Option<Waker>) {
        debug_assert!(self.retired.is_none());
        self.retired = waker;
    }
}

impl Drop for Wakes {
    #[inline]
    fn drop(&mut self) {
        if let Some(first) = self.first.take() {
            if self.more.is_empty() && !std::thread::panicking() {
                first.wake();
            } else {
                wake_all(first, mem::take(&mut self.more));
            }
        }
    }
}

/// Wakes each, also when one of them panics; the first panic goes on afterwards, unless another one is under way.
#[cold]
fn wake_all(first: Waker, more: Vec<Waker>) {
    let mut panicked = None;
    for waker in std::iter::once(first).chain(more) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panicked.get_or_insert(panic);
        }
    }
    if let Some(panic) = panicked
        && !std::thread::panicking()
    {
        resume_unwind(panic);
    }
}
