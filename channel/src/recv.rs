//! One receive that may wait: alone, or as an arm of a select.

#![expect(unsafe_code, reason = "a waiter is enlisted by its address")]

use std::borrow::Borrow;
use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use canter_coop::budget;
use canter_coop::waiting::{self, EndedBy, Reason};

use crate::arm::{Arm, Visit};
use crate::chan::{Borrowed, Chan, Entry, Section, Side, Standing, Taken, Turn};
use crate::claim::{Claim, Id};
use crate::error::RecvError;
use crate::wait_list::{Renewed, State, Waiter};
use canter_coop::Wakes;

pub(crate) static CHANNEL_RECEIVE: Reason = Reason::new("channel receive").ended_by(EndedBy::Holders);

/// A place from which messages are received, one after the other. It undoes its wait when it is dropped.
pub(crate) struct RecvSlot<T, C: Borrow<Chan<T>>> {
    waiter: Waiter<Turn>,
    chan: C,
    message: PhantomData<fn() -> T>,
}

impl<T, C: Borrow<Chan<T>>> RecvSlot<T, C> {
    pub(crate) fn new(chan: C) -> RecvSlot<T, C> {
        RecvSlot {
            waiter: Waiter::new(Turn::default()),
            chan,
            message: PhantomData,
        }
    }

    pub(crate) fn chan(&self) -> &Chan<T> {
        self.chan.borrow()
    }

    fn waiter(self: Pin<&Self>) -> Pin<&Waiter<Turn>> {
        // SAFETY: the waiter is pinned with the slot, which does not move it.
        unsafe { self.map_unchecked(|slot| &slot.waiter) }
    }

    /// The receive of a task, with its budget and its report.
    #[inline]
    pub(crate) fn poll(
        self: Pin<&Self>,
        cx: &mut Context<'_>,
        place: &'static Location<'static>,
    ) -> Poll<Result<T, RecvError>> {
        let operation = ready!(budget::poll_proceed(cx));
        let polled = self.poll_unbudgeted(cx);
        if polled.is_ready() {
            operation.made_progress();
        } else {
            waiting::report(&CHANNEL_RECEIVE, place);
        }
        polled
    }

    #[inline]
    fn poll_unbudgeted(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        match self.waiter.state() {
            State::Idle => {
                if self.chan().hint().readable() {
                    let mut section = self.chan().enter();
                    if let Some(message) = section.take_quietly() {
                        return Poll::Ready(Ok(message));
                    }
                    match take_and_wake(section, Id::LONE) {
                        Taken::Message(message) => return Poll::Ready(Ok(message)),
                        Taken::Closed => return Poll::Ready(Err(RecvError)),
                        Taken::Empty | Taken::Promised | Taken::ComeAgain => {}
                    }
                }
                self.take_or_enlist(cx.waker())
            }
            State::Listed => self.poll_listed(cx.waker()),
            State::Completed => match self.redeem() {
                Some(message) => Poll::Ready(Ok(message)),
                None => self.take_or_enlist(cx.waker()),
            },
            State::Closed => {
                self.waiter.reset();
                Poll::Ready(Err(RecvError))
            }
        }
    }

    #[inline]
    fn visit(&self, id: Id, entry: Entry) -> Taken<T> {
        let Some(mut section) = self.chan().enter_as(entry) else {
            return Taken::ComeAgain;
        };
        match section.take_quietly() {
            Some(message) => Taken::Message(message),
            None => take_and_wake(section, id),
        }
    }

    fn take_or_enlist(self: Pin<&Self>, waker: &Waker) -> Poll<Result<T, RecvError>> {
        let own = waker.clone();
        let mut section = self.chan().enter();
        if section.is_plainly_empty() {
            self.enlist(&mut section, Some(own), false);
            return Poll::Pending;
        }
        self.take_or_enlist_among_others(section, own, waker)
    }

