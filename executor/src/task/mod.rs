//! Tasks: one allocation each, with the user's future, its output and what others may know about it.
//!
//! [`Group`] joins, limits and ends several as one; see [`group`]. [`Builder`] gives a task a name, and [`id`] says which one runs.

mod builder;
mod cell;
mod current;
pub mod group;
mod identity;
mod join;
mod local_key;
mod local_set;
mod local_tasks;
mod make;
mod panic;
mod registry;
#[cfg(test)]
mod tests;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use builder::Builder;
pub use current::id;
pub use group::{Group, GroupError, Spawner};
pub use identity::TaskId;
pub use join::{JoinError, JoinHandle};
pub use local_key::{AccessError, LocalKey, TaskLocalFuture};

pub use crate::yield_now::{YieldNow, yield_now};
pub use local_set::{LocalSet, spawn_local};

pub(crate) use cell::{Meta, Name, Runnable, Stage, TaskRef};
pub(crate) use identity::Identity;
pub(crate) use local_set::{Home, in_home};
pub(crate) use local_tasks::LocalTasks;
pub(crate) use make::{Fresh, new, new_unchecked};
pub(crate) use registry::{Registry, Schedule};

use canter_coop::Waiting;

use crate::report::report;

/// Polls a task once. A panic of its future never gets here: it goes to whoever joins. One of the waker that a local task wakes its
/// thread with does, where the task is scheduled again.
pub(crate) fn run(runnable: Runnable) {
    if catch_unwind(AssertUnwindSafe(|| runnable.run())).is_err() {
        report(format_args!(
            "a waker panicked when a task was scheduled; the thread goes on"
        ));
    }
}

/// Polls a task once, as [`run`] does. Gives what it waits for when that poll ends, if it is pending then.
pub(crate) fn run_traced(runnable: Runnable) -> Option<Option<Waiting>> {
    cell::run_traced(runnable, run)
}

/// What a task was doing when it was woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// It did not wait: it is to be polled for the first time.
    Spawned,
    /// It waited.
    Parked,
    /// It ran: it yields, or somebody was quick. It goes behind everything that is ready.
    WhileRunning,
}
