//! The one loop of every select: the owner's side of the [claim](crate::claim).
//!
//! 1. **Try**: each arm in random order, without enlisting any; those whose channel somebody else is in come last. Most selects end here,
//!    with one lock taken.
//! 2. **Default**: if the select has one, look once more. Each channel counts its changes; if none has changed since before the first
//!    look, then there was a moment at which no arm could go. If the channels are too busy for that, go on to 3: once all arms are
//!    enlisted and nobody has passed by, the moment has come, and the select does not sleep.
//! 3. **Enlist**: visit each channel, complete the arm or enlist it.
//! 4. **Settle**: sleep, unless somebody passed by meanwhile. Then visit the marked arms once more.
//! 5. When it is polled again: the chosen arm if there is one; otherwise poll the foreign futures, and settle.

#![expect(unsafe_code, reason = "arms are enlisted by the address of the claim")]

use std::fmt;
use std::ops::ControlFlow;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::budget;
use canter_coop::waiting::{self, EndedBy, Reason};
use pin_project_lite::pin_project;

use super::list::{ArmList, Kind};
use super::order::{Draw, Order};
use crate::arm::Visit;
use crate::chan::Entry;
use crate::claim::{Begun, Claim, Id, Marks};
use crate::sync::Backoff;
use canter_coop::Wakes;

/// Of a select whose arms are all channels.
static SELECT: Reason = Reason::new("select").ended_by(EndedBy::Holders);

static SELECT_AMONG_FUTURES: Reason = Reason::new("select").ended_by(EndedBy::Anybody);

/// What a select does when no arm can go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Otherwise {
    /// It waits, for ever if no arm is switched on.
    Wait,
    /// It ends at once.
    Default,
    /// It waits, but ends if no arm is switched on.
    Else,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No arm is enlisted.
    New,
    /// Every channel arm that is switched on is enlisted, or marked.
    Enlisted,
}

pin_project! {
    /// A select that waits. Its arms stand before its claim, and so withdraw before that goes.
    pub struct Wait<L: ArmList> {
        #[pin]
        arms: L,
        #[pin]
        claim: Claim,
        phase: Phase,
        marks: Marks,
        spent: Option<u32>,
        order: Order,
        otherwise: Otherwise,
        place: &'static Location<'static>,
    }

    impl<L: ArmList> PinnedDrop for Wait<L> {
        fn drop(this: Pin<&mut Self>) {
            if this.phase == Phase::Enlisted {
                // Whoever is about to complete an arm ends that first; nobody begins to any more.
                let _: Begun = this.claim.begin_poll();
            }
        }
    }
}

impl<L: ArmList> Wait<L> {
    /// How often a select with a default looks at its channels before it enlists.
    const LOOKS: usize = 4;

    /// A select over these arms.
    #[inline]
    #[track_caller]
    pub fn new(order: Order, otherwise: Otherwise, arms: L) -> Wait<L> {
        Wait {
            arms,
            claim: Claim::new(),
            phase: Phase::New,
            marks: Marks::NONE,
            spent: None,
            order,
            otherwise,
            place: Location::caller(),
        }
    }

    pub(super) fn arms_ref(&self) -> &L {
        &self.arms
    }

    pub(super) fn arms(self: Pin<&mut Self>) -> Pin<&mut L> {
        self.project().arms
    }

    /// An arm was added, or has to be looked at for another reason.
    pub(super) fn mark(self: Pin<&mut Self>, index: u32) {
        let marks = self.project().marks;
        *marks = marks.with(Marks::of(index));
    }

