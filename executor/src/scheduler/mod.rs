//! The scheduler: seats with their queues, the injector, and who sleeps. README.md tells the protocols.

mod context;
mod duties;
mod idle;
#[cfg(all(test, canter_loom))]
mod model;
mod park;
mod seat;
mod seats;
mod slot;
mod stall;
mod tally;
mod watch;
mod worker;

#[cfg(all(unix, feature = "socket"))]
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::*};

use crossbeam_deque::{Injector, Steal};

pub(crate) use context::{leave_seat, note_here, note_queued, run_traced, seat_here};
pub(crate) use seat::Core;
pub(crate) use stall::{Stall, Stalled, TellStalled};
pub(crate) use worker::Worker;

use crate::count::Count;
use crate::diagnostics::PollTiming;
use crate::diagnostics::trace::{self, Queued, Recorder};
use crate::driver::Driver;
use crate::task::{Runnable, Schedule, TaskId, Woken};
use crate::timer::Moment;
use idle::Idle;
use seat::Seat;
use seats::Seats;
pub(crate) use watch::Watch;

pub(crate) struct Scheduler {
    seats: Seats,
    injector: Injector<Runnable>,
    idle: Idle,
    driver: Arc<Driver>,
    /// Set once; every worker looks at it before each task.
    stopping: AtomicBool,
    watch: Watch,
    tell_stalled: Box<TellStalled>,
    /// How many polls the monitor has found stalled.
    stalls: Count,
    timing: PollTiming,
    recorder: Arc<Recorder>,
}

impl Scheduler {
    /// A scheduler for that many workers, with room for `spare` more. None is there yet. `tell_stalled` is
    /// told of each stall that has ended.
    pub(crate) fn new(
        driver: Arc<Driver>,
        workers: usize,
        spare: usize,
        timing: PollTiming,
        recorder: Arc<Recorder>,
        tell_stalled: Box<TellStalled>,
    ) -> Scheduler {
        Scheduler {
            seats: Seats::new(workers, workers + spare),
            injector: Injector::new(),
            idle: Idle::new(),
            driver,
            stopping: AtomicBool::new(false),
            watch: Watch::new(),
            tell_stalled,
            stalls: Count::default(),
            timing,
            recorder,
        }
    }

    /// A seat for a worker to sit in at once; `None` where there is no room for more.
    pub(crate) fn take_seat(&self) -> Option<Box<Core>> {
        self.seats.take()
    }

    /// Gives a seat up; what is in its queue goes to the injector.
    pub(crate) fn leave_seat(&self, core: Box<Core>) {
        self.empty(&core);
        self.seats.leave(core);
    }

    /// Gives a seat up if there are more workers than are wanted, and otherwise gives it back.
    fn leave_if_too_many(&self, core: Box<Core>) -> Result<(), Box<Core>> {
        self.seats.leave_if_too_many(core, |core| self.empty(core))
    }

    /// What others are to find without this worker: its tasks, and its timers.
    fn empty(&self, core: &Core) {
        let next = core.seat.next.take();
        let left = next.into_iter().chain(std::iter::from_fn(|| core.queue.pop()));
        if left.map(|task| self.injector.push(task)).count() > 0 {
            self.notify();
        }
        self.driver
            .wake_before(self.driver.wheel(core.number).next_tick());
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        &self.driver
    }

