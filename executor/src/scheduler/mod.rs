//! The scheduler: seats with their queues, the injector, and who sleeps. README.md tells the protocols.

mod context;
mod idle;
#[cfg(all(test, canter_loom))]
mod model;
mod park;
mod seat;
mod slot;
mod watch;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};

use crossbeam_deque::{Injector, Steal};

pub(crate) use context::{leave_seat, seat_here};
pub(crate) use seat::Core;
pub(crate) use worker::Worker;

use crate::driver::Driver;
use crate::sync::{Condvar, Mutex, lock};
use crate::task::{Runnable, Schedule, Woken};
use idle::Idle;
use seat::Seats;
pub(crate) use watch::Watch;

pub(crate) struct Scheduler {
    seats: Seats,
    injector: Injector<Runnable>,
    idle: Idle,
    driver: Arc<Driver>,
    /// Set once; every worker looks at it before each task.
    stopping: AtomicBool,
    /// Seats that have a thread, or are on the way from one to the next.
    occupied: Mutex<usize>,
    vacated: Condvar,
    watch: Watch,
}

impl Scheduler {
    /// A scheduler with room for `most` seats, and none yet.
    pub(crate) fn new(driver: Arc<Driver>, most: usize) -> Scheduler {
        Scheduler {
            seats: Seats::with_room_for(most),
            injector: Injector::new(),
            idle: Idle::new(),
            driver,
            stopping: AtomicBool::new(false),
            occupied: Mutex::new(0),
            vacated: Condvar::new(),
            watch: Watch::new(),
        }
    }

    /// One more seat, for a worker to sit in at once.
    pub(crate) fn add_seat(&self) -> Box<Core> {
        let mut occupied = lock(&self.occupied);
        *occupied += 1;
        self.seats.add()
    }

    /// Gives a seat up; what is in its queue goes to the injector.
    pub(crate) fn vacate(&self, core: Core) {
        let next = self.seats.get(core.seat).next.take();
        next.into_iter()
            .chain(std::iter::from_fn(|| core.queue.pop()))
            .for_each(|task| self.injector.push(task));
        *lock(&self.occupied) -= 1;
        self.vacated.notify_all();
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Takes a task from outside of the workers.
    pub(crate) fn inject(&self, runnable: Runnable) {
        self.injector.push(runnable);
        self.notify();
    }

    /// Tells every worker to leave its seat after the task that it runs.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, SeqCst);
        for seat in self.seats.iter() {
            seat.parker.unpark(|| self.driver.wake());
        }
        self.watch.wake();
    }

    /// Waits until nobody sits in a seat, or until `deadline`. True if all are vacant.
    pub(crate) fn wait_vacated(&self, deadline: Option<std::time::Instant>) -> bool {
        let mut occupied = lock(&self.occupied);
        while *occupied > 0 {
            occupied = match deadline {
                None => self
                    .vacated
                    .wait(occupied)
                    .unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(std::time::Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.vacated.wait_timeout(occupied, left);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
            };
        }
        true
    }

    /// Takes any task that is ready, wherever it is.
    pub(crate) fn take_any(&self) -> Option<Runnable> {
        loop {
            match self.injector.steal() {
                Steal::Success(runnable) => return Some(runnable),
                Steal::Retry => {}
                Steal::Empty => break,
            }
        }
        self.seats.iter().find_map(|seat| {
            seat.next.take().or_else(|| {
                std::iter::repeat_with(|| seat.stealer.steal())
                    .find(|s| !s.is_retry())?
                    .success()
            })
        })
    }

    /// Wakes a sleeper if work was made visible that nobody may be looking for.
    fn notify(&self) {
        if let Some(seat) = self.idle.notify() {
            self.unpark(seat);
        }
    }

    fn unpark(&self, seat: usize) {
        self.seats.get(seat).parker.unpark(|| self.driver.wake());
    }

    /// Whether a queue that everybody steals from has something. Next slots do not count: each belongs to a worker that is
    /// awake and about to run it.
    fn has_visible_work(&self) -> bool {
        !self.injector.is_empty() || self.seats.iter().any(|seat| !seat.stealer.is_empty())
    }
}

/// What the monitor needs: see `runtime/monitor.rs`.
impl Scheduler {
    pub(crate) fn seat_count(&self) -> usize {
        self.seats.len()
    }

    /// Polls of a seat so far, and whether it has work that others could take.
    pub(crate) fn seat_state(&self, seat: usize) -> (u32, bool) {
        let seat = self.seats.get(seat);
        (seat.polls(), seat.has_work())
    }

    /// Whether every worker sleeps, or none is there.
    pub(crate) fn is_quiet(&self) -> bool {
        self.idle.sleeping() >= self.seats.len()
    }

    /// Wakes a worker that sleeps, if there is one, because a stalled one keeps something from running.
    pub(crate) fn rescue(&self) {
        if let Some(seat) = self.idle.wake_one() {
            self.unpark(seat);
        }
    }

    /// Where the monitor sleeps.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Schedule for Scheduler {
    fn schedule(&self, runnable: Runnable, _woken: Woken) {
        self.inject(runnable);
    }

    fn here(&self) -> Option<fn(Runnable, Woken)> {
        context::sits_here(self).then_some(context::schedule_here as fn(Runnable, Woken))
    }
}
