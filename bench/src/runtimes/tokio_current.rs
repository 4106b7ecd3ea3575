//! tokio's runtime on the thread that blocks on it.

use std::time::Duration;

use super::{Equipped, Runtime, Tokio, TokioTools};

/// tokio's runtime on the thread that blocks on it: its tasks run only during `block_on`.
#[derive(Debug)]
pub struct TokioCurrent(tokio::runtime::Runtime);

impl Equipped for TokioCurrent {
    type Tools = TokioTools;
}

impl Runtime for TokioCurrent {
    const NAME: &'static str = "tokio-current";

    fn start(_workers: usize) -> TokioCurrent {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        TokioCurrent(runtime.expect("a runtime starts"))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        Tokio::spawn(future)
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Tokio::go(future);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Tokio::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        Tokio::sleep(duration)
    }

    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send {
        Tokio::timeout(duration, future)
    }
}
