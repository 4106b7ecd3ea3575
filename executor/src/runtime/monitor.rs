//! The monitor: one thread that sees to it that a stalled worker keeps nothing from the others, and that there are as many workers as
//! the process may use cores.
//!
//! A worker that stays in one poll can't run its next slot and its queue, and can't turn the reactor. Sleepers are not woken
//! for that each time a worker begins a task: it would cost more than most tasks. Instead this thread looks, once in a
//! *threshold* (10 ms where nothing else was said) while some worker is awake, whether
//!
//! - tasks were waiting at the last look and are now, while a worker has ended no poll,
//! - there are timers or sources of I/O, and nobody sat in the poller and nobody looked into it since then, or
//! - a timer is overdue.
//!
//! If so, then each worker that has made no poll since the last look is **stalled**, and marked so. On the processor, or ready for it,
//! it is *busy*: more threads would not help. Off the processor it is *blocked*. Then sleepers are woken, which steal what is there and
//! take the right to poll when they find nothing more; and where nobody sleeps, **spare workers** start, one for each worker that is
//! missing because it is blocked; and where more tasks wait, as many as there are blocked workers, since those that start are likely to
//! block too. For one more threshold the looks then follow each other four times as fast: so a thousand tasks that block are met in some
//! twenty short looks. What becomes of a spare worker afterwards is told in
//! `scheduler/seats.rs`.
//!
//! While all workers sleep, and have since the last look, this thread does too, without a time limit. Before that it looks whether anybody
//! can ever be woken: see `diagnostics/deadlock.rs`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use canter_coop::census::Counted;

use super::builder::cores;
use crate::diagnostics;
use crate::scheduler::{Core, Scheduler, SeatView, Stall};
use crate::thread_clock::{is_runnable, processor_time};

/// Between two looks at how many cores the process may use, while some worker is awake.
const CORES_EVERY: Duration = Duration::from_secs(1);

/// Looks in a threshold, for that long after a worker was found to be blocked: what it leaves is likely to block those that take it.
const LOOKS_IN_A_STORM: u32 = 4;

/// A thread that was on the processor for less than this part of the time between two looks was off it.
const PART_OF_BUSY: u32 = 10;

/// Puts a worker into a seat; the seat comes back where no thread can be had.
pub(super) type StartWorker = dyn Fn(Box<Core>) -> Result<(), Box<Core>> + Send;

pub(super) struct Monitor {
    pub(super) scheduler: Arc<Scheduler>,
    /// From how long a poll on it is a stall.
    pub(super) threshold: Duration,
    /// How many spare workers there may be.
    pub(super) most_spare: usize,
    /// Whether the number of workers follows that of the cores.
    pub(super) follows_cores: bool,
    pub(super) start_worker: Box<StartWorker>,
}

impl Monitor {
    /// Watches until the scheduler stops.
    pub(super) fn watch(&self) {
        let scheduler = &*self.scheduler;
        let mut last = Look::default();
        let mut quiet = false;
        let mut cores_looked_at = Instant::now();
        let mut storm_until = None;
        let counted = Counted::here(); // where there is no work it wakes nobody
        while !scheduler.is_stopping() {
            if quiet {
                let seen = scheduler.watch().stirs();
                let again = diagnostics::look_for_deadlock(&counted);
                scheduler
                    .watch()
                    .sleep_while(seen, again, || scheduler.is_quiet() && !scheduler.is_stopping());
            }
            let is_storm = storm_until.is_some_and(|end| Instant::now() < end);
            let looks = if is_storm { LOOKS_IN_A_STORM } else { 1 };
            scheduler.watch().sleep_for(self.threshold / looks);
            if self.follows_cores && cores_looked_at.elapsed() >= CORES_EVERY {
                self.follow(cores());
                cores_looked_at = Instant::now();
            }
            let look = Look::at(scheduler);
            quiet = last.is_quiet_until(&look);
            if !look.quiet && last.finds_work_undone(scheduler, &look) && self.rescue(&last, &look) {
                storm_until = Some(Instant::now() + self.threshold);
            }
            last = look;
        }
    }

    /// Sees to it that there are as many workers as cores.
    fn follow(&self, cores: usize) {
        if cores == self.scheduler.workers() {
            return;
        }
        self.scheduler.want_workers(cores);
        self.start_workers(self.scheduler.missing_workers());
    }

    /// Sees to it that somebody takes what the stalled workers leave undone. True if one has been found to be blocked.
    fn rescue(&self, last: &Look, look: &Look) -> bool {
        let scheduler = &*self.scheduler;
        let (mut robbed, mut is_news) = (0, false);
        for ((seat, before), after) in scheduler.seats().zip(&last.seats).zip(&look.seats) {
            if before.is_same_poll(after) {
                robbed += usize::from(after.has_work);
                if !seat.is_blocked() {
                    let stall = before.stall(after, look.at.duration_since(last.at), &seat);
                    if scheduler.mark_stalled(&seat, after.polls, stall) {
                        scheduler.count_stall();
                        is_news |= stall == Stall::Blocked;
                    }
                }
            }
        }
        if look.overdue {
            // The sleeper in the poller fires the timers of all wheels; any other one only its own.
            scheduler.driver().wake();
        }
        let woken = (0..robbed.max(1)).take_while(|_| scheduler.rescue()).count();
        let missing = scheduler.missing_workers();
        if woken > 0 || missing == 0 {
            return is_news;
        }
        let room = self.most_spare.saturating_sub(scheduler.spare_workers());
        // Where tasks wait, as many again as there are: those that start are likely to block too.
        let of_use = scheduler.blocked_workers().min(look.waiting_tasks);
        self.start_workers(missing.max(of_use).min(room));
        is_news
    }

