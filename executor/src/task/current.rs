//! Which task runs on a thread.

use std::cell::Cell;

use super::TaskId;

thread_local! {
    /// The number of the task, or [`NONE`].
    static CURRENT: Cell<u64> = const { Cell::new(NONE) };
}

/// No task has this number.
const NONE: u64 = 0;

/// The task that runs on this thread; `None` outside of one, and where a [`block_on`](crate::block_on) outside of one runs its own
/// future. While a future's destructor runs, it is still that of its task.
///
/// A program can log it beside what it does, to tell its tasks apart.
///
/// # Examples
///
/// ```
/// use canter_executor::{block_on, spawn, task};
///
/// let task = spawn(async { task::id() });
/// let id = task.id();
/// assert_eq!(block_on(task).unwrap(), Some(id));
/// assert_eq!(task::id(), None);
/// ```
pub fn id() -> Option<TaskId> {
    Some(CURRENT.get()).filter(|id| *id != NONE).map(TaskId)
}

/// Runs `f`, which does not panic, as that task. So whoever finds a task to be the current one knows that its future is there, or is just
/// being dropped.
#[inline]
pub(super) fn run_as<R>(id: TaskId, f: impl FnOnce() -> R) -> R {
    let outer = CURRENT.replace(id.0);
    let result = f();
    CURRENT.set(outer);
    result
}
