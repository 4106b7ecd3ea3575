//! What a crate implements to take part: a trait for each kind of thing.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::contest::Host;

/// A mutex around a counter.
pub trait MutexContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// A counter at zero.
    fn create() -> Self;

    /// Locks the counter.
    fn lock_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;
}

/// A lock for several readers or one writer, around a counter.
pub trait RwLockContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// A counter at zero.
    fn create() -> Self;

    /// Locks the counter for reading.
    fn read_counter(&self) -> impl Future<Output = impl Deref<Target = u64> + Send> + Send;

    /// Locks the counter for writing.
    fn write_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;
}

/// A semaphore.
pub trait SemaphoreContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// Whether several permits can be acquired together.
    const HAS_MANY: bool;

    /// A semaphore with so many permits.
    fn create(permits: usize) -> Self;

    /// Acquires a permit, which is given back when what this gives is dropped.
    fn acquire_one(&self) -> impl Future<Output = impl Send> + Send;

    /// As [`acquire_one`](SemaphoreContender::acquire_one), for several at once, if it [can](SemaphoreContender::HAS_MANY).
    fn acquire_several(&self, permits: u32) -> impl Future<Output = impl Send> + Send;
}

/// A way to wait for many tasks.
pub trait WaitGroupContender: 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// Whether it works on this runtime, and ends in good time with that many tasks.
    fn manages<H: Host>(_tasks: u64) -> bool {
        true
    }

    /// Starts that many tasks, each of which counts itself, and waits until they all have.
    fn run_tasks<H: Host>(tasks: u64, counter: Arc<AtomicU64>) -> impl Future<Output = ()> + Send;
}

/// A cell whose value is made once.
pub trait OnceCellContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// A cell without a value.
    fn create() -> Self;

    /// The value, which is this one if it had to be made.
    fn value_or(&self, value: u64) -> impl Future<Output = u64> + Send;
}

/// A way to tell a task that something happened, also if it does not wait yet.
pub trait EventContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// Nothing has happened yet.
    fn create() -> Self;

    /// Tells the one that waits, or the next one that comes.
    fn tell(&self);

    /// Waits until it is told.
    fn told(&self) -> impl Future<Output = ()> + Send;
}

/// A place where tasks wait for each other, again and again.
pub trait BarrierContender: Send + Sync + 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// A barrier for so many tasks.
    fn create(parties: usize) -> Self;

    /// Waits for the others; true for one of them in each round.
    fn pass(&self) -> impl Future<Output = bool> + Send;
}
