//! The whole allocation, with the future or its result; the poll, and what ends a task.

#![expect(
    unsafe_code,
    reason = "the future is pinned and dropped in the task's allocation, and its result comes in its place"
)]

use std::any::Any;
use std::mem::{ManuallyDrop, MaybeUninit, offset_of};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;

use canter_coop::{Waiting, host};

use super::header::{Header, Name, TaskRef, VTable, leave};
use super::joiner::Joiner;
use super::meta::Meta;
use super::runnable::Runnable;
use super::span::TaskSpan;
use super::state::{Complete, Pending};
use super::waker;
use crate::report::report;
use crate::sync::UnsafeCell;
use crate::task::current;
use crate::task::join::{Failure, discard};
use crate::task::panic::Panicked;
use crate::task::{Registry, Woken};

/// Operations of leaf futures in one poll, before the task gives way.
const BUDGET: u32 = 128;

/// The allocation. The header comes first, so that a pointer to the one is one to the other.
#[repr(C)]
struct Cell<F: Future, N> {
    header: Header,
    name: N,
    content: UnsafeCell<Content<F>>,
}

/// The future until it was dropped, and then the result, if there is a handle. [`state`](super::state) says whose it is.
#[repr(C)]
union Content<F: Future> {
    future: ManuallyDrop<F>,
    result: ManuallyDrop<Result<F::Output, Failure>>,
}

/// Makes a task, which is not listed yet. No code of the user's runs in here.
///
/// # Safety
/// A future that is not `Send` is run and dropped, with its runnable, on this thread only. It lives for as long as the task may.
#[inline]
pub(in crate::task) unsafe fn allocate<F: Future + 'static, N: Name>(
    registry: &Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
    name: N,
) -> (Runnable, Joiner<F::Output>) {
    let mut cell = Box::<Cell<F, N>>::new_uninit();
    cell.write(Cell {
        header: Header {
            vtable: const { &Cell::<F, N>::VTABLE },
            joiner: UnsafeCell::new(MaybeUninit::uninit()),
            meta: Meta::new(registry, spawned_at),
            span: TaskSpan::new(),
        },
        name,
        content: UnsafeCell::new(Content {
            future: ManuallyDrop::new(future),
        }),
    });
    let task = NonNull::from(Box::leak(cell)).cast();
    // SAFETY: the state begins with a runnable, and this is the one.
    let runnable = unsafe { Runnable::new(task) };
    // SAFETY: it begins with a handle too, and the output is the future's.
    (runnable, unsafe { Joiner::new(task) })
}

