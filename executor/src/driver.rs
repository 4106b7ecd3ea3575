//! The driver: what a worker does when it looks outside, at the kernel's events and at the clock.
//!
//! One thread at a time has the right to poll; whoever has it gives it up before it wakes anybody, so that no task runs under
//! it. Timers need no such right: each wheel has its own lock.
//!
//! Timers that are started while somebody sleeps in the poller: see `timer/sleeper.rs`. A worker that starts one need not wake
//! the sleeper, since it looks at its own wheel before it sleeps itself.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{MutexGuard, PoisonError, RwLock, TryLockError};
use std::task::Waker;
use std::time::Duration;

use crate::count::Count;
use crate::diagnostics::trace::{self, Event};
use crate::reactor::{self, Reactor};
use crate::report::report;
use crate::scheduler;
use crate::timer::{Clock, Lease, Sleeper, Tick, Timers};

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;

pub(crate) struct Driver {
    poller: std::sync::Mutex<Option<Poller>>,
    /// `None` once the driver has ended.
    waker: RwLock<Option<mio::Waker>>,
    reactor: Reactor,
    wheels: Box<[Lease]>,
    clock: Clock,
    /// Who sleeps in the poller.
    sleeper: Sleeper,
    /// Turns so far; it shows the monitor that somebody looks. Written by whoever has the right to poll, as is the next one.
    turns: Count,
    /// Sources that the poller reported as ready.
    events: Count,
}

struct Poller {
    poll: mio::Poll,
    events: mio::Events,
}

/// The right to poll.
pub(crate) struct Right<'a>(MutexGuard<'a, Option<Poller>>);

/// How long a turn may wait in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Not at all.
    Not,
    /// Until there is an event, a due timer or a wake-up.
    UntilWoken,
}

