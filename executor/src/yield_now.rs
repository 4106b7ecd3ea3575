//! Giving way.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets the other tasks run: the task goes behind everything that is ready now.
///
/// Go's `runtime.Gosched`. Under any executor it wakes its task and is pending once.
///
/// # Cancel safety
///
/// Dropping the future does nothing.
///
/// # Examples
///
/// ```
/// canter_executor::block_on(async {
///     for step in 0..3 {
///         println!("step {step}");
///         canter_executor::yield_now().await;
///     }
/// });
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
