//! Waiting until a number of things are done.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, block_on, budget, waiting};
use pin_project_lite::pin_project;

use crate::raw::{Counter, Misuse, Wait};

static WAIT_GROUP: Reason = Reason::new("wait group");

/// Waits until a number of things are done. Go's `sync.WaitGroup`.
///
/// Clones share the number. It may go up again after it was zero: those that waited for the first zero are released, those that come later
/// wait for the next one.
///
/// # Examples
///
/// ```
/// use canter_sync::WaitGroup;
///
/// # canter_executor::block_on(async {
/// let group = WaitGroup::new();
/// for number in 0..3 {
///     canter_executor::go(group.track(async move { println!("worker {number}") }));
/// }
/// group.wait().await;
/// # });
/// ```
#[derive(Clone)]
pub struct WaitGroup {
    counter: Arc<Counter>,
}

impl WaitGroup {
    /// A group with nothing to wait for.
    pub fn new() -> WaitGroup {
        WaitGroup {
            counter: Arc::new(Counter::new()),
        }
    }

    /// So many more things to wait for. Call it before the things begin, lest somebody finds the group at zero in between.
    ///
    /// # Panics
    ///
    /// Panics if there would be more than `usize::MAX / 4`.
    #[track_caller]
    pub fn add(&self, amount: usize) {
        if let Err(misuse) = self.counter.add(amount) {
            misused(misuse);
        }
    }

    /// One thing is done.
    ///
    /// # Panics
    ///
    /// Panics if there is nothing left to wait for: `done` was called more often than was added.
    #[track_caller]
    pub fn done(&self) {
        if let Err(misuse) = self.counter.done() {
            misused(misuse);
        }
    }

    /// How many things are not done yet.
    pub fn count(&self) -> usize {
        self.counter.count()
    }

    /// Waits until everything is done, which it is at once when nothing was added.
    ///
    /// What was done before is visible to whoever has waited.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    #[track_caller]
    pub fn wait(&self) -> WaitZero<'_> {
        WaitZero {
            counter: &self.counter,
            wait: Wait::new(),
            place: Location::caller(),
        }
    }

    /// As [`WaitGroup::wait`], for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) {
        block_on(self.wait());
    }

    /// Adds one, and counts down when the future ends, or is dropped before it does: because its task panicked or was aborted, or because
    /// it was never awaited. Go's `WaitGroup.Go`, where the task is started by the caller.
    ///
    /// # Panics
    ///
    /// Panics as [`WaitGroup::add`] does.
    #[track_caller]
    pub fn track<F: IntoFuture>(&self, future: F) -> Tracked<F::IntoFuture> {
        self.add(1);
        Tracked {
            future: Some(future.into_future()),
            one: Some(One(self.clone())),
        }
    }
}

impl Default for WaitGroup {
    fn default() -> WaitGroup {
        WaitGroup::new()
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup").field("count", &self.count()).finish()
    }
}

#[cold]
#[track_caller]
fn misused(misuse: Misuse) -> ! {
    match misuse {
        Misuse::AboveMax => panic!(
            "`WaitGroup::add` would take the number above {}, which it can't count",
            Counter::MAX
        ),
        Misuse::BelowZero => {
            panic!("`WaitGroup::done` was called more often than was added: the number is zero already")
        }
    }
}

/// The future of [`WaitGroup::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct WaitZero<'a> {
    counter: &'a Counter,
    wait: Wait,
    place: &'static Location<'static>,
}

impl Future for WaitZero<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        if this.counter.poll_zero(&mut this.wait, cx.waker()).is_pending() {
            waiting::report(&WAIT_GROUP, this.place);
            return Poll::Pending;
        }
        operation.made_progress();
        Poll::Ready(())
    }
}

impl Drop for WaitZero<'_> {
    #[inline]
    fn drop(&mut self) {
        self.counter.cancel(&mut self.wait);
    }
}

impl fmt::Debug for WaitZero<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitZero")
            .field("count", &self.counter.count())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`WaitGroup::track`].
    ///
    /// # Panics
    ///
    /// Polling it again after it ended panics.
    #[must_use = "a future does nothing until it is awaited, and dropping this one counts down"]
    pub struct Tracked<F> {
        #[pin]
        future: Option<F>,
        one: Option<One>,
    }
}

/// One of the group's number.
struct One(WaitGroup);

impl Drop for One {
    fn drop(&mut self) {
        self.0.done();
    }
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut();
        let output = ready!(
            future
                .expect("`Tracked` was polled again after it ended")
                .poll(cx)
        );
        this.future.set(None); // whoever waits finds gone what the future held
        *this.one = None;
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Tracked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracked")
            .field("ended", &self.one.is_none())
            .finish_non_exhaustive()
    }
}
