//! async-executor's executor that lives for ever, with the reactor of its family.

use std::future::pending;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use async_executor::StaticExecutor;

use super::{Equipped, Runtime, Smol, SmolTools};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

/// async-executor's `StaticExecutor`. It lives for ever: the first start in a process says how many threads it has.
#[derive(Debug)]
pub struct Aex(());

impl Equipped for Aex {
    type Tools = SmolTools;
}

impl Runtime for Aex {
    const NAME: &'static str = "async-executor";

    fn start(workers: usize) -> Aex {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            for _ in 0..workers {
                thread::spawn(|| async_io::block_on(EXECUTOR.run(pending::<()>())));
            }
        });
        Aex(())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        async_io::block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        EXECUTOR.spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        Smol::yield_now()
    }

    async fn sleep(duration: Duration) {
        async_io::Timer::after(duration).await;
    }

    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send {
        Smol::timeout(duration, future)
    }
}
