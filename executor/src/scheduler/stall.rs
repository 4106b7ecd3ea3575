//! A worker that stays in one poll while work waits: the mark that the monitor puts on it, and what is told of it afterwards.
//!
//! **Each mark is counted once, and none stays behind.** The monitor sees that a poll goes on by the number of the seat's polls, and
//! marks it; but the poll may end in the same moment. The worker counts its next poll and then looks for a mark; the monitor sets
//! the mark and then looks at the count again. Between two polls that is a plain look, since a fence would be paid for with each of
//! them: so both may miss each other for as long as the worker goes on, and it finds the mark one poll later. Before it sleeps it counts
//! once more and swaps the mark out. Either that swap finds the mark, or the monitor's, which comes later, sees the count. Whoever swaps
//! the mark out counts the worker as back; it was counted as away before the mark was set, so that the number never falls below zero.

use std::panic::Location;
use std::time::Duration;

use crate::sync::atomic::{AtomicU8, AtomicU32, AtomicUsize, Ordering::*};
use crate::task::TaskId;

/// How a worker is stalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stall {
    /// It computes: another thread would only take the processor from somebody.
    Busy,
    /// It waits for something off the processor, so that another thread can take its place.
    Blocked,
}

const NO_STALL: u8 = 0;
const BUSY: u8 = 1;
const BLOCKED: u8 = 2;

/// The polls of a seat so far, and what the monitor has said of the one that goes on.
pub(crate) struct Polls {
    /// It stands still while one poll goes on.
    count: AtomicU32,
    mark: AtomicU8,
}

impl Polls {
    pub(super) fn new() -> Polls {
        Polls {
            count: AtomicU32::new(0),
            mark: AtomicU8::new(NO_STALL),
        }
    }

    pub(super) fn count(&self) -> u32 {
        self.count.load(Relaxed)
    }

    /// Called by the worker between two polls.
    pub(super) fn set_count(&self, count: u32) {
        self.count.store(count, Relaxed);
    }

    pub(super) fn is_marked(&self) -> bool {
        self.mark.load(Relaxed) != NO_STALL
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.mark.load(Relaxed) == BLOCKED
    }

    /// The monitor: marks the poll that goes on, if it is still the one with that `count`. True if it is, and had no mark yet.
    pub(super) fn mark(&self, count: u32, stall: Stall, away: &Away) -> bool {
        if self.count() != count {
            return false;
        }
        let (mark, counted) = match stall {
            Stall::Busy => (BUSY, 0),
            Stall::Blocked => (BLOCKED, 1),
        };
        away.0.fetch_add(counted, SeqCst); // before the worker can count itself back
        let before = self.mark.fetch_max(mark, SeqCst);
        if before >= mark {
            away.0.fetch_sub(counted, SeqCst);
            return false;
        }
        if self.count() == count {
            return before == NO_STALL;
        }
        self.settle(away);
        false
    }

    /// Takes the mark away, where the poll has ended, and counts the worker as back.
    pub(super) fn settle(&self, away: &Away) -> Option<Stall> {
        match self.mark.swap(NO_STALL, SeqCst) {
            NO_STALL => None,
            BUSY => Some(Stall::Busy),
            _ => {
                away.0.fetch_sub(1, SeqCst);
                Some(Stall::Blocked)
            }
        }
    }
}

/// How many workers are stuck in a poll that blocks.
pub(crate) struct Away(AtomicUsize);

impl Away {
    pub(super) fn new() -> Away {
        Away(AtomicUsize::new(0))
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

/// One poll that kept its worker for long while work waited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stalled {
    pub(crate) task: TaskId,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) stall: Stall,
    /// To some hundredths of a second.
    pub(crate) lasted: Duration,
}

/// Who is told of each stall, on the worker, between two of its tasks.
pub(crate) type TellStalled = dyn Fn(&Stalled) + Send + Sync;

#[cfg(all(test, canter_loom))]
mod model {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// The count after which the worker sleeps, so that the monitor sees no poll.
    const BETWEEN_POLLS: u32 = 2;

    /// Race: the monitor marks a poll at the moment at which it ends, and the worker goes on to the next one and to sleep.
    #[test]
    fn a_mark_is_gone_and_counted_back_by_the_time_the_worker_sleeps() {
        loom::model(|| {
            let seat = Arc::new((Polls::new(), Away::new()));
            let worker = seat.clone();
            let worker = thread::spawn(move || {
                let (polls, away) = &*worker;
                polls.set_count(1);
                if polls.is_marked() {
                    polls.settle(away);
                }
                polls.set_count(BETWEEN_POLLS);
                polls.settle(away);
                assert!(away.count() <= 1);
            });
            let (polls, away) = &*seat;
            for stall in [Stall::Busy, Stall::Blocked] {
                let count = polls.count();
                if count != BETWEEN_POLLS {
                    polls.mark(count, stall, away);
                }
            }
            worker.join().unwrap();
            assert!(!polls.is_marked());
            assert_eq!(away.count(), 0);
        });
    }
}
