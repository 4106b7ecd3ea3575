//! Tasks: one allocation each, with the user's future, its output and what others may know about it.
//!
//! [`Group`] joins, limits and ends several as one; see [`group`].

pub mod group;
mod join;
mod local_key;
mod local_set;
mod meta;
mod raw;
mod registry;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use group::{Group, GroupError, Spawner};
pub use join::{JoinError, JoinHandle};
pub use local_key::{AccessError, LocalKey, TaskLocalFuture};
pub use meta::TaskId;

pub use crate::yield_now::{YieldNow, yield_now};
pub use local_set::{LocalSet, spawn_local};

pub(crate) use local_set::{Home, in_home};
pub(crate) use meta::{Meta, Stage};
pub(crate) use raw::{Fresh, new, new_unchecked};
pub(crate) use registry::{Registry, Schedule};

use crate::report::report;

/// A task that is ready, and the right to poll it.
pub(crate) type Runnable = async_task::Runnable<Meta>;

/// Polls a task once. A panic of its future never gets here: it goes to whoever joins.
pub(crate) fn run(runnable: Runnable) {
    if catch_unwind(AssertUnwindSafe(|| runnable.run())).is_err() {
        report(format_args!(
            "the destructor of an output that nobody wanted panicked; the thread goes on"
        ));
    }
}

/// What a task was doing when it was woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// It waited.
    Parked,
    /// It ran: it yields, or somebody was quick. It goes behind everything that is ready.
    WhileRunning,
}