impl Driver {
    pub(crate) fn new(wheels: usize) -> io::Result<Driver> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), reactor::WAKER)?;
        let reactor = Reactor::new(poll.registry().try_clone()?);
        Ok(Driver {
            poller: std::sync::Mutex::new(Some(Poller {
                poll,
                events: mio::Events::with_capacity(EVENTS),
            })),
            waker: RwLock::new(Some(waker)),
            reactor,
            wheels: (0..wheels).map(|_| Lease::new()).collect(),
            clock: Clock::start(),
            sleeper: Sleeper::new(),
            turns: Count::default(),
            events: Count::default(),
        })
    }

    pub(crate) fn reactor(&self) -> &Reactor {
        &self.reactor
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock
    }

    /// The wheel of a seat. Spare seats share those of the others.
    pub(crate) fn wheel(&self, seat: usize) -> &'static Timers {
        self.wheels[seat % self.wheels.len()].timers()
    }

    /// The wheel for threads that sit in no seat.
    pub(crate) fn outer_wheel(&self) -> &'static Timers {
        self.wheel(self.wheels.len() - 1)
    }

    /// The right to poll, if nobody has it.
    pub(crate) fn try_right(&self) -> Option<Right<'_>> {
        match self.poller.try_lock() {
            Ok(guard) => Some(Right(guard)),
            Err(TryLockError::Poisoned(poisoned)) => Some(Right(poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Whether somebody sleeps in the poller, or is about to: events and timers of all wheels are then looked after.
    pub(crate) fn is_attended(&self) -> bool {
        self.sleeper.is_there()
    }

    /// The tick at which the poller's sleeper wakes by itself; tick 0 where nobody sleeps.
    pub(crate) fn sleeps_until(&self) -> Tick {
        self.sleeper.until()
    }

    /// How often somebody has looked.
    pub(crate) fn turns(&self) -> u64 {
        self.turns.get()
    }

    /// How many sources the poller has reported as ready.
    pub(crate) fn io_events(&self) -> u64 {
        self.events.get()
    }

    /// How many timers run, and how many have fired.
    pub(crate) fn timers(&self) -> (u64, u64) {
        let both = self.wheels.iter().map(|wheel| (wheel.pending(), wheel.fired()));
        both.fold((0, 0), |sum, (pending, fired)| (sum.0 + pending, sum.1 + fired))
    }

    /// Whether a timer is due that nobody has fired yet.
    pub(crate) fn is_overdue(&self) -> bool {
        let next = self.next_tick();
        next != Tick::NEVER && next < self.clock.now()
    }

    /// Whether there is a timer or a source of I/O.
    pub(crate) fn has_something_to_wait_for(&self) -> bool {
        self.next_tick() != Tick::NEVER || self.reactor.has_sources()
    }

    /// Takes events and due timers, and wakes whoever waited for them. `wakers` is empty before and after: memory to work with.
    /// `back` is called when the kernel has been left, and before anything is taken.
    pub(crate) fn turn(&self, right: Right<'_>, wait: Wait, wakers: &mut Vec<Waker>, back: impl FnOnce()) {
        self.turns.add(1);
        self.poll(right, wait, wakers, back);
        wake_all(wakers);
        let now = self.clock.now();
        for wheel in &self.wheels {
            fire(wheel, now, wakers);
        }
    }

    /// Fires the due timers of one wheel.
    pub(crate) fn fire_due(&self, wheel: usize) {
        let wheel = self.wheel(wheel);
        if wheel.next_tick() != Tick::NEVER {
            fire(wheel, self.clock.now(), &mut Vec::new());
        }
    }

    /// Ends the sleep of whoever is in the poller, or is on the way there.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &*self.waker.read().unwrap_or_else(PoisonError::into_inner) {
            // Fails only where the descriptor's counter is full: a wake-up is pending then.
            let _ = waker.wake();
        }
    }

    /// For a timer that was started by a thread that will not look at its wheel.
    pub(crate) fn wake_before(&self, tick: Tick) {
        if self.sleeper.oversleeps(tick) {
            self.wake();
        }
    }

    /// Closes the descriptors and ends all timers and sources; whoever waits for one is woken.
    pub(crate) fn close(&self) {
        *self.waker.write().unwrap_or_else(PoisonError::into_inner) = None;
        *self.poller.lock().unwrap_or_else(PoisonError::into_inner) = None;
        let mut wakers = self.reactor.close();
        for wheel in &self.wheels {
            wakers.append(&mut wheel.close());
        }
        wake_all(&mut wakers);
    }

    fn poll(&self, mut right: Right<'_>, wait: Wait, wakers: &mut Vec<Waker>, back: impl FnOnce()) {
        let Some(Poller { poll, events }) = &mut *right.0 else {
            back();
            return;
        };
        let timeout = match wait {
            Wait::Not => Some(Duration::ZERO),
            Wait::UntilWoken => {
                let until = self.sleeper.announce(|| self.next_tick());
                (until != Tick::NEVER).then(|| self.clock.until(until))
            }
        };
        let polled = poll.poll(events, timeout);
        if wait == Wait::UntilWoken {
            self.sleeper.awake();
        }
        back();
        match polled {
            Ok(()) => {
                let events = self.reactor.dispatch(events, wakers);
                self.events.add(events as u64);
                if trace::is_on() && events > 0 {
                    scheduler::note_here(Event::Events { events });
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("the operating system's poller failed: {error}"),
        }
    }

    fn next_tick(&self) -> Tick {
        self.wheels
            .iter()
            .map(|wheel| wheel.next_tick())
            .min()
            .unwrap_or(Tick::NEVER)
    }
}

fn fire(wheel: &Timers, now: Tick, wakers: &mut Vec<Waker>) {
    loop {
        let more = wheel.fire(now, wakers);
        if trace::is_on() && !wakers.is_empty() {
            scheduler::note_here(Event::Timers { fired: wakers.len() });
        }
        wake_all(wakers);
        if !more {
            return;
        }
    }
}

/// Wakes them all. A waker that panics is its owner's affair: the others are woken, and the worker lives on.
fn wake_all(wakers: &mut Vec<Waker>) {
    for waker in wakers.drain(..) {
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            report(format_args!(
                "a waker panicked; the others were woken all the same"
            ));
        }
    }
}
