//! All seats of a scheduler, and how many of them are taken.
//!
//! As many workers as are *wanted* run tasks: one a core. A worker that is stuck in a poll that blocks is *away*, and a spare one takes
//! a seat of its own for it, so that there are `occupied - away` workers which run tasks or could. When the poll ends there is
//! one too many; a worker in a *spare* seat, whose number is not below the number wanted, then leaves: see [`Seats::leave`].
//!
//! `occupied` changes under the lock of the vacant seats, `away` with the marks of `stall.rs`. Both are read without a lock, by those who
//! then ask again under it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering::*};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::seat::{Core, Seat};
use super::stall::{Away, Stall};
use crate::sync::{Condvar, Mutex, lock};

pub(crate) struct Seats {
    seats: Box<[OnceLock<Arc<CachePadded<Seat>>>]>,
    /// All seats from this number on are vacant or not there: nobody need look at them.
    end: AtomicUsize,
    wanted: AtomicUsize,
    occupied: AtomicUsize,
    away: Away,
    /// Seats that were left, by their numbers.
    vacant: Mutex<BTreeMap<usize, Box<Core>>>,
    left: Condvar,
}

impl Seats {
    /// Room for `most` seats, of which `wanted` are to be taken.
    pub(super) fn new(wanted: usize, most: usize) -> Seats {
        Seats {
            seats: (0..most).map(|_| OnceLock::new()).collect(),
            end: AtomicUsize::new(0),
            wanted: AtomicUsize::new(wanted),
            occupied: AtomicUsize::new(0),
            away: Away::new(),
            vacant: Mutex::new(BTreeMap::new()),
            left: Condvar::new(),
        }
    }

    /// The vacant seat with the lowest number, for a worker to sit in at once; `None` where all are taken.
    pub(super) fn take(&self) -> Option<Box<Core>> {
        let mut vacant = lock(&self.vacant);
        let core = match vacant.pop_first() {
            Some((_, core)) => core,
            None => {
                // None was left, so those that are there are all occupied.
                let number = self.occupied();
                let core = Core::new(number);
                let place = self.seats.get(number)?;
                assert!(place.set(core.seat.clone()).is_ok(), "a seat is made once");
                core
            }
        };
        self.occupied.store(self.occupied() + 1, SeqCst);
        self.end.fetch_max(core.number + 1, SeqCst); // partner: `iter`
        Some(core)
    }

    /// Takes a seat back, which has no task left.
    pub(super) fn leave(&self, core: Box<Core>) {
        self.settle(&core.seat);
        core.seat.set_thread(0);
        self.put_back(&mut lock(&self.vacant), core);
    }

    /// As [`leave`](Seats::leave), but only if there are too many workers; `empty` sees to the tasks before others can take
    /// the seat. Two workers that ask at once do not both leave where one is to.
    pub(super) fn leave_if_too_many(
        &self,
        core: Box<Core>,
        empty: impl FnOnce(&Core),
    ) -> Result<(), Box<Core>> {
        self.settle(&core.seat);
        let mut vacant = lock(&self.vacant);
        if !self.has_too_many() {
            return Err(core);
        }
        empty(&core);
        core.seat.set_thread(0);
        self.put_back(&mut vacant, core);
        Ok(())
    }

    fn put_back(&self, vacant: &mut BTreeMap<usize, Box<Core>>, core: Box<Core>) {
        vacant.insert(core.number, core);
        self.occupied.store(self.occupied() - 1, SeqCst);
        let mut end = self.end();
        while end > 0 && vacant.contains_key(&(end - 1)) {
            end -= 1;
        }
        self.end.store(end, SeqCst);
        self.left.notify_all();
    }

    /// Waits until every seat is vacant, or until `deadline`. True if all are.
    pub(super) fn wait_until_vacant(&self, deadline: Option<Instant>) -> bool {
        let mut vacant = lock(&self.vacant);
        while self.occupied() > 0 {
            vacant = match deadline {
                None => self
                    .left
                    .wait(vacant)
                    .unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    let waited = self.left.wait_timeout(vacant, left);
                    waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0
                }
            };
        }
        true
    }

    /// Marks the poll that goes on in a seat, if it is still the one that the monitor has seen.
    pub(super) fn mark(&self, seat: &Seat, polls: u32, stall: Stall) -> bool {
        seat.polls.mark(polls, stall, &self.away)
    }

    /// Takes the mark away from a seat whose poll has ended.
    pub(super) fn settle(&self, seat: &Seat) -> Option<Stall> {
        seat.polls.settle(&self.away)
    }

    /// Whether more workers run tasks, or could, than are wanted.
    pub(super) fn has_too_many(&self) -> bool {
        self.present() > self.wanted()
    }

    /// Workers that run tasks or could: all but those that are away.
    pub(super) fn present(&self) -> usize {
        self.occupied().saturating_sub(self.away())
    }

    /// How many workers are stuck in a poll that blocks.
    pub(super) fn away(&self) -> usize {
        self.away.count()
    }

    /// How many workers are to run tasks. The seats from this number on are the spare ones.
    pub(super) fn wanted(&self) -> usize {
        self.wanted.load(Relaxed)
    }

    pub(super) fn want(&self, workers: usize) {
        self.wanted.store(workers, SeqCst);
    }

    /// How many seats have a thread, or are on the way from one to the next.
    pub(super) fn occupied(&self) -> usize {
        self.occupied.load(SeqCst)
    }

    /// One more than the highest number of a seat that is taken.
    pub(super) fn end(&self) -> usize {
        self.end.load(SeqCst)
    }

    pub(super) fn get(&self, number: usize) -> &Seat {
        self.seats[number].get().expect("a seat below the end is there")
    }

    /// All seats that were ever taken, in the order of their numbers.
    pub(super) fn all(&self) -> impl Iterator<Item = &Seat> {
        let made = self.seats.iter().map_while(OnceLock::get);
        made.map(|seat| &***seat)
    }

    /// All seats that may be taken, in the order of their numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.seats[..self.end()]
            .iter()
            .filter_map(|seat| seat.get().map(|seat| &***seat))
    }
}
