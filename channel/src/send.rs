//! One send, or one reservation, that may wait: alone, or as an arm of a select.

#![expect(unsafe_code, reason = "a waiter is enlisted by its address")]

use std::borrow::Borrow;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use canter_coop::budget;
use canter_coop::waiting::{self, EndedBy, Reason};

use crate::arm::{Arm, Visit};
use crate::chan::{Borrowed, Chan, Entry, Offer, Offered, Section, Side};
use crate::claim::{Claim, Id};
use crate::error::SendError;
use crate::wait_list::{Renewed, State, Waiter};
use canter_coop::Wakes;

pub(crate) static CHANNEL_SEND: Reason = Reason::new("channel send").ended_by(EndedBy::Holders);

/// A place from which one message after the other is sent, or one place after the other reserved. It undoes its wait when it is dropped.
pub(crate) struct SendSlot<T, C: Borrow<Chan<T>>> {
    waiter: Waiter<Offer<T>>,
    chan: C,
}

/// The channel is closed; the offer is still in the slot.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Closed;

impl<T, C: Borrow<Chan<T>>> SendSlot<T, C> {
    pub(crate) fn new(chan: C, offer: Offer<T>) -> SendSlot<T, C> {
        SendSlot {
            waiter: Waiter::new(offer),
            chan,
        }
    }

    pub(crate) fn chan(&self) -> &Chan<T> {
        self.chan.borrow()
    }

    fn waiter(self: Pin<&Self>) -> Pin<&Waiter<Offer<T>>> {
        // SAFETY: the waiter is pinned with the slot, which does not move it.
        unsafe { self.map_unchecked(|slot| &slot.waiter) }
    }

    /// What is to be sent next. Only while nothing waits to be sent.
    pub(crate) fn set_offer(self: Pin<&mut Self>, offer: Offer<T>) {
        debug_assert_eq!(self.waiter.state(), State::Idle);
        // SAFETY: the slot owns the waiter, which is in no list.
        *unsafe { self.waiter.value() } = offer;
    }

    /// Undoes a wait, and gives back the message that has not been sent.
    pub(crate) fn take_back(self: Pin<&mut Self>) -> Option<T> {
        self.cancel();
        // SAFETY: the slot owns the waiter, which is in no list any more.
        unsafe { self.waiter.value() }.take()
    }

    /// The send of a task, with its budget and its report.
    #[inline]
    pub(crate) fn poll(
        self: Pin<&Self>,
        cx: &mut Context<'_>,
        place: &'static Location<'static>,
    ) -> Poll<Result<(), Closed>> {
        let operation = ready!(budget::poll_proceed(cx));
        let polled = self.poll_unbudgeted(cx);
        if polled.is_ready() {
            operation.made_progress();
        } else {
            waiting::report(&CHANNEL_SEND, place);
        }
        polled
    }

    #[inline]
    fn poll_unbudgeted(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        match self.waiter.state() {
            State::Idle => {
                if self.chan().hint().writable() {
                    match self.offer(Id::LONE, Entry::Wait) {
                        Offered::Done => return Poll::Ready(Ok(())),
                        Offered::Closed => return Poll::Ready(Err(Closed)),
                        Offered::Full | Offered::ComeAgain => {}
                    }
                }
                self.offer_or_enlist(cx.waker())
            }
            State::Listed => self.poll_listed(cx.waker()),
            State::Completed => {
                self.waiter.reset();
                Poll::Ready(Ok(()))
            }
            State::Closed => {
                self.waiter.reset();
                Poll::Ready(Err(Closed))
            }
        }
    }

    /// Offers what is in the slot, which is in no list.
    #[inline]
    fn offer(&self, id: Id, entry: Entry) -> Offered {
        // SAFETY: the slot owns the waiter, which is in no list.
        let offer = unsafe { self.waiter.value() };
        let Some(mut section) = self.chan().enter_as(entry) else {
            return Offered::ComeAgain;
        };
        if section.offer_quietly(offer) {
            return Offered::Done;
        }
        offer_and_wake(section, offer, id)
    }

