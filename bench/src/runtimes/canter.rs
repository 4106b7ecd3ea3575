//! canter's executor.

use std::time::Duration;

use super::Runtime;

/// canter's executor.
#[derive(Debug)]
pub struct Canter(canter_executor::runtime::Runtime);

impl Runtime for Canter {
    const NAME: &'static str = "canter";

    fn start(workers: usize) -> Canter {
        Canter(crate::runtime(workers))
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let task = canter_executor::spawn(future);
        async { task.await.expect("a task ends") }
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        canter_executor::go(future);
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        canter_executor::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        canter_executor::time::sleep(duration)
    }

    async fn timeout<F: Future<Output: Send> + Send>(duration: Duration, future: F) -> Option<F::Output> {
        canter_executor::time::timeout(duration, future).await.ok()
    }
}
