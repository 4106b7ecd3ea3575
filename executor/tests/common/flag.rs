//! Wakers that count.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Wake, Waker};

/// Counts how often its waker was called.
#[derive(Default)]
pub struct Flag(AtomicUsize);

impl Flag {
    pub fn new() -> Arc<Flag> {
        Arc::default()
    }

    pub fn waker(self: &Arc<Flag>) -> Waker {
        Waker::from(self.clone())
    }

    /// Whether it was woken since the last call of this.
    pub fn take(&self) -> bool {
        self.0.swap(0, SeqCst) > 0
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Flag>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Flag>) {
        self.0.fetch_add(1, SeqCst);
    }
}
