//! The lock, the atomics and the cells of this crate: loom's under `--cfg canter_loom`.
//!
//! Everything else in the crate is the same in both, so that the models run the code that ships.

#[cfg(not(canter_loom))]
mod cell;
#[cfg(not(canter_loom))]
mod identity;
#[cfg(canter_loom)]
mod modelled;

#[cfg(not(canter_loom))]
pub(crate) use {
    canter_coop::lock::{Backoff, Guard, Lock},
    cell::UnsafeCell,
    identity::Identity,
    std::sync::atomic,
};

#[cfg(canter_loom)]
pub(crate) use modelled::{Backoff, Guard, Identity, Lock, UnsafeCell, atomic};

/// A random number below `bound`: arms are tried in random order. Under loom the order is the written one, since a model has to
/// be the same in each run.
#[inline]
pub(crate) fn random_below(bound: usize) -> usize {
    if cfg!(canter_loom) {
        0
    } else {
        fastrand::usize(..bound)
    }
}
