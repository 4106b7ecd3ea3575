//! What a runtime tells about itself, and what it does when something goes wrong.
//!
//! - [`Dump`]: what every task does now. [`Runtime::dump`](crate::runtime::Runtime::dump) makes one, and `SIGQUIT` prints one where
//!   [`Builder::dump_on_signal`](crate::runtime::Builder::dump_on_signal) asks for it.
//! - [`Deadlock`]: the report that a program gives when it waits for itself;
//!   [`Builder::on_deadlock`](crate::runtime::Builder::on_deadlock) says what happens then.
//! - [`Metrics`]: its counts so far, from [`Runtime::metrics`](crate::runtime::Runtime::metrics).
//! - [`Trace`]: what it did lately, on a line of time, from [`Runtime::trace`](crate::runtime::Runtime::trace).
//! - [`TaskPanic`]: the panic of a task; [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) says what happens then.
//! - With the feature `socket`, on Unix: `serve` offers these and more on a Unix socket, where `canter-top` reads them;
//!   `Builder::diagnostics_socket` and the environment variable `CANTER_SOCKET` do so for a runtime.
//!
//! With the feature `serde` metrics, dumps and deadlock reports can be serialised, for programs that read them.
//!
//! # `tracing`
//!
//! With the feature `tracing` each task has a span, for whatever subscriber the program installs. Without the feature nothing of it is there;
//! with it, and no subscriber that wants the spans, to start and to poll a task takes about a hundredth more instructions.
//!
//! The **span** is named `runtime.spawn`, its target is `canter::task`, and its level `DEBUG`. Its fields are `kind` (`task`, `local`, or
//! `blocking` for a closure of `spawn_blocking`), `task.id`, `task.name` if the task has one, and `loc.file`, `loc.line` and `loc.col`, where
//! it was spawned. It is entered around each poll on whichever thread that happens, and around the destructor of the future, and is closed
//! before whoever joins the task goes on. So the program's own events and spans in a task lie in the task's span. What a `block_on` runs is no
//! task and has none, and neither has a task that was refused because its runtime had ended.
//!
//! It has no parent, and **follows from** the span in which the task was spawned. A span stays open as long as its children, so that with
//! parents a task which starts its own successor would keep the spans of all its forerunners. Where a task is to be told as part of
//! what started it, `spawn(future.instrument(Span::current()))` says so, as on other runtimes.
//!
//! **Events** are at level `TRACE`. In the span of their task, with target `canter::task`:
//!
//! | message | fields | when |
//! | --- | --- | --- |
//! | `waits` | `reason`, `loc.file`, `loc.line`, `loc.col`, if they are known | a poll ends, and the task waits for that; see [`canter_coop::waiting`] |
//! | `yields` | | a poll ends, and the task has been woken meanwhile |
//! | `panicked` | `panic.message` | the future panicked; before [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) has its way |
//! | `ended` | `outcome`: `output`, `panicked`, `aborted`, `leaked`, or `dropped` with its runtime or its set | the future is gone |
//!
//! And in the span of whoever does it:
//!
//! | target | message | fields | when |
//! | --- | --- | --- | --- |
//! | `canter::task` | `woken` | `task.id` | a task that waited is ready; not if it was woken before its poll had ended |
//! | `runtime::waker` | | `op`: `waker.clone`, `waker.wake`, `waker.wake_by_ref` or `waker.drop`; `task.id`, the number of the *span* | something is done with a waker of a task that has not ended |
//!
//! So the filter `info,canter::task=debug` shows with each line which task it is from, and `canter::task=trace` what each task waits for.
//! The name of the span, its fields and the events of wakers are those that [`tokio-console`] understands, whatever the target is: the layer
//! of `console-subscriber` works if the program is compiled with `--cfg console_without_tokio_unstable`.
//!
//! A subscriber is called on the threads that run tasks, and by whoever wakes one: one that blocks, blocks them. It must not itself
//! wake or start tasks for what it is told, or it would tell itself for ever. If it panics that is printed, and the task goes on.
//!
//! [`tokio-console`]: https://github.com/tokio-rs/console

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
#[cfg(all(unix, feature = "socket"))]
pub mod socket;
mod stall;
mod suspects;
mod task_panic;
pub(crate) mod trace;

pub use deadlock::{Deadlock, OnDeadlock};
pub use dump::{BlockedThread, Described, Dump, Group, Kind, State};
pub use histogram::{Bucket, Histogram};
pub use metrics::{BlockingMetrics, Metrics, PollTiming, TaskMetrics, WorkerMetrics};
#[cfg(all(unix, feature = "socket"))]
pub use socket::{Served, serve};
pub use suspects::{Party, Suspects};
pub use task_panic::{OnTaskPanic, TaskPanic};
pub use trace::Trace;

pub(crate) use deadlock::{Told, look_for_deadlock};
pub(crate) use histogram::Recording;
#[cfg(unix)]
pub(crate) use quit::{dump_on_signal, quit_is_wanted};
#[cfg(all(unix, feature = "socket"))]
pub(crate) use socket::serve_as_environment_says;
pub(crate) use stall::warn as warn_of_stall;
pub(crate) use task_panic::words;

/// There is no such signal.
#[cfg(not(unix))]
pub(crate) fn dump_on_signal() -> std::io::Result<()> {
    Ok(())
}
