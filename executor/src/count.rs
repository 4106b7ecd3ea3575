//! A count that one thread at a time writes, and that everybody may read at any moment.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A count that goes up. Its writers exclude each other: each is the one thread that sits in a seat, or holds the lock or the right that
/// the count belongs to. So a load and a store do, which cost a tenth of an atomic addition. Not loom's, since nothing is decided by it.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// Begins again at zero, for somebody else.
    pub(crate) fn restart(&self) {
        self.0.store(0, Relaxed);
    }
}

/// A length that is kept under a lock, and can be read without it. Written by whoever holds the lock.
#[derive(Debug, Default)]
pub(crate) struct Level(AtomicU64);

impl Level {
    pub(crate) fn set(&self, level: usize) {
        self.0.store(level as u64, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}
