//! A bounded ring of events, in which the newest overwrites the oldest.
//!
//! One thread at a time writes: the one that sits in the seat, or that holds the recorder's lock. Anybody reads at any moment, without
//! stopping the writer. Event number `n` lies at `n` modulo the length of the ring; `next` is the number of the one that is written next.
//!
//! **No event is read torn.** The writer stores `next` before it begins to overwrite an event, with a release fence in between, and
//! once more after an event is complete. The reader copies what lies below `next`, and then, behind an acquire fence, reads `next` again. If
//! a copy has a word of event `m`, the fences let the reader see a `next` of at least `m`; and event `m` overwrites number `m` less
//! the length. So what is numbered above the second `next` less the length is whole, and the reader throws the rest away.

#![expect(unsafe_code, reason = "a place in the program is kept as a bare pointer")]

use std::panic::Location;
use std::ptr;

use super::event::Words;
use crate::sync::atomic::{AtomicPtr, AtomicU64, Ordering::*, fence};

pub(super) struct Ring {
    records: Box<[Record]>,
    next: AtomicU64,
}

struct Record {
    time: AtomicU64,
    head: AtomicU64,
    number: AtomicU64,
    place: AtomicPtr<Location<'static>>,
}

/// Events that were read from a ring.
pub(super) struct Events {
    pub(super) events: Vec<Words>,
    /// How many were asked for and are overwritten by now.
    pub(super) lost: u64,
}

impl Ring {
    pub(super) fn new(events: usize) -> Ring {
        Ring {
            records: (0..events).map(|_| Record::new()).collect(),
            next: AtomicU64::new(0),
        }
    }

    /// Adds an event. By one thread at a time.
    pub(super) fn push(&self, words: Words) {
        let next = self.next.load(Relaxed);
        fence(Release); // between the store of `next` by the push before and what is overwritten now; partner: the one in `read`
        self.record(next).store(words);
        self.next.store(next + 1, Release); // partner: the load in `read`
    }

    /// The number of the event that comes next.
    pub(super) fn next(&self) -> u64 {
        self.next.load(Acquire)
    }

    /// The events from number `from` on, up to number `to`.
    pub(super) fn read(&self, from: u64, to: u64) -> Events {
        let to = to.min(self.next.load(Acquire)); // partner: the last store in `push`
        let length = self.records.len() as u64;
        let first = from.max(to.saturating_sub(length)).min(to);
        let mut events: Vec<_> = (first..to).map(|number| self.record(number).load()).collect();
        fence(Acquire); // between the copies and the look at `next`; partner: the fence in `push`
        let whole = (self.next.load(Relaxed) + 1)
            .saturating_sub(length)
            .clamp(first, to);
        events.drain(..(whole - first) as usize);
        Events {
            events,
            lost: whole.saturating_sub(from),
        }
    }

    fn record(&self, number: u64) -> &Record {
        &self.records[(number % self.records.len() as u64) as usize]
    }
}

impl Record {
    fn new() -> Record {
        Record {
            time: AtomicU64::new(0),
            head: AtomicU64::new(0),
            number: AtomicU64::new(0),
            place: AtomicPtr::new(ptr::null_mut()),
        }
    }

    fn store(&self, words: Words) {
        let place = words
            .place
            .map_or(ptr::null_mut(), |place| ptr::from_ref(place).cast_mut());
        self.time.store(words.time, Relaxed);
        self.head.store(words.head, Relaxed);
        self.number.store(words.number, Relaxed);
        self.place.store(place, Relaxed);
    }

    fn load(&self) -> Words {
        let place = self.place.load(Relaxed);
        Words {
            time: self.time.load(Relaxed),
            head: self.head.load(Relaxed),
            number: self.number.load(Relaxed),
            // SAFETY: also in a torn record the pointer is null or comes from a `&'static Location`.
            place: unsafe { place.as_ref() },
        }
    }
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use super::*;

    fn words(number: u64) -> Words {
        Words {
            time: number,
            head: number,
            number,
            place: None,
        }
    }

    fn numbers(events: &Events) -> Vec<u64> {
        events.events.iter().map(|words| words.number).collect()
    }

    #[test]
    fn the_newest_overwrites_the_oldest_and_those_are_counted() {
        let ring = Ring::new(4);
        assert!(ring.read(0, u64::MAX).events.is_empty());
        (0..3).for_each(|number| ring.push(words(number)));
        let read = ring.read(0, u64::MAX);
        assert_eq!((numbers(&read), read.lost), (vec![0, 1, 2], 0));
        (3..10).for_each(|number| ring.push(words(number)));
        // The place of number 6 may be overwritten at any moment.
        let read = ring.read(0, u64::MAX);
        assert_eq!((numbers(&read), read.lost), (vec![7, 8, 9], 7));
        let read = ring.read(8, 9);
        assert_eq!((numbers(&read), read.lost), (vec![8], 0));
        let read = ring.read(10, u64::MAX);
        assert_eq!((numbers(&read), read.lost), (vec![], 0));
    }
}

#[cfg(all(test, canter_loom))]
mod model {
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Race: a ring of two is overwritten while it is read.
    #[test]
    fn what_is_read_while_the_ring_is_overwritten_is_whole_and_in_order() {
        loom::model(|| {
            let ring = Arc::new(Ring::new(2));
            let reader = ring.clone();
            // The reader is the one that is started: loom tries out where a load stands among the stores, not the other way round.
            let reader = thread::spawn(move || {
                let read = reader.read(0, u64::MAX);
                for (index, words) in read.events.iter().enumerate() {
                    let number = read.lost + index as u64 + 1;
                    assert_eq!((words.time, words.head, words.number), (number, number, number));
                }
            });
            for number in 1..=3 {
                ring.push(Words {
                    time: number,
                    head: number,
                    number,
                    place: None,
                });
            }
            reader.join().unwrap();
        });
    }
}