    fn offer_or_enlist(self: Pin<&Self>, waker: &Waker) -> Poll<Result<(), Closed>> {
        let own = waker.clone();
        let mut section = self.chan().enter();
        // SAFETY: the slot owns the waiter, which is in no list yet.
        let offer = unsafe { self.waiter.value() };
        if section.is_plainly_full() && matches!(offer, Offer::Message(_)) {
            self.enlist(&mut section, Some(own));
            return Poll::Pending;
        }
        self.offer_or_enlist_among_others(section, own)
    }

    /// The same where somebody else is there, or something to find.
    fn offer_or_enlist_among_others(
        self: Pin<&Self>,
        section: Section<'_, T>,
        own: Waker,
    ) -> Poll<Result<(), Closed>> {
        let mut own = Some(own);
        let mut wakes = Wakes::new();
        let mut section = section; // goes before these two, which are not dropped under a lock
        // SAFETY: the slot owns the waiter, which is in no list yet.
        let offer = unsafe { self.waiter.value() };
        match section.offer(offer, Id::LONE, &mut wakes) {
            Offered::Done => Poll::Ready(Ok(())),
            Offered::Closed => Poll::Ready(Err(Closed)),
            Offered::Full | Offered::ComeAgain => {
                self.enlist(&mut section, own.take());
                Poll::Pending
            }
        }
    }

    /// Enlists the waiter, which is in no list.
    #[inline]
    fn enlist(self: Pin<&Self>, section: &mut Section<'_, T>, waker: Option<Waker>) {
        self.waiter.set_holders(self.chan().handles_of(Side::Receiver));
        // SAFETY: the section is this channel's; the slot owns the waiter and takes it off the list when it is dropped.
        unsafe { section.senders().push_back(self.waiter(), waker) };
    }

    /// Polled without having been completed: another waker, or nothing at all.
    fn poll_listed(self: Pin<&Self>, waker: &Waker) -> Poll<Result<(), Closed>> {
        let mut clone = None;
        loop {
            let mut section = self.chan().enter();
            if self.waiter.state() != State::Listed {
                drop(section);
                return self.poll_unbudgeted(&mut Context::from_waker(waker));
            }
            // SAFETY: the waiter is in this list, under whose lock this runs.
            let renewed = unsafe { section.senders().renew_waker(&self.waiter, waker, &mut clone) };
            drop(section);
            match renewed {
                Renewed::Done(_old) => return Poll::Pending,
                Renewed::NeedsClone => clone = Some(waker.clone()),
            }
        }
    }

    /// Undoes the wait. A message that was taken has been sent; a place that was granted goes back.
    #[inline]
    pub(crate) fn cancel(&self) {
        if self.waiter.state() != State::Idle {
            self.cancel_waiting();
        }
    }

    #[cold]
    fn cancel_waiting(&self) {
        let mut wakes = Wakes::new();
        let mut section = self.chan().enter();
        // SAFETY: the waiter is the slot's, and has been in no other list.
        let waker = unsafe { section.senders().remove(&self.waiter) };
        if self.waiter.state() == State::Completed {
            // SAFETY: the waiter is in no list.
            let offer = unsafe { self.waiter.value() };
            if matches!(offer, Offer::Place) {
                _ = section.use_permit(offer, &mut wakes);
            }
        }
        drop(section);
        self.waiter.reset();
        drop(waker);
    }

    pub(crate) fn state(&self) -> State {
        self.waiter.state()
    }

    /// As an arm of a select.
    #[inline]
    pub(crate) fn visit(&self, id: Id, entry: Entry) -> Visit<Result<(), Closed>> {
        visit_of(self.offer(id, entry))
    }

