//! The worker: one loop that finds a task and runs it, and the steps by which it finds one.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crossbeam_deque::Steal;

use super::context::{self, Context, HandOver};
use super::duties::Duties;
use super::idle::Search;
use super::seat::{Core, Seat};
use super::{Scheduler, Stall, Stalled};
use crate::diagnostics::trace::{self, Event};
use crate::driver::Wait;
use crate::task::{self, Runnable, TaskId};
use crate::thread_clock::thread_number;

/// Tasks from the next slot in a row before the queue has its turn.
const LONGEST_STREAK: u32 = 16;

/// Passes over everybody's queues before a search ends in vain; next slots are taken on the last one.
const SEARCH_PASSES: usize = 3;

/// Spins between two passes: a short look around costs less than to sleep and be woken.
const SPINS_BETWEEN_PASSES: usize = 20;

/// Runs tasks from a seat until the scheduler stops or the seat is handed over.
pub(crate) struct Worker {
    context: Context,
    duties: Duties,
    /// What the driver puts the wakers of one turn into.
    wakers: RefCell<Vec<Waker>>,
    /// The task that was polled last here; `None` if that was a stall off the processor.
    polled: Cell<Option<TaskId>>,
    /// Whether the injector had something since this worker slept last.
    took_injected: Cell<bool>,
}

impl Worker {
    /// A worker that sits down in the seat of `core`.
    pub(crate) fn new(scheduler: Arc<Scheduler>, core: Box<Core>, hand_over: Box<HandOver>) -> Worker {
        let context = Context {
            scheduler,
            core: RefCell::new(Some(core)),
            batch: Cell::new(None),
            hand_over,
        };
        Worker {
            context,
            duties: Duties::new(),
            wakers: RefCell::default(),
            polled: Cell::new(None),
            took_injected: Cell::new(false),
        }
    }

    /// The loop.
    pub(crate) fn run(&self) {
        self.context.enter(|| {
            self.with_core(|core| core.seat.set_thread(thread_number()));
            if self.sits_in_spare_seat() {
                self.look_outside(); // perhaps nobody has done so for long
            }
            while let Some(runnable) = self.find() {
                if self.duties.is_empty() && !trace::is_on() {
                    task::run(runnable);
                } else {
                    self.run_dutiful(runnable);
                }
            }
        });
    }

    /// Polls a task once, after what has to be done before, and times it or records it for a trace.
    #[cold]
    fn run_dutiful(&self, runnable: Runnable) {
        self.end_search();
        let scheduler = &self.context.scheduler;
        let begin = self.duties.take_timed().then(Instant::now);
        if trace::is_on() {
            context::run_traced(&scheduler.recorder, runnable);
        } else {
            task::run(runnable);
        }
        if let (Some(begin), true) = (begin, self.context.has_seat()) {
            self.with_core(|core| core.seat.tally.poll_times.add(begin.elapsed()));
        }
    }

    /// The next task, after as much searching and sleeping as it takes; `None` if this thread is to leave.
    #[inline] // a call would cost as much as a tenth of the shortest poll
    fn find(&self) -> Option<Runnable> {
        loop {
            let scheduler = &self.context.scheduler;
            if scheduler.is_stopping() || !self.context.has_seat() {
                return None;
            }
            let (is_due, is_marked, is_spare) = self.with_core(|core| {
                core.count_poll();
                let is_spare = core.number >= scheduler.seats.wanted();
                (core.count_round(), core.seat.polls.is_marked(), is_spare)
            });
            let looks = is_due && self.take_due();
            if is_marked {
                self.come_back();
            }
            if is_spare && self.may_leave(looks) && self.leaves() {
                return None;
            }
            if looks {
                self.look_outside();
            }
            let found = self.with_core(|core| {
                if looks { self.take_injected(core) } else { None }
                    .or_else(|| own(core))
                    .or_else(|| self.take_injected(core))
                    .inspect(|runnable| core.seat.runs(runnable.metadata()))
            });
            let searched = || {
                let found = self.search();
                found.inspect(|runnable| self.with_core(|core| core.seat.runs(runnable.metadata())))
            };
            match found.or_else(searched) {
                Some(runnable) => {
                    self.polled.set(Some(runnable.metadata().id()));
                    return Some(runnable);
                }
                None => self.sleep(),
            }
        }
    }

