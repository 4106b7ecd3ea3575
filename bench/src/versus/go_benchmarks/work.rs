//! What the tasks do between their messages.

use std::hint::black_box;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// The messages that a task takes upon itself at a time.
pub(super) const BATCH: u64 = 1000;

/// Work that takes some cycles a step, in any language.
pub(super) fn local_work(steps: u64) {
    let mut state = black_box(88_172_645_463_325_252_u64);
    for _ in 0..steps {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    black_box(state);
}

/// Batches that tasks take until there are none left.
pub(super) struct Batches(AtomicU64);

impl Batches {
    pub(super) fn new(number: u64) -> Batches {
        Batches(AtomicU64::new(number))
    }

    /// Takes a batch, and gives how many are left.
    pub(super) fn take(&self) -> Option<u64> {
        let left = self.0.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1));
        left.ok().map(|left| left - 1)
    }
}
