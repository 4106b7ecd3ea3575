//! The runtimes that are measured, behind one trait, each used as its own documentation recommends.

mod async_executor;
mod canter;
mod smol;
mod threads;
mod tokio;
mod tokio_current;
mod tools;

use std::time::Duration;

pub use self::async_executor::Aex;
pub use self::canter::{Canter, CanterTools, Setting};
pub use self::smol::{Smol, SmolTools};
pub use self::threads::Threads;
pub use self::tokio::{Tokio, TokioTools};
pub use self::tokio_current::TokioCurrent;
pub use self::tools::{Equipped, Tools};

/// A runtime. A process that measures starts one, once.
pub trait Runtime: Sized + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// Starts it. One that has a single thread ignores the number of workers.
    fn start(workers: usize) -> Self;

    /// Runs a future on this thread until it ends.
    fn block_on<F: Future>(&self, future: F) -> F::Output;

    /// Starts a task, from within `block_on` or from another task; the future waits for its output.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Starts a task that nobody waits for, from within `block_on` or from another task.
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Lets the other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Waits.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;

    /// Waits for the future, but no longer than this; nothing if it took longer.
    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send;
}
