//! The sending side of a channel.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;

use crate::chan::{Borrowed, Chan, End, Offer, Offered, Sending, Side};
use crate::claim::Id;
use crate::closed::Closed;
use crate::error::{SendError, TrySendError};
use crate::many::SendMany;
use crate::permit::{Permit, Reserve};
use crate::send::Send;
use crate::sink::SendSink;
use canter_coop::block_on;

/// Sends messages into a channel. Clones share it; the channel closes when the last one is dropped.
pub struct Sender<T> {
    end: End<T, Sending>,
}

impl<T> Sender<T> {
    /// A sender whose handle has been counted.
    pub(crate) fn counted(chan: Chan<T>) -> Sender<T> {
        Sender {
            end: End::counted(chan),
        }
    }

    pub(crate) fn chan(&self) -> Borrowed<'_, T> {
        self.end.chan()
    }

    /// Sends a message: waits for room, or on an unbuffered channel for a receiver to take it.
    ///
    /// Senders that wait are served in the order in which they began to.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed, also while this waits.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits drops the message unsent. If a receiver took the message before, it has been sent. To keep the
    /// message beyond a time-out, [reserve](Sender::reserve) a place first.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{SendError, unbuffered};
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = unbuffered();
    /// let (sent, received) = futures::join!(tx.send("hello"), rx.recv());
    /// assert_eq!((sent, received), (Ok(()), Ok("hello")));
    /// drop(rx);
    /// assert_eq!(tx.send("too late").await, Err(SendError("too late")));
    /// # });
    /// ```
    #[track_caller]
    #[inline]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(self.chan(), message, Location::caller())
    }

    /// Sends a message if that needs no waiting: there is room, or a receiver waits.
    ///
    /// On an unbuffered channel it succeeds exactly when a receiver waits for whom no place is [reserved](Sender::reserve). A receiver that
    /// is a select in the middle of polling another future does not count.
    ///
    /// # Errors
    ///
    /// The message comes back if there is no room, or no receiver waits, or the channel is closed.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        let mut offer = Offer::Message(message);
        let offered = self.offer(&mut offer);
        match (offered, offer.take()) {
            (Offered::Closed, Some(message)) => Err(TrySendError::Closed(message)),
            (_, Some(message)) => Err(TrySendError::Full(message)),
            (_, None) => Ok(()),
        }
    }

    #[inline]
    fn offer(&self, offer: &mut Offer<T>) -> Offered {
        if !self.chan().hint().writable() {
            return Offered::Full;
        }
        self.chan()
            .until_settled(|section, wakes| match section.offer(offer, Id::TRY, wakes) {
                Offered::ComeAgain => None,
                offered => Some(offered),
            })
    }

    /// [`send`](Sender::send) for a thread, which it blocks. Not for a task: it would keep the others of its worker waiting.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed.
    #[track_caller]
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
        block_on(self.send(message))
    }

    /// Sends a message without waiting, and makes room for it if there is none: the oldest message is dropped out of the channel and
    /// comes back.
    ///
    /// On an unbuffered channel, which has room for none, it is this message that comes back if no receiver waits. It goes in before the
    /// messages of senders that wait for room.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = canter_channel::bounded(2);
    /// assert_eq!(tx.force_send(1), Ok(None));
    /// assert_eq!(tx.force_send(2), Ok(None));
    /// assert_eq!(tx.force_send(3), Ok(Some(1)));
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [2, 3]);
    /// ```
    pub fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        let mut offer = Offer::Message(message);
        let (offered, displaced) =
            self.chan()
                .until_settled(|section, wakes| match section.offer(&mut offer, Id::TRY, wakes) {
                    Offered::ComeAgain => None,
                    Offered::Full => Some((Offered::Full, section.displace(&mut offer, wakes))),
                    offered => Some((offered, None)),
                });
        match (offered, offer.take()) {
            (Offered::Closed, Some(message)) => Err(SendError(message)),
            (_, Some(message)) => Ok(Some(message)),
            (_, None) => Ok(displaced),
        }
    }

    /// Waits for a place, and keeps it for a message that comes later.
    ///
    /// On an unbuffered channel a place is a receiver that waits. Should that one be gone when the message comes, the message is kept for
    /// the next one.
    ///
    /// # Errors
    ///
    /// If the channel is closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the place to the next one that waits.
    ///
    /// # Examples
    ///
    /// A send with a time-out that keeps its message:
    ///
    /// ```
    /// # use canter_channel::{bounded, select};
    /// # async fn sleep() {}
    /// # futures::executor::block_on(async {
    /// let (tx, _rx) = bounded(1);
    /// tx.send(String::from("first")).await.unwrap();
    /// let message = String::from("second");
    /// let unsent = select! {
    ///     Ok(place) = tx.reserve() => place.send(message).err().map(|error| error.0),
    ///     _ = sleep() => Some(message),
    /// };
    /// assert_eq!(unsent.as_deref(), Some("second"));
    /// # });
    /// ```
    #[track_caller]
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(self.chan(), Location::caller())
    }

    /// A place, if one is free.
    ///
    /// # Errors
    ///
    /// If there is none, or the channel is closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        match self.offer(&mut Offer::Place) {
            Offered::Done => Ok(Permit::new(self.chan())),
            Offered::Closed => Err(TrySendError::Closed(())),
            Offered::Full | Offered::ComeAgain => Err(TrySendError::Full(())),
        }
    }

    /// Sends the messages of a queue, from its front, and waits for room as often as it takes. Gives how many it sent.
    ///
    /// As many messages as there is room for go in at once, which costs less than sending each.
    ///
    /// # Errors
    ///
    /// If the channel is closed. What was not sent is still in the queue.
    ///
    /// # Cancel safety
    ///
    /// What was not sent when the future is dropped is still in the queue.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = canter_channel::bounded(8);
    /// let mut numbers = (0..5).collect();
    /// assert_eq!(tx.send_many(&mut numbers).await, Ok(5));
    /// assert!(numbers.is_empty());
    /// assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    /// # });
    /// ```
    #[track_caller]
    pub fn send_many<'a>(&'a self, messages: &'a mut VecDeque<T>) -> SendMany<'a, T> {
        SendMany::new(self.chan(), messages, Location::caller())
    }

    /// This sender as a [`Sink`](futures_sink::Sink).
    pub fn into_sink(self) -> SendSink<T> {
        SendSink::new(self)
    }

    /// Waits until the channel is closed: by [`close`](Sender::close), or since the last receiver is gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(self.chan(), Side::Receiver, Location::caller())
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            chan: self.chan().share(),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender {
            end: self.end.clone(),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&*self.chan()).finish()
    }
}

/// A [`Sender`] that does not keep the channel open.
pub struct WeakSender<T> {
    chan: Chan<T>,
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one has been dropped.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.chan
            .revive_handle(Side::Sender)
            .then(|| Sender::counted(self.chan.clone()))
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakSender").field(&self.chan).finish()
    }
}
