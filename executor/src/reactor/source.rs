//! The readiness of one source of I/O events, and who waits for it.
//!
//! The poller is edge-triggered: it reports a change once. So each direction remembers that it is ready until an operation
//! has found out that it no longer is. That finding must not undo an event that came after the operation began:
//!
//! 1. [`Source::poll_ready`] tells a caller that a direction is ready, and how many events it had seen by then.
//! 2. The caller tries its operation, which would block.
//! 3. [`Source::clear`] takes the readiness back, unless more events were seen meanwhile.
//! 4. The caller goes to 1; if the direction is not ready there its waker is enlisted.
//!
//! A transfer that came to an end before its buffer did is a finding too ([`Source::drained`]), but a weaker one: a direction
//! that is closed (end of stream, hang-up, error) stays ready, since the next operation returns at once. So does one that got
//! urgent data, at which a read ends early. Only an operation that would block opens a closed direction again: the error of a
//! datagram socket looks like an end and is none.
//!
//! ## The word
//!
//! All of that is one word a direction, so that a caller who need not wait takes no lock: the flags below, and above them the number of
//! events so far.
//!
//! | flag | set by | taken back by |
//! | --- | --- | --- |
//! | `READY` | an event | a finding |
//! | `CLOSED` | an event that says so | an operation that would block |
//! | `URGENT` | an event with urgent data | nobody |
//! | `AWAITED` | whoever is about to enlist, under the lock | the next event, which then looks at the list |
//! | `ENDED` | the end of the reactor | nobody |
//!
//! **No event falls between the look and the wait.** Whoever waits sets `AWAITED`, and learns by the same operation whether the
//! direction is ready; an event sets `READY`, and learns by the same operation whether it is awaited. One of the two comes first. If it is
//! the event, the other sees that the direction is ready. If it is the one who waits, the event sees `AWAITED`, and takes the list under
//! the lock, which the other one leaves only when it is enlisted.

use std::io;
use std::task::{Context, Poll, Waker};

use canter_coop::budget;

use crate::sync::Lock;
use crate::sync::atomic::{AtomicU32, Ordering::*};

/// What an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, a connection to accept, or the end of the stream.
    Readable,
    /// Room to write, or the end of an attempt to connect.
    Writable,
}

pub(crate) struct Source {
    read: Direction,
    write: Direction,
    waiters: AtomicU32,
}

struct Direction {
    word: AtomicU32,
    waiters: Lock<Waiters>,
}

const READY: u32 = 1;
const CLOSED: u32 = 1 << 1;
const URGENT: u32 = 1 << 2;
const AWAITED: u32 = 1 << 3;
const ENDED: u32 = 1 << 4;
const ONE_EVENT: u32 = 1 << 5;

#[derive(Default)]
struct Waiters {
    /// The first one needs no memory beside the source; the vector is for a crowd.
    first: Option<Waiter>,
    more: Vec<Waiter>,
}

struct Waiter {
    id: WaiterId,
    waker: Waker,
}

/// Who waits: one of many futures, or the one task that polls a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaiterId(u32);

impl WaiterId {
    /// The waiter of the `poll_` functions: whoever polled last.
    pub(crate) const POLL: WaiterId = WaiterId(0);
}

/// How many events of a direction had been seen when it was found ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen(u32);

/// What the poller said of a source.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Event {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) urgent: bool,
    pub(crate) read_closed: bool,
    pub(crate) write_closed: bool,
}

#[cfg(test)]
const READABLE: Event = Event {
    readable: true,
    writable: false,
    urgent: false,
    read_closed: false,
    write_closed: false,
};

impl Source {
    pub(crate) fn new() -> Source {
        Source {
            read: Direction::new(),
            write: Direction::new(),
            waiters: AtomicU32::new(0),
        }
    }

    /// A name for one more future that waits.
    pub(crate) fn new_waiter(&self) -> WaiterId {
        loop {
            let id = WaiterId(self.waiters.fetch_add(1, Relaxed).wrapping_add(1));
            if id != WaiterId::POLL {
                return id;
            }
        }
    }

