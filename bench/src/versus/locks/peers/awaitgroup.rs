//! `awaitgroup`: wait groups.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use awaitgroup::WaitGroup;

use crate::runtimes::Runtime;
use crate::versus::locks::wait_group::WaitGroupContender;

impl WaitGroupContender for WaitGroup {
    const NAME: &'static str = "awaitgroup";

    async fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) {
        let mut group = WaitGroup::new();
        for _ in 0..tasks {
            let (worker, counter) = (group.worker(), counter.clone());
            R::go(async move {
                counter.fetch_add(1, Relaxed);
                worker.done();
            });
        }
        group.wait().await;
    }
}