    /// The poll that the monitor has marked has ended.
    #[cold]
    fn come_back(&self) {
        let scheduler = &self.context.scheduler;
        let (stall, since, place) = self.with_core(|core| {
            let seat = &core.seat;
            (scheduler.seats.settle(seat), seat.polled_at(), seat.last_place())
        });
        if let (Some(stall), Some(task), Some(spawned_at)) = (stall, self.polled.get(), place) {
            if stall == Stall::Blocked {
                self.polled.set(None);
            }
            (scheduler.tell_stalled)(&Stalled {
                task,
                spawned_at,
                stall,
                lasted: since.elapsed(),
            });
        }
        self.look_outside();
        if scheduler.seats.has_too_many() {
            scheduler.wake_spare();
        }
    }

    fn sits_in_spare_seat(&self) -> bool {
        let wanted = self.context.scheduler.seats.wanted();
        self.with_core(|core| core.number >= wanted)
    }

    /// Whether a worker in a spare seat that is one too many, as far as is known, is to leave now. Not if it has just been stuck itself:
    /// the next task may block as well, and what is known of the others is always a little late. And it first runs what it has, if that
    /// does not take for ever.
    fn may_leave(&self, looks: bool) -> bool {
        let has_run_out = || self.with_core(|core| core.queue.is_empty() && core.seat.next.is_empty());
        self.polled.get().is_some() && (looks || has_run_out())
    }

    /// Leaves the seat, if there are too many workers.
    #[cold]
    fn leaves(&self) -> bool {
        let scheduler = &self.context.scheduler;
        if !scheduler.seats.has_too_many() {
            return false;
        }
        let core = self.context.core.take();
        let core = core.expect("a worker keeps its seat between two tasks");
        match scheduler.leave_if_too_many(core) {
            Ok(()) => true,
            Err(core) => {
                self.context.core.replace(Some(core));
                false
            }
        }
    }

    /// What is due in this round: true if that is a look outside.
    #[cold]
    fn take_due(&self) -> bool {
        let timing = self.context.scheduler.timing;
        let due = self.with_core(|core| core.take_due(timing));
        if due.timed {
            self.duties.set_timed();
        }
        due.look
    }

    /// I/O events and due timers, without waiting.
    fn look_outside(&self) {
        let driver = &self.context.scheduler.driver;
        match driver.try_right() {
            Some(right) => {
                self.in_batch(|| driver.turn(right, Wait::Not, &mut self.wakers.borrow_mut(), || {}))
            }
            None => self.in_batch(|| driver.fire_due(self.seat_number())),
        }
    }

    /// Runs `f`, which wakes tasks; all of them go to the queue in their order. Somebody is told if that is more than this
    /// worker is about to run itself.
    fn in_batch(&self, f: impl FnOnce()) {
        let batch = &self.context.batch;
        batch.set(Some(0));
        f();
        if batch.take().is_some_and(|woken| woken > 1) {
            self.context.scheduler.notify();
        }
    }

    fn take_injected(&self, core: &Core) -> Option<Runnable> {
        let Scheduler { injector, seats, .. } = &*self.context.scheduler;
        if seats.away() > 0 {
            // What stuck workers leave has waited for longer. And a task that blocks keeps those behind it from running, so each worker
            // takes one at a time.
            return self.rob(core).or_else(|| retrying(|| injector.steal()));
        }
        if injector.is_empty() {
            return None;
        }
        self.took_injected.set(true);
        retrying(|| injector.steal_batch_and_pop(&core.queue))
    }