    /// The same where somebody else is there, or something to find.
    fn take_or_enlist_among_others(
        self: Pin<&Self>,
        section: Section<'_, T>,
        own: Waker,
        waker: &Waker,
    ) -> Poll<Result<T, RecvError>> {
        let mut own = Some(own);
        let mut wakes = Wakes::new();
        let mut section = section; // goes before these two, which are not dropped under a lock
        let gives_way = match section.take(Id::LONE, self.standing(), &mut wakes) {
            Taken::Message(message) => {
                drop(section);
                drop(wakes);
                return Poll::Ready(Ok(message));
            }
            Taken::Closed => return Poll::Ready(Err(RecvError)),
            Taken::Promised => true,
            Taken::Empty | Taken::ComeAgain => false,
        };
        self.enlist(&mut section, own.take(), gives_way);
        section.receiver_came(&mut wakes);
        drop(section);
        if gives_way {
            waker.wake_by_ref();
        }
        Poll::Pending
    }

    /// Where a waiter stands that is in no list.
    fn standing(&self) -> Standing {
        // SAFETY: the slot owns the waiter, which is in no list.
        match unsafe { self.waiter.value() }.overtaken {
            true => Standing::First,
            false => Standing::Newcomer,
        }
    }

    /// Enlists the waiter, which is in no list. [`receiver_came`](Section::receiver_came) must follow, unless nobody but receivers is there.
    #[inline]
    fn enlist(self: Pin<&Self>, section: &mut Section<'_, T>, waker: Option<Waker>, gives_way: bool) {
        // SAFETY: the slot owns the waiter, which is in no list yet.
        let turn = unsafe { self.waiter.value() };
        turn.gave_way = gives_way;
        let overtaken = mem::take(&mut turn.overtaken);
        self.waiter.set_holders(self.chan().handles_of(Side::Sender));
        let receivers = section.receivers();
        if overtaken {
            // SAFETY: the section is this channel's; the slot owns the waiter and takes it off the list when it is dropped.
            unsafe { receivers.push_front(self.waiter(), waker) };
        } else {
            // SAFETY: as above.
            unsafe { receivers.push_back(self.waiter(), waker) };
        }
    }

    /// Polled without having been completed: another waker, or the turn that it gave to others is over.
    fn poll_listed(self: Pin<&Self>, waker: &Waker) -> Poll<Result<T, RecvError>> {
        let mut clone = None;
        loop {
            let mut retired = None;
            let mut wakes = Wakes::new();
            let mut section = self.chan().enter();
            if self.waiter.state() != State::Listed {
                drop(section);
                return self.poll_unbudgeted(&mut Context::from_waker(waker));
            }
            if let Some(message) = self.take_after_turn(&mut section, &mut wakes, &mut retired) {
                drop(section);
                drop(wakes);
                return Poll::Ready(Ok(message));
            }
            // SAFETY: the waiter is in this list, under whose lock this runs.
            let renewed = unsafe { section.receivers().renew_waker(&self.waiter, waker, &mut clone) };
            drop(section);
            match renewed {
                Renewed::Done(_old) => return Poll::Pending,
                Renewed::NeedsClone => clone = Some(waker.clone()),
            }
        }
    }

    /// A promised message that was still there after a turn. The waker that it needs no more goes to `retired`, to be dropped outside of
    /// the lock.
    fn take_after_turn(
        &self,
        section: &mut Section<'_, T>,
        wakes: &mut Wakes,
        retired: &mut Option<Waker>,
    ) -> Option<T> {
        // SAFETY: the caller holds the lock of the list in which the waiter stands.
        let gave_way = mem::take(&mut unsafe { self.waiter.value() }.gave_way);
        if !gave_way {
            return None;
        }
        let message = section.take_promised(wakes)?;
        // SAFETY: as above.
        *retired = unsafe { section.receivers().remove(&self.waiter) };
        Some(message)
    }

    /// The promised message, unless another receiver took it after a turn: then this one is enlisted before all others.
    #[inline]
    fn redeem(&self) -> Option<T> {
        self.waiter.reset();
        let mut section = self.chan().enter();
        let message = section.redeem();
        if section.is_closed() {
            let mut wakes = Wakes::new();
            section.tell_the_end(&mut wakes);
            drop(section);
        }
        // SAFETY: the slot owns the waiter, which is in no list.
        unsafe { self.waiter.value() }.overtaken = message.is_none();
        message
    }

    /// Undoes the wait.
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
        let waker = unsafe { section.receivers().remove(&self.waiter) };
        if self.waiter.state() == State::Completed {
            section.renounce(&mut wakes);
        }
        drop(section);
        self.waiter.reset();
        drop(waker);
    }
}

