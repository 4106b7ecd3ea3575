//! A future with a deadline.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use canter_coop::budget;

use super::Sleep;

/// Gives `future` so much time, counted from this call. Zero means one poll; [`Duration::MAX`] means for ever.
///
/// The future is polled first: one that is ready wins over a deadline that has passed.
///
/// # Errors
///
/// [`Elapsed`] if the time is over; `future` is dropped with the time-out.
///
/// # Cancel safety
///
/// Dropping it drops `future` and the timer.
///
/// # Examples
///
/// ```
/// use canter_executor::time::timeout;
/// use std::{future::pending, time::Duration};
///
/// canter_executor::block_on(async {
///     assert_eq!(timeout(Duration::from_secs(5), async { 7 }).await, Ok(7));
///     assert!(timeout(Duration::from_millis(1), pending::<()>()).await.is_err());
/// });
/// ```
#[track_caller]
pub fn timeout<F: IntoFuture>(duration: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: Sleep::placed(duration, Location::caller()),
    }
}

/// As [`timeout`], with the moment at which the time is over.
///
/// # Errors
///
/// [`Elapsed`] if the time is over.
///
/// # Cancel safety
///
/// Dropping it drops `future` and the timer.
#[track_caller]
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout {
        future: future.into_future(),
        sleep: Sleep::placed_until(deadline, Location::caller()),
    }
}

pin_project_lite::pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    #[derive(Debug)]
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        sleep: Sleep,
    }
}

impl<F> Timeout<F> {
    /// The future that is waited for.
    pub fn get_ref(&self) -> &F {
        &self.future
    }

    /// The future that is waited for, without its deadline.
    pub fn into_inner(self) -> F {
        self.future
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let had_budget = budget::has_remaining();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let sleep = Pin::new(this.sleep);
        // A future that spends the whole budget in each poll must not keep its deadline from being seen.
        let elapsed = if had_budget && !budget::has_remaining() {
            canter_coop::host::unhosted(|| sleep.poll(cx))
        } else {
            sleep.poll(cx)
        };
        elapsed.map(|()| Err(Elapsed(())))
    }
}

/// The time was over before the future ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the time-out has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> io::Error {
        io::Error::new(io::ErrorKind::TimedOut, elapsed)
    }
}
