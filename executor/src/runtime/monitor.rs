//! The monitor: one thread that sees to it that a stalled worker keeps nothing from the others.
//!
//! A worker that stays in one poll can't run its next slot and its queue, and can't turn the reactor. Sleepers are not woken
//! for that each time a worker begins a task: it would cost more than most tasks. Instead this thread looks, every
//! [`TICK`] while some worker is awake, whether
//!
//! - a seat has tasks and made no poll since the last look,
//! - nobody sat in the poller and nobody looked into it since then, or
//! - a timer is overdue,
//!
//! and wakes one sleeper then, which steals what is there and takes the right to poll when it finds nothing more. While all
//! workers sleep, this thread does too, without a time limit.

use std::sync::Arc;
use std::time::Duration;

use crate::scheduler::Scheduler;

/// The longest that a stalled worker goes unnoticed is twice this.
const TICK: Duration = Duration::from_millis(10);

/// Watches until the scheduler stops.
pub(super) fn watch(scheduler: &Arc<Scheduler>) {
    let mut last = Look::default();
    let mut quiet = false;
    while !scheduler.is_stopping() {
        if quiet {
            scheduler
                .watch()
                .sleep_while(|| scheduler.is_quiet() && !scheduler.is_stopping());
        }
        scheduler.watch().sleep_for(TICK);
        // Two looks in a row that find everybody asleep: a worker that rests for moments only is not worth a wake-up each.
        quiet = scheduler.is_quiet() && last.quiet;
        let look = Look::at(scheduler);
        if !look.quiet && last.finds_stalled(&look) {
            if look.overdue {
                // The sleeper in the poller fires the timers of all wheels; any other one only its own.
                scheduler.driver().wake();
            }
            scheduler.rescue();
        }
        last = look;
    }
}

/// What there is to see in one moment.
#[derive(Default)]
struct Look {
    quiet: bool,
    /// Polls of each seat, and whether it has work.
    seats: Vec<(u32, bool)>,
    turns: u32,
    attended: bool,
    overdue: bool,
}

impl Look {
    fn at(scheduler: &Scheduler) -> Look {
        let driver = scheduler.driver();
        Look {
            quiet: scheduler.is_quiet(),
            seats: (0..scheduler.seat_count())
                .map(|seat| scheduler.seat_state(seat))
                .collect(),
            turns: driver.turns(),
            attended: driver.is_attended(),
            overdue: driver.is_overdue(),
        }
    }

    /// Whether something that was there at this look is still undone at the next one.
    fn finds_stalled(&self, next: &Look) -> bool {
        let robbed =
            |(before, after): (&(u32, bool), &(u32, bool))| before.0 == after.0 && before.1 && after.1;
        let unattended = !self.attended && !next.attended && self.turns == next.turns;
        unattended || self.overdue && next.overdue || self.seats.iter().zip(&next.seats).any(robbed)
    }
}
