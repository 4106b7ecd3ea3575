//! The receiving side of a watch.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::budget;
use canter_coop::mark::Held;
use canter_coop::waiting::{self, EndedBy, Reason};
use pin_project_lite::pin_project;

use super::shared::{Handles, Shared, UNSEEN};
use super::{Ref, Values, WaitFor};
use crate::chan::Side;
use crate::crowd::{Crowd, Wait};
use crate::error::RecvError;

pub(super) static WATCH_CHANGE: Reason = Reason::new("watch change").ended_by(EndedBy::Holders);

/// Looks at the value of a watch, and waits for it to change. A clone has seen what the original has.
pub struct Receiver<T> {
    shared: Shared<T>,
    held: Held,
    seen: u64,
}

impl<T> Receiver<T> {
    /// A receiver that has been counted.
    pub(super) fn counted(shared: Shared<T>, held: Held, seen: u64) -> Receiver<T> {
        Receiver { shared, held, seen }
    }

    pub(super) fn shared(&self) -> &Shared<T> {
        &self.shared
    }

    pub(super) fn seen_mut(&mut self) -> &mut u64 {
        &mut self.seen
    }

    /// The present value, which does not count as seen by that: see [how long to hold it](super#holding-a-value).
    ///
    /// In a loop around [`changed`](Receiver::changed) use [`borrow_and_update`](Receiver::borrow_and_update): a value that is sent between
    /// the two is looked at once then, not twice.
    pub fn borrow(&self) -> Ref<'_, T> {
        self.shared.read()
    }

    /// The present value, which counts as seen from now on: see [how long to hold it](super#holding-a-value).
    pub fn borrow_and_update(&mut self) -> Ref<'_, T> {
        self.shared.read_seen(&mut self.seen)
    }

    /// Whether there is a value that it has not seen.
    ///
    /// # Errors
    ///
    /// If there is none, and there won't be one: every sender is gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{RecvError, watch};
    ///
    /// let (tx, mut rx) = watch(1);
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.has_changed(), Ok(true));
    /// assert_eq!(*rx.borrow_and_update(), 2);
    /// assert_eq!(rx.has_changed(), Err(RecvError));
    /// ```
    pub fn has_changed(&self) -> Result<bool, RecvError> {
        let change = self.shared.crowd().enter().state.change(&mut { self.seen });
        change.transpose().map(|change| change.is_some())
    }

    /// Waits until there is a value that it has not seen, which counts as seen then.
    ///
    /// # Errors
    ///
    /// If every sender is gone, and the last value was seen.
    ///
    /// # Cancel safety
    ///
    /// A value counts as seen by the poll that ends: dropping the future before has no effect.
    ///
    /// # Fairness
    ///
    /// All receivers that wait are woken by one change. A task that always finds one gives way when its budget is spent.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_channel::{RecvError, watch};
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = watch(1);
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.changed().await, Ok(()));
    /// assert_eq!(rx.changed().await, Err(RecvError));
    /// assert_eq!(*rx.borrow(), 2);
    /// # });
    /// ```
    #[track_caller]
    pub fn changed(&mut self) -> Changed<'_> {
        Changed {
            wait: Wait::new(self.shared.crowd(), Side::Receiver),
            seen: &mut self.seen,
            place: Location::caller(),
        }
    }

    /// Waits until the value fulfils a condition: at once if the present one does, seen or not. Gives that value: see
    /// [how long to hold it](super#holding-a-value).
    ///
    /// # Panics
    ///
    /// A panic of the closure goes through; the channel goes on.
    ///
    /// # Errors
    ///
    /// If every sender is gone, and the last value does not fulfil it.
    ///
    /// # Cancel safety
    ///
    /// The values that the condition was asked about count as seen, also when the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = canter_channel::watch(0);
    /// let count = async { (1..=10).for_each(|number| tx.send(number).unwrap()) };
    /// let (reached, ()) = futures::join!(rx.wait_for(|number| *number > 5), count);
    /// assert_eq!(*reached.unwrap(), 10);
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_for<F: FnMut(&T) -> bool>(&mut self, condition: F) -> WaitFor<'_, T, F> {
        WaitFor::new(&self.shared, &mut self.seen, condition, Location::caller())
    }

    /// Makes the present value count as not seen.
    pub fn mark_changed(&mut self) {
        self.seen = UNSEEN;
    }

    /// Makes the present value count as seen.
    pub fn mark_unchanged(&mut self) {
        self.seen = self.shared.crowd().enter().state.version;
    }

    /// Whether both belong to the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.shared.is_same(&other.shared)
    }

    /// This receiver as a [`Stream`](futures_core::Stream) of clones of the values that it has not seen, which ends with the last sender. This
    /// allocates. For one that begins with the present value [mark it](Receiver::mark_changed) before.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = canter_channel::watch(1);
    /// rx.mark_changed();
    /// let mut values = rx.into_stream();
    /// assert_eq!(values.next().await, Some(1));
    /// tx.send(2).unwrap();
    /// tx.send(3).unwrap();
    /// drop(tx);
    /// assert_eq!(values.collect::<Vec<_>>().await, [3]);
    /// # });
    /// ```
    #[track_caller]
    pub fn into_stream(self) -> Values<T> {
        Values::new(self, Location::caller())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.shared.crowd().enter().state.receivers += 1;
        Receiver::counted(self.shared.clone(), self.held, self.seen)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.leave(Side::Receiver);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(&self.shared).finish()
    }
}

pin_project! {
    /// The future of [`Receiver::changed`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Changed<'a> {
        #[pin]
        wait: Wait<Handles, &'a Crowd<Handles>>,
        seen: &'a mut u64,
        place: &'static Location<'static>,
    }
}

impl Future for Changed<'_> {
    type Output = Result<(), RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), RecvError>> {
        let this = self.project();
        let operation = ready!(budget::poll_proceed(cx));
        let polled = this
            .wait
            .as_ref()
            .poll(cx.waker(), |handles| handles.change(this.seen));
        if polled.is_ready() {
            operation.made_progress();
        } else {
            waiting::report(&WATCH_CHANGE, this.place);
        }
        polled
    }
}

impl fmt::Debug for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").finish_non_exhaustive()
    }
}
