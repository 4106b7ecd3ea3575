//! Threads of the operating system, one for each task.

use std::thread;
use std::time::{Duration, Instant};

use futures::executor::block_on;

use super::Runtime;

/// Threads of the operating system, one for each task, which may block.
#[derive(Debug)]
pub struct Threads;

impl Runtime for Threads {
    const NAME: &'static str = "threads";

    fn start(_workers: usize) -> Threads {
        Threads
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = thread::spawn(|| block_on(future));
        async { task.join().expect("a task ends") }
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        thread::spawn(|| block_on(future));
    }

    async fn yield_now() {
        thread::yield_now();
    }

    async fn sleep(duration: Duration) {
        thread::sleep(duration);
    }

    /// A thread can't be stopped: this ends when the future does.
    async fn timeout<F: Future<Output: Send> + Send>(duration: Duration, future: F) -> Option<F::Output> {
        let started = Instant::now();
        let output = future.await;
        (started.elapsed() <= duration).then_some(output)
    }
}
