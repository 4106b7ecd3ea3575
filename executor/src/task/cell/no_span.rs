//! No span: what stands in the place of `span.rs` without the feature `tracing`. It takes no room and does nothing.

#![expect(unsafe_code, reason = "the interface is that of `span.rs`")]

use std::task::Poll;

use canter_coop::Waiting;

use super::header::TaskRef;
use super::meta::Meta;
use crate::diagnostics::Kind;

#[derive(Clone, Copy)]
pub(super) enum WakerOp {
    Clone,
    Wake,
    WakeByRef,
    Drop,
}

pub(super) struct TaskSpan;

impl TaskSpan {
    pub(super) fn new() -> TaskSpan {
        TaskSpan
    }

    #[inline]
    pub(super) fn is_there(&self) -> bool {
        false
    }

    /// # Safety
    /// Always safe.
    #[inline]
    pub(super) unsafe fn begin(&self, _: &TaskRef, _: impl FnOnce() -> Kind) {}

    /// # Safety
    /// Always safe.
    #[inline]
    pub(super) unsafe fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        f()
    }

    /// # Safety
    /// Always safe.
    #[inline]
    pub(super) unsafe fn poll<T>(
        &self,
        _: &Meta,
        poll: impl FnOnce() -> (Poll<T>, Option<Waiting>),
    ) -> (Poll<T>, Option<Waiting>) {
        poll()
    }

    /// # Safety
    /// Always safe.
    #[inline]
    pub(super) unsafe fn end(&self, _: &Meta, _: bool) {}

    #[inline]
    pub(super) fn waker(&self, _: WakerOp) {}

    #[inline]
    pub(super) fn woken(&self, _: &Meta) {}
}

#[inline]
pub(in crate::task) fn tell_panicked(_: &str) {}