    /// `Ready` if the direction is; otherwise the waker is enlisted under `id`, in place of an earlier one of that name.
    #[inline]
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        id: WaiterId,
    ) -> Poll<io::Result<Seen>> {
        let Poll::Ready(operation) = budget::poll_proceed(cx) else {
            return Poll::Pending;
        };
        let direction = self.direction(interest);
        let found = match direction.look() {
            None => direction.enlist(id, cx.waker()),
            found => found,
        };
        match found {
            Some(Ok(seen)) => {
                operation.made_progress();
                Poll::Ready(Ok(seen))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => Poll::Pending,
        }
    }

    /// As `poll_ready`, for those who do not wait: `None` if the direction is not ready.
    pub(crate) fn ready_now(&self, interest: Interest) -> io::Result<Option<Seen>> {
        self.direction(interest).look().transpose()
    }

    /// An operation found that it would block. No event is lost: one that came after `seen` keeps the direction ready.
    pub(crate) fn clear(&self, interest: Interest, seen: Seen) {
        self.direction(interest).take_back(seen, READY | CLOSED, 0);
    }

    /// A transfer came to an end before its buffer did, so that the next one would block, with the exceptions above.
    pub(crate) fn drained(&self, interest: Interest, seen: Seen) {
        self.direction(interest).take_back(seen, READY, URGENT);
    }

    /// Takes a future that no longer waits out of the list.
    pub(crate) fn forget(&self, interest: Interest, id: WaiterId) {
        let waiter = self.direction(interest).waiters.lock().remove(id);
        drop(waiter);
    }

    /// Notes an event and pushes the wakers of those who waited for it.
    #[inline]
    pub(crate) fn notice(&self, event: Event, wakers: &mut Vec<Waker>) {
        let flag = |flag: u32, is_set: bool| if is_set { flag } else { 0 };
        let urgent = flag(READY | URGENT, event.urgent);
        let read = flag(READY, event.readable) | flag(READY | CLOSED, event.read_closed) | urgent;
        let write = flag(READY, event.writable) | flag(READY | CLOSED, event.write_closed);
        if read != 0 {
            self.read.notice(read, wakers);
        }
        if write != 0 {
            self.write.notice(write, wakers);
        }
    }

    /// The reactor has ended: everybody who waits is to be told.
    pub(crate) fn end(&self, wakers: &mut Vec<Waker>) {
        self.read.notice(READY | ENDED, wakers);
        self.write.notice(READY | ENDED, wakers);
    }

    fn direction(&self, interest: Interest) -> &Direction {
        match interest {
            Interest::Readable => &self.read,
            Interest::Writable => &self.write,
        }
    }
}

impl Direction {
    fn new() -> Direction {
        Direction {
            word: AtomicU32::new(0),
            waiters: Lock::new(Waiters::default()),
        }
    }

    /// What there is to find without waiting.
    #[inline]
    fn look(&self) -> Option<io::Result<Seen>> {
        found(self.word.load(Acquire)) // partner: `notice`
    }

    /// Enlists a waiter, unless there is something to find by now.
    #[inline(never)] // only the look before it goes into each operation
    fn enlist(&self, id: WaiterId, waker: &Waker) -> Option<io::Result<Seen>> {
        let waiter = Waiter {
            id,
            waker: waker.clone(),
        };
        let mut waiters = self.waiters.lock();
        // Acquire: as in `look`. Release: the next event's look at the list comes after this, by the lock.
        let found = found(self.word.fetch_or(AWAITED, AcqRel));
        let rejected = match found {
            Some(_) => Some(waiter),
            None => waiters.add(waiter),
        };
        drop(waiters);
        drop(rejected);
        found
    }

    /// Takes flags back, if no event came after `seen`, and unless one of `unless` is set.
    fn take_back(&self, seen: Seen, flags: u32, unless: u32) {
        // Relaxed on failure: nothing is changed then. No partner on success: whoever finds the direction not ready tries nothing.
        let _ = self.word.fetch_update(Relaxed, Relaxed, |word| {
            (events(word) == seen && word & unless == 0 && word & flags != 0).then_some(word & !flags)
        });
    }

