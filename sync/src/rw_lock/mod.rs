//! A value that many may read, or one may write.

#![expect(unsafe_code, reason = "a lock lends what it guards")]

mod access;
mod acquire;
mod guard;

use std::cell::UnsafeCell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

pub use access::{Access, Read, Upgradable, Write};
pub use acquire::{Acquire, Upgrade};
pub use guard::{
    Guard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};

use crate::raw;
use crate::sync::const_fn;

/// A value that many may read at a time, or one may write, also across an await. Go's `sync.RWMutex`, with the value inside.
///
/// A panic while it is locked unlocks it, and leaves the value as it is then: there is no poisoning.
///
/// # Fairness
///
/// Readers and writers are served in the order of their arrival: a writer waits for the readers before it, and keeps those waiting that come
/// after it. So neither starves, and a task that reads must not ask for a second read lock meanwhile: a writer between the two would wait for
/// the first and keep the second waiting.
///
/// # Examples
///
/// ```
/// use canter_sync::RwLock;
///
/// # futures::executor::block_on(async {
/// let names = RwLock::new(vec!["gopher"]);
/// {
///     let (one, other) = (names.read().await, names.read().await);
///     assert_eq!(one.len() + other.len(), 2);
/// }
/// names.write().await.push("crab");
/// assert_eq!(names.into_inner(), ["gopher", "crab"]);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    raw: raw::RwLock,
    value: UnsafeCell<T>,
}

// SAFETY: the value is shared by readers or reached by one writer, and moves with the lock.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; readers on several threads share the value, and a writer may take it to another one.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_fn! {
        /// An unlocked lock around a value.
        pub fn new(value: T) -> RwLock<T> {
            RwLock {
                raw: raw::RwLock::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

/// Each of these has a form that keeps the lock alive by its guard (`_owned`), one for threads that may block (`_blocking`), both, and one
/// that does not wait (`try_`).
impl<T: ?Sized> RwLock<T> {
    /// Waits until nobody writes, and nobody waits who came before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the lock to others. The place in line is lost.
    #[track_caller]
    #[inline]
    pub fn read(&self) -> Acquire<Read, &RwLock<T>, T> {
        Acquire::new(self, Location::caller())
    }

    /// Waits for a read lock that can be [upgraded](RwLockUpgradableReadGuard::upgrade) to a write lock. Others may read meanwhile, but there
    /// is one such guard at a time.
    ///
    /// # Cancel safety
    ///
    /// As [`RwLock::read`].
    #[track_caller]
    #[inline]
    pub fn upgradable_read(&self) -> Acquire<Upgradable, &RwLock<T>, T> {
        Acquire::new(self, Location::caller())
    }

    /// Waits until nobody reads or writes, and nobody waits who came before.
    ///
    /// # Cancel safety
    ///
    /// As [`RwLock::read`].
    #[track_caller]
    #[inline]
    pub fn write(&self) -> Acquire<Write, &RwLock<T>, T> {
        Acquire::new(self, Location::caller())
    }

    /// As [`RwLock::read`], with a guard that keeps the lock alive.
    #[track_caller]
    #[inline]
    pub fn read_owned(self: &Arc<Self>) -> Acquire<Read, Arc<RwLock<T>>, T> {
        Acquire::new(self.clone(), Location::caller())
    }

    /// As [`RwLock::upgradable_read`], with a guard that keeps the lock alive.
    #[track_caller]
    #[inline]
    pub fn upgradable_read_owned(self: &Arc<Self>) -> Acquire<Upgradable, Arc<RwLock<T>>, T> {
        Acquire::new(self.clone(), Location::caller())
    }

    /// As [`RwLock::write`], with a guard that keeps the lock alive.
    #[track_caller]
    #[inline]
    pub fn write_owned(self: &Arc<Self>) -> Acquire<Write, Arc<RwLock<T>>, T> {
        Acquire::new(self.clone(), Location::caller())
    }

    /// As [`RwLock::read`], for a thread that may block.
    #[track_caller]
    pub fn read_blocking(&self) -> RwLockReadGuard<'_, T> {
        Guard::new_blocking(self)
    }

    /// As [`RwLock::upgradable_read`], for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_blocking(&self) -> RwLockUpgradableReadGuard<'_, T> {
        Guard::new_blocking(self)
    }

    /// As [`RwLock::write`], for a thread that may block.
    #[track_caller]
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        Guard::new_blocking(self)
    }

    /// As [`RwLock::read_owned`], for a thread that may block.
    #[track_caller]
    pub fn read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockReadGuard<T> {
        Guard::new_blocking(self.clone())
    }

    /// As [`RwLock::upgradable_read_owned`], for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockUpgradableReadGuard<T> {
        Guard::new_blocking(self.clone())
    }

    /// As [`RwLock::write_owned`], for a thread that may block.
    #[track_caller]
    pub fn write_owned_blocking(self: &Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        Guard::new_blocking(self.clone())
    }

    /// Locks for reading, unless somebody writes or waits.
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        Guard::try_new(self)
    }

    /// As [`RwLock::upgradable_read`], unless it would have to wait.
    #[inline]
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        Guard::try_new(self)
    }

    /// Locks for writing, unless somebody reads, writes or waits.
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        Guard::try_new(self)
    }

    /// As [`RwLock::try_read`], with a guard that keeps the lock alive.
    #[inline]
    pub fn try_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockReadGuard<T>> {
        Guard::try_new(self.clone())
    }

    /// As [`RwLock::try_upgradable_read`], with a guard that keeps the lock alive.
    #[inline]
    pub fn try_upgradable_read_owned(self: &Arc<Self>) -> Option<OwnedRwLockUpgradableReadGuard<T>> {
        Guard::try_new(self.clone())
    }

    /// As [`RwLock::try_write`], with a guard that keeps the lock alive.
    #[inline]
    pub fn try_write_owned(self: &Arc<Self>) -> Option<OwnedRwLockWriteGuard<T>> {
        Guard::try_new(self.clone())
    }

    /// The value, which nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> RwLock<T> {
        RwLock::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(guard) => f.debug_tuple("RwLock").field(&&*guard).finish(),
            None => f.debug_tuple("RwLock").field(&format_args!("<locked>")).finish(),
        }
    }
}
