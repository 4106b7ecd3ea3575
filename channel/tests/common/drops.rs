//! Values whose destructors are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// Counts how many of its guards have been dropped.
#[derive(Clone, Default)]
pub struct Drops(Arc<AtomicUsize>);

impl Drops {
    /// A value that is counted when it is dropped.
    pub fn guard(&self) -> Guard {
        Guard(self.0.clone())
    }

    /// How many have been dropped so far.
    pub fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// See [`Drops::guard`].
pub struct Guard(Arc<AtomicUsize>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
}