    #[inline]
    fn notice(&self, flags: u32, wakers: &mut Vec<Waker>) {
        let noted = |word: u32| Some((word | flags).wrapping_add(ONE_EVENT) & !AWAITED);
        // Release: what the event is about comes before. Acquire: for the list, see `enlist`.
        let (Ok(before) | Err(before)) = self.word.fetch_update(AcqRel, Relaxed, noted);
        if before & AWAITED != 0 {
            self.take_waiters(wakers);
        }
    }

    #[inline(never)] // most events of the writing direction are awaited by nobody
    fn take_waiters(&self, wakers: &mut Vec<Waker>) {
        let mut waiters = self.waiters.lock();
        if let Some(first) = waiters.first.take() {
            wakers.push(first.waker);
        }
        if !waiters.more.is_empty() {
            wakers.extend(waiters.more.drain(..).map(|waiter| waiter.waker));
        }
    }
}

/// What a word says to one who would try an operation.
#[inline]
fn found(word: u32) -> Option<io::Result<Seen>> {
    if word & ENDED != 0 {
        Some(Err(ended()))
    } else {
        (word & (READY | CLOSED) != 0).then_some(Ok(events(word)))
    }
}

fn events(word: u32) -> Seen {
    Seen(word / ONE_EVENT)
}

impl Waiters {
    /// Adds a waiter, and gives the one that it replaces.
    fn add(&mut self, waiter: Waiter) -> Option<Waiter> {
        let mut all = self.first.iter_mut().chain(&mut self.more);
        if let Some(known) = all.find(|known| known.id == waiter.id) {
            return Some(std::mem::replace(known, waiter));
        }
        match self.first {
            None => self.first = Some(waiter),
            Some(_) => self.more.push(waiter),
        }
        None
    }

    fn remove(&mut self, id: WaiterId) -> Option<Waiter> {
        if self.first.as_ref().is_some_and(|waiter| waiter.id == id) {
            return self.first.take();
        }
        let index = self.more.iter().position(|waiter| waiter.id == id)?;
        Some(self.more.swap_remove(index))
    }
}

#[cold]
fn ended() -> io::Error {
    io::Error::other(
        "the runtime with which this source of I/O is registered has ended; make the source anew in another",
    )
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use super::*;

    fn poll(source: &Source, id: WaiterId) -> Option<Seen> {
        match source.poll_ready(&mut Context::from_waker(Waker::noop()), Interest::Readable, id) {
            Poll::Ready(seen) => Some(seen.expect("the reactor runs")),
            Poll::Pending => None,
        }
    }

    fn notice(source: &Source, event: Event) -> usize {
        let mut wakers = Vec::new();
        source.notice(event, &mut wakers);
        wakers.len()
    }

    #[test]
    fn an_event_between_the_operation_and_the_finding_is_not_lost() {
        let source = Source::new();
        notice(&source, READABLE);
        let seen = poll(&source, WaiterId::POLL).expect("ready");
        notice(&source, READABLE); // while the operation runs
        source.clear(Interest::Readable, seen);
        assert!(poll(&source, WaiterId::POLL).is_some());
    }

    #[test]
    fn a_short_read_takes_the_readiness_back_but_not_the_end_of_the_stream() {
        let source = Source::new();
        notice(&source, READABLE);
        let seen = poll(&source, WaiterId::POLL).expect("ready");
        source.drained(Interest::Readable, seen);
        assert_eq!(poll(&source, WaiterId::POLL), None);
        notice(
            &source,
            Event {
                read_closed: true,
                ..READABLE
            },
        );
        let seen = poll(&source, WaiterId::POLL).expect("closed");
        source.drained(Interest::Readable, seen);
        assert!(poll(&source, WaiterId::POLL).is_some());
        source.clear(Interest::Readable, seen); // an operation would block: it was no end after all
        assert_eq!(poll(&source, WaiterId::POLL), None);
    }

    #[test]
    fn after_urgent_data_a_short_read_says_nothing() {
        let source = Source::new();
        notice(
            &source,
            Event {
                urgent: true,
                ..Event::default()
            },
        );
        let seen = poll(&source, WaiterId::POLL).expect("ready");
        source.drained(Interest::Readable, seen);
        assert!(poll(&source, WaiterId::POLL).is_some());
        source.clear(Interest::Readable, seen);
        assert_eq!(poll(&source, WaiterId::POLL), None);
    }

    #[test]
    fn each_waiting_future_is_woken_once_and_those_that_left_are_not() {
        let source = Source::new();
        let waiters: Vec<_> = (0..4).map(|_| source.new_waiter()).collect();
        for &waiter in &waiters {
            assert_eq!(poll(&source, waiter), None);
            assert_eq!(poll(&source, waiter), None); // polled twice: still one entry
        }
        source.forget(Interest::Readable, waiters[0]);
        source.forget(Interest::Readable, waiters[2]);
        assert_eq!(notice(&source, READABLE), 2);
        assert_eq!(notice(&source, READABLE), 0);
    }

    #[test]
    fn an_event_of_one_direction_wakes_nobody_of_the_other() {
        let source = Source::new();
        assert_eq!(poll(&source, WaiterId::POLL), None);
        assert_eq!(
            notice(
                &source,
                Event {
                    writable: true,
                    ..Event::default()
                }
            ),
            0
        );
        assert_eq!(notice(&source, READABLE), 1);
    }

    #[test]
    fn when_the_reactor_ends_waiters_are_woken_and_told() {
        let source = Source::new();
        assert_eq!(poll(&source, WaiterId::POLL), None);
        let mut wakers = Vec::new();
        source.end(&mut wakers);
        assert_eq!(wakers.len(), 1);
        let told = source.poll_ready(
            &mut Context::from_waker(Waker::noop()),
            Interest::Readable,
            WaiterId::POLL,
        );
        assert!(matches!(told, Poll::Ready(Err(error)) if error.to_string().contains("has ended")));
    }
}

