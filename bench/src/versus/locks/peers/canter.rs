//! `canter-sync`: all rows.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use canter_sync::{Barrier, Event, Mutex, OnceCell, RwLock, Semaphore, WaitGroup};

use crate::runtimes::Runtime;
use crate::versus::locks::barrier::BarrierContender;
use crate::versus::locks::event::EventContender;
use crate::versus::locks::mutex::MutexContender;
use crate::versus::locks::once_cell::OnceCellContender;
use crate::versus::locks::rw_lock::RwLockContender;
use crate::versus::locks::semaphore::{ManyContender, SemaphoreContender};
use crate::versus::locks::wait_group::WaitGroupContender;

const CANTER: &str = "canter";

impl MutexContender for Mutex<u64> {
    const NAME: &'static str = CANTER;

    fn create() -> Self {
        Mutex::new(0)
    }

    fn lock_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        self.lock()
    }
}

impl RwLockContender for RwLock<u64> {
    const NAME: &'static str = CANTER;

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
    const NAME: &'static str = CANTER;

    fn create(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    async fn acquire_one(&self) -> impl Send {
        self.acquire().await.expect("nobody closes it")
    }
}

impl ManyContender for Semaphore {
    async fn acquire_several(&self, permits: u32) -> impl Send {
        self.acquire_many(permits as usize)
            .await
            .expect("nobody closes it")
    }
}

impl WaitGroupContender for WaitGroup {
    const NAME: &'static str = CANTER;

    async fn run_tasks<R: Runtime>(tasks: u64, counter: Arc<AtomicU64>) {
        let group = WaitGroup::new();
        group.add(tasks as usize);
        for _ in 0..tasks {
            let (group, counter) = (group.clone(), counter.clone());
            R::go(async move {
                counter.fetch_add(1, Relaxed);
                group.done();
            });
        }
        group.wait().await;
    }
}

impl OnceCellContender for OnceCell<u64> {
    const NAME: &'static str = CANTER;

    fn create() -> Self {
        OnceCell::new()
    }

    async fn value_or(&self, value: u64) -> u64 {
        *self.get_or_init(async || value).await
    }
}

impl EventContender for Event {
    const NAME: &'static str = CANTER;

    fn create() -> Self {
        Event::new()
    }

    fn tell(&self) {
        self.notify_one();
    }

    fn told(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl BarrierContender for Barrier {
    const NAME: &'static str = CANTER;

    fn create(parties: usize) -> Self {
        Barrier::new(parties)
    }

    async fn pass(&self) -> bool {
        self.wait().await.is_leader()
    }
}
