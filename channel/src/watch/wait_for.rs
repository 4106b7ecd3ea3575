//! Waiting for a value of a watch that fulfils a condition.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{budget, waiting};
use pin_project_lite::pin_project;

use super::Ref;
use super::receiver::WATCH_CHANGE;
use super::shared::{Handles, Shared};
use crate::chan::Side;
use crate::crowd::{Crowd, Wait};
use crate::error::RecvError;

pin_project! {
    /// The future of [`Receiver::wait_for`](super::Receiver::wait_for).
    #[must_use = "a future does nothing until it is awaited"]
    pub struct WaitFor<'a, T, F> {
        #[pin]
        wait: Wait<Handles, &'a Crowd<Handles>>,
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        condition: F,
        // The condition has not been asked about the present value.
        looks: bool,
        place: &'static Location<'static>,
    }
}

impl<'a, T, F> WaitFor<'a, T, F> {
    pub(super) fn new(
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        condition: F,
        place: &'static Location<'static>,
    ) -> WaitFor<'a, T, F> {
        WaitFor {
            wait: Wait::new(shared.crowd(), Side::Receiver),
            shared,
            seen,
            condition,
            looks: true,
            place,
        }
    }
}

impl<'a, T, F: FnMut(&T) -> bool> Future for WaitFor<'a, T, F> {
    type Output = Result<Ref<'a, T>, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<Ref<'a, T>, RecvError>> {
        let this = self.project();
        loop {
            let operation = ready!(budget::poll_proceed(cx));
            if *this.looks {
                let value = this.shared.read_seen(this.seen);
                if (this.condition)(&value) {
                    operation.made_progress();
                    return Poll::Ready(Ok(value));
                }
                *this.looks = false;
            }
            let polled = this
                .wait
                .as_ref()
                .poll(cx.waker(), |handles| handles.change(this.seen));
            if polled.is_pending() {
                waiting::report(&WATCH_CHANGE, this.place);
            }
            ready!(polled)?;
            operation.made_progress();
            *this.looks = true;
        }
    }
}

impl<T, F> fmt::Debug for WaitFor<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").finish_non_exhaustive()
    }
}