    /// Half of the queue of a worker that is stuck, or its next slot.
    #[cold]
    fn rob(&self, core: &Core) -> Option<Runnable> {
        self.victims(core)
            .filter(|(_, seat)| seat.polls.is_blocked())
            .find_map(|(number, seat)| {
                let had = core.queue.len();
                let runnable = retrying(|| seat.stealer.steal_batch_and_pop(&core.queue))
                    .or_else(|| seat.next.take())?;
                self.count_steal(core, number, core.queue.len() + 1 - had);
                Some(runnable)
            })
    }

    /// Passes over everybody's queues, if not too many others do so.
    fn search(&self) -> Option<Runnable> {
        let scheduler = &self.context.scheduler;
        if self.duties.search() == Search::No {
            let search = scheduler.idle.start_search(scheduler.seats.occupied());
            self.duties.set_search(search);
        }
        if self.duties.search() == Search::No {
            return None;
        }
        let passes = if self.may_find_later() { SEARCH_PASSES } else { 1 };
        for _ in 1..passes {
            let found = self.with_core(|core| self.take_injected(core).or_else(|| self.steal(core)));
            if found.is_some() {
                return found;
            }
            (0..SPINS_BETWEEN_PASSES).for_each(|_| std::hint::spin_loop());
        }
        self.with_core(|core| {
            self.take_injected(core)
                .or_else(|| self.steal(core))
                .or_else(|| self.steal_next(core))
        })
    }

    /// Whether there may soon be work to find where there is none now: from a worker that is awake, or from a thread that is none and has
    /// brought some since this worker slept last. One that serves I/O alone goes back to the poller at once.
    fn may_find_later(&self) -> bool {
        let Scheduler { idle, seats, .. } = &*self.context.scheduler;
        self.took_injected.get() || idle.sleeping() + 1 < seats.occupied()
    }

    /// Half of somebody's queue, beginning with a random seat.
    fn steal(&self, core: &Core) -> Option<Runnable> {
        self.victims(core).find_map(|(number, seat)| {
            let runnable = retrying(|| seat.stealer.steal_batch_and_pop(&core.queue))?;
            self.count_steal(core, number, core.queue.len() + 1); // the own queue was empty
            Some(runnable)
        })
    }

    /// Somebody's next slot, if its worker does not come to run it: one that is between two tasks will, and to take the
    /// task from its warm cache would cost more than it gains.
    fn steal_next(&self, core: &Core) -> Option<Runnable> {
        self.victims(core).find_map(|(number, seat)| {
            if seat.next.is_empty() {
                return None;
            }
            let polls = seat.polls.count();
            for _ in 0..8 * SPINS_BETWEEN_PASSES {
                std::hint::spin_loop();
                if seat.polls.count() != polls {
                    return None;
                }
            }
            let runnable = seat.next.take()?;
            self.count_steal(core, number, 1);
            Some(runnable)
        })
    }

    fn count_steal(&self, core: &Core, from: usize, tasks: usize) {
        let tally = &core.seat.tally;
        tally.steals.add(1);
        tally.stolen.add(tasks as u64);
        if trace::is_on() {
            context::note_here(Event::Steal { from, tasks });
        }
    }

    /// The other seats, with their numbers.
    fn victims(&self, core: &Core) -> impl Iterator<Item = (usize, &Seat)> {
        let seats = &self.context.scheduler.seats;
        let (end, own) = (seats.end(), core.number);
        let first = core.random_below(end);
        (0..end)
            .map(move |step| (first + step) % end)
            .filter(move |&seat| seat != own)
            .map(|seat| (seat, seats.get(seat)))
    }

    /// Found something: whoever pushed more work while this worker searched relied on it to call the next one.
    fn end_search(&self) {
        if self.duties.set_search(Search::No) == Search::No {
            return;
        }
        let scheduler = &self.context.scheduler;
        if scheduler.idle.stop_search() && scheduler.has_visible_work() {
            scheduler.notify();
        }
    }