impl<F: Future + 'static, N: Name> Cell<F, N> {
    const VTABLE: VTable = VTable {
        run: Self::run,
        cancel: Self::cancel,
        result: Self::result,
        future: {
            let start = offset_of!(Self, content);
            start..start + size_of::<F>()
        },
        name: Self::name,
        free: Self::free,
    };

    /// # Safety
    /// The task is of this type, and its allocation stays for as long as the borrow is used.
    unsafe fn of<'a>(task: NonNull<Header>) -> &'a Self {
        // SAFETY: passed on to the caller.
        unsafe { task.cast::<Self>().as_ref() }
    }

    /// # Safety
    /// As [`VTable::run`] says.
    unsafe fn run(task: NonNull<Header>) {
        // SAFETY: the runnable's reference keeps the allocation.
        if unsafe { Self::of(task) }.header.span.is_there() {
            // SAFETY: passed on to the caller.
            unsafe { Self::run_in_span(task) }
        } else {
            // SAFETY: passed on to the caller.
            unsafe { Self::run_once::<false>(task) }
        }
    }

    /// # Safety
    /// As [`VTable::run`] says, and the task has a span.
    #[cold]
    #[inline(never)]
    unsafe fn run_in_span(task: NonNull<Header>) {
        // SAFETY: passed on to the caller.
        unsafe { Self::run_once::<true>(task) }
    }

    /// # Safety
    /// As [`VTable::run`] says; `IN_SPAN` says whether the task has a span.
    #[inline]
    unsafe fn run_once<const IN_SPAN: bool>(task: NonNull<Header>) {
        // SAFETY: the runnable's reference, which is the poll's now, keeps the allocation.
        let cell = unsafe { Self::of(task) };
        if cell.header.meta.state.begin_poll().is_to_end() {
            // SAFETY: the poll has begun, and the future is there.
            return unsafe { Self::end(task, Failure::Cancelled) };
        }
        // SAFETY: the poll's reference outlives the value.
        let waker = unsafe { waker::borrowed::<IN_SPAN>(task) };
        // SAFETY: the poll has begun, and the future is there.
        match unsafe { cell.poll::<IN_SPAN>(&waker) } {
            Ok((Poll::Pending, waiting)) => match cell.header.meta.end_poll(waiting) {
                Pending::Waits => {} // the task may be gone
                Pending::Woken => {
                    // SAFETY: the state says that there is to be a runnable.
                    Registry::schedule(unsafe { Runnable::new(task) }, Woken::WhileRunning);
                }
                Pending::Leaked => {
                    cell.header.meta.state.set_leaked();
                    // SAFETY: the poll goes on, and the future is there.
                    unsafe { Self::end(task, Failure::Cancelled) }
                }
            },
            // SAFETY: the poll goes on, and the future is there.
            Ok((Poll::Ready(output), _)) => unsafe { Self::end_with::<IN_SPAN>(task, output) },
            // SAFETY: the poll goes on, and the future is there.
            Err(payload) => unsafe { Self::end_after_panic(task, payload) },
        }
    }

    /// # Safety
    /// As [`VTable::cancel`] says.
    unsafe fn cancel(task: NonNull<Header>) {
        // SAFETY: the runnable's reference, which is the poll's now, keeps the allocation.
        unsafe { Self::of(task) }.header.meta.state.begin_poll();
        // SAFETY: the poll has begun, and the future is there.
        unsafe { Self::end(task, Failure::Cancelled) }
    }

    /// # Safety
    /// As [`VTable::result`] says.
    unsafe fn result(task: NonNull<Header>) -> NonNull<()> {
        // SAFETY: the caller refers to the task.
        let content = unsafe { Self::of(task) }
            .content
            .with(|content| content.cast_mut());
        // SAFETY: the pointer comes from a borrow.
        unsafe { NonNull::new_unchecked(content.cast()) }
    }

    /// # Safety
    /// As [`VTable::name`] says.
    unsafe fn name(task: &NonNull<Header>) -> Option<&Arc<str>> {
        // SAFETY: passed on to the caller.
        unsafe { Self::of(*task) }.name.get()
    }

    /// # Safety
    /// As [`VTable::free`] says.
    unsafe fn free(task: NonNull<Header>) {
        // SAFETY: the allocation was made as a box of this type, nobody refers to it, and the content has been taken out.
        drop(unsafe { Box::from_raw(task.cast::<Self>().as_ptr()) });
    }

    /// # Safety
    /// The caller has begun the poll, and the future has not been dropped. `IN_SPAN` says whether the task has a span.
    #[inline]
    unsafe fn poll<const IN_SPAN: bool>(
        &self,
        waker: &Waker,
    ) -> thread::Result<(Poll<F::Output>, Option<Waiting>)> {
        let mut cx = Context::from_waker(waker);
        let Header { meta, span, .. } = &self.header;
        self.content.with_mut(|content| {
            // SAFETY: the content is the future, and it is the caller's.
            let future = unsafe { &mut *content.cast::<F>() };
            // SAFETY: nothing moves it until it is dropped in place.
            let future = unsafe { Pin::new_unchecked(future) };
            let poll = || host::poll(BUDGET, || future.poll(&mut cx));
            let poll = || {
                if IN_SPAN {
                    // SAFETY: the future is the caller's.
                    unsafe { span.poll(meta, poll) }
                } else {
                    poll()
                }
            };
            current::run_as(meta.id(), || catch_unwind(AssertUnwindSafe(poll)))
        })
    }

    /// Drops the future; a panic in its destructor comes back as a failure.
    ///
    /// # Safety
    /// As for `poll`, and the future is not used again. `IN_SPAN` is true unless the task is known to have no span.
    unsafe fn drop_future<const IN_SPAN: bool>(&self, task: NonNull<Header>) -> Result<(), Failure> {
        let Header { meta, span, .. } = &self.header;
        let dropped = self.content.with_mut(|content| {
            // SAFETY: the content is the future, it is the caller's, and this is its end.
            let drop = || unsafe { ptr::drop_in_place(content.cast::<F>()) };
            let drop = || {
                if IN_SPAN {
                    // SAFETY: the future is the caller's.
                    unsafe { span.within(drop) }
                } else {
                    drop()
                }
            };
            current::run_as(meta.id(), || catch_unwind(AssertUnwindSafe(drop)))
        });
        // SAFETY: passed on to the caller; the task is still listed.
        dropped.map_err(|payload| unsafe { Self::panicked(task, payload) })
    }

    /// What is left of a panic of the future, when the runtime's function has been called.
    ///
    /// # Safety
    /// The caller has begun the poll, and the task is still listed, if it ever was.
    #[cold]
    unsafe fn panicked(task: NonNull<Header>, payload: Box<dyn Any + Send>) -> Failure {
        // SAFETY: the poll's reference keeps the allocation.
        let task = unsafe { TaskRef::new(task) };
        let meet = || Panicked::meet(&task, payload);
        // SAFETY: the future is the caller's, or has just been dropped by it.
        let meet = || unsafe { task.header().span.within(meet) };
        let panicked = current::run_as(task.id(), meet);
        Failure::panic(&task, panicked)
    }

    /// The future has given its output.
    ///
    /// # Safety
    /// As for `drop_future`; and the caller uses the task no more.
    unsafe fn end_with<const IN_SPAN: bool>(task: NonNull<Header>, output: F::Output) {
        // SAFETY: the poll's reference keeps the allocation.
        let cell = unsafe { Self::of(task) };
        // SAFETY: passed on to the caller.
        let result = match unsafe { cell.drop_future::<IN_SPAN>(task) } {
            Ok(()) => Ok(output),
            Err(failure) => {
                // SAFETY: the poll's reference keeps the allocation.
                discard(&unsafe { TaskRef::new(task) }, Ok(output));
                Err(failure)
            }
        };
        // SAFETY: the future has been dropped.
        unsafe { Self::complete(task, result) }
    }

    /// The future is dropped where it stands. A panic in its destructor is worse than to be cancelled.
    ///
    /// # Safety
    /// As for `end_with`.
    #[cold]
    unsafe fn end(task: NonNull<Header>, cancelled: Failure) {
        // SAFETY: the poll's reference keeps the allocation.
        let cell = unsafe { Self::of(task) };
        // SAFETY: passed on to the caller.
        let result = unsafe { cell.drop_future::<true>(task) }.and(Err(cancelled));
        // SAFETY: the future has been dropped.
        unsafe { Self::complete(task, result) }
    }

    /// The future panicked. A second panic, in the destructor, reports itself.
    ///
    /// # Safety
    /// As for `end_with`.
    #[cold]
    unsafe fn end_after_panic(task: NonNull<Header>, payload: Box<dyn Any + Send>) {
        // SAFETY: passed on to the caller.
        let failure = unsafe { Self::panicked(task, payload) };
        // SAFETY: the poll's reference keeps the allocation.
        let cell = unsafe { Self::of(task) };
        // SAFETY: passed on to the caller.
        drop(unsafe { cell.drop_future::<true>(task) });
        // SAFETY: the future has been dropped.
        unsafe { Self::complete(task, Err(failure)) }
    }

    /// Hands the result to whoever joins, or drops it.
    ///
    /// # Safety
    /// The future has been dropped, by the caller, which has not ended the poll and uses the task no more.
    #[inline]
    unsafe fn complete(task: NonNull<Header>, result: Result<F::Output, Failure>) {
        // SAFETY: the poll's reference keeps the allocation.
        let cell = unsafe { Self::of(task) };
        let Header {
            meta, joiner, span, ..
        } = &cell.header;
        // SAFETY: passed on to the caller.
        unsafe { span.end(meta, result.is_ok()) };
        Registry::remove(meta);
        let unwanted = if meta.state.has_handle() {
            // SAFETY: the future is gone, and the result is the poll's until the next line.
            cell.content
                .with_mut(|content| unsafe { content.cast::<Result<F::Output, Failure>>().write(result) });
            match meta.state.complete() {
                Complete::Left => return,
                Complete::Joined => {
                    // SAFETY: the state has given it to the poll.
                    let waker = joiner.with(|slot| unsafe { slot.read() });
                    // SAFETY: the flag said that there is one.
                    let waker = unsafe { waker.assume_init() };
                    // SAFETY: the task is used no more.
                    unsafe { leave(task, meta.state.drop_reference()) };
                    return wake(waker);
                }
                // SAFETY: it has just been written, and has stayed the poll's.
                Complete::Unwanted => cell
                    .content
                    .with(|content| unsafe { content.cast::<Result<F::Output, Failure>>().read() }),
            }
        } else {
            result
        };
        // SAFETY: the poll's reference keeps the allocation.
        discard(&unsafe { TaskRef::new(task) }, unwanted);
        // SAFETY: the task is used no more.
        unsafe { leave(task, meta.state.end_unwanted()) };
    }
}

/// Wakes whoever joins. A panic of the waker has nowhere else to go.
fn wake(joiner: Waker) {
    if catch_unwind(AssertUnwindSafe(|| joiner.wake())).is_err() {
        report(format_args!("the waker of a join panicked; the thread goes on"));
    }
}
