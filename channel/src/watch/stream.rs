//! A receiver of a watch as a stream.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{budget, waiting};
use futures_core::{FusedStream, Stream};

use super::Receiver;
use super::receiver::WATCH_CHANGE;
use super::shared::{Handles, Shared};
use crate::chan::Side;
use crate::crowd::Wait;

/// The stream of [`Receiver::into_stream`]: clones of the values that it finds.
pub struct Values<T> {
    wait: Pin<Box<Wait<Handles, Shared<T>>>>,
    receiver: Receiver<T>,
    place: &'static Location<'static>,
    ended: bool,
}

impl<T> Values<T> {
    pub(super) fn new(receiver: Receiver<T>, place: &'static Location<'static>) -> Values<T> {
        Values {
            wait: Box::pin(Wait::new(receiver.shared().clone(), Side::Receiver)),
            receiver,
            place,
            ended: false,
        }
    }
}

impl<T: Clone> Stream for Values<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let operation = ready!(budget::poll_proceed(cx));
        let seen = this.receiver.seen_mut();
        let polled = this
            .wait
            .as_ref()
            .poll(cx.waker(), |handles| handles.change(seen));
        if polled.is_pending() {
            waiting::report(&WATCH_CHANGE, this.place);
        }
        let change = ready!(polled);
        operation.made_progress();
        this.ended = change.is_err();
        Poll::Ready(change.ok().map(|()| this.receiver.borrow_and_update().clone()))
    }
}

impl<T: Clone> FusedStream for Values<T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> fmt::Debug for Values<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Values").field(&self.receiver).finish()
    }
}