    /// Starts workers in vacant seats, as far as there are seats and threads.
    fn start_workers(&self, workers: usize) {
        for _ in 0..workers {
            let Some(core) = self.scheduler.take_seat() else {
                return;
            };
            if let Err(core) = (self.start_worker)(core) {
                self.scheduler.leave_seat(core);
                return;
            }
        }
    }
}

/// What there is to see in one moment.
struct Look {
    at: Instant,
    quiet: bool,
    seats: Vec<SeatLook>,
    waiting_tasks: usize,
    turns: u64,
    attended: bool,
    overdue: bool,
}

/// What there is to see of a seat.
struct SeatLook {
    polls: u32,
    is_polling: bool,
    has_work: bool,
    /// How long its thread has run, where that is known.
    ran: Option<Duration>,
}

impl Default for Look {
    fn default() -> Look {
        Look {
            at: Instant::now(),
            quiet: false,
            seats: Vec::new(),
            waiting_tasks: 0,
            turns: 0,
            attended: true,
            overdue: false,
        }
    }
}

impl Look {
    fn at(scheduler: &Scheduler) -> Look {
        let driver = scheduler.driver();
        driver.clock().now(); // for those who ask for the moment
        Look {
            at: Instant::now(),
            quiet: scheduler.is_quiet(),
            seats: scheduler.seats().map(|seat| SeatLook::at(&seat)).collect(),
            waiting_tasks: scheduler.waiting_tasks(),
            turns: driver.turns(),
            attended: driver.is_attended(),
            overdue: driver.is_overdue(),
        }
    }

    /// Whether everybody has slept from this look to the next one. To find them asleep at both is not enough: one that rests for moments
    /// only, between two messages, would have to wake the monitor time and again.
    fn is_quiet_until(&self, next: &Look) -> bool {
        let mut seats = self.seats.iter().zip(&next.seats);
        self.quiet
            && next.quiet
            && self.seats.len() == next.seats.len()
            && seats.all(|(before, after)| before.polls == after.polls)
    }

    /// Whether something that was there at this look is still undone at the next one.
    fn finds_work_undone(&self, scheduler: &Scheduler, next: &Look) -> bool {
        let unattended = !self.attended
            && !next.attended
            && self.turns == next.turns
            && scheduler.driver().has_something_to_wait_for();
        let tasks_wait = self.waiting_tasks > 0 && next.waiting_tasks > 0;
        let mut seats = self.seats.iter().zip(&next.seats);
        unattended
            || self.overdue && next.overdue
            || tasks_wait && seats.any(|(before, after)| before.is_same_poll(after))
    }
}

impl SeatLook {
    fn at(seat: &SeatView<'_>) -> SeatLook {
        let polls = seat.polls();
        let is_polling = seat.is_polling();
        SeatLook {
            polls,
            is_polling,
            has_work: seat.has_work(),
            ran: seat
                .thread()
                .filter(|_| is_polling && !seat.is_blocked())
                .and_then(processor_time),
        }
    }

    /// Whether the worker has been in one poll since this look, and is at the next one.
    fn is_same_poll(&self, next: &SeatLook) -> bool {
        self.is_polling && next.is_polling && self.polls == next.polls
    }

    /// What the worker does in the poll that goes on since this look, which was so long before the next one.
    fn stall(&self, next: &SeatLook, between: Duration, seat: &SeatView<'_>) -> Stall {
        let ran = self
            .ran
            .zip(next.ran)
            .map(|(before, now)| now.saturating_sub(before));
        if ran.is_some_and(|ran| ran * PART_OF_BUSY >= between) || seat.thread().is_some_and(is_runnable) {
            Stall::Busy
        } else {
            Stall::Blocked
        }
    }
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use super::*;

    fn look(quiet: bool, polls: &[u32]) -> Look {
        let seat = |&polls: &u32| SeatLook {
            polls,
            is_polling: false,
            has_work: false,
            ran: None,
        };
        Look {
            quiet,
            seats: polls.iter().map(seat).collect(),
            ..Look::default()
        }
    }

    /// Shows that a worker that is asleep at both looks, but not in between, keeps the monitor awake: it would have to wake it again
    /// with the next message. So does a worker that has come, or that is awake.
    #[test]
    fn it_is_quiet_while_nobody_gets_up_between_two_looks() {
        let first = look(true, &[7, 3]);
        assert!(first.is_quiet_until(&look(true, &[7, 3])));
        assert!(!first.is_quiet_until(&look(true, &[7, 4])));
        assert!(!first.is_quiet_until(&look(true, &[7, 3, 0])));
        assert!(!first.is_quiet_until(&look(false, &[7, 3])));
        assert!(!look(false, &[7, 3]).is_quiet_until(&look(true, &[7, 3])));
        assert!(!Look::default().is_quiet_until(&first));
    }
}
