//! Waiting for the end of a channel.

#![expect(unsafe_code, reason = "a waiter is enlisted by its address")]

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use canter_coop::waiting::{self, EndedBy, Reason};

use crate::chan::{Borrowed, Side};
use crate::wait_list::{State, Waiter};

static CHANNEL_CLOSED: Reason = Reason::new("channel close").ended_by(EndedBy::Holders);

/// The future of [`Sender::closed`](crate::Sender::closed) and [`Receiver::closed`](crate::Receiver::closed).
#[must_use = "a future does nothing until it is awaited"]
pub struct Closed<'a, T> {
    waiter: Waiter<()>,
    chan: Borrowed<'a, T>,
    /// Whose end closes the channel, if nobody calls [`close`](crate::Sender::close).
    others: Side,
    place: &'static Location<'static>,
}

impl<'a, T> Closed<'a, T> {
    pub(crate) fn new(
        chan: Borrowed<'a, T>,
        others: Side,
        place: &'static Location<'static>,
    ) -> Closed<'a, T> {
        Closed {
            waiter: Waiter::new(()),
            chan,
            others,
            place,
        }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.chan.hint().closed() {
            return Poll::Ready(());
        }
        let this = self.as_ref();
        // SAFETY: the waiter is pinned with the future, which does not move it.
        let waiter = unsafe { this.map_unchecked(|closed| &closed.waiter) };
        let waker = cx.waker().clone();
        let mut section = self.chan.enter();
        let old = if section.is_closed() {
            Some(waker)
        } else if waiter.state() == State::Listed {
            // SAFETY: the waiter is in this list, under whose lock this runs.
            unsafe { section.closers().replace_waker(&waiter, waker) }
        } else {
            waiter.set_holders(self.chan.handles_of(self.others));
            // SAFETY: the future owns the waiter, which is in no list, and takes it off this one when it is dropped.
            unsafe { section.closers().push_back(waiter, Some(waker)) };
            None
        };
        let closed = section.is_closed();
        drop(section);
        drop(old);
        if closed {
            return Poll::Ready(());
        }
        waiting::report(&CHANNEL_CLOSED, self.place);
        Poll::Pending
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        if self.waiter.state() == State::Listed {
            let mut section = self.chan.enter();
            // SAFETY: the waiter is the future's, and has been in no other list.
            let waker = unsafe { section.closers().remove(&self.waiter) };
            drop(section);
            drop(waker);
        }
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
