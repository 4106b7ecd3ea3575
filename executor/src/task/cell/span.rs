//! The `tracing` span of a task: see [`diagnostics`](crate::diagnostics#tracing) for what it tells.
//!
//! The span belongs to whoever owns the future, and goes when the future has been dropped. For those who only have a waker there is its
//! number. A subscriber is code of the program's: what it is told here is told without a lock, and a panic of it changes nothing.
//!
//! Most programs that have the feature have no subscriber that wants the spans. So the polls of a task with a span, and its wakers, are
//! functions of their own, and for one without nothing is left to do but to see that it has none.
//!
//! `no_span.rs` has the same interface, and stands here where the feature is off.

#![expect(unsafe_code, reason = "a span belongs to whoever owns the future")]

use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use canter_coop::Waiting;
use tracing::span::{Entered, Id};
use tracing::{Level, Span, span, trace};

use super::header::TaskRef;
use super::meta::Meta;
use crate::diagnostics::Kind;
use crate::report::report;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What is done with a waker.
#[derive(Debug, Clone, Copy)]
pub(super) enum WakerOp {
    Clone,
    Wake,
    WakeByRef,
    Drop,
}

/// The span of a task that was started and has not ended, if a subscriber wants it.
pub(super) struct TaskSpan {
    /// Zero where there is no span.
    number: AtomicU64,
    /// There while the number is not zero. Boxed, so that a task without one has no room for it.
    span: UnsafeCell<MaybeUninit<Box<Span>>>,
}

