//! The future that a task really runs: the user's, with what surrounds each poll and its end.

#![expect(
    unsafe_code,
    reason = "the wrapper pins the future that it holds, and drops it in place"
)]

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};

use canter_coop::host;

use super::join::{Failure, JoinHandle, Output};
use super::meta::{Meta, MetaRef};
use super::registry::Registry;
use super::{Runnable, Woken};

/// Operations of leaf futures in one poll, before the task gives way.
const BUDGET: u32 = 128;

/// Above this size a future is boxed where it first lies, instead of being moved into the task's allocation.
const LARGEST_INLINE: usize = 1024;

/// A task that was made and not started yet.
#[must_use = "a task runs once it is started"]
pub(crate) struct Fresh {
    runnable: Runnable,
    listed: bool,
}

impl Fresh {
    /// Schedules the task; drops it where its registry is closed, and the join then says that it was cancelled.
    #[inline]
    pub(crate) fn start(self) {
        if self.listed {
            Registry::schedule(self.runnable, Woken::Parked);
        }
    }
}

/// Makes a task of a `Send` future. No code of the user's runs in here.
pub(crate) fn new<F>(
    registry: &Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
) -> (Fresh, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // SAFETY: the future and its output are `Send` and `'static`.
    unsafe { new_unchecked(registry, future, spawned_at) }
}

/// Makes a task of any future.
///
/// # Safety
/// If `F` is not `Send`, the runnable must be run and dropped on this thread only. If the output is not `Send` the handle
/// isn't either, which the types see to.
#[inline]
pub(crate) unsafe fn new_unchecked<F>(
    registry: &Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
) -> (Fresh, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    if size_of::<F>() > LARGEST_INLINE {
        // Boxed first and alone, so that a large future crosses the stack once, as the argument.
        let future: Pin<Box<F>> = Box::pin(future);
        // SAFETY: passed on to the caller.
        unsafe { build(registry, future, spawned_at) }
    } else {
        // SAFETY: passed on to the caller.
        unsafe { build(registry, future, spawned_at) }
    }
}

/// # Safety
/// As for [`new_unchecked`].
unsafe fn build<F>(
    registry: &Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
) -> (Fresh, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    let builder = async_task::Builder::new().metadata(Meta::new(registry, spawned_at));
    let schedule = async_task::WithInfo(|runnable: Runnable, info: async_task::ScheduleInfo| {
        let woken = if info.woken_while_running {
            Woken::WhileRunning
        } else {
            Woken::Parked
        };
        Registry::schedule(runnable, woken);
    });
    let wrap = |meta: &Meta| TaskFuture {
        // SAFETY: the future lies in the allocation that the metadata lies in.
        meta: unsafe { MetaRef::new(meta) },
        future: ManuallyDrop::new(future),
    };
    // SAFETY: the future borrows nothing but the metadata beside it; the schedule function is `Send`, `Sync` and `'static`;
    // the caller answers for a future that is not `Send`.
    let (runnable, task) = unsafe { builder.spawn_unchecked(wrap, schedule) };
    // SAFETY: kept in the handle beside the task reference, and in the registry until the future's destructor.
    let meta = unsafe { MetaRef::new(runnable.metadata()) };
    let listed = registry.insert(meta, runnable.waker());
    (Fresh { runnable, listed }, JoinHandle::new(task.fallible(), meta))
}

struct TaskFuture<F: Future> {
    meta: MetaRef,
    future: ManuallyDrop<F>,
}

impl<F: Future> TaskFuture<F> {
    /// Drops the user's future, at most once; a panic in its destructor comes back as a failure.
    fn drop_future(&mut self) -> Result<(), Failure> {
        // Whoever polls or drops the task has it alone, so a load and a store do.
        if self.meta.future_dropped.load(Relaxed) {
            return Ok(());
        }
        self.meta.future_dropped.store(true, Relaxed);
        let future = &mut self.future;
        // SAFETY: the flag says that it has not been dropped yet, and from now on that it has.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(future) }));
        dropped.map_err(|payload| Failure::panic(&self.meta, payload))
    }
}

impl<F: Future> Future for TaskFuture<F> {
    type Output = Result<Output<F::Output>, Failure>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the user's future is not moved: it is pinned again below, and dropped in place.
        let this = unsafe { self.get_unchecked_mut() };
        if this.meta.is_aborted() {
            return Poll::Ready(this.drop_future().and(Err(Failure::Cancelled)));
        }
        this.meta.clear_waiting();
        let polled = {
            // SAFETY: `this` came out of a pin, and nothing moves the future until it is dropped in place.
            let future = unsafe { Pin::new_unchecked(&mut *this.future) };
            catch_unwind(AssertUnwindSafe(|| host::poll(BUDGET, || future.poll(cx))))
        };
        match polled {
            Ok((Poll::Pending, waiting)) => {
                this.meta.set_waiting(waiting);
                Poll::Pending
            }
            Ok((Poll::Ready(output), _)) => {
                let output = Output::new(&this.meta, output);
                Poll::Ready(this.drop_future().map(|()| output))
            }
            Err(payload) => {
                let failure = Failure::panic(&this.meta, payload);
                // A second panic, in the destructor, reports itself when it is dropped.
                drop(this.drop_future());
                Poll::Ready(Err(failure))
            }
        }
    }
}

impl<F: Future> Drop for TaskFuture<F> {
    fn drop(&mut self) {
        drop(self.drop_future());
        Registry::remove(&self.meta);
    }
}
