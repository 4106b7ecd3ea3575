//! canter's executor, its channels and its wait group.

use std::cell::Cell;
use std::time::Duration;

use canter_channel::{Receiver, Sender};
use canter_executor::diagnostics::Trace;
use canter_executor::runtime::Builder;
use canter_sync::WaitGroup;

use super::{Equipped, Runtime, Tools};

/// canter's executor.
#[derive(Debug)]
pub struct Canter {
    runtime: canter_executor::runtime::Runtime,
    _trace: Option<Trace>,
}

/// How a runtime is to be, beside the number of its workers.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// What its builder is told.
    pub build: fn(Builder) -> Builder,
    /// Whether all that it does is recorded.
    pub traced: bool,
}

thread_local! {
    static SETTING: Cell<Setting> = const {
        Cell::new(Setting {
            build: |defaults| defaults,
            traced: false,
        })
    };
}

impl Canter {
    /// Calls `f`; the runtimes that this thread starts meanwhile have that setting.
    ///
    /// A setting is no type of its own, so that all run the same machine code: where two copies of it lie in memory can make more of a
    /// difference than the setting.
    pub fn with_setting<T>(setting: Setting, f: impl FnOnce() -> T) -> T {
        let before = SETTING.replace(setting);
        let result = f();
        SETTING.set(before);
        result
    }
}

impl Equipped for Canter {
    type Tools = CanterTools;
}

impl Runtime for Canter {
    const NAME: &'static str = "canter";

    fn start(workers: usize) -> Canter {
        let Setting { build, traced } = SETTING.get();
        let runtime = build(Builder::new().workers(workers))
            .build()
            .expect("a runtime starts");
        Canter {
            _trace: traced.then(|| runtime.trace()),
            runtime,
        }
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(future)
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

/// canter's own channel and wait group.
#[derive(Debug)]
pub struct CanterTools;

impl Tools for CanterTools {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn channel(capacity: usize) -> (Sender<u64>, Receiver<u64>) {
        canter_channel::bounded(capacity)
    }

    async fn send(sender: &Sender<u64>, message: u64) {
        sender.send(message).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Receiver<u64>) -> Option<u64> {
        receiver.recv().await.ok()
    }

    async fn run_all<R, F>(tasks: impl Iterator<Item = F> + Send)
    where
        R: Equipped<Tools = CanterTools>,
        F: Future<Output = ()> + Send + 'static,
    {
        let group = WaitGroup::new();
        for task in tasks {
            R::go(group.track(task));
        }
        group.wait().await;
    }
}
