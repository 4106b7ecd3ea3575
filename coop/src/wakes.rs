//! Wakers that are gathered under a lock and called after it was left.

use std::iter;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// The wakers that an operation has to call, which are gathered under a lock and called when this is dropped.
///
/// A waker is foreign code: it may take any lock, and it may panic. So declare this before the lock is taken, and it is dropped after the
/// lock was left. Each of the wakers is called, also when one of them panics; the first panic goes on afterwards, unless the thread
/// panics already.
///
/// The first waker costs no allocation.
///
/// ```
/// use canter_coop::Wakes;
/// use std::{sync::Mutex, task::Waker};
///
/// fn wake_all(waiting: &Mutex<Vec<Waker>>) {
///     let mut wakes = Wakes::new();
///     for waker in waiting.lock().unwrap().drain(..) {
///         wakes.add(Some(waker));
///     }
/// }
/// # wake_all(&Mutex::new(vec![Waker::noop().clone()]));
/// ```
#[derive(Debug, Default)]
#[must_use = "the wakers are called when it is dropped"]
pub struct Wakes {
    first: Option<Waker>,
    /// Empty but for operations that complete several waiters.
    crowd: Vec<Waker>,
}

impl Wakes {
    /// None yet.
    #[inline]
    pub const fn new() -> Wakes {
        Wakes {
            first: None,
            crowd: Vec::new(),
        }
    }

    /// One more, or none.
    #[inline]
    pub fn add(&mut self, waker: Option<Waker>) {
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
