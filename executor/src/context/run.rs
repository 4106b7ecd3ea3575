//! A future that ends early with its context.

use std::pin::Pin;
use std::task::{self, Poll, ready};

use super::cancelled::Wait;
use super::{Context, ContextError};

pin_project_lite::pin_project! {
    /// The future of [`Context::run`].
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Run<'a, F> {
        // `None` once it has ended, or the context has.
        #[pin]
        future: Option<F>,
        wait: Wait<&'a Context>,
    }
}

impl<'a, F> Run<'a, F> {
    pub(super) fn new(context: &'a Context, future: F) -> Run<'a, F> {
        Run {
            future: Some(future),
            wait: Wait::new(context),
        }
    }
}

impl<F: Future> Future for Run<'_, F> {
    type Output = Result<F::Output, ContextError>;

    /// It reports no wait of its own: what the future's leaves report says more, and is as true.
    fn poll(self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            let error = this.wait.context().error();
            return Poll::Ready(Err(error.expect("`Run` polled after it gave its output")));
        };
        if let Poll::Ready(output) = future.poll(cx) {
            this.future.set(None);
            return Poll::Ready(Ok(output));
        }
        ready!(this.wait.poll(cx)); // beside the budget: a future that spends it in each poll does not outlast its context
        this.future.set(None);
        let error = this.wait.context().error();
        Poll::Ready(Err(error.expect("the wait is over")))
    }
}
