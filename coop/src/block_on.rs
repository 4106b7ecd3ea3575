//! Waiting on a thread.

use std::pin::pin;
use std::task::{Context, Poll};

use crate::{Signal, host};

/// Polls a future on this thread until it ends, and lets the thread sleep in between.
///
/// For the blocking forms of a leaf future's operations. The future has no budget: a thread has nobody to give way to.
///
/// # Examples
///
/// ```
/// assert_eq!(canter_coop::block_on(async { 1 + 1 }), 2);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    host::unhosted(|| {
        let mut future = pin!(future);
        Signal::with(|signal, waker| {
            let mut cx = Context::from_waker(waker);
            loop {
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return output;
                }
                signal.wait(|| {});
            }
        })
    })
}
