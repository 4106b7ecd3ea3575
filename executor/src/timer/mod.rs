//! Timers: a clock a runtime, and a wheel a worker, each behind a lock of its own.

mod clock;
mod sleeper;
mod wheel;

use std::task::Waker;

pub(crate) use clock::{Clock, Moment, Tick};
pub(crate) use sleeper::Sleeper;
pub(crate) use wheel::Key;
use wheel::Wheel;

use crate::count::{Count, Level};
use crate::sync::atomic::{AtomicU64, Ordering::*};
use crate::sync::{Mutex, lock};

/// Timers taken out of a wheel under one hold of its lock.
const BATCH: usize = 256;

/// One wheel, and the tick at which it next wants to be looked at.
///
/// `next` is never later than the wheel's own `next_tick` once a change is complete, so that whoever is about to sleep reads
/// a bound without the lock. It may be earlier, after a cancel: then one look is in vain.
pub(crate) struct Timers {
    wheel: Mutex<Option<Wheel>>,
    next: AtomicU64,
    pending: Level,
    fired: Count,
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
            wheel: Mutex::new(Some(Wheel::new())),
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
        let waker = waker.clone();
        let mut wheel = lock(&self.wheel);
        let Some(wheel) = wheel.as_mut() else {
            return Started::Closed;
        };
        let Some(key) = wheel.insert(tick, waker) else {
            return Started::Passed;
        };
        self.pending.set(wheel.len());
        let first = tick.0 < self.next.load(Relaxed);
        if first {
            self.next.store(tick.0, Release);
        }
        Started::Running { key, first }
    }

    /// Sees to it that the timer, if it still runs, wakes `waker` when it ends.
    pub(crate) fn update(&self, key: Key, waker: &Waker) -> Updated {
        match lock(&self.wheel).as_mut().map(|wheel| wheel.update(key, waker)) {
            Some(true) => Updated::Running,
            Some(false) => Updated::Fired,
            None => Updated::Closed,
        }
    }

    pub(crate) fn cancel(&self, key: Key) {
        let mut wheel = lock(&self.wheel);
        let waker = wheel.as_mut().and_then(|wheel| {
            let waker = wheel.remove(key);
            self.pending.set(wheel.len());
            waker
        });
        drop(wheel);
        drop(waker); // without the lock: it may be the last reference to a task
    }

    /// Pushes the wakers of a batch of due timers. True if some are left.
    pub(crate) fn fire(&self, now: Tick, due: &mut Vec<Waker>) -> bool {
        if self.next_tick() > now {
            return false;
        }
        let mut wheel = lock(&self.wheel);
        let Some(wheel) = wheel.as_mut() else {
            return false;
        };
        let before = due.len();
        let more = wheel.advance(now, BATCH, due);
        self.fired.add((due.len() - before) as u64);
        self.pending.set(wheel.len());
        self.next.store(wheel.next_tick().0, Release);
        more
    }

    /// Ends all timers: their wakers, so that whoever waits can look for another runtime.
    pub(crate) fn close(&self) -> Vec<Waker> {
        let mut lent = lock(&self.wheel);
        let wheel = lent.take();
        self.pending.set(0);
        drop(lent);
        self.next.store(Tick::NEVER.0, Release);
        wheel.map(|mut wheel| wheel.clear()).unwrap_or_default()
    }
}
