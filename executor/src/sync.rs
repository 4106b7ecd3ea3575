//! The locks and atomics of this crate: those of `std`, or loom's under `--cfg canter_loom`.

#[cfg(not(canter_loom))]
pub(crate) use canter_coop::lock::Lock;
#[cfg(not(canter_loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};

#[cfg(canter_loom)]
pub(crate) use loom::cell::UnsafeCell;
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

/// The cell of `std` with the interface of loom's, which sees to it that nobody writes while somebody else is at it.
#[cfg(not(canter_loom))]
pub(crate) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

#[cfg(not(canter_loom))]
impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> UnsafeCell<T> {
        UnsafeCell(std::cell::UnsafeCell::new(value))
    }

    /// Calls `f` with a pointer to read through.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        f(self.0.get())
    }

    /// Calls `f` with a pointer to write through.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        f(self.0.get())
    }
}
