//! Timers: a clock a runtime, and a wheel a worker, each behind a lock of its own.

mod clock;
mod sleeper;
mod wheel;

use std::mem;
use std::ops::Deref;
use std::sync::PoisonError;
use std::task::Waker;

pub(crate) use clock::{Clock, Moment, Tick};
pub(crate) use sleeper::Sleeper;
pub(crate) use wheel::Key;
use wheel::Wheel;

use crossbeam_utils::CachePadded;

use crate::count::{Count, Level};
use crate::sync::Lock;
use crate::sync::atomic::{AtomicU64, Ordering::*};

/// Timers taken out of a wheel under one hold of its lock.
const BATCH: usize = 256;

/// One wheel, and the tick at which it next wants to be looked at.
///
/// `next` is never later than the wheel's own `next_tick` once a change is complete, so that whoever is about to sleep reads
/// a bound without the lock. It may be earlier, after a cancel: then one look is in vain.
///
/// They stay for ever, and serve one runtime after another: so whoever started a timer can come back for it at any time without a
/// reference that would have to be counted.
pub(crate) struct Timers {
    wheel: Lock<Wheel>,
    next: AtomicU64,
    pending: Level,
    fired: Count,
}

/// Timers that serve no runtime at present.
static VACANT: std::sync::Mutex<Vec<&CachePadded<Timers>>> = std::sync::Mutex::new(Vec::new());

/// The timers of a runtime, until it is dropped.
pub(crate) struct Lease(&'static CachePadded<Timers>);

impl Lease {
    pub(crate) fn new() -> Lease {
        let vacant = VACANT.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let timers = vacant.unwrap_or_else(|| Box::leak(Box::new(CachePadded::new(Timers::new()))));
        timers.wheel.lock().open();
        timers.fired.restart();
        Lease(timers)
    }

    pub(crate) fn timers(&self) -> &'static Timers {
        self.0
    }
}

impl Deref for Lease {
    type Target = Timers;

    fn deref(&self) -> &Timers {
        self.0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.0.close());
        VACANT.lock().unwrap_or_else(PoisonError::into_inner).push(self.0);
    }
}

/// What became of a timer that was to be started.
#[derive(Debug)]
pub(crate) enum Started {
    /// It runs. `first`: it ends before all the others of this wheel.
    Running { key: Key, first: bool },
    /// Its tick has passed.
    Passed,
    /// The runtime has ended: nobody would fire it.
    Closed,
}

/// What a timer that was started is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Updated {
    Running,
    Fired,
    /// The runtime has ended before the timer did.
    Closed,
}

impl Timers {
    pub(crate) fn new() -> Timers {
        Timers {
            wheel: Lock::new(Wheel::new()),
            next: AtomicU64::new(Tick::NEVER.0),
            pending: Level::default(),
            fired: Count::default(),
        }
    }

    pub(crate) fn next_tick(&self) -> Tick {
        Tick(self.next.load(Acquire)) // partner: the stores in this file; for the fences see `sleeper.rs`
    }

    /// How many timers run.
    pub(crate) fn pending(&self) -> u64 {
        self.pending.get()
    }

    /// How many have fired.
    pub(crate) fn fired(&self) -> u64 {
        self.fired.get()
    }

    pub(crate) fn start(&self, tick: Tick, waker: &Waker) -> Started {
        let waker = waker.clone(); // dropped, if it comes to that, without the lock
        let mut wheel = self.wheel.lock();
        if !wheel.is_open() {
            return Started::Closed;
        }
        if !wheel.is_ahead(tick) {
            return Started::Passed;
        }
        let key = wheel.insert(tick, waker);
        self.pending.set(wheel.len());
        let first = tick.0 < self.next.load(Relaxed);
        if first {
            self.next.store(tick.0, Release);
        }
        Started::Running { key, first }
    }

    /// Sees to it that the timer, if it still runs, wakes `waker` when it ends.
    pub(crate) fn update(&self, key: Key, waker: &Waker) -> Updated {
        // Wakers are code of others, and are cloned and dropped without the lock.
        let mut clone = None;
        loop {
            let mut wheel = self.wheel.lock();
            if !wheel.has_started(key) {
                return Updated::Closed;
            }
            let Some(current) = wheel.waker(key) else {
                return Updated::Fired;
            };
            if current.will_wake(waker) {
                return Updated::Running;
            }
            if let Some(clone) = clone.take() {
                let replaced = mem::replace(current, clone);
                drop(wheel);
                drop(replaced);
                return Updated::Running;
            }
            drop(wheel);
            clone = Some(waker.clone());
        }
    }

    pub(crate) fn cancel(&self, key: Key) {
        let mut wheel = self.wheel.lock();
        let waker = wheel.remove(key);
        self.pending.set(wheel.len());
        drop(wheel);
        drop(waker); // without the lock: it may be the last reference to a task
    }

    /// Pushes the wakers of a batch of due timers. True if some are left.
    pub(crate) fn fire(&self, now: Tick, due: &mut Vec<Waker>) -> bool {
        if self.next_tick() > now {
            return false;
        }
        let mut wheel = self.wheel.lock();
        if !wheel.is_open() {
            return false;
        }
        let before = due.len();
        let more = wheel.advance(now, BATCH, due);
        self.fired.add((due.len() - before) as u64);
        self.pending.set(wheel.len());
        self.next.store(wheel.next_tick().0, Release);
        more
    }

    /// Ends all timers: their wakers, so that whoever waits can look for another runtime.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut wheel = self.wheel.lock();
        self.pending.set(0);
        self.next.store(Tick::NEVER.0, Release);
        let timers = wheel.close();
        drop(wheel);
        timers.into_iter().filter_map(|timer| timer.waker).collect()
    }
}
