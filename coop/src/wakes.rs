//! Wakers that are gathered under a lock and called after it was left.

use std::iter;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;
use std::thread;

/// The wakers that an operation has to call, which are gathered under a lock and called when this is dropped.
///
/// A waker is foreign code: it may take any lock, and it may panic. So declare this before the lock is taken, and it is dropped after the
/// lock was left. Each of the wakers is called, also when one of them panics; the first panic goes on afterwards, unless the thread
/// panics already.
///
/// The first waker costs no allocation. Most operations have one to wake or none: the others stand apart, so that those have little to make
/// and to drop.
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
    crowd: Option<Box<Crowd>>,
}

/// The others, where an operation completes several waiters.
#[derive(Debug, Default)]
struct Crowd(Vec<Waker>);

impl Wakes {
    /// None yet.
    #[inline]
    pub const fn new() -> Wakes {
        Wakes {
            first: None,
            crowd: None,
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

    /// Wakes them now. As a drop does, but it stands where the caller is, and so costs next to nothing where there are none.
    #[inline]
    pub fn wake(self) {
        ManuallyDrop::new(self).wake_gathered();
    }

    #[inline]
    fn wake_gathered(&mut self) {
        let Some(first) = self.first.take() else { return };
        match self.crowd.take() {
            None if !thread::panicking() => first.wake(),
            crowd => wake_all(first, crowd),
        }
    }

    #[cold]
    fn add_to_crowd(&mut self, waker: Option<Waker>) {
        self.crowd.get_or_insert_default().0.extend(waker);
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.wake_gathered();
    }
}

/// Wakes each, also when one of them panics; the first panic goes on afterwards, unless another one is under way.
#[cold]
fn wake_all(first: Waker, crowd: Option<Box<Crowd>>) {
    let mut panicked = None;
    for waker in iter::once(first).chain(crowd.into_iter().flat_map(|crowd| crowd.0)) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
            panicked.get_or_insert(panic);
        }
    }
    match panicked {
        Some(panic) if !thread::panicking() => resume_unwind(panic),
        _ => {}
    }
}
