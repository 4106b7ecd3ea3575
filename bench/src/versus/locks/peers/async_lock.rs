//! `async-lock`: no events and no wait groups, and a semaphore that gives one permit at a time.

use std::ops::{Deref, DerefMut};

use async_lock::{Barrier, Mutex, OnceCell, RwLock, Semaphore};

use crate::versus::locks::barrier::BarrierContender;
use crate::versus::locks::mutex::MutexContender;
use crate::versus::locks::once_cell::OnceCellContender;
use crate::versus::locks::rw_lock::RwLockContender;
use crate::versus::locks::semaphore::SemaphoreContender;

const ASYNC_LOCK: &str = "async-lock";

impl MutexContender for Mutex<u64> {
    const NAME: &'static str = ASYNC_LOCK;

    fn create() -> Self {
        Mutex::new(0)
    }

    fn lock_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send {
        self.lock()
    }
}

impl RwLockContender for RwLock<u64> {
    const NAME: &'static str = ASYNC_LOCK;

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
    const NAME: &'static str = ASYNC_LOCK;

    fn create(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    fn acquire_one(&self) -> impl Future<Output = impl Send> + Send {
        self.acquire()
    }
}

impl OnceCellContender for OnceCell<u64> {
    const NAME: &'static str = ASYNC_LOCK;

    fn create() -> Self {
        OnceCell::new()
    }

    async fn value_or(&self, value: u64) -> u64 {
        *self.get_or_init(async || value).await
    }
}

impl BarrierContender for Barrier {
    const NAME: &'static str = ASYNC_LOCK;

    fn create(parties: usize) -> Self {
        Barrier::new(parties)
    }

    async fn pass(&self) -> bool {
        self.wait().await.is_leader()
    }
}
