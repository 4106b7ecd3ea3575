//! What loom offers in place of the lock, the cells and the pauses, and numbers that are the same order in each run, as addresses are not.

use std::sync::atomic::{AtomicUsize, Ordering};

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::MutexGuard as Guard;
pub(crate) use loom::sync::atomic;

pub(crate) struct Lock<T>(loom::sync::Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.0.lock().expect("no code that panics runs under a lock")
    }

    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.0.try_lock().ok()
    }
}

pub(crate) struct Backoff;

impl Backoff {
    pub(crate) fn new() -> Backoff {
        Backoff
    }

    pub(crate) fn pause(&mut self) {
        loom::thread::yield_now();
    }
}

/// Numbered in the order of creation, which is the model's.
#[derive(Debug)]
pub(crate) struct Identity(usize);

impl Identity {
    pub(crate) fn new() -> Identity {
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Identity(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn of<T>(&self, _pinned: &T) -> usize {
        self.0
    }
}
