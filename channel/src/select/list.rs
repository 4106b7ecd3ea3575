//! The arms of one `select!`, one type behind the other, reached by their number.

#![expect(unsafe_code, reason = "passes on what `Arm` asks for")]

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::arm::{Arm, Visit};
use crate::chan::Entry;
use crate::claim::{Claim, Id};
use canter_coop::Wakes;

/// Whether an arm takes part, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Switched off: by its guard, or since it has ended.
    Off,
    /// Polled.
    Foreign,
    /// Completed by others.
    Channel,
}

/// Arms by number: what [`Arm`] says, for the arm `index`.
///
/// # Safety
///
/// As for [`Arm`], of each.
#[expect(missing_docs, reason = "each method stands in `Arm`")]
pub unsafe trait ArmList {
    type Output;

    fn count(&self) -> u32;
    fn kind(&self, index: u32) -> Kind;
    fn has_foreign(&self) -> bool;
    fn may_be_ready(&self, index: u32) -> bool;
    fn version(&self, index: u32) -> usize;
    fn poll(self: Pin<&mut Self>, index: u32, cx: &mut Context<'_>) -> Poll<Self::Output>;
    #[doc(hidden)]
    fn visit(self: Pin<&mut Self>, index: u32, id: Id, entry: Entry) -> Visit<Self::Output>;
    /// # Safety
    ///
    /// As for [`Arm::visit_enlisted`]; `index` is the arm's number counted from `first`.
    #[doc(hidden)]
    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        index: u32,
        claim: Pin<&Claim>,
        number: u32,
        wakes: &mut Wakes,
    ) -> Visit<Self::Output>;
    fn complete(self: Pin<&mut Self>, index: u32) -> Option<Self::Output>;
    /// Ends an arm that took effect, unless it can go on.
    fn switch_off(self: Pin<&mut Self>, index: u32);
    /// The output when no arm was chosen.
    fn nothing_ready() -> Self::Output;
}

pin_project! {
    /// An arm, if its guard holds, and those behind it.
    #[derive(Debug)]
    pub struct Arms<A, R> {
        #[pin]
        arm: Option<A>,
        #[pin]
        rest: R,
    }
}

/// Puts an arm before others.
#[expect(
    non_snake_case,
    reason = "it stands for the constructor of a tuple struct with pinned fields"
)]
#[inline]
pub fn Arms<A, R>(arm: Option<A>, rest: R) -> Arms<A, R> {
    Arms { arm, rest }
}

/// The end of the arms.
#[derive(Debug, Clone, Copy)]
pub struct NoArm;

/// Which arm was chosen, and what it gave.
#[derive(Debug)]
pub enum Output<A, R> {
    /// The first one of these.
    First(A),
    /// One behind it.
    Rest(R),
}

/// No arm was chosen: none was ready, or none is switched on.
#[derive(Debug)]
pub struct NothingReady;

// SAFETY: what holds of each arm holds of the list.
unsafe impl<A: Arm, R: ArmList> ArmList for Arms<A, R> {
    type Output = Output<A::Output, R::Output>;

    #[inline]
    fn count(&self) -> u32 {
        1 + self.rest.count()
    }

    #[inline]
    fn kind(&self, index: u32) -> Kind {
        match index {
            0 if self.arm.is_none() => Kind::Off,
            0 if A::FOREIGN => Kind::Foreign,
            0 => Kind::Channel,
            _ => self.rest.kind(index - 1),
        }
    }

    #[inline]
    fn has_foreign(&self) -> bool {
        A::FOREIGN || self.rest.has_foreign()
    }

    #[inline]
    fn may_be_ready(&self, index: u32) -> bool {
        match index {
            0 => self.arm.as_ref().is_some_and(A::may_be_ready),
            _ => self.rest.may_be_ready(index - 1),
        }
    }

    #[inline]
    fn version(&self, index: u32) -> usize {
        match index {
            0 => self.arm.as_ref().map_or(0, A::version),
            _ => self.rest.version(index - 1),
        }
    }

    #[inline]
    fn poll(self: Pin<&mut Self>, index: u32, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match index {
            0 => match this.arm.as_pin_mut() {
                Some(arm) => arm.poll(cx).map(Output::First),
                None => Poll::Pending,
            },
            _ => this.rest.poll(index - 1, cx).map(Output::Rest),
        }
    }

    #[inline]
    fn visit(self: Pin<&mut Self>, index: u32, id: Id, entry: Entry) -> Visit<Self::Output> {
        let this = self.project();
        match index {
            0 => match this.arm.as_pin_mut() {
                Some(arm) => arm.visit(id, entry).map(Output::First),
                None => Visit::NotReady,
            },
            _ => this.rest.visit(index - 1, id, entry).map(Output::Rest),
        }
    }

    #[inline]
    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        index: u32,
        claim: Pin<&Claim>,
        number: u32,
        wakes: &mut Wakes,
    ) -> Visit<Self::Output> {
        let this = self.project();
        match index {
            0 => match this.arm.as_pin_mut() {
                // SAFETY: what the caller promises.
                Some(arm) => unsafe { arm.visit_enlisted(claim, number, wakes) }.map(Output::First),
                None => Visit::NotReady,
            },
            // SAFETY: what the caller promises.
            _ => unsafe { this.rest.visit_enlisted(index - 1, claim, number, wakes) }.map(Output::Rest),
        }
    }

    #[inline]
    fn complete(self: Pin<&mut Self>, index: u32) -> Option<Self::Output> {
        let this = self.project();
        match index {
            0 => this.arm.as_pin_mut()?.complete().map(Output::First),
            _ => this.rest.complete(index - 1).map(Output::Rest),
        }
    }

    #[inline]
    fn switch_off(self: Pin<&mut Self>, index: u32) {
        let mut this = self.project();
        match index {
            0 => this.arm.set(None),
            _ => this.rest.switch_off(index - 1),
        }
    }

    #[inline]
    fn nothing_ready() -> Self::Output {
        Output::Rest(R::nothing_ready())
    }
}

// SAFETY: there is no arm.
unsafe impl ArmList for NoArm {
    type Output = NothingReady;

    #[inline]
    fn count(&self) -> u32 {
        0
    }

    fn kind(&self, _index: u32) -> Kind {
        Kind::Off
    }

    fn has_foreign(&self) -> bool {
        false
    }

    fn may_be_ready(&self, _index: u32) -> bool {
        false
    }

    fn version(&self, _index: u32) -> usize {
        0
    }

    fn poll(self: Pin<&mut Self>, _index: u32, _cx: &mut Context<'_>) -> Poll<NothingReady> {
        Poll::Pending
    }

    fn visit(self: Pin<&mut Self>, _index: u32, _id: Id, _entry: Entry) -> Visit<NothingReady> {
        Visit::NotReady
    }

    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        _index: u32,
        _claim: Pin<&Claim>,
        _number: u32,
        _wakes: &mut Wakes,
    ) -> Visit<NothingReady> {
        Visit::NotReady
    }

    fn complete(self: Pin<&mut Self>, _index: u32) -> Option<NothingReady> {
        None
    }

    fn switch_off(self: Pin<&mut Self>, _index: u32) {}

    #[inline]
    fn nothing_ready() -> NothingReady {
        NothingReady
    }
}
