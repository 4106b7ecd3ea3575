//! A place where tasks wait for each other.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, block_on, budget, waiting};

use crate::raw::{self, Passed, Wait};
use crate::sync::const_fn;

static BARRIER: Reason = Reason::new("barrier");

/// A place where a number of tasks wait for each other, again and again.
///
/// # Examples
///
/// ```
/// use canter_sync::Barrier;
///
/// # futures::executor::block_on(async {
/// let barrier = Barrier::new(2);
/// let (one, other) = futures::join!(barrier.wait(), barrier.wait());
/// assert!(one.is_leader() != other.is_leader());
/// # });
/// ```
pub struct Barrier {
    raw: raw::Barrier,
}

impl Barrier {
    const_fn! {
        /// A barrier at which so many wait for each other. With 0 or 1 nobody waits.
        pub fn new(parties: usize) -> Barrier {
            Barrier {
                raw: raw::Barrier::new(parties),
            }
        }
    }

    /// Waits until as many have come as the barrier is for; the last one is the leader. Then the next round begins.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped while it waits has not come: the barrier waits for another one instead.
    #[track_caller]
    pub fn wait(&self) -> Arrival<'_> {
        Arrival {
            barrier: &self.raw,
            wait: Wait::new(),
            place: Location::caller(),
        }
    }

    /// As [`Barrier::wait`], for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) -> BarrierWaitResult {
        block_on(self.wait())
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.raw.parties())
            .field("arrived", &self.raw.arrived())
            .finish()
    }
}

/// What a task learns when it is let through a [`Barrier`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// Whether this one came last. Of each round one is the leader.
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}

/// The future of [`Barrier::wait`]. Polled again after it ended, it arrives once more.
#[must_use = "a future does nothing until it is awaited"]
pub struct Arrival<'a> {
    barrier: &'a raw::Barrier,
    wait: Wait,
    place: &'static Location<'static>,
}

impl Future for Arrival<'_> {
    type Output = BarrierWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let Poll::Ready(passed) = this.barrier.poll_pass(&mut this.wait, cx.waker()) else {
            waiting::report(&BARRIER, this.place);
            return Poll::Pending;
        };
        operation.made_progress();
        Poll::Ready(BarrierWaitResult {
            leader: passed == Passed::Last,
        })
    }
}

impl Drop for Arrival<'_> {
    #[inline]
    fn drop(&mut self) {
        self.barrier.cancel(&mut self.wait);
    }
}

impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").finish_non_exhaustive()
    }
}