    /// The same, and enlists the slot if it has to wait.
    ///
    /// # Safety
    ///
    /// As for [`Arm::visit_enlisted`].
    pub(crate) unsafe fn visit_enlisted(
        self: Pin<&Self>,
        claim: Pin<&Claim>,
        index: u32,
        wakes: &mut Wakes,
    ) -> Visit<Result<(), Closed>> {
        let mut section = self.chan().enter();
        // SAFETY: the slot owns the waiter, and the lock of the list in which it may stand is held.
        let offer = unsafe { self.waiter.value() };
        let offered = section.offer(offer, claim.id(), wakes);
        if offered == Offered::Full && self.waiter.state() != State::Listed {
            // SAFETY: the waiter is in no list, and the caller promises the rest.
            unsafe { self.waiter.set_arm(claim, index) };
            self.enlist(&mut section, None);
        }
        visit_of(offered)
    }

    #[inline]
    pub(crate) fn complete(&self) -> Result<(), Closed> {
        let state = self.waiter.state();
        self.waiter.reset();
        if state == State::Closed {
            Err(Closed)
        } else {
            Ok(())
        }
    }
}

fn offer_and_wake<T>(mut section: Section<'_, T>, offer: &mut Offer<T>, id: Id) -> Offered {
    let mut wakes = Wakes::new();
    let offered = section.offer(offer, id, &mut wakes);
    drop(section);
    wakes.wake();
    offered
}

#[inline]
fn visit_of(offered: Offered) -> Visit<Result<(), Closed>> {
    match offered {
        Offered::Done => Visit::Ready(Ok(())),
        Offered::Closed => Visit::Ready(Err(Closed)),
        Offered::Full => Visit::NotReady,
        Offered::ComeAgain => Visit::ComeAgain,
    }
}

impl<T, C: Borrow<Chan<T>>> Drop for SendSlot<T, C> {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}

/// The future of [`Sender::send`](crate::Sender::send).
#[must_use = "a future does nothing until it is awaited"]
pub struct Send<'a, T> {
    slot: SendSlot<T, Borrowed<'a, T>>,
    place: &'static Location<'static>,
}

impl<'a, T> Send<'a, T> {
    #[inline]
    pub(crate) fn new(chan: Borrowed<'a, T>, message: T, place: &'static Location<'static>) -> Send<'a, T> {
        Send {
            slot: SendSlot::new(chan, Offer::Message(message)),
            place,
        }
    }

    fn slot(self: Pin<&mut Self>) -> Pin<&mut SendSlot<T, Borrowed<'a, T>>> {
        // SAFETY: the slot is pinned with the future, which does not move it.
        unsafe { self.map_unchecked_mut(|send| &mut send.slot) }
    }

    fn output(self: Pin<&mut Self>, result: Result<(), Closed>) -> Result<(), SendError<T>> {
        match result {
            Ok(()) => Ok(()),
            Err(Closed) => match self.slot().take_back() {
                Some(message) => Err(SendError(message)),
                None => Ok(()), // polled after it ended
            },
        }
    }

    /// In `select!`, a send is an arm that is told of its end rather than polled.
    #[doc(hidden)]
    #[inline]
    pub fn __into_arm(self) -> Send<'a, T> {
        self
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let place = self.place;
        let result = ready!(self.as_mut().slot().as_ref().poll(cx, place));
        Poll::Ready(self.output(result))
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("state", &self.slot.state())
            .finish_non_exhaustive()
    }
}

// SAFETY: the slot is enlisted in one list, under its lock, and `withdraw`, which its `Drop` calls too, takes it off.
unsafe impl<T> Arm for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    const FOREIGN: bool = false;

    #[inline]
    fn may_be_ready(&self) -> bool {
        self.slot.chan().hint().writable()
    }

    #[inline]
    fn version(&self) -> usize {
        self.slot.chan().hint().version()
    }

    #[inline]
    fn visit(self: Pin<&mut Self>, id: Id, entry: Entry) -> Visit<Self::Output> {
        let visit = self.slot.visit(id, entry);
        visit.map(|result| self.output(result))
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

    #[inline]
    fn complete(self: Pin<&mut Self>) -> Option<Self::Output> {
        let result = self.slot.complete();
        Some(self.output(result))
    }

    fn withdraw(self: Pin<&mut Self>) {
        self.slot.cancel();
    }
}
