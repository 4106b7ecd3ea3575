//! Tasks that block their thread, which a task must not do and some code does: how long it takes until all have ended, and how
//! long others wait meanwhile.
//!
//! canter's tasks are plain ones, and nobody tells the runtime that they block; so it is with Go's goroutines. Whom it has to be told
//! takes part with each way of telling that its documentation recommends.

mod blocking;
mod clients;
mod meanwhile;

use super::Workload;

/// The workloads of this module.
pub fn workloads() -> Vec<Workload> {
    blocking::workloads()
        .into_iter()
        .chain([meanwhile::workload()])
        .collect()
}
