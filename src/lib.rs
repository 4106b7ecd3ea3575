//! Go's concurrency model for Rust futures: everything of canter in one place.

pub use canter_executor::{
    JoinHandle, YieldNow, block_on, go, io, runtime, spawn, spawn_blocking, spawn_local, task, task_local, time,
    yield_now,
};
pub use canter_macros::{main, test};