    /// Sleeps until there is something to do: in the poller if nobody else is there, otherwise parked.
    fn sleep(&self) {
        if self.sits_in_spare_seat() && self.leaves() {
            return;
        }
        let scheduler = &self.context.scheduler;
        let (number, driver) = (self.seat_number(), &scheduler.driver);
        self.took_injected.set(false);
        self.with_core(Core::count_poll); // the monitor sees no poll from here on
        scheduler.idle.sleep(number, self.duties.set_search(Search::No));
        // A mark that came as the poll ended: `stall.rs` tells why it is seen here.
        self.with_core(|core| scheduler.seats.settle(&core.seat));
        if scheduler.has_visible_work() {
            scheduler.idle.resume(number);
            self.duties.set_search(Search::Yes);
            scheduler.watch.stir(); // for a moment everybody seemed to sleep
            return;
        }
        // Off the list before anybody is woken or a timer is taken out of its wheel: one that is listed does nothing.
        let get_up = || {
            self.duties.set_search(scheduler.idle.wake(number));
            self.count_wakeup();
            scheduler.watch.stir();
        };
        if scheduler.is_stopping() {
            get_up();
            return;
        }
        let seat = scheduler.seats.get(number);
        let right = driver.try_right();
        seat.tally.parks.add(1);
        if trace::is_on() {
            let polls = right.is_some();
            context::note_here(Event::Park { polls });
        }
        match right {
            Some(right) => self.in_batch(|| {
                let mut wakers = self.wakers.borrow_mut();
                let polled = seat
                    .parker
                    .poll(|| driver.turn(right, Wait::UntilWoken, &mut wakers, get_up));
                if !polled {
                    get_up();
                }
            }),
            None => {
                // The poller's sleeper wakes for the timers that it knows of; the fence in `Idle::sleep` stands before.
                let own = driver.wheel(number).next_tick();
                let timeout = (own < driver.sleeps_until()).then(|| driver.clock().until(own));
                seat.parker.park(timeout);
                get_up();
                driver.clock().now(); // for those who ask for the moment
                self.in_batch(|| driver.fire_due(number));
            }
        }
    }

    fn count_wakeup(&self) {
        let notified = self.duties.search() == Search::Yes;
        self.with_core(|core| {
            core.seat.tally.wakeups.add(1);
            core.seat.tally.notified.add(u64::from(notified));
        });
        if trace::is_on() {
            context::note_here(Event::Unpark { notified });
        }
    }

    fn seat_number(&self) -> usize {
        self.with_core(|core| core.number)
    }

    /// The seat is given up by a task that runs, so between two tasks it is there.
    #[inline]
    fn with_core<R>(&self, f: impl FnOnce(&Core) -> R) -> R {
        let core = self.context.core.borrow();
        f(core
            .as_deref()
            .expect("a worker keeps its seat between two tasks"))
    }
}

impl Drop for Worker {
    /// Gets up: the seat, if it is still there, is given up with all that is in it.
    fn drop(&mut self) {
        let scheduler = &self.context.scheduler;
        if self.duties.set_search(Search::No) == Search::Yes && scheduler.idle.stop_search() {
            scheduler.notify();
        }
        if let Some(core) = self.context.core.take() {
            scheduler.leave_seat(core);
        }
    }
}

/// The own next slot and the own queue, so that neither starves the other.
fn own(core: &Core) -> Option<Runnable> {
    if core.streak.get() < LONGEST_STREAK {
        if let Some(runnable) = core.seat.next.take() {
            core.streak.set(core.streak.get() + 1);
            return Some(runnable);
        }
    }
    core.streak.set(0);
    core.queue.pop().or_else(|| core.seat.next.take())
}

fn retrying<T>(mut steal: impl FnMut() -> Steal<T>) -> Option<T> {
    loop {
        match steal() {
            Steal::Success(task) => return Some(task),
            Steal::Empty => return None,
            Steal::Retry => {}
        }
    }
}
