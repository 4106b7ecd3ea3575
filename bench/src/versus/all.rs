//! All workloads.

use super::{Workload, channels, cost, echo, go_benchmarks, http, locks, memory, stalls, tasks, timers};

/// All workloads, in the order in which they are run.
pub fn workloads() -> Vec<Workload> {
    let parts = [
        tasks::workloads(),
        timers::workloads(),
        memory::workloads(),
        channels::workloads(),
        locks::workloads(),
        go_benchmarks::workloads(),
        echo::workloads(),
        http::workloads(),
        stalls::workloads(),
        cost::workloads(),
    ];
    parts.into_iter().flatten().collect()
}
