#![doc = include_str!("../README.md")]

pub use canter_channel as channel;
pub use canter_channel::{select, select_blocking};
#[cfg(feature = "hyper")]
pub use canter_executor::hyper;
#[cfg(unix)]
pub use canter_executor::signal;
pub use canter_executor::{
    JoinHandle, YieldNow, block_on, context, diagnostics, go, io, net, runtime, spawn, spawn_blocking,
    spawn_local, task, task_local, time, yield_now,
};
pub use canter_macros::{main, test};
pub use canter_sync as sync;
