//! What a runtime records while it is traced: a ring for each seat, and one for all threads that sit in none.
//!
//! **Off** costs, at each point where something could be recorded, one look at a flag of the whole process, which lies alone on its cache
//! line and is hardly ever written. Everything else stands behind a call that the compiler keeps out of the way. The end of a poll has no
//! look of its own: whoever begins one that is recorded says so in the word of the task's state, which the end reads anyway.
//!
//! A ring is made by whoever writes its first event. It stays as long as the runtime: several traces may be under way at once, and each
//! knows the number of the first event that is its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Instant;

use crossbeam_utils::CachePadded;

use super::event::{Event, Words};
use super::ring::{Events, Ring};

/// Traces under way in this process, whichever runtime they belong to.
static TRACES: CachePadded<AtomicUsize> = CachePadded::new(AtomicUsize::new(0));

/// Whether some runtime is traced.
#[inline]
pub(crate) fn is_on() -> bool {
    TRACES.load(Relaxed) != 0
}

pub(crate) struct Recorder {
    /// Traces of this runtime that are under way.
    traces: AtomicUsize,
    /// Events that each ring keeps.
    events: usize,
    made: Instant,
    /// By the number of the seat, and the one for the threads outside behind them.
    rings: Box<[OnceLock<Ring>]>,
    /// Names of the threads outside. Whoever writes into their ring holds the lock.
    outside: Mutex<BTreeMap<u64, String>>,
}

/// For each ring the number of an event.
pub(super) type Mark = Box<[u64]>;

/// What the rings kept between two marks.
pub(super) struct Recorded {
    /// When it was read, in nanoseconds as those of the events.
    pub(super) now: u64,
    /// By the number of the seat.
    pub(super) seats: Vec<Events>,
    pub(super) outside: Events,
    pub(super) threads: BTreeMap<u64, String>,
}

impl Recorder {
    /// A recorder for at most that many seats, whose rings keep `events` each.
    pub(crate) fn new(seats: usize, events: usize) -> Arc<Recorder> {
        Arc::new(Recorder {
            traces: AtomicUsize::new(0),
            events,
            made: Instant::now(),
            rings: (0..=seats).map(|_| OnceLock::new()).collect(),
            outside: Mutex::default(),
        })
    }

    /// Whether this runtime is traced.
    pub(crate) fn is_on(&self) -> bool {
        self.traces.load(Relaxed) != 0
    }

    pub(super) fn start(&self) -> Mark {
        let mark = self.mark();
        self.traces.fetch_add(1, Relaxed);
        TRACES.fetch_add(1, Relaxed);
        mark
    }

    pub(super) fn stop(&self) -> Mark {
        TRACES.fetch_sub(1, Relaxed);
        self.traces.fetch_sub(1, Relaxed);
        self.mark()
    }

    fn mark(&self) -> Mark {
        self.rings
            .iter()
            .map(|ring| ring.get().map_or(0, Ring::next))
            .collect()
    }

    /// Records an event in the ring of a seat. Only the thread that sits there may do so.
    pub(crate) fn note_in_seat(&self, seat: usize, event: Event) {
        let time = if event.is_timeless() { 0 } else { self.now() };
        self.ring(seat).push(event.into_words(time, 0));
    }

    /// Records an event of a thread that sits in no seat of this runtime.
    pub(crate) fn note_outside(&self, event: Event) {
        let mut threads = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        let thread = thread_number();
        threads.entry(thread).or_insert_with(|| {
            let named = thread::current().name().map(str::to_owned);
            named.unwrap_or_else(|| format!("thread {thread}"))
        });
        // With the lock, so that the times in the ring go up.
        let words = event.into_words(self.now(), thread);
        self.ring(self.rings.len() - 1).push(words);
    }

    fn ring(&self, number: usize) -> &Ring {
        self.rings[number].get_or_init(|| Ring::new(self.events))
    }

    fn now(&self) -> u64 {
        u64::try_from(self.made.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What was recorded since `from`, up to `to` or to now.
    pub(super) fn read(&self, from: &Mark, to: Option<&Mark>) -> Recorded {
        let mut rings = self.rings.iter().enumerate().map(|(number, ring)| {
            let to = to.map_or(u64::MAX, |to| to[number]);
            match ring.get() {
                Some(ring) => ring.read(from[number], to),
                None => Events {
                    events: Vec::<Words>::new(),
                    lost: 0,
                },
            }
        });
        let seats = rings.by_ref().take(self.rings.len() - 1).collect();
        let outside = rings
            .next()
            .expect("the ring for the threads outside is the last");
        Recorded {
            now: self.now(),
            seats,
            outside,
            threads: self
                .outside
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}

/// A number for this thread, from one on. At the very end of a thread it may be a second one.
fn thread_number() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    thread_local! {
        static NUMBER: Cell<u64> = Cell::new(NEXT.fetch_add(1, Relaxed));
    }
    NUMBER
        .try_with(Cell::get)
        .unwrap_or_else(|_| NEXT.fetch_add(1, Relaxed))
}
