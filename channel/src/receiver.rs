//! The receiving side of a channel.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::{FusedStream, Stream};

use crate::chan::{Borrowed, Chan, End, Receiving, Side, Standing, Taken};
use crate::claim::Id;
use crate::closed::Closed;
use crate::error::{RecvError, TryRecvError};
use crate::many::RecvMany;
use crate::recv::{Recv, RecvSlot};
use canter_coop::block_on;

/// Receives messages from a channel. Clones share it, and each message goes to one of them; the channel closes, and what is in it is
/// dropped, when the last one is dropped.
///
/// It is a [`Stream`] as well, which ends when the channel is closed and empty. The first poll that has to wait allocates; [`recv`](Receiver::recv)
/// never does. A stream that waited keeps its place in the line until it is polled again or dropped, and with it a message that is promised
/// to it meanwhile: go on polling it, or drop it.
pub struct Receiver<T> {
    /// Where the stream waits. Before `end`, so that it has left the wait list when the handle goes, and what was promised to it goes to
    /// another receiver, if there is one.
    stream: Option<OwnSlot<T>>,
    end: End<T, Receiving>,
}

type OwnSlot<T> = Pin<Box<RecvSlot<T, Chan<T>>>>;

impl<T> Receiver<T> {
    /// A receiver whose handle has been counted.
    pub(crate) fn counted(chan: Chan<T>) -> Receiver<T> {
        Receiver {
            stream: None,
            end: End::counted(chan),
        }
    }

    pub(crate) fn chan(&self) -> Borrowed<'_, T> {
        self.end.chan()
    }

    /// Receives a message: waits until there is one.
    ///
    /// Receivers that wait are served in the order in which they began to.
    ///
    /// # Errors
    ///
    /// If the channel is closed, and all that was sent has been received.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future while it waits has no effect. If a message was promised to it meanwhile, that goes to the next receiver, and in
    /// its place: none is lost, and none comes out of order. A future that is leaked after it was polled (`mem::forget`) keeps its place
    /// in the line; a message promised to it is left to the next receive that comes for one. On an unbuffered channel, where its sender was
    /// told that it is received, it stays behind until the next message comes, or the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{RecvError, bounded};
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = bounded(1);
    /// tx.send(7).await.unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Ok(7));
    /// assert_eq!(rx.recv().await, Err(RecvError));
    /// # });
    /// ```
    #[track_caller]
    #[inline]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv::new(self.chan(), Location::caller())
    }

    /// Receives a message if there is one, or on an unbuffered channel if a sender waits.
    ///
    /// A sender that is a select in the middle of polling another future does not count.
    ///
    /// # Errors
    ///
    /// If there is none at this moment, or the channel is closed and empty.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        if !self.chan().hint().readable() {
            return Err(TryRecvError::Empty);
        }
        self.chan().until_settled(
            |section, wakes| match section.take(Id::TRY, Standing::First, wakes) {
                Taken::Message(message) => Some(Ok(message)),
                Taken::Empty | Taken::Promised => Some(Err(TryRecvError::Empty)),
                Taken::Closed => Some(Err(TryRecvError::Closed)),
                Taken::ComeAgain => None,
            },
        )
    }

    /// [`recv`](Receiver::recv) for a thread, which it blocks. Not for a task: it would keep the others of its worker waiting.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    #[track_caller]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        block_on(self.recv())
    }

    /// Waits until there is a message, and appends it to `buffer` with those that are there by then, `limit` in all at the most. Gives how
    /// many it appended. With a limit of zero it ends at once.
    ///
    /// # Errors
    ///
    /// If the channel is closed and empty.
    ///
    /// # Cancel safety
    ///
    /// As [`recv`](Receiver::recv): a future that is dropped before it ended has appended nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = canter_channel::unbounded();
    /// (0..5).for_each(|number| tx.try_send(number).unwrap());
    /// let mut buffer = Vec::new();
    /// assert_eq!(rx.recv_many(&mut buffer, 3).await, Ok(3));
    /// assert_eq!(rx.recv_many(&mut buffer, 3).await, Ok(2));
    /// assert_eq!(buffer, [0, 1, 2, 3, 4]);
    /// # });
    /// ```
    #[track_caller]
    pub fn recv_many<'a>(&'a self, buffer: &'a mut Vec<T>, limit: usize) -> RecvMany<'a, T> {
        RecvMany::new(self.chan(), buffer, limit, Location::caller())
    }

    /// Takes out the messages that are there now, one by one, as many as there are at this call at the most.
    pub fn drain(&self) -> Drain<'_, T> {
        Drain {
            receiver: self,
            left: self.len(),
        }
    }

    /// Receives on this thread, which it blocks, until the channel is closed and empty.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = canter_channel::bounded(1);
    /// let producer = std::thread::spawn(move || (0..3).for_each(|number| tx.send_blocking(number).unwrap()));
    /// assert_eq!(rx.iter().collect::<Vec<_>>(), [0, 1, 2]);
    /// producer.join().unwrap();
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// Waits until the channel is closed: by [`close`](Receiver::close), or since the last sender is gone. There may be messages left.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(self.chan(), Side::Sender, Location::caller())
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver {
            chan: self.chan().share(),
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        Receiver {
            stream: None,
            end: self.end.clone(),
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&*self.chan()).finish()
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    #[track_caller]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let slot = this
            .stream
            .get_or_insert_with(|| Box::pin(RecvSlot::new(this.end.chan().share())));
        slot.as_ref().poll(cx, Location::caller()).map(Result::ok)
    }
}

impl<T> FusedStream for Receiver<T> {
    /// Whether the channel is closed and empty.
    fn is_terminated(&self) -> bool {
        self.chan().enter().is_over()
    }
}

/// The iterator of [`Receiver::drain`].
pub struct Drain<'a, T> {
    receiver: &'a Receiver<T>,
    left: usize,
}

impl<T> fmt::Debug for Drain<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<T> Iterator for Drain<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        self.receiver.try_recv().ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, Some(self.left))
    }
}

/// The iterator of [`Receiver::iter`].
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> fmt::Debug for Iter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.receiver).finish()
    }
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.receiver.recv_blocking().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// A [`Receiver`] that does not keep the channel open.
pub struct WeakReceiver<T> {
    chan: Chan<T>,
}

impl<T> WeakReceiver<T> {
    /// A receiver, unless the last one has been dropped.
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        self.chan
            .revive_handle(Side::Receiver)
            .then(|| Receiver::counted(self.chan.clone()))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> WeakReceiver<T> {
        WeakReceiver {
            chan: self.chan.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakReceiver").field(&self.chan).finish()
    }
}
