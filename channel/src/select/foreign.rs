//! An arm that is any future, and how `select!` tells it from a channel operation.

#![expect(unsafe_code, reason = "an arm promises how it withdraws")]

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::arm::Arm;

pin_project! {
    /// A future that knows nothing of select: a sleep, a read, a join handle.
    pub struct Foreign<F> {
        #[pin]
        future: F,
    }
}

impl<F> Foreign<F> {
    pub(crate) fn new(future: F) -> Foreign<F> {
        Foreign { future }
    }
}

impl<F> fmt::Debug for Foreign<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").finish_non_exhaustive()
    }
}

// SAFETY: it is never enlisted.
unsafe impl<F: Future> Arm for Foreign<F> {
    type Output = F::Output;

    const FOREIGN: bool = true;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

/// Makes an arm of a future. Channel operations have a method of this name of their own, which method calls prefer.
pub trait IntoArm: Sized {
    /// The future.
    type IntoFuture: Future;

    /// The arm that polls it.
    fn __into_arm(self) -> Foreign<Self::IntoFuture>;
}

impl<F: IntoFuture> IntoArm for F {
    type IntoFuture = F::IntoFuture;

    #[inline]
    fn __into_arm(self) -> Foreign<F::IntoFuture> {
        Foreign::new(self.into_future())
    }
}
