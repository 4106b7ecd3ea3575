//! A receiver of a broadcast as a stream.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::{FusedStream, Stream};

use super::receiver::poll_recv;
use super::shared::{Shared, State};
use super::{Lagged, Receiver, RecvError};
use crate::chan::Side;
use crate::crowd::Wait;

/// The stream of [`Receiver::into_stream`]: each message, and [`Lagged`] where some were missed.
pub struct Messages<T> {
    wait: Pin<Box<Wait<State<T>, Shared<T>>>>,
    receiver: Receiver<T>,
    place: &'static Location<'static>,
    ended: bool,
}

impl<T> Messages<T> {
    pub(super) fn new(receiver: Receiver<T>, place: &'static Location<'static>) -> Messages<T> {
        Messages {
            wait: Box::pin(Wait::new(receiver.shared().clone(), Side::Receiver)),
            receiver,
            place,
            ended: false,
        }
    }
}

impl<T: Clone> Stream for Messages<T> {
    type Item = Result<T, Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T, Lagged>>> {
        let this = self.get_mut();
        let received = ready!(poll_recv(
            this.wait.as_ref(),
            this.receiver.position_mut(),
            cx,
            this.place
        ));
        Poll::Ready(match received {
            Ok(message) => Some(Ok(message)),
            Err(RecvError::Lagged(missed)) => Some(Err(Lagged(missed))),
            Err(RecvError::Closed) => {
                this.ended = true;
                None
            }
        })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.receiver.len(), None)
    }
}

impl<T: Clone> FusedStream for Messages<T> {
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> fmt::Debug for Messages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Messages").field(&self.receiver).finish()
    }
}
