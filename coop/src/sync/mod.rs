//! What a thread sleeps and is counted with: the lock of this crate, the atomics, and the sleep itself. Loom's under `--cfg canter_loom`.
//!
//! Everything else is the same in both, so that the models run the code that ships. [`lock`](crate::lock) itself is not modelled.

#[cfg(canter_loom)]
mod modelled;

#[cfg(not(canter_loom))]
pub(crate) use {
    crate::lock::Lock,
    std::sync::atomic,
    std::thread::{Thread, current, park},
};

#[cfg(canter_loom)]
pub(crate) use modelled::{Lock, Thread, atomic, current, park};

/// Defines a static, which loom makes anew for each execution.
#[cfg(not(canter_loom))]
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        $(#[$attribute])*
        static $name: $type = $value;
    };
}

#[cfg(canter_loom)]
macro_rules! global {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::lazy_static! {
            $(#[$attribute])*
            static ref $name: $type = $value;
        }
    };
}
pub(crate) use global;

/// Defines a thread-local. The threads of a model share those of `std`.
#[cfg(not(canter_loom))]
macro_rules! of_thread {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        std::thread_local! {
            $(#[$attribute])*
            static $name: $type = const { $value };
        }
    };
}

#[cfg(canter_loom)]
macro_rules! of_thread {
    ($(#[$attribute:meta])* static $name:ident: $type:ty = $value:expr;) => {
        loom::thread_local! {
            $(#[$attribute])*
            static $name: $type = $value;
        }
    };
}
pub(crate) use of_thread;
