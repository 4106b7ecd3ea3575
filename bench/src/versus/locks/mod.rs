//! Locks and their like beside their peers, an operation at a time: on tokio's runtime (`lock/..`, `sync/..`), and once more on
//! canter's (`lock-on-canter/..`, `sync-on-canter/..`). Go stands beside both.
//!
//! There is a file for each kind of thing, with what a crate implements to take part, the work, and the rows.

pub mod barrier;
pub mod event;
mod load;
pub mod mutex;
pub mod once_cell;
mod peers;
pub mod rw_lock;
pub mod semaphore;
pub mod wait_group;

pub use load::Load;

use super::timing::name_on;
use super::{Contender, Workload};
use crate::runtimes::{Canter, Runtime, Tokio};

/// All rows, on tokio's runtime and on canter's.
pub fn workloads() -> Vec<Workload> {
    let mut workloads = on::<Tokio>();
    workloads.extend(on::<Canter>());
    workloads
}

fn on<R: Runtime>() -> Vec<Workload> {
    let kinds = [
        mutex::workloads::<R>(),
        rw_lock::workloads::<R>(),
        semaphore::workloads::<R>(),
        wait_group::workloads::<R>(),
        once_cell::workloads::<R>(),
        event::workloads::<R>(),
        barrier::workloads::<R>(),
    ];
    kinds.into_iter().flatten().collect()
}

/// A row. The name is that of the row on tokio, and in Go's program.
fn workload<R: Runtime>(name: &str, about: String, times: u64, contenders: Vec<Contender>) -> Workload {
    Workload::timed(name_on::<R>(name), about, times, contenders)
}
