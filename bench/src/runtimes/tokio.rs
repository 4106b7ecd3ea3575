//! tokio's runtime with several threads, tokio's channel and its tracker of tasks.

use std::time::Duration;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::task::TaskTracker;

use super::{Equipped, Runtime, Tools};

/// tokio's runtime with several threads.
#[derive(Debug)]
pub struct Tokio(tokio::runtime::Runtime);

impl Equipped for Tokio {
    type Tools = TokioTools;
}

impl Runtime for Tokio {
    const NAME: &'static str = "tokio";

    fn start(workers: usize) -> Tokio {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_all()
            .build();
        Tokio(runtime.expect("a runtime starts"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = tokio::spawn(future);
        async { task.await.expect("a task ends") }
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::spawn(future));
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
    }

    async fn timeout<F: Future<Output: Send> + Send>(duration: Duration, future: F) -> Option<F::Output> {
        tokio::time::timeout(duration, future).await.ok()
    }
}

/// `tokio::sync::mpsc` and tokio-util's `TaskTracker`.
#[derive(Debug)]
pub struct TokioTools;

impl Tools for TokioTools {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn channel(capacity: usize) -> (Sender<u64>, Receiver<u64>) {
        mpsc::channel(capacity)
    }

    async fn send(sender: &Sender<u64>, message: u64) {
        sender.send(message).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Receiver<u64>) -> Option<u64> {
        receiver.recv().await
    }

    async fn run_all<R, F>(tasks: impl Iterator<Item = F> + Send)
    where
        R: Equipped<Tools = TokioTools>,
        F: Future<Output = ()> + Send + 'static,
    {
        let tracker = TaskTracker::new();
        for task in tasks {
            drop(tracker.spawn(task));
        }
        tracker.close();
        tracker.wait().await;
    }
}
