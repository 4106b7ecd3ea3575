//! The sending side of a broadcast.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use canter_coop::mark::Held;
use canter_coop::waiting::{self, EndedBy, Reason};
use pin_project_lite::pin_project;

use super::Receiver;
use super::shared::{Shared, State};
use crate::chan::Side;
use crate::crowd::{Crowd, Wait};
use crate::error::SendError;

static BROADCAST_CLOSE: Reason = Reason::new("broadcast close").ended_by(EndedBy::Holders);

/// Sends messages to every receiver. Clones share the channel, which closes when the last one is dropped.
pub struct Sender<T> {
    shared: Shared<T>,
    held: Held,
}

impl<T> Sender<T> {
    /// A sender that has been counted.
    pub(super) fn counted(shared: Shared<T>, held: Held) -> Sender<T> {
        Sender { shared, held }
    }

    /// Sends a message to every receiver that there is, and says how many there are. It never waits: if there is no room, the oldest message
    /// goes, and those who have not seen it will learn that they missed it.
    ///
    /// # Panics
    ///
    /// A panic of a waker, or in the destructor of the message that made room, goes through; the message has been sent then.
    ///
    /// # Errors
    ///
    /// The message comes back if there is no receiver, or the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{SendError, broadcast};
    ///
    /// let (tx, mut rx) = broadcast(1);
    /// assert_eq!(tx.send(1), Ok(1));
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        self.shared.send(message)
    }

    /// One more receiver: it sees what is sent from now on. Also after the last one has been dropped; on a closed channel it sees nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::broadcast::TryRecvError;
    ///
    /// let (tx, rx) = canter_channel::broadcast(2);
    /// tx.send(1).unwrap();
    /// let mut late = tx.subscribe();
    /// assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(2).unwrap();
    /// assert_eq!(late.try_recv(), Ok(2));
    /// # drop(rx);
    /// ```
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.subscribe()
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        *self.shared.enter().state.ring.receivers()
    }

    /// How many senders there are.
    pub fn sender_count(&self) -> usize {
        self.shared.enter().state.senders
    }

    /// Messages that at least one receiver has not seen yet.
    pub fn len(&self) -> usize {
        self.shared.enter().state.ring.len()
    }

    /// Whether every receiver has seen every message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages are kept for receivers that have not seen them.
    pub fn capacity(&self) -> usize {
        self.shared.enter().state.ring.capacity()
    }

    /// Closes the channel for all: sends fail from now on, and receivers see what is left. False if it was closed before.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::broadcast::TryRecvError;
    ///
    /// let (tx, mut rx) = canter_channel::broadcast(2);
    /// tx.send(1).unwrap();
    /// assert!(tx.close());
    /// assert!(tx.send(2).is_err());
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether a send would fail: the channel is closed, or there is no receiver at this moment.
    pub fn is_closed(&self) -> bool {
        self.shared.enter().state.is_deserted()
    }

    /// Waits until there is no receiver, or the channel is closed. Sending makes sense again after [`subscribe`](Sender::subscribe).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = canter_channel::broadcast::<u32>(1);
    /// futures::join!(tx.closed(), async { drop(rx) });
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed {
            wait: Wait::new(&self.shared, Side::Sender),
            place: Location::caller(),
        }
    }

    /// Whether both belong to the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.shared.is_same(&other.shared)
    }

    /// A handle that does not keep the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, _rx) = canter_channel::broadcast::<u32>(1);
    /// let weak = tx.downgrade();
    /// assert!(weak.upgrade().is_some());
    /// drop(tx);
    /// assert!(weak.upgrade().is_none());
    /// ```
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.enter().state.senders += 1;
        Sender::counted(self.shared.clone(), self.held)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let last = {
            let senders = &mut self.shared.enter().state.senders;
            *senders -= 1;
            *senders == 0
        };
        if last {
            self.shared.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.shared).finish()
    }
}

/// A [`Sender`] that does not keep the channel open.
pub struct WeakSender<T> {
    shared: Shared<T>,
}

impl<T> WeakSender<T> {
    /// A sender, unless the last one has been dropped.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        let senders = &mut self.shared.enter().state.senders;
        (*senders > 0).then(|| {
            *senders += 1;
            Sender::counted(self.shared.clone(), Held::of(senders))
        })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender {
            shared: self.shared.clone(),
        }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakSender").field(&self.shared).finish()
    }
}

pin_project! {
    /// The future of [`Sender::closed`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Closed<'a, T> {
        #[pin]
        wait: Wait<State<T>, &'a Crowd<State<T>>>,
        place: &'static Location<'static>,
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = this
            .wait
            .as_ref()
            .poll(cx.waker(), |state| state.is_deserted().then_some(()));
        if polled.is_pending() {
            waiting::report(&BROADCAST_CLOSE, this.place);
        }
        polled
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
