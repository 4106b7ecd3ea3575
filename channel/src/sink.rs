//! A sender as a sink.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_sink::Sink;

use crate::chan::{Chan, Offer};
use crate::error::SendError;
use crate::send::{Closed, SendSlot};
use crate::sender::Sender;

/// A [`Sender`] as a [`Sink`]. From [`Sender::into_sink`].
///
/// It holds one message at the most, from `start_send` until the channel takes it: `poll_ready` and `poll_flush` wait for that. Dropping the
/// sink drops a message that it still holds. The sink of a closed channel fails; the message that failed is dropped, since a sink has no way
/// to give it back.
pub struct SendSink<T> {
    slot: Pin<Box<SendSlot<T, Chan<T>>>>,
    holds: bool,
    /// `None` once the sink was closed.
    sender: Option<Sender<T>>,
}

impl<T> SendSink<T> {
    pub(crate) fn new(sender: Sender<T>) -> SendSink<T> {
        SendSink {
            slot: Box::pin(SendSlot::new(sender.chan().share(), Offer::Taken)),
            holds: false,
            sender: Some(sender),
        }
    }

    /// The sender; a message that the sink still holds is dropped. `None` if the sink was closed.
    pub fn into_sender(self) -> Option<Sender<T>> {
        self.sender
    }

    #[track_caller]
    fn poll_taken(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        if !self.holds {
            return Poll::Ready(Ok(()));
        }
        let result = ready!(self.slot.as_ref().poll(cx, Location::caller()));
        self.holds = false;
        Poll::Ready(result.map_err(|Closed| {
            drop(self.slot.as_mut().take_back());
            SendError(())
        }))
    }
}

impl<T> Sink<T> for SendSink<T> {
    type Error = SendError<()>;

    #[track_caller]
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        match &self.sender {
            Some(sender) if !sender.is_closed() => self.poll_taken(cx),
            _ => Poll::Ready(Err(SendError(()))),
        }
    }

    fn start_send(mut self: Pin<&mut Self>, message: T) -> Result<(), SendError<()>> {
        assert!(
            !self.holds,
            "start_send without poll_ready: the sink still holds a message"
        );
        let Some(sender) = &self.sender else {
            return Err(SendError(()));
        };
        match sender.try_send(message) {
            Ok(()) => Ok(()),
            Err(error) if error.is_closed() => Err(SendError(())),
            Err(error) => {
                self.slot.as_mut().set_offer(Offer::Message(error.into_inner()));
                self.holds = true;
                Ok(())
            }
        }
    }

    #[track_caller]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        self.poll_taken(cx)
    }

    #[track_caller]
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        let flushed = ready!(self.poll_taken(cx));
        self.sender = None;
        Poll::Ready(flushed)
    }
}

impl<T> fmt::Debug for SendSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendSink")
            .field("sender", &self.sender)
            .field("holds", &self.holds)
            .finish()
    }
}
