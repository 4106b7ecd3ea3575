//! What an arm of a select is: a channel operation that others complete, or any future, which is polled.

#![expect(unsafe_code, reason = "what an arm has to promise")]

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::chan::Entry;
use crate::claim::{Claim, Id};
use canter_coop::Wakes;

/// What came of a visit to an arm's channel.
#[derive(Debug)]
#[must_use]
pub enum Visit<T> {
    /// The arm took effect.
    Ready(T),
    NotReady,
    /// Not ready: what is there is promised to others, and will be this arm's if it is still there a turn later.
    GivesWay,
    /// The other side looks at its own channels just now, or is inside: pause, and visit again.
    ComeAgain,
}

impl<T> Visit<T> {
    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Visit<U> {
        match self {
            Visit::Ready(output) => Visit::Ready(map(output)),
            Visit::NotReady => Visit::NotReady,
            Visit::GivesWay => Visit::GivesWay,
            Visit::ComeAgain => Visit::ComeAgain,
        }
    }
}

/// One arm.
///
/// # Safety
///
/// An arm whose `visit_enlisted` was called has withdrawn from its channel when `withdraw` returns, and when it has been dropped: nobody
/// reaches the claim through it afterwards.
pub unsafe trait Arm {
    /// What the arm's pattern is matched against.
    type Output;

    /// Whether it is polled rather than completed.
    const FOREIGN: bool;

    /// Polls a foreign future.
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Pending
    }

    /// Whether a visit could find something. If not, there is nothing.
    fn may_be_ready(&self) -> bool {
        false
    }

    /// Grows with each change of the channel.
    fn version(&self) -> usize {
        0
    }

    /// Does what can be done at once.
    #[doc(hidden)]
    fn visit(self: Pin<&mut Self>, _id: Id, _entry: Entry) -> Visit<Self::Output> {
        Visit::NotReady
    }

    /// The same, and enlists the arm if it has to wait and is not enlisted yet. Whom it has to wake is woken by the caller, when the select
    /// looks no more: a waker is user code, which may come across this select.
    ///
    /// # Safety
    ///
    /// The claim stays where it is until the arm has been withdrawn or dropped.
    #[doc(hidden)]
    unsafe fn visit_enlisted(
        self: Pin<&mut Self>,
        _claim: Pin<&Claim>,
        _index: u32,
        _wakes: &mut Wakes,
    ) -> Visit<Self::Output> {
        Visit::NotReady
    }

    /// The output of the arm that the claim says was chosen. `None` if somebody took it away: the arm waits again.
    fn complete(self: Pin<&mut Self>) -> Option<Self::Output> {
        None
    }

    /// Undoes the wait.
    fn withdraw(self: Pin<&mut Self>) {}
}
