//! A seat: what a worker works with, apart from the thread that sits in it.
//!
//! The thread in the seat alone holds the [`Core`], the owner's side of the queue. Everything else can be used by anybody at
//! any moment, so a seat whose thread is stalled can be robbed of all its tasks without its help.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::*};

use crossbeam_deque::{Stealer, Worker as Queue};
use crossbeam_utils::CachePadded;

use super::park::Parker;
use super::slot::Slot;
use crate::task::Runnable;

pub(crate) struct Seat {
    /// The task woken last, still warm in the cache.
    pub(super) next: Slot,
    /// The thief's side of the local queue.
    pub(super) stealer: Stealer<Runnable>,
    pub(super) parker: Parker,
    /// Polls so far. It stands still while one poll goes on.
    polls: AtomicU32,
}

impl Seat {
    pub(super) fn polls(&self) -> u32 {
        self.polls.load(Relaxed)
    }

    pub(super) fn has_work(&self) -> bool {
        !self.stealer.is_empty() || !self.next.is_empty()
    }
}

/// The owner's side of a seat. It moves from thread to thread when a seat is handed over.
pub(crate) struct Core {
    pub(super) seat: usize,
    pub(super) queue: Queue<Runnable>,
    /// Polls so far, as in the seat.
    polls: Cell<u32>,
    /// How many tasks in a row came from the next slot.
    pub(super) streak: Cell<u32>,
    random: Cell<u64>,
}

impl Core {
    /// Counts one more poll, where others can see it.
    pub(super) fn count_poll(&self, seat: &Seat) -> u32 {
        let polls = self.polls.get().wrapping_add(1);
        self.polls.set(polls);
        seat.polls.store(polls, Relaxed);
        polls
    }

    /// A number below `bound`, by xorshift (Marsaglia, "Xorshift RNGs", 2003): where a thief begins.
    pub(super) fn random_below(&self, bound: usize) -> usize {
        let mut x = self.random.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.random.set(x);
        (x % bound as u64) as usize
    }
}

/// All the seats of a scheduler: there can be more of them while it runs, and none goes away.
pub(crate) struct Seats {
    seats: Box<[OnceLock<CachePadded<Seat>>]>,
    len: AtomicUsize,
}

impl Seats {
    /// Room for that many seats; there are none yet.
    pub(super) fn with_room_for(most: usize) -> Seats {
        Seats {
            seats: (0..most).map(|_| OnceLock::new()).collect(),
            len: AtomicUsize::new(0),
        }
    }

    /// One more seat, and the owner's side of it. Called by one thread at a time.
    ///
    /// # Panics
    /// Panics when there is no room left.
    pub(super) fn add(&self) -> Box<Core> {
        let number = self.len();
        let queue = Queue::new_fifo();
        let seat = Seat {
            next: Slot::new(),
            stealer: queue.stealer(),
            parker: Parker::new(),
            polls: AtomicU32::new(0),
        };
        assert!(
            self.seats[number].set(CachePadded::new(seat)).is_ok(),
            "two threads add a seat at once"
        );
        self.len.store(number + 1, Release); // partner: `len`
        Box::new(Core {
            seat: number,
            queue,
            polls: Cell::new(0),
            streak: Cell::new(0),
            random: Cell::new(
                0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9),
            ),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Acquire)
    }

    pub(super) fn get(&self, number: usize) -> &Seat {
        self.seats[number]
            .get()
            .expect("a seat below the length is there")
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Seat> {
        self.seats[..self.len()]
            .iter()
            .filter_map(|seat| seat.get().map(|seat| &**seat))
    }
}
