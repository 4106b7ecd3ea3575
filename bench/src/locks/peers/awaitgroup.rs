//! `awaitgroup`: wait groups.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use awaitgroup::WaitGroup;

use crate::contest::Host;
use crate::locks::WaitGroupContender;

impl WaitGroupContender for WaitGroup {
    const NAME: &'static str = "awaitgroup";

    async fn run_tasks<H: Host>(tasks: u64, counter: Arc<AtomicU64>) {
        let mut group = WaitGroup::new();
        for _ in 0..tasks {
            let (worker, counter) = (group.worker(), counter.clone());
            H::go(async move {
                counter.fetch_add(1, Relaxed);
                worker.done();
            });
        }
        group.wait().await;
    }
}
