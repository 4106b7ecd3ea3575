//! The locks and atomics of this crate: those of `std`, or loom's under `--cfg canter_loom`.

#[cfg(not(canter_loom))]
pub(crate) use canter_coop::lock::Lock;
#[cfg(not(canter_loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};

#[cfg(canter_loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard, atomic};

use std::sync::PoisonError;

/// Locks, also after a panic: what this crate keeps under a lock is consistent at every point where code could panic.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For sections of a few instructions.
#[cfg(canter_loom)]
pub(crate) struct Lock<T>(Mutex<T>);

#[cfg(canter_loom)]
impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        lock(&self.0)
    }
}
