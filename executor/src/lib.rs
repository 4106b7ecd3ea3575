//! A work-stealing executor for futures, above a `mio` reactor: tasks, timers, network I/O and signals.
//!
//! ```
//! use canter_executor::{block_on, spawn, time::sleep};
//! use std::time::Duration;
//!
//! block_on(async {
//!     let slow = spawn(async {
//!         sleep(Duration::from_millis(2)).await;
//!         "slow"
//!     });
//!     let quick = spawn(async { "quick" });
//!     assert_eq!((quick.await.unwrap(), slow.await.unwrap()), ("quick", "slow"));
//! });
//! ```
//!
//! # In the order of need
//!
//! - [`go`] starts a task, [`spawn`] one whose output is wanted, [`block_on`] runs a future on this thread. Without a runtime
//!   of one's own they use a process-wide one that starts on first use.
//! - [`task::Group`]: tasks that belong together, under a limit, joined or ended as one.
//! - [`time`]: sleeping, time-outs, intervals. [`net`]: TCP, UDP and Unix sockets. [`signal`]: Ctrl-C and its like.
//! - [`context`]: cancelling a whole tree of calls and tasks, by hand or by a deadline. Go's `context`.
//! - [`spawn_blocking`] for closures that block their thread, [`spawn_local`] for futures that are not `Send`.
//! - [`runtime`]: a runtime of one's own, with its number of workers and an orderly end.
//! - [`io`]: any other source of I/O that `mio` can poll.
//! - With the feature `hyper`, `hyper`: HTTP servers and clients of the crate of that name.
//! - [`diagnostics`]: what every task does now, what a runtime has counted and did lately, deadlocks, panics; and spans for subscribers of `tracing`, with that feature.
//!
//! # When not to use it
//!
//! A program whose work is all computation is better served by a pool of threads such as rayon's: a task that does not await
//! keeps its worker to itself. And a library that only needs channels or locks needs no executor.
//!
//! # Unsafe code
//!
//! It is confined to `task/cell/` (the allocation of a task: its future, its result, and the references that keep it),
//! `task/{make,registry,join,local_set,panic}.rs` (futures that are not `Send`, a task's way to its registry and back, an output that is
//! dropped in place), `scheduler/slot.rs` (a task as a bare pointer), `scheduler/context.rs` (the thread's worker behind a
//! thread-local), `diagnostics/trace/ring.rs` (a place in the program as a bare pointer), and `net/hyper.rs` and `hyper/io.rs` (hyper's
//! buffers, whose memory nobody may have written to yet).

mod blocking;
pub mod context;
mod count;
pub mod diagnostics;
mod driver;
#[cfg(feature = "hyper")]
pub mod hyper;
pub mod io;
pub mod net;
mod reactor;
mod report;
pub mod runtime;
mod scheduler;
#[cfg(unix)]
pub mod signal;
mod sync;
pub mod task;
mod thread_clock;
pub mod time;
mod timer;
mod yield_now;

pub use task::{JoinHandle, spawn_local};
pub use yield_now::{YieldNow, yield_now};

use std::panic::Location;

use runtime::current;

/// Starts a task whose output nobody wants. Go's `go`.
///
/// It runs on the current runtime, or on the default one. A panic in it is printed to standard error with this place, and
/// reaches nobody else; [`Builder::on_task_panic`](runtime::Builder::on_task_panic) can have something else done. [`task::Builder`] gives it
/// a name.
///
/// A task that waits while nothing has a waker of it any more can never run again: its future is dropped, on a worker, and counted as
/// leaked. So a task that is to be there until the runtime ends has to wait for something that could still come;
/// [`std::future::pending`] is no such thing.
///
/// # Examples
///
/// ```
/// canter_executor::go(async { println!("hello from a task") });
/// ```
#[track_caller]
pub fn go<F>(future: F)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    current::with(|handle| drop(handle.spawn_at(future, place)));
}

/// Starts a task and gives the handle that waits for its output. Dropping the handle detaches the task.
///
/// It runs on the current runtime, or on the default one. Without a handle it is as one of [`go`]: dropped when nothing can wake it any
/// more. With one it stays, also where it waits for ever, until it is aborted or its runtime ends.
///
/// # Examples
///
/// ```
/// let task = canter_executor::spawn(async { 6 * 7 });
/// assert_eq!(canter_executor::block_on(task).unwrap(), 42);
/// ```
#[track_caller]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    current::with(|handle| handle.spawn_at(future, place))
}

/// Runs a closure that may block on a thread of its own. See [`runtime::Handle::spawn_blocking`].
///
/// # Examples
///
/// ```
/// let sum = canter_executor::spawn_blocking(|| (1..=100).sum::<u32>());
/// assert_eq!(canter_executor::block_on(sum).unwrap(), 5050);
/// ```
#[track_caller]
pub fn spawn_blocking<F, T>(closure: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    runtime::Handle::current().spawn_blocking(closure) // not in a closure, which would lose the caller's place
}

/// Runs a future on this thread until it ends.
///
/// The future need not be `Send`; tasks that it spawns run on the current runtime, or on the default one, and go on when it
/// has ended. [Local tasks](spawn_local) that it spawns run on this thread in between, and are dropped when it has ended.
///
/// Inside a task it works too: the worker's queue goes to another thread meanwhile. Awaiting is cheaper.
///
/// # Examples
///
/// ```
/// assert_eq!(canter_executor::block_on(async { 1 + 1 }), 2);
/// ```
#[track_caller]
pub fn block_on<F: Future>(future: F) -> F::Output {
    let handle = runtime::Handle::current();
    handle.block_on(future)
}
