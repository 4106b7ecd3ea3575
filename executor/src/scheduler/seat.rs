//! A seat: what a worker works with, apart from the thread that sits in it.
//!
//! The thread in the seat alone holds the [`Core`], the owner's side of the queue. Everything else can be used by anybody at
//! any moment, so a seat whose thread is stalled can be robbed of all its tasks without its help.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

use crossbeam_deque::{Stealer, Worker as Queue};
use crossbeam_utils::CachePadded;

use super::park::Parker;
use super::slot::Slot;
use super::stall::Polls;
use crate::task::{Runnable, TaskId};
use crate::timer::Moment;

pub(crate) struct Seat {
    /// The task woken last, still warm in the cache.
    pub(super) next: Slot,
    /// The thief's side of the local queue.
    pub(super) stealer: Stealer<Runnable>,
    pub(super) parker: Parker,
    pub(super) polls: Polls,
    /// The identity of the task that is polled, zero between two polls; and when that began.
    task: AtomicU64,
    polled_at: AtomicU32,
    /// The operating system's number for the thread in the seat, zero where it has none.
    thread: AtomicI32,
}

impl Seat {
    fn new(stealer: Stealer<Runnable>) -> Seat {
        Seat {
            next: Slot::new(),
            stealer,
            parker: Parker::new(),
            polls: Polls::new(),
            task: AtomicU64::new(0),
            polled_at: AtomicU32::new(0),
            thread: AtomicI32::new(0),
        }
    }

    /// Notes which task is polled next.
    pub(super) fn runs(&self, task: TaskId) {
        self.task.store(task.number(), Relaxed);
        self.polled_at.store(Moment::recent().0, Relaxed);
    }

    /// The task that is polled now, and when that began.
    pub(super) fn running(&self) -> Option<(TaskId, Moment)> {
        let task = TaskId::of_number(self.task.load(Relaxed))?;
        Some((task, self.polled_at()))
    }

    /// When the last poll began.
    pub(super) fn polled_at(&self) -> Moment {
        Moment(self.polled_at.load(Relaxed))
    }

    pub(super) fn has_work(&self) -> bool {
        !self.stealer.is_empty() || !self.next.is_empty()
    }

    pub(super) fn set_thread(&self, thread: i32) {
        self.thread.store(thread, Relaxed);
    }

    pub(super) fn thread(&self) -> i32 {
        self.thread.load(Relaxed)
    }
}

/// The owner's side of a seat. It moves from thread to thread when a seat is handed over.
pub(crate) struct Core {
    /// The number of the seat.
    pub(super) number: usize,
    pub(super) seat: Arc<CachePadded<Seat>>,
    pub(super) queue: Queue<Runnable>,
    /// Polls so far, as in the seat.
    polls: Cell<u32>,
    /// How many tasks in a row came from the next slot.
    pub(super) streak: Cell<u32>,
    random: Cell<u64>,
}

impl Core {
    /// A new seat, by the owner's side of it.
    pub(super) fn new(number: usize) -> Box<Core> {
        let queue = Queue::new_fifo();
        Box::new(Core {
            number,
            seat: Arc::new(CachePadded::new(Seat::new(queue.stealer()))),
            queue,
            polls: Cell::new(0),
            streak: Cell::new(0),
            random: Cell::new(
                0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9),
            ),
        })
    }

    /// Ends a poll where others can see it, and counts the next one.
    pub(super) fn count_poll(&self) -> u32 {
        let polls = self.polls.get().wrapping_add(1);
        self.polls.set(polls);
        self.seat.polls.set_count(polls);
        self.seat.task.store(0, Relaxed);
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