fn take_and_wake<T>(mut section: Section<'_, T>, id: Id) -> Taken<T> {
    if let Some(message) = section.take_quietly_of_closed() {
        return Taken::Message(message);
    }
    let mut wakes = Wakes::new();
    let taken = section.take(id, Standing::Newcomer, &mut wakes);
    drop(section);
    wakes.wake(); // while `taken` is still a variable: what is being returned is leaked if a destructor panics
    taken
}

impl<T, C: Borrow<Chan<T>>> Drop for RecvSlot<T, C> {
    #[inline]
    fn drop(&mut self) {
        self.cancel();
    }
}

/// The future of [`Receiver::recv`](crate::Receiver::recv).
#[must_use = "a future does nothing until it is awaited"]
pub struct Recv<'a, T> {
    slot: RecvSlot<T, Borrowed<'a, T>>,
    place: &'static Location<'static>,
}

impl<'a, T> Recv<'a, T> {
    #[inline]
    pub(crate) fn new(chan: Borrowed<'a, T>, place: &'static Location<'static>) -> Recv<'a, T> {
        Recv {
            slot: RecvSlot::new(chan),
            place,
        }
    }

    fn slot(self: Pin<&Self>) -> Pin<&RecvSlot<T, Borrowed<'a, T>>> {
        // SAFETY: the slot is pinned with the future, which does not move it.
        unsafe { self.map_unchecked(|recv| &recv.slot) }
    }

    /// In `select!`, a receive is an arm that is told of its message rather than polled.
    #[doc(hidden)]
    #[inline]
    pub fn __into_arm(self) -> Recv<'a, T> {
        self
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        self.as_ref().slot().poll(cx, self.place)
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("state", &self.slot.waiter.state())
            .finish_non_exhaustive()
    }
}

// SAFETY: the waiter is enlisted in one list, under its lock, and `withdraw`, which `Drop` calls too, takes it off.
unsafe impl<T> Arm for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    const FOREIGN: bool = false;

    #[inline]
    fn may_be_ready(&self) -> bool {
        self.slot.chan().hint().readable()
    }

    #[inline]
    fn version(&self) -> usize {
        self.slot.chan().hint().version()
    }

    #[inline]
    fn visit(self: Pin<&mut Self>, id: Id, entry: Entry) -> Visit<Self::Output> {
        match self.slot.visit(id, entry) {
            Taken::Message(message) => Visit::Ready(Ok(message)),
            Taken::Closed => Visit::Ready(Err(RecvError)),
            Taken::ComeAgain => Visit::ComeAgain,
            Taken::Empty | Taken::Promised => Visit::NotReady,
        }
    }

    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        claim: Pin<&Claim>,
        index: u32,
        wakes: &mut Wakes,
    ) -> Visit<Self::Output> {
        let this = self.as_ref();
        let slot = this.slot();
        let mut retired = None; // an arm has no waker of its own
        let mut section = slot.chan().enter();
        let listed = slot.waiter.state() == State::Listed;
        let standing = if listed { Standing::Listed } else { slot.standing() };
        let gives_way = match section.take(claim.id(), standing, wakes) {
            Taken::Message(message) => return Visit::Ready(Ok(message)),
            Taken::Closed => return Visit::Ready(Err(RecvError)),
            Taken::ComeAgain => return Visit::ComeAgain,
            Taken::Promised if listed => {
                let taken = slot.take_after_turn(&mut section, wakes, &mut retired);
                return taken.map_or(Visit::NotReady, |message| Visit::Ready(Ok(message)));
            }
            Taken::Empty if listed => return Visit::NotReady,
            Taken::Promised => true,
            Taken::Empty => false,
        };
        // SAFETY: the waiter is in no list, and the caller promises the rest.
        unsafe { slot.waiter.set_arm(claim, index) };
        slot.enlist(&mut section, None, gives_way);
        section.receiver_came(wakes);
        if gives_way {
            Visit::GivesWay
        } else {
            Visit::NotReady
        }
    }

    #[inline]
    fn complete(self: Pin<&mut Self>) -> Option<Self::Output> {
        match self.slot.waiter.state() {
            State::Closed => {
                self.slot.waiter.reset();
                Some(Err(RecvError))
            }
            _ => self.as_ref().slot().redeem().map(Ok),
        }
    }

    fn withdraw(self: Pin<&mut Self>) {
        self.slot.cancel();
    }
}
