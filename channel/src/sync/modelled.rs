//! What loom offers in place of the lock, the cells and the pauses.

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
