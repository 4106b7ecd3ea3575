//! The half that receives: a future.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::budget;
use canter_coop::mark::{Held, Mark};
use canter_coop::waiting::{self, EndedBy, Reason};
use futures_core::FusedFuture;

use super::shared::{Shared, State};
use crate::chan::Side;
use crate::error::{RecvError, TryRecvError};
use canter_coop::Wakes;
use canter_coop::block_on;

static ONESHOT_RECEIVE: Reason = Reason::new("oneshot receive").ended_by(EndedBy::Holders);

/// The future of the value that the [`Sender`](super::Sender) sends.
///
/// It ends with [`RecvError`] if the sender is dropped without having sent, or if this receiver was [closed](Receiver::close) before. Polled
/// again after it has ended, it ends so again.
///
/// A report of what a task waits for names the place where the channel was made.
///
/// # Cancel safety
///
/// The value is taken by the poll that ends: to wait for it again and again, as in the loop around a `select!`, await `&mut rx`. When the
/// receiver itself is dropped, so is a value that has been sent.
///
/// # Examples
///
/// ```
/// use canter_channel::{oneshot, select};
///
/// # futures::executor::block_on(async {
/// let (tx, mut rx) = oneshot();
/// let mut tx = Some(tx);
/// let mut turns = 0;
/// let value = loop {
///     select! {
///         biased;
///         value = &mut rx => break value,
///         _ = async {} => turns += 1,
///     }
///     if turns == 3 {
///         tx.take().unwrap().send("done").unwrap();
///     }
/// };
/// assert_eq!((value, turns), (Ok("done"), 3));
/// # });
/// ```
#[must_use = "a future does nothing until it is awaited"]
pub struct Receiver<T> {
    shared: Shared<T>,
    #[expect(dead_code, reason = "it is looked for in memory")]
    held: Held,
    mark: Mark,
    ended: bool,
    place: &'static Location<'static>,
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Shared<T>, held: Held, place: &'static Location<'static>) -> Receiver<T> {
        Receiver {
            shared,
            held,
            mark: Mark::new(),
            ended: false,
            place,
        }
    }

    /// Takes the value if it is there.
    ///
    /// # Errors
    ///
    /// [`Empty`](TryRecvError::Empty) if it may still come; [`Closed`](TryRecvError::Closed) if it won't, or has been taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{TryRecvError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot();
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = self.shared.lock();
        let Some(result) = state.receive() else {
            return Err(TryRecvError::Empty);
        };
        let own = state.receiver.take();
        drop(state);
        drop(own);
        self.ended = true;
        result.map_err(TryRecvError::from)
    }

    /// Waits for the value on this thread, which it blocks. Not for a task: it would keep the others of its worker waiting.
    ///
    /// # Errors
    ///
    /// If there won't be a value, or it has been taken.
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        block_on(self)
    }

    /// Lets no value in any more: the sender learns of it, and a send fails. A value that was sent before can still be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{RecvError, oneshot};
    ///
    /// let (tx, mut rx) = oneshot();
    /// rx.close();
    /// assert!(tx.send(1).is_err());
    /// assert_eq!(rx.recv_blocking(), Err(RecvError));
    /// ```
    pub fn close(&mut self) {
        let mut wakes = Wakes::new();
        let mut state = self.shared.lock();
        state.closed = true;
        wakes.add(state.sender.take());
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let this = self.get_mut();
        let operation = ready!(budget::poll_proceed(cx));
        let polled = this
            .shared
            .poll(cx.waker(), Side::Receiver, &this.mark, State::receive);
        if polled.is_ready() {
            this.ended = true;
            operation.made_progress();
        } else {
            waiting::report(&ONESHOT_RECEIVE, this.place);
        }
        polled
    }
}

impl<T> FusedFuture for Receiver<T> {
    /// Whether it has ended: the value was taken, or it was told that there is none.
    fn is_terminated(&self) -> bool {
        self.ended
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut wakes = Wakes::new();
        let mut state = self.shared.lock();
        state.closed = true;
        state.receivers = 0;
        let unwanted = (state.value.take(), state.receiver.take());
        wakes.add(state.sender.take());
        drop(state);
        drop(unwanted);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sent, closed) = {
            let state = self.shared.lock();
            (state.value.is_some(), state.closed)
        };
        f.debug_struct("Receiver")
            .field("sent", &sent)
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}