#[cfg(all(test, canter_loom))]
mod model {
    use loom::sync::{Arc, Notify};
    use loom::thread;

    use super::*;

    struct Wakes(Notify);

    impl std::task::Wake for Wakes {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.notify();
        }
    }

    /// Waits until the direction is ready; for ever, if a wake-up is lost.
    fn wait(source: &Source, id: WaiterId) -> Option<Seen> {
        let wakes = std::sync::Arc::new(Wakes(Notify::new()));
        let waker = Waker::from(wakes.clone());
        let mut cx = Context::from_waker(&waker);
        loop {
            match source.poll_ready(&mut cx, Interest::Readable, id) {
                Poll::Ready(seen) => return seen.ok(),
                Poll::Pending => wakes.0.wait(),
            }
        }
    }

    fn notice(source: &Source, event: Event) {
        let mut wakers = Vec::new();
        source.notice(event, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Race: two events, while one reader finds out that it would block and waits again.
    #[test]
    fn an_event_is_seen_however_it_meets_the_finding_and_the_wait() {
        loom::model(|| {
            let source = Arc::new(Source::new());
            let arrived = Arc::new(loom::sync::atomic::AtomicU32::new(0));
            let reactor = {
                let (source, arrived) = (source.clone(), arrived.clone());
                thread::spawn(move || {
                    for _ in 0..2 {
                        arrived.fetch_add(1, Release);
                        notice(&source, READABLE);
                    }
                })
            };
            let mut taken = 0;
            while taken < 2 {
                let seen = wait(&source, WaiterId::POLL).expect("the reactor runs");
                match arrived.swap(0, AcqRel) {
                    0 => source.clear(Interest::Readable, seen),
                    messages => taken += messages,
                }
            }
            reactor.join().unwrap();
        });
    }

    /// Race: a future waits, beside one that waited before, while the reactor ends.
    #[test]
    fn everybody_who_waits_is_told_of_the_end() {
        loom::model(|| {
            let source = Arc::new(Source::new());
            let first = std::sync::Arc::new(Wakes(Notify::new()));
            let waker = Waker::from(first.clone());
            let mut cx = Context::from_waker(&waker);
            let waits = source.poll_ready(&mut cx, Interest::Readable, WaiterId(1));
            assert!(waits.is_pending());
            let reactor = {
                let source = source.clone();
                thread::spawn(move || {
                    let mut wakers = Vec::new();
                    source.end(&mut wakers);
                    wakers.into_iter().for_each(Waker::wake);
                })
            };
            assert_eq!(wait(&source, WaiterId::POLL), None);
            first.0.wait();
            reactor.join().unwrap();
        });
    }
}