    pub(crate) fn recorder(&self) -> &Arc<Recorder> {
        &self.recorder
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// Takes a task from outside of the workers.
    pub(crate) fn inject(&self, runnable: Runnable, woken: Woken) {
        if trace::is_on() {
            context::note_queued(&self.recorder, runnable.metadata(), woken, Queued::Injector);
        }
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
        self.seats.wait_until_vacant(deadline)
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
    pub(crate) fn has_visible_work(&self) -> bool {
        !self.injector.is_empty() || self.seats.iter().any(|seat| !seat.stealer.is_empty())
    }
}

/// What the monitor needs: see `runtime/monitor.rs`.
impl Scheduler {
    /// How many workers are to run tasks.
    pub(crate) fn workers(&self) -> usize {
        self.seats.wanted()
    }

    /// Changes how many workers are to run tasks. Those that are too many leave when they come to it, and those that sleep are
    /// woken to leave; those that are missing are for the caller to start.
    pub(crate) fn want_workers(&self, workers: usize) {
        self.seats.want(workers);
        while self.wake_spare() {}
    }

    /// How many workers are missing, apart from those that are stuck in a poll that blocks.
    pub(crate) fn missing_workers(&self) -> usize {
        self.seats.wanted().saturating_sub(self.seats.present())
    }

    /// How many workers are stuck in a poll that blocks.
    pub(crate) fn blocked_workers(&self) -> usize {
        self.seats.away()
    }

    /// Workers beyond those that are wanted, which stand in for others.
    pub(crate) fn spare_workers(&self) -> usize {
        self.seats.occupied().saturating_sub(self.seats.wanted())
    }

    /// All seats that may be taken, in the order of their numbers.
    pub(crate) fn seats(&self) -> impl Iterator<Item = SeatView<'_>> {
        self.seats.iter().map(SeatView)
    }

    /// For each seat, by number, the task that is polled there now, and when that began.
    pub(crate) fn running(&self) -> impl Iterator<Item = Option<(TaskId, Moment)>> {
        self.seats.iter().map(Seat::running)
    }

    /// For each seat, by number, where the task was spawned that is polled there now.
    #[cfg(all(unix, feature = "socket"))]
    pub(crate) fn polled_places(&self) -> impl Iterator<Item = Option<&'static Location<'static>>> {
        self.seats.iter().map(|seat| seat.polled_place())
    }

    /// Says of a seat's worker that it is stalled in the poll that was seen. True if that is news: it goes on, and had no such mark.
    pub(crate) fn mark_stalled(&self, seat: &SeatView<'_>, polls: u32, stall: Stall) -> bool {
        self.seats.mark(seat.0, polls, stall)
    }

    /// Tasks that are ready and that any worker could take.
    pub(crate) fn waiting_tasks(&self) -> usize {
        let in_seats = |seat: &Seat| seat.stealer.len() + usize::from(!seat.next.is_empty());
        self.injector.len() + self.seats.iter().map(in_seats).sum::<usize>()
    }

    /// Whether every worker sleeps, or none is there.
    pub(crate) fn is_quiet(&self) -> bool {
        self.idle.sleeping() >= self.seats.occupied()
    }

    /// Wakes a worker that sleeps, because a stalled one keeps something from running. False if none sleeps.
    pub(crate) fn rescue(&self) -> bool {
        let sleeper = self.idle.wake_one(|_| true);
        sleeper.map(|seat| self.unpark(seat)).is_some()
    }

    /// Wakes a worker in a spare seat, so that it finds that there are too many and leaves. False if none sleeps.
    fn wake_spare(&self) -> bool {
        let sleeper = self.idle.wake_one(|seat| seat >= self.seats.wanted());
        sleeper.map(|seat| self.unpark(seat)).is_some()
    }

    /// Where the monitor sleeps.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

/// A seat as the monitor sees it.
pub(crate) struct SeatView<'a>(&'a Seat);

impl SeatView<'_> {
    /// Polls so far.
    pub(crate) fn polls(&self) -> u32 {
        self.0.polls.count()
    }

    /// Whether its worker polls a task.
    pub(crate) fn is_polling(&self) -> bool {
        self.0.running().is_some()
    }

    /// Whether it has work that others could take.
    pub(crate) fn has_work(&self) -> bool {
        self.0.has_work()
    }

    /// Whether its worker is known to be stuck in a poll that blocks.
    pub(crate) fn is_blocked(&self) -> bool {
        self.0.polls.is_blocked()
    }

    /// The operating system's number of the thread in the seat, where it gives one.
    pub(crate) fn thread(&self) -> Option<i32> {
        Some(self.0.thread()).filter(|&thread| thread != 0)
    }
}

impl Schedule for Scheduler {
    fn schedule(&self, runnable: Runnable, woken: Woken) {
        self.inject(runnable, woken);
    }

    fn here(&self) -> Option<fn(Runnable, Woken)> {
        context::here(self)
    }
}
