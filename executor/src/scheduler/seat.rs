//! A seat: what a worker works with, apart from the thread that sits in it.
//!
//! The thread in the seat alone holds the [`Core`], the owner's side of the queue. Everything else can be used by anybody at
//! any moment, so a seat whose thread is stalled can be robbed of all its tasks without its help.

use std::cell::Cell;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::Relaxed};

use crossbeam_deque::{Stealer, Worker as Queue};
use crossbeam_utils::CachePadded;
use crossbeam_utils::atomic::AtomicCell;

use super::park::Parker;
use super::slot::Slot;
use super::stall::Polls;
use super::tally::Tally;
use crate::count::Count;
use crate::diagnostics::PollTiming;
use crate::task::{Meta, Runnable, TaskId};
use crate::timer::Moment;

pub(crate) struct Seat {
    /// The task woken last, still warm in the cache.
    pub(super) next: Slot,
    /// The thief's side of the local queue.
    pub(super) stealer: Stealer<Runnable>,
    pub(super) parker: Parker,
    pub(super) polls: Polls,
    /// How many polls there have been. `polls` goes up with each round of the worker's loop, those that find no task included.
    total_polls: Count,
    /// The identity of the task that is polled, zero between two polls; and when that began.
    task: AtomicU64,
    polled_at: AtomicU32,
    /// Where the task was spawned that is polled, or was last.
    spawned_at: AtomicCell<Option<&'static Location<'static>>>,
    /// The operating system's number for the thread in the seat, zero where it has none.
    thread: AtomicI32,
    /// In a place of its own: little of it is written often.
    pub(super) tally: Box<Tally>,
}

impl Seat {
    fn new(stealer: Stealer<Runnable>) -> Seat {
        Seat {
            next: Slot::new(),
            stealer,
            parker: Parker::new(),
            polls: Polls::new(),
            total_polls: Count::default(),
            task: AtomicU64::new(0),
            polled_at: AtomicU32::new(0),
            spawned_at: AtomicCell::new(None),
            thread: AtomicI32::new(0),
            tally: Box::new(Tally::new()),
        }
    }

    /// How many polls there have been.
    pub(super) fn total_polls(&self) -> u64 {
        self.total_polls.get()
    }

    /// Notes which task is polled next.
    pub(super) fn runs(&self, task: &Meta) {
        self.spawned_at.store(Some(task.spawned_at()));
        self.total_polls.add(1);
        self.task.store(task.id().number(), Relaxed);
        self.polled_at.store(Moment::recent().0, Relaxed);
    }

    /// The task that is polled now, and when that began.
    pub(super) fn running(&self) -> Option<(TaskId, Moment)> {
        let task = TaskId::of_number(self.task.load(Relaxed))?;
        Some((task, self.polled_at()))
    }

    /// Where the task was spawned that is polled now. It may be that of the task before or after.
    #[cfg(all(unix, feature = "socket"))]
    pub(super) fn polled_place(&self) -> Option<&'static Location<'static>> {
        TaskId::of_number(self.task.load(Relaxed)).and_then(|_| self.last_place())
    }

    /// Where the task was spawned that is polled, or was last.
    pub(super) fn last_place(&self) -> Option<&'static Location<'static>> {
        self.spawned_at.load()
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

/// After that many polls a worker looks at the injector, the timers and the kernel's events, however much is in its queue.
const POLLS_BETWEEN_LOOKS: u32 = 61;

/// What is due in a round of the worker's loop.
pub(super) struct Due {
    /// A look outside.
    pub(super) look: bool,
    /// The poll that follows is timed.
    pub(super) timed: bool,
}

/// The owner's side of a seat. It moves from thread to thread when a seat is handed over.
pub(crate) struct Core {
    /// The number of the seat.
    pub(super) number: usize,
    pub(super) seat: Arc<CachePadded<Seat>>,
    pub(super) queue: Queue<Runnable>,
    /// Rounds of the worker's loop until something is due: one count down for all, so that a round costs one.
    rounds_left: Cell<u32>,
    /// From where that counts down. The next two are as they were then.
    rounds_counted: Cell<u32>,
    /// Rounds until the worker looks outside.
    until_look: Cell<u32>,
    /// Rounds until the poll that follows is timed.
    until_timed: Cell<u32>,
    /// How many tasks in a row came from the next slot.
    pub(super) streak: Cell<u32>,
    random: Cell<u64>,
}

impl Core {
    /// Counts one more round of the worker's loop. True if something is due in it: then [`Core::take_due`] has to be called.
    pub(super) fn count_round(&self) -> bool {
        let left = self.rounds_left.get() - 1;
        self.rounds_left.set(left);
        left == 0
    }

    /// What is due in a round, and when something is due next.
    #[cold]
    pub(super) fn take_due(&self, timing: PollTiming) -> Due {
        let passed = self.rounds_counted.get();
        let until_look = self.until_look.get() - passed;
        let until_timed = self.until_timed.get() - passed;
        let due = Due {
            look: until_look == 0,
            timed: until_timed == 0,
        };
        let until_look = if due.look { POLLS_BETWEEN_LOOKS } else { until_look };
        let until_timed = if due.timed {
            1 + self.random_below(timing.longest_distance() as usize) as u32
        } else {
            until_timed
        };
        self.until_look.set(until_look);
        self.until_timed.set(until_timed);
        let next = until_look.min(until_timed);
        self.rounds_counted.set(next);
        self.rounds_left.set(next);
        due
    }

    /// A new seat, by the owner's side of it.
    pub(super) fn new(number: usize) -> Box<Core> {
        let queue = Queue::new_fifo();
        Box::new(Core {
            number,
            seat: Arc::new(CachePadded::new(Seat::new(queue.stealer()))),
            queue,
            rounds_left: Cell::new(1),
            rounds_counted: Cell::new(1),
            until_look: Cell::new(POLLS_BETWEEN_LOOKS),
            until_timed: Cell::new(1),
            streak: Cell::new(0),
            random: Cell::new(
                0x9E37_79B9_7F4A_7C15 ^ (number as u64 + 1).wrapping_mul(0xBF58_476D_1CE4_E5B9),
            ),
        })
    }

    /// Ends a poll where others can see it, and counts the next one.
    pub(super) fn count_poll(&self) {
        let polls = &self.seat.polls;
        polls.set_count(polls.count().wrapping_add(1));
        self.seat.task.store(0, Relaxed);
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
