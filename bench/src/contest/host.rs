//! The runtimes that the contenders run on.

use std::fmt;

/// The workers of each runtime.
const WORKERS: usize = 2;

/// A runtime.
pub trait Host: 'static {
    /// Which it is.
    const NAME: HostName;

    /// Starts a task on the runtime whose task calls this; the future waits for its output.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Starts a task on the runtime whose task calls this, and nobody waits for it.
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    /// Lets the other tasks run.
    fn yield_now() -> impl Future<Output = ()> + Send;

    /// Starts a task from outside.
    fn start<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static;
}

impl Host for tokio::runtime::Runtime {
    const NAME: HostName = HostName::Tokio;

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

    fn start<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::runtime::Runtime::spawn(self, future));
    }
}

impl Host for canter_executor::runtime::Runtime {
    const NAME: HostName = HostName::Canter;

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

    fn start<F>(&self, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.go(future);
    }
}

/// Which runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostName {
    /// tokio's multi-thread runtime.
    Tokio,
    /// canter's executor.
    Canter,
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HostName::Tokio => "tokio",
            HostName::Canter => "canter",
        })
    }
}

/// Both runtimes, with two workers each. The one that is not in use sleeps.
#[derive(Debug)]
pub struct Hosts {
    pub(super) tokio: tokio::runtime::Runtime,
    pub(super) canter: canter_executor::runtime::Runtime,
}

impl Hosts {
    /// Starts them.
    ///
    /// # Panics
    ///
    /// Panics if one can't be started.
    pub fn start() -> Hosts {
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .build();
        Hosts {
            tokio: tokio.expect("a runtime starts"),
            canter: crate::runtime(WORKERS),
        }
    }
}
