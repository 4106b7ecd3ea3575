//! `tokio::sync`: all rows. For wait groups, of which it has none, its `JoinSet` (on tokio alone) and tokio-util's `TaskTracker`.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use tokio::sync::{Barrier, Mutex, Notify, OnceCell, RwLock, Semaphore};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

use crate::runtimes::{Runtime, Tokio};
use crate::versus::locks::barrier::BarrierContender;
use crate::versus::locks::event::EventContender;
use crate::versus::locks::mutex::MutexContender;
use crate::versus::locks::once_cell::OnceCellContender;
use crate::versus::locks::rw_lock::RwLockContender;
use crate::versus::locks::semaphore::{ManyContender, SemaphoreContender};
use crate::versus::locks::wait_group::WaitGroupContender;

const TOKIO: &str = "tokio";

impl MutexContender for Mutex<u64> {
    const NAME: &'static str = TOKIO;

    fn create() -> Self {
        Mutex::new(0)
    }

    fn lock_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        self.lock()
    }
}

impl RwLockContender for RwLock<u64> {
    const NAME: &'static str = TOKIO;

    fn create() -> Self {
        RwLock::new(0)
    }

    fn read_counter(&self) -> impl Future<Output = impl Deref<Target = u64> + Send> + Send {
        self.read()
    }

    fn write_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        self.write()
    }
}

impl SemaphoreContender for Semaphore {
    const NAME: &'static str = TOKIO;

    fn create(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    async fn acquire_one(&self) -> impl Send {
        self.acquire().await.expect("nobody closes it")
    }
}

impl ManyContender for Semaphore {
    async fn acquire_several(&self, permits: u32) -> impl Send {
        self.acquire_many(permits).await.expect("nobody closes it")
    }
}

impl WaitGroupContender for TaskTracker {
    const NAME: &'static str = "tokio-tracker";

    async fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) {
        let tracker = TaskTracker::new();
        for _ in 0..tasks {
            let counter = counter.clone();
            R::go(tracker.track_future(async move {
                counter.fetch_add(1, Relaxed);
            }));
        }
        tracker.close();
        tracker.wait().await;
    }
}

impl WaitGroupContender for JoinSet<()> {
    const NAME: &'static str = "tokio-joinset";

    fn manages<R: Runtime>(_tasks: u64) -> bool {
        R::NAME == Tokio::NAME
    }

    async fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) {
        let mut set = JoinSet::new();
        for _ in 0..tasks {
            let counter = counter.clone();
            set.spawn(async move {
                counter.fetch_add(1, Relaxed);
            });
        }
        while let Some(joined) = set.join_next().await {
            joined.expect("a task ends");
        }
    }
}

impl OnceCellContender for OnceCell<u64> {
    const NAME: &'static str = TOKIO;

    fn create() -> Self {
        OnceCell::new()
    }

    async fn value_or(&self, value: u64) -> u64 {
        *self.get_or_init(async || value).await
    }
}

impl EventContender for Notify {
    const NAME: &'static str = TOKIO;

    fn create() -> Self {
        Notify::new()
    }

    fn tell(&self) {
        self.notify_one();
    }

    fn told(&self) -> impl Future<Output = ()> + Send {
        self.notified()
    }
}

impl BarrierContender for Barrier {
    const NAME: &'static str = TOKIO;

    fn create(parties: usize) -> Self {
        Barrier::new(parties)
    }

    async fn pass(&self) -> bool {
        self.wait().await.is_leader()
    }
}
