//! A place first, the message later.

#![expect(unsafe_code, reason = "a future is pinned with the slot in it")]

use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use crate::arm::{Arm, Visit};
use crate::chan::{Borrowed, Chan, Entry, Offer, Offered};
use crate::claim::{Claim, Id};
use crate::error::SendError;
use crate::send::{Closed, SendSlot};
use canter_coop::Wakes;

/// A place in a channel for one message. From [`Sender::reserve`](crate::Sender::reserve).
///
/// Dropping it gives the place to the next sender that waits.
#[must_use = "a place that is not used goes back"]
pub struct Permit<'a, T> {
    chan: Borrowed<'a, T>,
}

impl<'a, T> Permit<'a, T> {
    pub(crate) fn new(chan: Borrowed<'a, T>) -> Permit<'a, T> {
        Permit { chan }
    }

    /// Sends the message without waiting.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel was closed meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = canter_channel::bounded(1);
    /// let permit = tx.reserve().await.unwrap();
    /// assert!(tx.try_send("no room").is_err());
    /// permit.send("it has a place").unwrap();
    /// assert_eq!(rx.recv().await, Ok("it has a place"));
    /// # });
    /// ```
    pub fn send(self, message: T) -> Result<(), SendError<T>> {
        let mut offer = Offer::Message(message);
        self.consume(&mut offer);
        match offer.take() {
            Some(message) => Err(SendError(message)),
            None => Ok(()),
        }
    }

    fn consume(self, offer: &mut Offer<T>) {
        use_permit(&self.chan, offer);
        mem::forget(self);
    }
}

fn use_permit<T>(chan: &Chan<T>, offer: &mut Offer<T>) {
    let mut wakes = Wakes::new();
    let _: Offered = chan.enter().use_permit(offer, &mut wakes);
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        use_permit(&self.chan, &mut Offer::Place);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

/// The future of [`Sender::reserve`](crate::Sender::reserve).
#[must_use = "a future does nothing until it is awaited"]
pub struct Reserve<'a, T> {
    slot: SendSlot<T, Borrowed<'a, T>>,
    chan: Borrowed<'a, T>,
    place: &'static Location<'static>,
}

impl<'a, T> Reserve<'a, T> {
    pub(crate) fn new(chan: Borrowed<'a, T>, place: &'static Location<'static>) -> Reserve<'a, T> {
        Reserve {
            slot: SendSlot::new(chan, Offer::Place),
            chan,
            place,
        }
    }

    fn slot(self: Pin<&mut Self>) -> Pin<&mut SendSlot<T, Borrowed<'a, T>>> {
        // SAFETY: the slot is pinned with the future, which does not move it.
        unsafe { self.map_unchecked_mut(|reserve| &mut reserve.slot) }
    }

    fn output(&self, result: Result<(), Closed>) -> Result<Permit<'a, T>, SendError<()>> {
        match result {
            Ok(()) => Ok(Permit::new(self.chan)),
            Err(Closed) => Err(SendError(())),
        }
    }

    /// In `select!`, a reservation is an arm that is told of its end rather than polled.
    #[doc(hidden)]
    #[inline]
    pub fn __into_arm(self) -> Reserve<'a, T> {
        self
    }
}

impl<'a, T> Future for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        let result = ready!(self.as_mut().slot().as_ref().poll(cx, place));
        Poll::Ready(self.output(result))
    }
}

impl<T> fmt::Debug for Reserve<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve")
            .field("state", &self.slot.state())
            .finish_non_exhaustive()
    }
}

// SAFETY: the slot is enlisted in one list, under its lock, and `withdraw`, which its `Drop` calls too, takes it off.
unsafe impl<'a, T> Arm for Reserve<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    const FOREIGN: bool = false;

    fn may_be_ready(&self) -> bool {
        self.chan.hint().writable()
    }

    fn version(&self) -> usize {
        self.chan.hint().version()
    }

    fn visit(self: Pin<&mut Self>, id: Id, entry: Entry) -> Visit<Self::Output> {
        self.slot.visit(id, entry).map(|result| self.output(result))
    }

    unsafe fn visit_enlisted(
        mut self: Pin<&mut Self>,
        claim: Pin<&Claim>,
        index: u32,
        wakes: &mut Wakes,
    ) -> Visit<Self::Output> {
        // SAFETY: what the caller promises.
        let visit = unsafe { self.as_mut().slot().as_ref().visit_enlisted(claim, index, wakes) };
        visit.map(|result| self.output(result))
    }

    fn complete(self: Pin<&mut Self>) -> Option<Self::Output> {
        let result = self.slot.complete();
        Some(self.output(result))
    }

    fn withdraw(self: Pin<&mut Self>) {
        self.slot.cancel();
    }
}
