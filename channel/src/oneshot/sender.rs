//! The half that sends.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use canter_coop::mark::{Held, Mark};
use canter_coop::waiting::{self, EndedBy, Reason};

use super::shared::{Shared, State};
use crate::chan::Side;
use crate::error::SendError;
use canter_coop::Wakes;

static ONESHOT_CLOSE: Reason = Reason::new("oneshot close").ended_by(EndedBy::Holders);

/// Sends one value. If it is dropped without having sent, the receiver fails.
pub struct Sender<T> {
    shared: Shared<T>,
    #[expect(dead_code, reason = "it is looked for in memory")]
    held: Held,
    sent: bool,
}

impl<T> Sender<T> {
    pub(super) fn new(shared: Shared<T>, held: Held) -> Sender<T> {
        Sender {
            shared,
            held,
            sent: false,
        }
    }

    /// Sends the value, without waiting for the receiver to take it.
    ///
    /// A receiver that is dropped later drops the value with it.
    ///
    /// # Errors
    ///
    /// The value comes back if the receiver is gone, or was [closed](super::Receiver::close).
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{SendError, oneshot};
    ///
    /// let (tx, rx) = oneshot();
    /// assert_eq!(tx.send(1), Ok(()));
    /// assert_eq!(rx.recv_blocking(), Ok(1));
    ///
    /// let (tx, rx) = oneshot();
    /// drop(rx);
    /// assert_eq!(tx.send(2), Err(SendError(2)));
    /// ```
    pub fn send(mut self, value: T) -> Result<(), SendError<T>> {
        let mut wakes = Wakes::new();
        let mut state = self.shared.lock();
        if state.closed {
            drop(state);
            return Err(SendError(value));
        }
        state.value = Some(value);
        state.senders = 0;
        wakes.add(state.receiver.take());
        drop(state);
        self.sent = true;
        Ok(())
    }

    /// Whether the receiver is gone or was closed, so that a send would fail.
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// Waits until the receiver is gone or closed: nobody wants the value any more, and there is no need to work it out.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (mut tx, rx) = canter_channel::oneshot::<u32>();
    /// futures::join!(tx.closed(), async { drop(rx) });
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed {
            shared: &self.shared,
            place: Location::caller(),
            waits: false,
            mark: Mark::new(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.sent {
            return;
        }
        let mut wakes = Wakes::new();
        let mut state = self.shared.lock();
        state.senders = 0;
        wakes.add(state.receiver.take());
        let own = state.sender.take(); // of a wait that was leaked
        drop(state);
        drop(own);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// The future of [`Sender::closed`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Closed<'a, T> {
    shared: &'a Shared<T>,
    place: &'static Location<'static>,
    /// A waker has been left behind.
    waits: bool,
    mark: Mark,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let look = |state: &mut State<T>| state.closed.then_some(());
        let polled = self.shared.poll(cx.waker(), Side::Sender, &self.mark, look);
        self.waits = polled.is_pending();
        if self.waits {
            waiting::report(&ONESHOT_CLOSE, self.place);
        }
        polled
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        if self.waits {
            let waker = self.shared.lock().sender.take();
            drop(waker);
        }
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
