//! Tasks: how they are started and joined, how they take turns, and how they wake each other.

mod fork_join;
mod spawn;
mod turns;

use super::Workload;

/// The workloads of this module.
pub fn workloads() -> Vec<Workload> {
    let mut workloads = spawn::workloads();
    workloads.extend(turns::workloads());
    workloads.extend(fork_join::workloads());
    workloads
}
