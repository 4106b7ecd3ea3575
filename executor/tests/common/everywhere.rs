//! A scenario wherever a future can run: outside of a runtime and inside, with one worker and with several.

use canter_executor::block_on;
use canter_executor::runtime::Runtime;

/// Runs the scenario on a thread that has the default runtime, and around and within runtimes of several sizes.
pub fn everywhere<S, F>(scenario: S)
where
    S: Fn() -> F,
    F: Future<Output = ()> + Send + 'static,
{
    block_on(scenario());
    for workers in [1, 2, 4] {
        let runtime = Runtime::builder().workers(workers).build().expect("a runtime");
        runtime.block_on(scenario());
        runtime
            .block_on(runtime.spawn(scenario()))
            .expect("the scenario holds in a task");
    }
}
