//! A value that notices when a writer meets others.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use canter_executor::yield_now;

/// Counts who is inside, and the sections of writers.
#[derive(Debug, Default)]
pub struct Census {
    readers: AtomicUsize,
    upgradables: AtomicUsize,
    most_readers: AtomicUsize,
    /// Not atomic: a reader beside a writer would be a data race.
    writes: usize,
}

impl Census {
    /// Reads for so many polls.
    pub async fn read(&self, polls: usize) {
        let inside = Inside::enter(&self.readers);
        self.most_readers.fetch_max(inside.others + 1, SeqCst);
        let seen = self.writes;
        for _ in 0..polls {
            yield_now().await;
            assert_eq!(self.writes, seen, "somebody writes meanwhile");
        }
    }

    /// Reads for so many polls, and panics if somebody else does so by this.
    pub async fn read_upgradable(&self, polls: usize) {
        let inside = Inside::enter(&self.upgradables);
        assert_eq!(inside.others, 0, "there is one upgradable reader at a time");
        let seen = self.writes;
        for _ in 0..polls {
            yield_now().await;
            assert_eq!(self.writes, seen, "somebody writes meanwhile");
        }
    }

    /// Writes for so many polls.
    pub async fn write(&mut self, polls: usize) {
        self.writes += 1;
        let seen = self.writes;
        for _ in 0..=polls {
            let others = (self.readers.load(SeqCst), self.upgradables.load(SeqCst));
            assert_eq!(others, (0, 0), "somebody reads meanwhile");
            assert_eq!(self.writes, seen, "somebody writes meanwhile");
            yield_now().await;
        }
    }

    /// How often it was written.
    pub fn writes(&self) -> usize {
        self.writes
    }

    /// How many ordinary readers there were at a time, at the most.
    pub fn most_readers(&self) -> usize {
        self.most_readers.load(SeqCst)
    }
}

struct Inside<'a> {
    count: &'a AtomicUsize,
    others: usize,
}

impl Inside<'_> {
    fn enter(count: &AtomicUsize) -> Inside<'_> {
        Inside {
            count,
            others: count.fetch_add(1, SeqCst),
        }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.count.fetch_sub(1, SeqCst);
    }
}