    pub(super) fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        let operation = ready!(budget::poll_proceed(cx));
        if let Some(index) = self.as_mut().project().spent.take() {
            self.as_mut().retire(index);
        }
        let place = self.place;
        let mut polled = match self.phase {
            Phase::New => self.as_mut().begin(cx),
            Phase::Enlisted => self.as_mut().resume(cx),
        };
        if polled.is_pending() && self.otherwise == Otherwise::Default {
            polled = Poll::Ready(self.as_mut().conclude());
        }
        if polled.is_ready() {
            operation.made_progress();
        } else {
            let foreign = self.arms.has_foreign();
            waiting::report(if foreign { &SELECT_AMONG_FUTURES } else { &SELECT }, place);
        }
        polled
    }

    #[inline]
    fn begin(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        if let Some(output) = self.as_mut().try_each(cx) {
            return Poll::Ready(output);
        }
        match self.otherwise {
            Otherwise::Default => {
                if let Some(output) = self.as_mut().look_exactly() {
                    return Poll::Ready(output);
                }
            }
            Otherwise::Else if self.is_all_off() => return Poll::Ready(L::nothing_ready()),
            Otherwise::Wait | Otherwise::Else => {}
        }
        self.enlist_each(cx)
    }

    fn is_all_off(&self) -> bool {
        (0..self.arms.count()).all(|index| self.arms.kind(index) == Kind::Off)
    }

    /// Step 1.
    #[inline]
    fn try_each(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<L::Output> {
        let arms = &self.arms;
        let candidates = (0..arms.count()).filter(|&index| match arms.kind(index) {
            Kind::Off => false,
            Kind::Foreign => true,
            Kind::Channel => arms.may_be_ready(index),
        });
        let candidates = Draw::of(candidates, arms.count(), self.order);
        if self.order == Order::Biased {
            return self.try_arms(candidates, Entry::Wait, cx).break_value();
        }
        match self.as_mut().try_arms(candidates, Entry::IfFree, cx) {
            ControlFlow::Break(output) => Some(output),
            ControlFlow::Continue(busy) if busy.is_none() => None,
            ControlFlow::Continue(busy) => {
                let busy = self.marked(busy);
                self.try_arms(busy, Entry::Wait, cx).break_value()
            }
        }
    }

    /// Tries arms one after the other. Breaks with the output of the one that could go, and otherwise
    /// gives those whose channel was not entered.
    #[inline]
    fn try_arms(
        mut self: Pin<&mut Self>,
        candidates: Draw,
        entry: Entry,
        cx: &mut Context<'_>,
    ) -> ControlFlow<L::Output, Marks> {
        let id = self.claim.id();
        let mut busy = Marks::NONE;
        for index in candidates {
            let mut this = self.as_mut().project();
            if this.arms.kind(index) == Kind::Foreign {
                if let Poll::Ready(output) = this.arms.as_mut().poll(index, cx) {
                    return ControlFlow::Break(self.chosen(index, output));
                }
                continue;
            }
            match this.arms.as_mut().visit(index, id, entry) {
                Visit::Ready(output) => return ControlFlow::Break(self.chosen(index, output)),
                Visit::ComeAgain => busy = busy.with(Marks::of(index)),
                Visit::NotReady | Visit::GivesWay => {}
            }
        }
        ControlFlow::Continue(busy)
    }

    /// Step 2. Changes are counted upwards, so that equal sums mean equal counts.
    fn look_exactly(mut self: Pin<&mut Self>) -> Option<L::Output> {
        for _ in 0..Self::LOOKS {
            let before = self.as_ref().changes();
            let mut undecided = false;
            for index in Draw::all(self.arms.count(), self.order) {
                let mut this = self.as_mut().project();
                if this.arms.kind(index) != Kind::Channel || !this.arms.may_be_ready(index) {
                    continue;
                }
                match this.arms.as_mut().visit(index, Id::TRY, Entry::Wait) {
                    Visit::Ready(output) => return Some(self.chosen(index, output)),
                    Visit::ComeAgain => undecided = true,
                    Visit::NotReady | Visit::GivesWay => {}
                }
            }
            if !undecided && self.as_ref().changes() == before {
                return Some(L::nothing_ready());
            }
        }
        None
    }

    /// The select slept for a moment, at which no arm could go: nothing is ready, unless somebody came since.
    fn conclude(self: Pin<&mut Self>) -> L::Output {
        match self.claim.begin_poll() {
            Begun::Done(index) => self.completed(index).unwrap_or_else(L::nothing_ready),
            Begun::Polling => L::nothing_ready(),
        }
    }

    /// What the arm got that somebody completed; `None` if it was taken away from it, and the arm waits again.
    fn completed(mut self: Pin<&mut Self>, index: u32) -> Option<L::Output> {
        let output = self.as_mut().project().arms.complete(index);
        self.claim.restart();
        output.map(|output| self.chosen(index, output))
    }

    fn changes(self: Pin<&Self>) -> usize {
        (0..self.arms.count())
            .filter(|&index| self.arms.kind(index) == Kind::Channel)
            .fold(0, |sum: usize, index| sum.wrapping_add(self.arms.version(index)))
    }

    /// Step 3.
    fn enlist_each(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        let old_waker = self.claim.set_waker(cx.waker());
        *self.as_mut().project().phase = Phase::Enlisted;
        let _nobody_could: Marks = self.claim.look();
        let everywhere = Draw::all(self.arms.count(), self.order);
        let polled = self.settle(everywhere, cx);
        drop(old_waker);
        polled
    }

    /// Step 4, after visiting the arms that are drawn.
    fn settle(mut self: Pin<&mut Self>, mut visits: Draw, cx: &mut Context<'_>) -> Poll<L::Output> {
        let mut gives_way = Marks::NONE;
        let mut wakes = Wakes::new();
        loop {
            while let Some(index) = visits.next() {
                match self.as_mut().visit_enlisted(index, &mut wakes) {
                    Visit::Ready(output) => {
                        let unvisited = visits.fold(gives_way, |marks, index| marks.with(Marks::of(index)));
                        *self.as_mut().project().marks = unvisited;
                        let output = self.chosen(index, output);
                        drop(wakes);
                        return Poll::Ready(output);
                    }
                    Visit::GivesWay => gives_way = gives_way.with(Marks::of(index)),
                    Visit::NotReady | Visit::ComeAgain => {}
                }
            }
            match self.claim.sleep() {
                Ok(()) => break,
                Err(marks) => visits = self.marked(marks),
            }
        }
        *self.project().marks = gives_way;
        drop(wakes);
        if !gives_way.is_none() {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Without a step for each of the others, of which there may be many.
    fn foreign_arms(&self) -> Draw {
        let arms = self.arms.count();
        let all = if self.arms.has_foreign() { 0..arms } else { 0..0 };
        Draw::of(
            all.filter(|&index| self.arms.kind(index) == Kind::Foreign),
            arms,
            self.order,
        )
    }

    fn marked(&self, marks: Marks) -> Draw {
        let arms = self.arms.count();
        Draw::of(marks.arms(arms), arms, self.order)
    }

    #[inline]
    fn visit_enlisted(self: Pin<&mut Self>, index: u32, wakes: &mut Wakes) -> Visit<L::Output> {
        let mut this = self.project();
        if this.arms.kind(index) != Kind::Channel {
            return Visit::NotReady;
        }
        let mut backoff = Backoff::new();
        loop {
            let claim = this.claim.as_ref();
            // SAFETY: the claim is pinned beside the arms, which stand before it and so are dropped before it.
            match unsafe { this.arms.as_mut().visit_enlisted(index, claim, index, wakes) } {
                Visit::ComeAgain => backoff.pause(),
                visit => return visit,
            }
        }
    }

    /// Step 5.
    fn resume(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        let mut missed = self.marks;
        if let Begun::Done(index) = self.claim.begin_poll() {
            match self.as_mut().completed(index) {
                Some(output) => return Poll::Ready(output),
                None => missed = missed.with(Marks::of(index)),
            }
        }
        if self.otherwise == Otherwise::Else && self.is_all_off() {
            return Poll::Ready(L::nothing_ready());
        }
        let old_waker = self.claim.set_waker(cx.waker());
        for index in self.foreign_arms() {
            let mut this = self.as_mut().project();
            if let Poll::Ready(output) = this.arms.as_mut().poll(index, cx) {
                *self.as_mut().project().marks = missed;
                return Poll::Ready(self.chosen(index, output));
            }
        }
        let marks = self.claim.look().with(missed);
        let visits = self.marked(marks);
        let polled = self.settle(visits, cx);
        drop(old_waker);
        polled
    }

    /// The arm took effect. Nobody completes another one until the select looks again, which most never do.
    #[inline]
    fn chosen(self: Pin<&mut Self>, index: u32, output: L::Output) -> L::Output {
        let this = self.project();
        if *this.phase == Phase::Enlisted {
            let _not_waiting: Begun = this.claim.begin_poll();
        }
        *this.spent = Some(index);
        output
    }

    /// The arm that took effect last takes part no more, or has to be looked at again.
    #[cold]
    fn retire(self: Pin<&mut Self>, index: u32) {
        let mut this = self.project();
        this.arms.as_mut().switch_off(index);
        if this.arms.kind(index) != Kind::Off {
            *this.marks = this.marks.with(Marks::of(index));
        }
    }

    /// The chosen arm is gone, and what it got with it.
    pub(super) fn forget_choice(self: Pin<&mut Self>) {
        self.claim.restart();
    }

    /// From now until it is polled again no arm takes effect. Whether one did before is found by the next poll.
    pub(super) fn interrupt(self: Pin<&mut Self>) -> Begun {
        self.claim.begin_poll()
    }
}

impl<L: ArmList> fmt::Debug for Wait<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("phase", &self.phase)
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}

/// Waits for one arm; the others stay as they are.
#[inline]
pub fn next<L: ArmList>(select: Pin<&mut Wait<L>>) -> Next<'_, L> {
    Next { select }
}

/// The future of [`next`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Next<'a, L: ArmList> {
    select: Pin<&'a mut Wait<L>>,
}

impl<L: ArmList> Future for Next<'_, L> {
    type Output = L::Output;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<L::Output> {
        self.select.as_mut().poll_next(cx)
    }
}

impl<L: ArmList> fmt::Debug for Next<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("select", &self.select).finish()
    }
}
