//! A caller that does to a future all that a caller may.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use fastrand::Rng;

/// Awaits a future, which now and then is polled although nobody woke it, is polled by another waker than before, or is dropped: before its
/// first poll, while it waits, or when it was woken. The output, if it was not dropped.
pub async fn rough<F: Future>(random: &mut Rng, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        match random.u8(..8) {
            0 => return Poll::Ready(None),
            1 => {
                let by_nobody = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                if let Poll::Ready(output) = by_nobody {
                    return Poll::Ready(Some(output));
                }
            }
            _ => {}
        }
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        match random.u8(..8) {
            0 => return Poll::Ready(None),
            1 => cx.waker().wake_by_ref(),
            _ => {}
        }
        Poll::Pending
    })
    .await
}
