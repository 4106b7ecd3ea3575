//! The sending side of a watch.

use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use canter_coop::mark::Held;
use canter_coop::waiting::{self, EndedBy, Reason};
use pin_project_lite::pin_project;

use super::shared::{Handles, Shared};
use super::{Receiver, Ref};
use crate::chan::Side;
use crate::crowd::{Crowd, Wait};
use crate::error::SendError;

static WATCH_CLOSE: Reason = Reason::new("watch close").ended_by(EndedBy::Holders);

/// Changes the value of a watch. Clones share it; receivers learn of the end when the last one is dropped.
///
/// Every change waits, with its thread, for those who [hold the value](super#holding-a-value) at this moment.
pub struct Sender<T> {
    shared: Shared<T>,
    held: Held,
}

impl<T> Sender<T> {
    /// A sender that has been counted.
    pub(super) fn counted(shared: Shared<T>, held: Held) -> Sender<T> {
        Sender { shared, held }
    }

    /// Puts another value in the place of the present one, which is dropped, and tells the receivers.
    ///
    /// # Errors
    ///
    /// The value comes back if there is no receiver; to set it all the same use [`send_replace`](Sender::send_replace).
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{SendError, watch};
    ///
    /// let (tx, rx) = watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.borrow(), 2);
    /// drop(rx);
    /// assert_eq!(tx.send(3), Err(SendError(3)));
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        if self.is_closed() {
            return Err(SendError(value));
        }
        drop(self.send_replace(value));
        Ok(())
    }

    /// Puts another value in the place of the present one, which it gives back, and tells the receivers if there are any.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = canter_channel::watch(1);
    /// drop(rx);
    /// assert_eq!(tx.send_replace(2), 1);
    /// assert_eq!(*tx.subscribe().borrow(), 2);
    /// ```
    pub fn send_replace(&self, mut value: T) -> T {
        self.send_modify(|current| mem::swap(current, &mut value));
        value
    }

    /// Changes the value in place, and tells the receivers if there are any.
    ///
    /// # Panics
    ///
    /// A panic of the closure goes through. The value stays as the closure left it, and the receivers are not told.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = canter_channel::watch(vec![1]);
    /// tx.send_modify(|list| list.push(2));
    /// assert_eq!(*rx.borrow(), [1, 2]);
    /// assert_eq!(rx.has_changed(), Ok(true));
    /// ```
    pub fn send_modify(&self, modify: impl FnOnce(&mut T)) {
        self.shared.modify(|value| {
            modify(value);
            true
        });
    }

    /// Changes the value in place if need be: the receivers are told if the closure says that it did. Gives what the closure said.
    ///
    /// # Panics
    ///
    /// As [`send_modify`](Sender::send_modify).
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = canter_channel::watch(1);
    /// let to = |wanted| move |value: &mut i32| std::mem::replace(value, wanted) != wanted;
    /// assert!(!tx.send_if_modified(to(1)));
    /// assert_eq!(rx.has_changed(), Ok(false));
    /// assert!(tx.send_if_modified(to(2)));
    /// assert_eq!(rx.has_changed(), Ok(true));
    /// ```
    pub fn send_if_modified(&self, modify: impl FnOnce(&mut T) -> bool) -> bool {
        self.shared.modify(modify)
    }

    /// The present value: see [how long to hold it](super#holding-a-value).
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read()
    }

    /// One more receiver, which counts the present value as seen. Also after the last one has been dropped.
    pub fn subscribe(&self) -> Receiver<T> {
        self.shared.subscribe()
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.shared.crowd().enter().state.receivers
    }

    /// Whether there is no receiver at this moment, so that [`send`](Sender::send) would fail.
    pub fn is_closed(&self) -> bool {
        self.receiver_count() == 0
    }

    /// Waits until there is no receiver. Sending makes sense again after [`subscribe`](Sender::subscribe).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has no effect.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = canter_channel::watch(1);
    /// futures::join!(tx.closed(), async { drop(rx) });
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_> {
        Closed {
            wait: Wait::new(self.shared.crowd(), Side::Sender),
            place: Location::caller(),
        }
    }

    /// Whether both belong to the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.shared.is_same(&other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.shared.crowd().enter().state.senders += 1;
        Sender::counted(self.shared.clone(), self.held)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Sender);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.shared).finish()
    }
}

pin_project! {
    /// The future of [`Sender::closed`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Closed<'a> {
        #[pin]
        wait: Wait<Handles, &'a Crowd<Handles>>,
        place: &'static Location<'static>,
    }
}

impl Future for Closed<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let polled = this
            .wait
            .as_ref()
            .poll(cx.waker(), |handles| (handles.receivers == 0).then_some(()));
        if polled.is_pending() {
            waiting::report(&WATCH_CLOSE, this.place);
        }
        polled
    }
}

impl fmt::Debug for Closed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
