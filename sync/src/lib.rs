//! Go's `sync` and `x/sync` for any async runtime: wait groups, locks, semaphores, and values that are made once.
//!
//! ```
//! use canter_sync::{Mutex, WaitGroup};
//! use std::sync::Arc;
//!
//! # canter_executor::block_on(async {
//! let group = WaitGroup::new();
//! let sum = Arc::new(Mutex::new(0));
//! for number in 1..=10 {
//!     let sum = sum.clone();
//!     canter_executor::go(group.track(async move { *sum.lock().await += number }));
//! }
//! group.wait().await;
//! assert_eq!(*sum.lock().await, 55);
//! # });
//! ```
//!
//! # In the order of need
//!
//! - [`WaitGroup`] waits until a number of things are done.
//! - [`Mutex`] and [`RwLock`] lend a value to one task at a time, or to several that only read; [`Condvar`] waits for a mutex's value to
//!   change.
//! - [`Semaphore`] lets so many at a time do something. [`Barrier`] makes tasks wait for each other. [`Event`] tells them that something
//!   happened.
//! - [`OnceCell`], [`LazyCell`] and [`Once`] do something once; [`SingleFlight`] does it once for all who ask at the same time.
//!
//! # What is promised
//!
//! - Every future is cancel-safe: dropped at any await, it leaves no lock held, no permit lost and nobody forgotten. (One that is leaked
//!   by `mem::forget` after it was polled may keep what it was about to get.)
//! - Nobody starves: who waits is served in the order of arrival, or, at a [`Mutex`], after a bounded number of others.
//! - Nobody is poisoned: a panic while something is locked unlocks it.
//! - What need not wait costs one atomic operation and no allocation. `new` is a `const fn` wherever it can be, and a lock at which nobody
//!   has waited yet is four words or less, beside its value.
//! - No waker is called with an inner lock held; a panic in one leaves everything usable.
//!
//! The ways to wait for a lock, a permit or somebody else have a form for threads without a runtime, whose name ends in `_blocking`. It must
//! not be used in a task: the task's worker would stand still.
//!
//! # When not to use it
//!
//! A lock that is never held across an await, and never for long, may as well be one of `std::sync`. Values that travel from task to task
//! belong in a channel.
//!
//! # Unsafe code
//!
//! It is confined to `mutex` and `rw_lock`, which lend what they guard. The protocols are words and lists without a pointer, in `raw/` and
//! `wait_list`; loom runs them as they ship.

pub mod barrier;
pub mod condvar;
pub mod event;
mod holder;
#[cfg(all(test, canter_loom))]
mod model;
pub mod mutex;
pub mod once;
mod raw;
pub mod rw_lock;
pub mod semaphore;
pub mod single_flight;
mod sync;
pub mod wait_group;
mod wait_list;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::Condvar;
pub use event::Event;
pub use mutex::{Mutex, MutexGuard, OwnedMutexGuard};
pub use once::{LazyCell, Once, OnceCell, SetError};
pub use rw_lock::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
pub use semaphore::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};
pub use single_flight::{Flight, SingleFlight};
pub use wait_group::WaitGroup;
