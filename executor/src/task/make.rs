//! Making tasks: allocated, listed, and started.

#![expect(unsafe_code, reason = "futures that are not `Send` come in by an unsafe door")]

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;

use super::cell::{self, Name};
use super::join::JoinHandle;
use super::{Registry, Runnable, Woken};

/// Above this size a future is boxed where it first lies, instead of being moved into the task's allocation.
const LARGEST_INLINE: usize = 1024;

/// A task that was made and not started yet.
#[must_use = "a task runs once it is started"]
pub(crate) struct Fresh<'a> {
    runnable: Runnable,
    /// A task that is not listed does not keep it.
    registry: &'a Registry,
    listed: bool,
}

impl Fresh<'_> {
    /// Schedules the task; drops it where its registry is closed, and the join then says that it was cancelled.
    #[inline]
    pub(crate) fn start(self) {
        if self.listed {
            self.runnable.begin(|| self.registry.kind());
            Registry::schedule(self.runnable, Woken::Spawned);
        }
    }
}

/// Makes a task of a `Send` future. No code of the user's runs in here.
#[inline]
pub(crate) fn new<'a, F, N: Name>(
    registry: &'a Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
    name: N,
) -> (Fresh<'a>, JoinHandle<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // SAFETY: the future and its output are `Send` and `'static`.
    unsafe { new_unchecked(registry, future, spawned_at, name) }
}

/// Makes a task of any future.
///
/// # Safety
/// If `F` is not `Send`, the runnable must be run and dropped on this thread only. If the output is not `Send` the handle
/// isn't either, which the types see to.
#[inline]
pub(crate) unsafe fn new_unchecked<'a, F, N: Name>(
    registry: &'a Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
    name: N,
) -> (Fresh<'a>, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    if size_of::<F>() > LARGEST_INLINE {
        // Boxed first and alone, so that a large future crosses the stack once, as the argument.
        let future: Pin<Box<F>> = Box::pin(future);
        // SAFETY: passed on to the caller.
        unsafe { build(registry, future, spawned_at, name) }
    } else {
        // SAFETY: passed on to the caller.
        unsafe { build(registry, future, spawned_at, name) }
    }
}

/// # Safety
/// As for [`new_unchecked`].
unsafe fn build<'a, F, N: Name>(
    registry: &'a Arc<Registry>,
    future: F,
    spawned_at: &'static Location<'static>,
    name: N,
) -> (Fresh<'a>, JoinHandle<F::Output>)
where
    F: Future + 'static,
    F::Output: 'static,
{
    // SAFETY: passed on to the caller.
    let (runnable, joiner) = unsafe { cell::allocate(registry, future, spawned_at, name) };
    let listed = registry.insert(&runnable);
    let fresh = Fresh {
        runnable,
        registry,
        listed,
    };
    (fresh, JoinHandle::new(joiner))
}
