//! The scheduler: seats with their queues, the injector, and who sleeps. README.md tells the protocols.

mod context;
mod idle;
#[cfg(all(test, canter_loom))]
mod model;
mod park;
mod seat;
mod slot;
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
use park::Parker;
use seat::Seats;

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
    /// Whether the monitor sleeps and wants to be told when a worker gets up.
    monitor_sleeps: AtomicBool,
    monitor: Parker,
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
            monitor_sleeps: AtomicBool::new(false),
            monitor: Parker::new(),
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
        self.wake_monitor();
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

    /// Puts the monitor to sleep until a worker gets up. The announcement comes before the look at the sleepers, and a worker
    /// that gets up looks at it afterwards, so one of the two sees the other.
    pub(crate) fn park_monitor(&self) {
        self.monitor_sleeps.store(true, SeqCst);
        if self.is_quiet() && !self.is_stopping() {
            self.monitor.park(None);
        }
        self.monitor_sleeps.store(false, SeqCst);
    }

    /// Lets the monitor sleep for a while; it wakes at once when the scheduler stops.
    pub(crate) fn park_monitor_for(&self, time: std::time::Duration) {
        self.monitor.park(Some(time));
    }

    fn wake_monitor(&self) {
        self.monitor.unpark(|| {});
    }

    /// Called by a worker that got up.
    fn tell_monitor(&self) {
        if self.monitor_sleeps.load(SeqCst) && self.monitor_sleeps.swap(false, SeqCst) {
            self.wake_monitor();
        }
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
