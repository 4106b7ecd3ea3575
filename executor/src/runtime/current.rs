//! Which runtime a thread is in: the one that was entered last, or else the default one.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::rc::Rc;
use std::sync::Arc;

use super::default;
use super::handle::Handle;
use crate::diagnostics::OnTaskPanic;
use crate::driver::Driver;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Handle>>> = const { RefCell::new(None) };
}

/// Makes a runtime the current one of a thread, until it is dropped. [`Handle::enter`] gives it.
#[must_use = "the runtime is left again when the guard is dropped"]
pub struct EnterGuard<'a> {
    previous: Option<Rc<Handle>>,
    /// It belongs to its thread, and to the handle that it entered.
    _thread: PhantomData<(*const (), &'a Handle)>,
}

pub(super) fn enter(handle: &Handle) -> EnterGuard<'_> {
    let previous = CURRENT.replace(Some(Rc::new(handle.clone())));
    EnterGuard {
        previous,
        _thread: PhantomData,
    }
}

impl Drop for EnterGuard<'_> {
    fn drop(&mut self) {
        let previous = self.previous.take();
        // At the very end of a thread there is nothing left to restore.
        drop(CURRENT.try_with(|current| current.replace(previous)));
    }
}

impl fmt::Debug for EnterGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnterGuard").finish_non_exhaustive()
    }
}

/// The runtime that was entered here, if one was.
pub(crate) fn entered() -> Option<Rc<Handle>> {
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// Calls `f` with the current runtime, or the default one, which is started if it has to be.
///
/// # Panics
/// Panics if the default runtime can't be started.
#[track_caller]
pub(crate) fn with<R>(f: impl FnOnce(&Handle) -> R) -> R {
    match entered() {
        Some(handle) => f(&handle),
        None => f(default::handle()),
    }
}

/// What the runtime that was entered here says about the panics of tasks.
pub(crate) fn on_task_panic() -> OnTaskPanic {
    entered().map_or(OnTaskPanic::Keep, |handle| {
        handle.shared().settings.on_task_panic.clone()
    })
}

/// The driver that a source of I/O registers with.
pub(crate) fn try_driver() -> io::Result<Arc<Driver>> {
    match entered() {
        Some(handle) => Ok(handle.driver().clone()),
        None => Ok(default::try_handle()?.driver().clone()),
    }
}
