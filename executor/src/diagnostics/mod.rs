//! What a runtime tells about itself, and what it does when something goes wrong.
//!
//! - [`Dump`]: what every task does now. [`Runtime::dump`](crate::runtime::Runtime::dump) makes one, and `SIGQUIT` prints one where
//!   [`Builder::dump_on_signal`](crate::runtime::Builder::dump_on_signal) asks for it.
//! - [`Deadlock`]: the report that a program gives when it waits for itself;
//!   [`Builder::on_deadlock`](crate::runtime::Builder::on_deadlock) says what happens then.
//! - [`Metrics`]: its counts so far, from [`Runtime::metrics`](crate::runtime::Runtime::metrics).
//! - [`Trace`]: what it did lately, on a line of time, from [`Runtime::trace`](crate::runtime::Runtime::trace).
//!
//! With the feature `serde` the first three can be serialised, for programs that read them.

mod deadlock;
mod display;
mod dump;
#[cfg(feature = "metrics")]
mod export;
mod histogram;
mod metrics;
mod process;
#[cfg(unix)]
mod quit;
#[cfg(feature = "serde")]
mod serialize;
mod stall;
pub(crate) mod trace;

pub use deadlock::{Deadlock, OnDeadlock};
pub use dump::{BlockedThread, Described, Dump, Group, Kind, State};
pub use histogram::{Bucket, Histogram};
pub use metrics::{BlockingMetrics, Metrics, PollTiming, TaskMetrics, WorkerMetrics};
pub use trace::Trace;

pub(crate) use deadlock::{Told, look_for_deadlock};
pub(crate) use histogram::Recording;
#[cfg(unix)]
pub(crate) use quit::{dump_on_signal, quit_is_wanted};
pub(crate) use stall::warn as warn_of_stall;

/// There is no such signal.
#[cfg(not(unix))]
pub(crate) fn dump_on_signal() -> std::io::Result<()> {
    Ok(())
}
