//! How the thread in a seat sleeps, and how others wake it.
//!
//! | state | the thread in the seat | whoever wakes it |
//! | --- | --- | --- |
//! | `EMPTY` | runs | sets `NOTIFIED`: the next sleep returns at once |
//! | `PARKED` | sleeps at the condition variable | sets `NOTIFIED` and notifies |
//! | `POLLING` | sleeps in the poller | sets `NOTIFIED` and wakes the poller |
//! | `NOTIFIED` | is about to run | nothing more to do |
//!
//! The thread goes to sleep by `EMPTY -> PARKED` or `EMPTY -> POLLING`, which fails if it was notified before, and leaves by
//! setting `EMPTY`. A parked thread holds the lock from its transition until it waits, and who notifies takes the lock in
//! between: so the notification can't fall between the two. A wake-up of the poller stays in the kernel until it is seen, so
//! it needs no lock.

use std::time::Duration;

use crate::sync::atomic::{AtomicU32, Ordering::SeqCst};
use crate::sync::{Condvar, Mutex, lock};

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const POLLING: u32 = 2;
const NOTIFIED: u32 = 3;

pub(crate) struct Parker {
    state: AtomicU32,
    mutex: Mutex<()>,
    condvar: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Parker {
        Parker {
            state: AtomicU32::new(EMPTY),
            mutex: Mutex::new(()),
            condvar: Condvar::new(),
        }
    }

    /// Sleeps until it is unparked, or until the time is over.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        let mut guard = lock(&self.mutex);
        if self.state.compare_exchange(EMPTY, PARKED, SeqCst, SeqCst).is_ok() {
            match timeout {
                None => {
                    while self.state.load(SeqCst) == PARKED {
                        guard = self
                            .condvar
                            .wait(guard)
                            .unwrap_or_else(|poisoned| poisoned.into_inner());
                    }
                }
                Some(timeout) => {
                    // Waking up early is no error: the worker looks around and comes back.
                    let waited = self.condvar.wait_timeout(guard, timeout);
                    drop(waited.unwrap_or_else(|poisoned| poisoned.into_inner()));
                }
            }
        }
        self.state.swap(EMPTY, SeqCst); // a swap, to see all that came before a notification
    }

    /// Runs `poll`, which sleeps in the poller, unless it was notified before: then it is false.
    pub(crate) fn poll(&self, poll: impl FnOnce()) -> bool {
        let polls = self
            .state
            .compare_exchange(EMPTY, POLLING, SeqCst, SeqCst)
            .is_ok();
        if polls {
            poll();
        }
        self.state.swap(EMPTY, SeqCst); // a swap, to see all that came before a notification
        polls
    }

    /// Ends the sleep, or the next one. `wake_poller` is called if the thread sleeps in the poller.
    pub(crate) fn unpark(&self, wake_poller: impl FnOnce()) {
        match self.state.swap(NOTIFIED, SeqCst) {
            PARKED => {
                drop(lock(&self.mutex));
                self.condvar.notify_one();
            }
            POLLING => wake_poller(),
            _ => {}
        }
    }
}
