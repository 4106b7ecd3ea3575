//! How the monitor sleeps while all workers do, and who wakes it.
//!
//! The monitor announces its sleep and then looks whether everybody sleeps. A worker that gets up is no longer counted as a
//! sleeper, and then looks for the announcement. Between the two stands a full fence on each side, so one of them sees the
//! other: the monitor stays awake, or the worker wakes it.

use std::time::Duration;

use super::park::Parker;
use crate::sync::atomic::{AtomicBool, Ordering::*, fence};

pub(crate) struct Watch {
    sleeps: AtomicBool,
    parker: Parker,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch {
            sleeps: AtomicBool::new(false),
            parker: Parker::new(),
        }
    }

    /// The monitor: sleeps until a worker gets up, if all are `quiet`.
    pub(crate) fn sleep_while(&self, quiet: impl Fn() -> bool) {
        self.sleeps.store(true, Release); // partner: the load in `got_up`
        fence(SeqCst); // before the look at the sleepers; partner: the one in `got_up`
        if quiet() {
            self.parker.park(None);
        }
        self.sleeps.store(false, Release);
    }

    /// The monitor: sleeps for a while.
    pub(crate) fn sleep_for(&self, time: Duration) {
        self.parker.park(Some(time));
    }

    /// Called by a worker that got up, after it was taken off the sleepers.
    pub(crate) fn got_up(&self) {
        fence(SeqCst); // after the sleepers were left; partner: the one in `sleep_while`
        if self.sleeps.load(Acquire) && self.sleeps.swap(false, AcqRel) {
            self.wake();
        }
    }

    /// Ends the monitor's sleep, or its next one.
    pub(crate) fn wake(&self) {
        self.parker.unpark(|| {});
    }
}