impl TaskSpan {
    /// None yet.
    #[inline]
    pub(super) fn new() -> TaskSpan {
        TaskSpan {
            number: AtomicU64::new(0),
            span: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The task, which has this span, is about to be scheduled for the first time.
    ///
    /// # Safety
    /// The caller owns the future.
    #[inline]
    pub(super) unsafe fn begin(&self, task: &TaskRef, kind: impl FnOnce() -> Kind) {
        if tracing::level_enabled!(Level::DEBUG) {
            // SAFETY: passed on to the caller.
            unsafe { self.open(task, kind()) }
        }
    }

    /// # Safety
    /// As for `begin`.
    #[cold]
    unsafe fn open(&self, task: &TaskRef, kind: Kind) {
        let kind = match kind {
            Kind::Task => "task",
            Kind::LocalTask => "local",
            Kind::Closure => "blocking",
        };
        let span = quietly(|| span_of(task, kind)).flatten();
        if let Some((id, span)) = span {
            // SAFETY: there is none yet, and nobody else looks for one.
            self.span
                .with_mut(|slot| unsafe { (*slot).write(Box::new(span)) });
            self.number.store(id.into_u64(), Relaxed);
        }
    }

    /// Whether there is one. It stays so from before the task is first scheduled until its future has gone.
    #[inline]
    pub(super) fn is_there(&self) -> bool {
        self.number() != 0
    }

    /// Runs `f` within the span.
    ///
    /// # Safety
    /// The caller owns the future, or is dropping it.
    #[inline]
    pub(super) unsafe fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        if self.is_there() {
            // SAFETY: passed on to the caller.
            unsafe { self.within_open(f) }
        } else {
            f()
        }
    }

    /// # Safety
    /// As for `within`, and there is a span.
    #[cold]
    unsafe fn within_open<R>(&self, f: impl FnOnce() -> R) -> R {
        let entered = self.span.with(|slot| {
            // SAFETY: whoever owns the future is here, so nobody takes the span out.
            let slot = unsafe { &*slot };
            // SAFETY: the caller says that it is there.
            let span = unsafe { slot.assume_init_ref() };
            quietly(|| span.enter())
        });
        let _within = Within(entered);
        f()
    }

    /// Runs a poll within the span, and tells how it left the task if that has not ended.
    ///
    /// # Safety
    /// As for `within`, and there is a span.
    #[cold]
    pub(super) unsafe fn poll<T>(
        &self,
        meta: &Meta,
        poll: impl FnOnce() -> (Poll<T>, Option<Waiting>),
    ) -> (Poll<T>, Option<Waiting>) {
        let poll = || {
            let (polled, waiting) = poll();
            if polled.is_pending() {
                tell_pending(meta, waiting);
            }
            (polled, waiting)
        };
        // SAFETY: passed on to the caller.
        unsafe { self.within_open(poll) }
    }

    /// The future has been dropped, with an output or without: the span is closed.
    ///
    /// # Safety
    /// The caller owned the future.
    #[inline]
    pub(super) unsafe fn end(&self, meta: &Meta, has_output: bool) {
        if self.is_there() {
            // SAFETY: passed on to the caller.
            unsafe { self.close(meta, has_output) }
        }
    }

    /// # Safety
    /// As for `end`, and there is a span.
    #[cold]
    unsafe fn close(&self, meta: &Meta, has_output: bool) {
        let outcome = if meta.has_panicked() {
            "panicked"
        } else if has_output {
            "output"
        } else if meta.has_leaked() {
            "leaked"
        } else if meta.state.load().is_to_end() {
            "aborted"
        } else {
            "dropped"
        };
        self.number.store(0, Relaxed);
        let span = self.span.with(|slot| {
            // SAFETY: the slot is the caller's.
            let slot = unsafe { &*slot };
            // SAFETY: the span is there, and the number says from now on that it is not.
            unsafe { slot.assume_init_read() }
        });
        // Not within the span: tools count each time that it is entered as a poll.
        quietly(|| trace!(target: "canter::task", parent: span.id(), { outcome }, "ended"));
        quietly(|| drop(span));
    }

    /// Somebody is about to do that with a waker of the task.
    #[cold]
    pub(super) fn waker(&self, op: WakerOp) {
        let number = self.number();
        if number == 0 {
            return;
        }
        let op = match op {
            WakerOp::Clone => "waker.clone",
            WakerOp::Wake => "waker.wake",
            WakerOp::WakeByRef => "waker.wake_by_ref",
            WakerOp::Drop => "waker.drop",
        };
        quietly(|| trace!(target: "runtime::waker", op, task.id = number));
    }

    /// The task waited, and somebody woke it.
    #[cold]
    pub(super) fn woken(&self, meta: &Meta) {
        if self.is_there() {
            quietly(|| trace!(target: "canter::task", { task.id = meta.id().number() }, "woken"));
        }
    }

    #[inline]
    fn number(&self) -> u64 {
        self.number.load(Relaxed)
    }
}

/// The span of a task, with its number, if a subscriber wants it.
fn span_of(task: &TaskRef, kind: &str) -> Option<(Id, Span)> {
    let place = task.spawned_at();
    let span = span!(
        target: "canter::task",
        parent: None,
        Level::DEBUG,
        "runtime.spawn",
        kind,
        task.id = task.id().number(),
        task.name = task.name().map(|name| &**name),
        loc.file = place.file(),
        loc.line = place.line(),
        loc.col = place.column(),
    );
    let id = span.id()?;
    span.follows_from(Span::current().id());
    Some((id, span))
}

/// Leaves the span when it is dropped.
struct Within<'a>(Option<Entered<'a>>);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        if let Some(entered) = self.0.take() {
            quietly(|| drop(entered));
        }
    }
}

#[cold]
fn tell_pending(meta: &Meta, waiting: Option<Waiting>) {
    quietly(|| match waiting {
        _ if meta.state.load().is_scheduled() => trace!(target: "canter::task", "yields"),
        None => trace!(target: "canter::task", "waits"),
        Some(Waiting { reason, place }) => trace!(
            target: "canter::task",
            reason = reason.as_str(),
            loc.file = place.file(),
            loc.line = place.line(),
            loc.col = place.column(),
            "waits"
        ),
    });
}

/// The task in whose span this thread is panicked, with these words.
pub(in crate::task) fn tell_panicked(words: &str) {
    quietly(|| trace!(target: "canter::task", { panic.message = words }, "panicked"));
}

/// Calls a subscriber. Only where there is a span.
#[cold]
fn quietly<R>(tell: impl FnOnce() -> R) -> Option<R> {
    let told = catch_unwind(AssertUnwindSafe(tell));
    if told.is_err() {
        report(format_args!(
            "a subscriber of `tracing` panicked; the task goes on"
        ));
    }
    told.ok()
}
