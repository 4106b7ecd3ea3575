//! What a seat counts, beside its polls.
//!
//! Each count is written by the thread in the seat alone, so none costs an atomic addition.

use super::Scheduler;
use super::seat::Seat;
use crate::count::Count;
use crate::diagnostics::{Recording, WorkerMetrics};

pub(super) struct Tally {
    pub(super) steals: Count,
    pub(super) stolen: Count,
    pub(super) parks: Count,
    pub(super) wakeups: Count,
    /// Wake-ups in which the seat was called by name.
    pub(super) notified: Count,
    pub(super) poll_times: Recording,
}

impl Tally {
    pub(super) fn new() -> Tally {
        Tally {
            steals: Count::default(),
            stolen: Count::default(),
            parks: Count::default(),
            wakeups: Count::default(),
            notified: Count::default(),
            poll_times: Recording::new(),
        }
    }
}

impl Seat {
    fn metrics(&self) -> WorkerMetrics {
        let tally = &self.tally;
        // What is part of another count is read before it, so that it never exceeds it.
        let notified = tally.notified.get();
        let wakeups = tally.wakeups.get();
        let poll_times = tally.poll_times.read();
        WorkerMetrics {
            polls: self.total_polls(),
            poll_times,
            steals: tally.steals.get(),
            stolen: tally.stolen.get(),
            parks: tally.parks.get(),
            wakeups,
            notified,
            next_slot: u64::from(!self.next.is_empty()),
            local_queue: self.stealer.len() as u64,
        }
    }
}

/// What the metrics need. Nothing of it takes a lock.
impl Scheduler {
    /// By the number of the seat.
    pub(crate) fn worker_metrics(&self) -> Vec<WorkerMetrics> {
        self.seats.all().map(Seat::metrics).collect()
    }

    pub(crate) fn injector_len(&self) -> usize {
        self.injector.len()
    }

    pub(crate) fn stalls(&self) -> u64 {
        self.stalls.get()
    }

    /// Called by the monitor alone, when it finds that a worker stays in one poll while something waits.
    pub(crate) fn count_stall(&self) {
        self.stalls.add(1);
    }
}
