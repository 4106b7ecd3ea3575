//! The lock and the atomics of this crate: those of `std`, or loom's under `--cfg canter_loom`.
//!
//! Everything else in the crate is the same in both, so that the models run the code that ships.

use std::sync::PoisonError;

#[cfg(not(canter_loom))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(canter_loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard, atomic};

/// Defines functions that are `const`, except under loom, whose locks and atomics are made while the model runs.
macro_rules! const_fn {
    ($($(#[$attribute:meta])* $visibility:vis fn $name:ident($($arguments:tt)*) -> $result:ty $body:block)+) => {$(
        #[cfg(not(canter_loom))]
        $(#[$attribute])*
        $visibility const fn $name($($arguments)*) -> $result $body

        #[cfg(canter_loom)]
        $(#[$attribute])*
        $visibility fn $name($($arguments)*) -> $result $body
    )+};
}
pub(crate) use const_fn;

/// A lock for sections of a few instructions that run no user code, and so can't be left by a panic.
pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    const_fn! {
        pub(crate) fn new(value: T) -> Lock<T> {
            Lock(Mutex::new(value))
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
