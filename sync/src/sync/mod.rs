//! The lock and the atomics of this crate: loom's under `--cfg canter_loom`.
//!
//! Everything else in the crate is the same in both, so that the models run the code that ships.

#[cfg(canter_loom)]
mod modelled;

#[cfg(not(canter_loom))]
pub(crate) use {
    canter_coop::lock::Lock,
    std::sync::{OnceLock, atomic},
};

#[cfg(canter_loom)]
pub(crate) use modelled::{Lock, OnceLock, atomic};

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
