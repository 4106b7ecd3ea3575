//! How the monitor sleeps while all workers do, and who wakes it.
//!
//! The monitor announces its sleep and then looks whether everybody sleeps. A worker that gets up is no longer counted as a
//! sleeper, and then looks for the announcement. Between the two stands a full fence on each side, so one of them sees the
//! other: the monitor stays awake, or the worker wakes it.
//!
//! Others give it something to look at too: a thread that begins to wait in a `block_on`, or one of the pool that has nothing more to
//! do. They, and each worker that gets up, raise the number of *stirs* first. The monitor reads it before it looks at the whole, and does
//! not sleep if it has changed since: what it has seen may be no longer so. The same fences tell that none is missed.

use std::time::Duration;

use super::park::Parker;
use crate::sync::atomic::{AtomicBool, AtomicU32, Ordering::*, fence};

pub(crate) struct Watch {
    sleeps: AtomicBool,
    stirs: AtomicU32,
    parker: Parker,
}

impl Watch {
    pub(crate) fn new() -> Watch {
        Watch {
            sleeps: AtomicBool::new(false),
            stirs: AtomicU32::new(0),
            parker: Parker::new(),
        }
    }

    /// How often there was something new to see.
    pub(crate) fn stirs(&self) -> u32 {
        self.stirs.load(Relaxed)
    }

    /// The monitor: sleeps until there is something new to see or the time is over, if all are `quiet` and nothing has stirred since
    /// the number was `seen`.
    pub(crate) fn sleep_while(&self, seen: u32, timeout: Option<Duration>, quiet: impl Fn() -> bool) {
        self.sleeps.store(true, Release); // partner: the load in `got_up`
        fence(SeqCst); // before the look at the sleepers; partner: the one in `got_up`
        if quiet() && self.stirs() == seen {
            self.parker.park(timeout);
        }
        self.sleeps.store(false, Release);
    }

    /// The monitor: sleeps for a while.
    pub(crate) fn sleep_for(&self, time: Duration) {
        self.parker.park(Some(time));
    }

    /// There is something new to see. Called by a worker that got up, after it was taken off the sleepers.
    pub(crate) fn stir(&self) {
        self.stirs.fetch_add(1, Relaxed);
        fence(SeqCst); // after the change; partner: the one in `sleep_while`
        if self.sleeps.load(Acquire) && self.sleeps.swap(false, AcqRel) {
            self.wake();
        }
    }

    /// Ends the monitor's sleep, or its next one.
    pub(crate) fn wake(&self) {
        self.parker.unpark(|| {});
    }
}
