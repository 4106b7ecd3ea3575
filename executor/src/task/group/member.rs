//! The future that a task of a group really runs: the user's, and at its end the report to the group.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

use super::ended::Stop;
use super::shared::Shared;
use super::slots::Key;

pin_project! {
    /// A future is there until the end was reported.
    pub(super) struct Member<T, F> {
        #[pin]
        future: Option<F>,
        group: Arc<Shared<T>>,
        key: Key,
    }

    impl<T, F> PinnedDrop for Member<T, F> {
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() {
                this.end(Err(Stop::Cancelled));
            }
        }
    }
}

impl<T, F> Member<T, F> {
    pub(super) fn new(future: F, group: Arc<Shared<T>>, key: Key) -> Member<T, F> {
        Member {
            future: Some(future),
            group,
            key,
        }
    }

    /// Drops the future, and reports its end. A panic that has nowhere else to go goes on, to the task around this.
    fn end(self: Pin<&mut Self>, result: Result<T, Stop>) {
        let mut this = self.project();
        let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
        let dropped = dropped.map_err(|payload| match this.group.meeting(*this.key) {
            Some(meeting) => meeting.meet(payload).into_payload(),
            None => payload,
        });
        let (result, second) = settle(result, dropped);
        // The panic of a task that has no group any more is its own, and is printed as that of any other.
        if let Some(Err(Stop::Panicked(payload))) = this.group.end(*this.key, result) {
            resume_unwind(payload);
        }
        if let Err(payload) = second {
            resume_unwind(payload);
        }
    }
}

/// Of the future's end and a panic in its destructor, what counts, and what remains to be said.
fn settle<T>(result: Result<T, Stop>, dropped: thread::Result<()>) -> (Result<T, Stop>, thread::Result<()>) {
    match (result, dropped) {
        (Err(Stop::Cancelled), Err(payload)) => (Err(Stop::Panicked(payload)), Ok(())),
        (Ok(output), Err(payload)) => {
            let dropped = catch_unwind(AssertUnwindSafe(|| drop(output)));
            (Err(Stop::Panicked(payload)), dropped)
        }
        (result, dropped) => (result, dropped),
    }
}

impl<T, F: Future<Output = T>> Future for Member<T, F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let future = self.as_mut().project().future.as_pin_mut();
        let future = future.expect("a task is not polled after its end");
        let result = match catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => match self.group.meeting(self.key) {
                Some(meeting) => Err(Stop::Panicked(meeting.meet(payload).into_payload())),
                // The task around this meets it, and drops the future.
                None => resume_unwind(payload),
            },
        };
        self.end(result);
        Poll::Ready(())
    }
}
