//! Who sleeps until the next timer, and who has to wake the sleeper for an earlier one.
//!
//! **No timer is overslept.** The sleeper announces until when it sleeps, and then reads the wheels' `next` once more. Whoever
//! starts a timer stores its wheel's `next`, and then reads the announcement. Between the two stands a full fence on each side,
//! so one of them sees the other: the sleeper shortens its sleep, or the starter finds that its timer comes before the
//! announced end, and wakes the sleeper.

use super::clock::Tick;
use crate::sync::atomic::{AtomicU64, Ordering::*, fence};

/// The announcement: the tick at which the sleeper wakes by itself, or zero while nobody sleeps.
pub(crate) struct Sleeper(AtomicU64);

impl Sleeper {
    pub(crate) fn new() -> Sleeper {
        Sleeper(AtomicU64::new(0))
    }

    /// Announces a sleep until the first timer, of which `next` knows, and gives its end.
    pub(crate) fn announce(&self, next: impl Fn() -> Tick) -> Tick {
        let mut until = next();
        loop {
            self.0.store(until.0, Release); // partner: the load in `until`
            fence(SeqCst); // before the look at the wheels; partner: the one in `oversleeps`
            let now_next = next();
            if now_next >= until {
                return until;
            }
            until = now_next;
        }
    }

    /// The sleep is over.
    pub(crate) fn awake(&self) {
        self.0.store(0, Release);
    }

    /// The tick at which the sleeper wakes by itself; zero while nobody sleeps.
    pub(crate) fn until(&self) -> Tick {
        Tick(self.0.load(Acquire)) // partner: the store in `announce`
    }

    /// Whether somebody sleeps, or is about to.
    pub(crate) fn is_there(&self) -> bool {
        self.until() != Tick(0)
    }

    /// Whether a timer that was just started ends before the sleep does. Then the sleeper has to be woken.
    pub(crate) fn oversleeps(&self, tick: Tick) -> bool {
        fence(SeqCst); // after the timer was started; partner: the one in `announce`
        tick < self.until()
    }
}

#[cfg(all(test, canter_loom))]
mod model {
    use std::task::Waker;

    use loom::sync::{Arc, Notify};
    use loom::thread;

    use super::super::{Started, Timers};
    use super::*;

    /// Race: a timer is started while the sleeper announces a sleep beyond it.
    #[test]
    fn a_timer_started_while_the_poller_falls_asleep_is_not_overslept() {
        loom::model(|| {
            let world = Arc::new((Timers::new(), Sleeper::new(), Notify::new()));
            let starter = world.clone();
            let starter = thread::spawn(move || {
                let (timers, sleeper, poller) = &*starter;
                let started = timers.start(Tick(5), Waker::noop());
                assert!(matches!(started, Started::Running { first: true, .. }));
                if sleeper.oversleeps(Tick(5)) {
                    poller.notify();
                }
            });
            let (timers, sleeper, poller) = &*world;
            if sleeper.announce(|| timers.next_tick()) > Tick(5) {
                poller.wait(); // for ever, if the starter saw no sleeper
            }
            sleeper.awake();
            starter.join().unwrap();
            assert_eq!(timers.next_tick(), Tick(5));
        });
    }
}
