//! The readiness of one source of I/O events, and who waits for it.
//!
//! The poller is edge-triggered: it reports a change once. So each direction remembers that it is ready until an operation
//! has found out that it no longer is. That finding must not undo an event that came after the operation began:
//!
//! 1. [`Source::poll_ready`] tells a caller that a direction is ready, and how many events it had seen by then.
//! 2. The caller tries its operation, which would block.
//! 3. [`Source::clear`] takes the readiness back, unless more events were seen meanwhile.
//! 4. The caller goes to 1; if the direction is not ready there its waker is enlisted under the same lock under which the
//!    next event will look for wakers. So no event falls between the finding and the wait.
//!
//! A transfer that came to an end before its buffer did is a finding too ([`Source::drained`]), but a weaker one: a direction
//! that is closed (end of stream, hang-up, error) stays ready, since the next operation returns at once. So does one that got
//! urgent data, at which a read ends early. Only an operation that would block opens a closed direction again: the error of a
//! datagram socket looks like an end and is none.

use std::io;
use std::task::{Context, Poll, Waker};

use canter_coop::budget;

use crate::sync::{Mutex, lock};

/// What an operation waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Something to read, a connection to accept, or the end of the stream.
    Readable,
    /// Room to write, or the end of an attempt to connect.
    Writable,
}

pub(crate) struct Source {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    read: Direction,
    write: Direction,
    /// Whether there ever was urgent data.
    urgent: bool,
    ended: bool,
    next_waiter: u32,
}

#[derive(Default)]
struct Direction {
    ready: bool,
    closed: bool,
    events: u32,
    /// The first waiter needs no memory beside the source; the vector is for a crowd.
    waiter: Option<Waiter>,
    more_waiters: Vec<Waiter>,
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

impl Source {
    pub(crate) fn new() -> Source {
        Source {
            state: Mutex::new(State::default()),
        }
    }

    /// A name for one more future that waits.
    pub(crate) fn new_waiter(&self) -> WaiterId {
        let mut state = lock(&self.state);
        state.next_waiter = state.next_waiter.checked_add(1).unwrap_or(1);
        WaiterId(state.next_waiter)
    }

    /// `Ready` if the direction is; otherwise the waker is enlisted under `id`, in place of an earlier one of that name.
    pub(crate) fn poll_ready(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        id: WaiterId,
    ) -> Poll<io::Result<Seen>> {
        let Poll::Ready(operation) = budget::poll_proceed(cx) else {
            return Poll::Pending;
        };
        let mut state = lock(&self.state);
        if state.ended {
            return Poll::Ready(Err(ended()));
        }
        let direction = state.direction(interest);
        if direction.ready || direction.closed {
            operation.made_progress();
            return Poll::Ready(Ok(Seen(direction.events)));
        }
        let replaced = direction.enlist(id, cx.waker());
        drop(state);
        drop(replaced);
        Poll::Pending
    }

    /// As `poll_ready`, for those who do not wait: `None` if the direction is not ready.
    pub(crate) fn ready_now(&self, interest: Interest) -> io::Result<Option<Seen>> {
        let mut state = lock(&self.state);
        if state.ended {
            return Err(ended());
        }
        let direction = state.direction(interest);
        Ok((direction.ready || direction.closed).then_some(Seen(direction.events)))
    }

    /// An operation found that it would block. No event is lost: one that came after `seen` keeps the direction ready.
    pub(crate) fn clear(&self, interest: Interest, seen: Seen) {
        let mut state = lock(&self.state);
        let direction = state.direction(interest);
        if direction.events == seen.0 {
            direction.ready = false;
            direction.closed = false;
        }
    }

    /// A transfer came to an end before its buffer did, so that the next one would block, with the exceptions above.
    pub(crate) fn drained(&self, interest: Interest, seen: Seen) {
        let mut state = lock(&self.state);
        if state.urgent && interest == Interest::Readable {
            return;
        }
        let direction = state.direction(interest);
        if direction.events == seen.0 {
            direction.ready = false;
        }
    }

    /// Takes a future that no longer waits out of the list.
    pub(crate) fn forget(&self, interest: Interest, id: WaiterId) {
        let waiter = lock(&self.state).direction(interest).remove(id);
        drop(waiter);
    }

    /// Notes an event and pushes the wakers of those who waited for it.
    pub(crate) fn notice(&self, event: Event, wakers: &mut Vec<Waker>) {
        let mut state = lock(&self.state);
        state.urgent |= event.urgent;
        state
            .read
            .notice(event.readable || event.urgent, event.read_closed, wakers);
        state.write.notice(event.writable, event.write_closed, wakers);
    }

    /// The reactor has ended: everybody who waits is to be told.
    pub(crate) fn end(&self, wakers: &mut Vec<Waker>) {
        let mut state = lock(&self.state);
        state.ended = true;
        state.read.notice(true, false, wakers);
        state.write.notice(true, false, wakers);
    }
}

impl State {
    fn direction(&mut self, interest: Interest) -> &mut Direction {
        match interest {
            Interest::Readable => &mut self.read,
            Interest::Writable => &mut self.write,
        }
    }
}

impl Direction {
    fn enlist(&mut self, id: WaiterId, waker: &Waker) -> Option<Waker> {
        let known = self
            .waiter
            .iter_mut()
            .chain(&mut self.more_waiters)
            .find(|waiter| waiter.id == id);
        if let Some(waiter) = known {
            let same = waiter.waker.will_wake(waker);
            return (!same).then(|| std::mem::replace(&mut waiter.waker, waker.clone()));
        }
        let waiter = Waiter {
            id,
            waker: waker.clone(),
        };
        match self.waiter {
            None => self.waiter = Some(waiter),
            Some(_) => self.more_waiters.push(waiter),
        }
        None
    }

    fn remove(&mut self, id: WaiterId) -> Option<Waiter> {
        if self.waiter.as_ref().is_some_and(|waiter| waiter.id == id) {
            return self.waiter.take();
        }
        let index = self.more_waiters.iter().position(|waiter| waiter.id == id)?;
        Some(self.more_waiters.swap_remove(index))
    }

    fn notice(&mut self, ready: bool, closed: bool, wakers: &mut Vec<Waker>) {
        self.closed |= closed;
        if ready || closed {
            self.ready = true;
            self.events = self.events.wrapping_add(1);
            wakers.extend(self.waiter.take().map(|waiter| waiter.waker));
            wakers.extend(self.more_waiters.drain(..).map(|waiter| waiter.waker));
        }
    }
}

fn ended() -> io::Error {
    io::Error::other(
        "the runtime with which this source of I/O is registered has ended; make the source anew in another",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const READABLE: Event = Event {
        readable: true,
        writable: false,
        urgent: false,
        read_closed: false,
        write_closed: false,
    };

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
