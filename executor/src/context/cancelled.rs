//! Waiting for the end of a context.

use std::borrow::Borrow;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{self, Poll, ready};

use canter_coop::budget;
use canter_coop::waiting::{self, EndedBy, Reason};

use super::Context;
use super::scope::Watcher;

static CONTEXT_CANCEL: Reason = Reason::new("context cancel").ended_by(EndedBy::Anybody);

/// The future of [`Context::cancelled`]. Polled again after it ended, it is ready again.
#[must_use = "a future does nothing until it is awaited"]
pub struct Cancelled<'a> {
    wait: Wait<&'a Context>,
    place: &'static Location<'static>,
}

/// The future of [`Context::cancelled_owned`]. Polled again after it ended, it is ready again.
#[must_use = "a future does nothing until it is awaited"]
pub struct CancelledOwned {
    wait: Wait<Context>,
    place: &'static Location<'static>,
}

impl<'a> Cancelled<'a> {
    pub(super) fn new(context: &'a Context, place: &'static Location<'static>) -> Cancelled<'a> {
        Cancelled {
            wait: Wait::new(context),
            place,
        }
    }
}

impl CancelledOwned {
    pub(super) fn new(context: Context, place: &'static Location<'static>) -> CancelledOwned {
        CancelledOwned {
            wait: Wait::new(context),
            place,
        }
    }
}

impl Future for Cancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let place = self.place;
        self.wait.poll_as_leaf(place, cx)
    }
}

impl Future for CancelledOwned {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        let place = self.place;
        self.wait.poll_as_leaf(place, cx)
    }
}

/// A place among those who are told of the end of a context, taken by the first poll.
pub(super) struct Wait<C: Borrow<Context>> {
    context: C,
    index: Option<usize>,
}

impl<C: Borrow<Context>> Wait<C> {
    pub(super) fn new(context: C) -> Wait<C> {
        Wait { context, index: None }
    }

    pub(super) fn context(&self) -> &Context {
        self.context.borrow()
    }

    /// Ready once the context has ended; until then the waker of the last poll is told of it.
    pub(super) fn poll(&mut self, cx: &mut task::Context<'_>) -> Poll<()> {
        let Some(scope) = self.context.borrow().scope() else {
            return Poll::Pending; // nothing ends it
        };
        if scope.cause().is_some() {
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        match self.index {
            Some(index) => scope.renew_waker(index, waker),
            None => match scope.watch(Watcher::Waiter(waker)) {
                Ok(index) => {
                    self.index = Some(index);
                    Poll::Pending
                }
                Err(_ended) => Poll::Ready(()),
            },
        }
    }

    fn poll_as_leaf(&mut self, place: &'static Location<'static>, cx: &mut task::Context<'_>) -> Poll<()> {
        let operation = ready!(budget::poll_proceed(cx));
        let polled = self.poll(cx);
        if polled.is_ready() {
            operation.made_progress();
        } else {
            waiting::report(&CONTEXT_CANCEL, place);
        }
        polled
    }
}

impl<C: Borrow<Context>> Drop for Wait<C> {
    fn drop(&mut self) {
        if let (Some(index), Some(scope)) = (self.index, self.context.borrow().scope()) {
            drop(scope.unwatch(index));
        }
    }
}

impl<C: Borrow<Context>> fmt::Debug for Wait<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.context().fmt(f)
    }
}

impl fmt::Debug for Cancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cancelled").field(&self.wait).finish()
    }
}

impl fmt::Debug for CancelledOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelledOwned").field(&self.wait).finish()
    }
}
