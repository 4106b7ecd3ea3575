//! A poll whose waker nobody hears.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Polls a future once. Nobody is woken.
pub fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
