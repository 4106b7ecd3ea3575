//! The receiving side of a broadcast.

use std::borrow::Borrow;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::budget;
use canter_coop::mark::Held;
use canter_coop::waiting::{self, EndedBy, Reason};
use pin_project_lite::pin_project;
use triomphe::Arc;

use super::shared::{Shared, State};
use super::{Messages, RecvError, TryRecvError};
use crate::chan::Side;
use crate::crowd::{Crowd, Wait};
use canter_coop::block_on;

static BROADCAST_RECEIVE: Reason = Reason::new("broadcast receive").ended_by(EndedBy::Holders);

/// Sees every message that is sent after it was made. Dropping it releases what only it has not seen.
///
/// A clone sees what the original has not seen yet; [`resubscribe`](Receiver::resubscribe) begins with the next message.
pub struct Receiver<T> {
    shared: Shared<T>,
    held: Held,
    position: u64,
}

impl<T> Receiver<T> {
    /// A receiver that has been counted where it stands.
    pub(super) fn counted(shared: Shared<T>, held: Held, position: u64) -> Receiver<T> {
        Receiver {
            shared,
            held,
            position,
        }
    }

    pub(super) fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    pub(super) fn position_mut(&mut self) -> &mut u64 {
        &mut self.position
    }

    /// Messages that it could receive now. If it has lagged, those are the ones after the [report](RecvError::Lagged) of it.
    pub fn len(&self) -> usize {
        self.shared.enter().state.ring.unseen(self.position)
    }

    /// Whether it has seen every message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no more messages will be sent: the channel was closed, or the last sender is gone. There may be messages left.
    pub fn is_closed(&self) -> bool {
        self.shared.enter().state.closed
    }

    /// Whether both belong to the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.shared.is_same(&other.shared)
    }

    /// One more receiver: it sees what is sent from now on.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, mut rx) = canter_channel::broadcast(2);
    /// tx.send(1).unwrap();
    /// let (mut same, mut late) = (rx.clone(), rx.resubscribe());
    /// tx.send(2).unwrap();
    /// assert_eq!((rx.try_recv(), same.try_recv(), late.try_recv()), (Ok(1), Ok(1), Ok(2)));
    /// ```
    pub fn resubscribe(&self) -> Receiver<T> {
        self.shared.subscribe()
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next message: waits until there is one.
    ///
    /// # Panics
    ///
    /// A panic of the message's `clone` goes through; the message counts as seen then, and the channel goes on.
    ///
    /// # Errors
    ///
    /// [`Lagged`](RecvError::Lagged) with the number of messages that it missed, after which it goes on with the oldest that is left;
    /// [`Closed`](RecvError::Closed) if no more will be sent and it has seen all.
    ///
    /// # Cancel safety
    ///
    /// A message is taken by the poll that ends: dropping the future before has no effect.
    ///
    /// # Fairness
    ///
    /// All receivers that wait are woken by one send. A task that always finds a message gives way when its budget is spent.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::broadcast;
    /// use canter_channel::broadcast::RecvError;
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = broadcast(1);
    /// tx.send(1).unwrap();
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Err(RecvError::Lagged(1)));
    /// assert_eq!(rx.recv().await, Ok(2));
    /// assert_eq!(rx.recv().await, Err(RecvError::Closed));
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv {
            wait: Wait::new(&self.shared, Side::Receiver),
            position: &mut self.position,
            place: Location::caller(),
        }
    }

    /// Receives the next message if there is one.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv), and [`Empty`](TryRecvError::Empty) if that had to wait.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let received = self.shared.enter().state.receive(&mut self.position);
        match received {
            Some(Ok(message)) => Ok(Arc::unwrap_or_clone(message)),
            Some(Err(error)) => Err(error.into()),
            None => Err(TryRecvError::Empty),
        }
    }

    /// [`recv`](Receiver::recv) for a thread, which it blocks. Not for a task: it would keep the others of its worker waiting.
    ///
    /// # Errors
    ///
    /// As [`recv`](Receiver::recv).
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        block_on(self.recv())
    }

    /// This receiver as a [`Stream`](futures_core::Stream), which ends when the channel is closed and every message has been seen. This allocates.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::broadcast;
    /// use canter_channel::broadcast::Lagged;
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = broadcast(2);
    /// (0..3).for_each(|number| _ = tx.send(number));
    /// drop(tx);
    /// let seen: Vec<_> = rx.into_stream().collect().await;
    /// assert_eq!(seen, [Err(Lagged(1)), Ok(1), Ok(2)]);
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> Messages<T> {
        Messages::new(self, Location::caller())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.enter().state.ring.arrive_at(self.position);
        Receiver::counted(self.shared.clone(), self.held, self.position)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.leave(self.position);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared).finish()
    }
}

pin_project! {
    /// The future of [`Receiver::recv`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Recv<'a, T> {
        #[pin]
        wait: Wait<State<T>, &'a Crowd<State<T>>>,
        position: &'a mut u64,
        place: &'static Location<'static>,
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let this = self.project();
        poll_recv(this.wait.as_ref(), this.position, cx, this.place)
    }
}

/// The receive of a task, with its budget and its report. The message is cloned after the lock was left.
pub(super) fn poll_recv<T: Clone, C: Borrow<Crowd<State<T>>>>(
    wait: Pin<&Wait<State<T>, C>>,
    position: &mut u64,
    cx: &mut Context<'_>,
    place: &'static Location<'static>,
) -> Poll<Result<T, RecvError>> {
    let operation = ready!(budget::poll_proceed(cx));
    match wait.poll(cx.waker(), |state| state.receive(position)) {
        Poll::Ready(received) => {
            operation.made_progress();
            Poll::Ready(received.map(Arc::unwrap_or_clone))
        }
        Poll::Pending => {
            waiting::report(&BROADCAST_RECEIVE, place);
            Poll::Pending
        }
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}
