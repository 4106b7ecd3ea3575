//! A lock that is held.

#![expect(unsafe_code, reason = "a guard lends what its lock guards")]

use std::fmt;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

use canter_coop::block_on;

use super::RwLock;
use super::access::{Access, Read, Upgradable, Write};
use super::acquire::{Acquire, Upgrade};
use crate::holder::Holder;
use crate::raw::{Ask, Share};

/// A read lock, reached by reference.
pub type RwLockReadGuard<'a, T> = Guard<Read, &'a RwLock<T>, T>;
/// An upgradable read lock, reached by reference.
pub type RwLockUpgradableReadGuard<'a, T> = Guard<Upgradable, &'a RwLock<T>, T>;
/// A write lock, reached by reference.
pub type RwLockWriteGuard<'a, T> = Guard<Write, &'a RwLock<T>, T>;
/// A read lock whose guard keeps it alive.
pub type OwnedRwLockReadGuard<T> = Guard<Read, Arc<RwLock<T>>, T>;
/// An upgradable read lock whose guard keeps it alive.
pub type OwnedRwLockUpgradableReadGuard<T> = Guard<Upgradable, Arc<RwLock<T>>, T>;
/// A write lock whose guard keeps it alive.
pub type OwnedRwLockWriteGuard<T> = Guard<Write, Arc<RwLock<T>>, T>;

/// A lock that is held for some [`Access`], and its value. Dropping it unlocks, on any thread.
///
/// What can be done with a guard beside using the value are functions, not methods, which would stand in the way of the value's:
/// `RwLockWriteGuard::downgrade(guard)`.
#[must_use = "a guard that is dropped at once unlocks again"]
pub struct Guard<A: Access, H: Holder<RwLock<T>>, T: ?Sized> {
    lock: H,
    access: PhantomData<A>,
    value: PhantomData<T>,
}

/// The value is elsewhere.
impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Unpin for Guard<A, H, T> {}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Drop for Guard<A, H, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.raw.release(A::SHARE, Share::Nothing);
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Guard<A, H, T> {
    /// For whoever has acquired the share.
    #[inline]
    pub(super) fn new(lock: H) -> Guard<A, H, T> {
        Guard {
            lock,
            access: PhantomData,
            value: PhantomData,
        }
    }

    #[inline]
    pub(super) fn try_new(lock: H) -> Option<Guard<A, H, T>> {
        let acquired = lock.raw.try_acquire(Ask::new(A::SHARE));
        acquired.then(|| Guard::new(lock))
    }

    /// For a thread that may block.
    #[track_caller]
    pub(super) fn new_blocking(lock: H) -> Guard<A, H, T> {
        if lock.raw.arrive(Ask::new(A::SHARE)) {
            Guard::new(lock)
        } else {
            block_on(Acquire::new(lock, Location::caller()))
        }
    }

    /// The same lock, of which the share is another one by now.
    #[inline]
    pub(super) fn change<B: Access>(self) -> Guard<B, H, T> {
        let guard = ManuallyDrop::new(self);
        // SAFETY: the guard is not used any more, nor dropped.
        Guard::new(unsafe { ptr::read(&raw const guard.lock) })
    }

    fn downgrade_to<B: Access>(self) -> Guard<B, H, T> {
        let guard = self.change(); // first, so that it unlocks if a waker panics
        guard.lock.raw.release(A::SHARE, B::SHARE);
        guard
    }

    /// The lock that is held.
    pub fn rw_lock(guard: &Guard<A, H, T>) -> &H {
        &guard.lock
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Guard<Write, H, T> {
    /// Becomes a reader, without letting a writer in between. Readers that are next in line come in.
    pub fn downgrade(guard: Guard<Write, H, T>) -> Guard<Read, H, T> {
        guard.downgrade_to()
    }

    /// Becomes the upgradable reader, without letting a writer in between.
    pub fn downgrade_to_upgradable(guard: Guard<Write, H, T>) -> Guard<Upgradable, H, T> {
        guard.downgrade_to()
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Guard<Upgradable, H, T> {
    /// Becomes the writer, when the other readers have gone. It goes before all who wait, so that nobody writes in between; no further readers
    /// come in meanwhile.
    ///
    /// # Cancel safety
    ///
    /// The guard belongs to the future: dropping that unlocks.
    #[track_caller]
    pub fn upgrade(guard: Guard<Upgradable, H, T>) -> Upgrade<H, T> {
        Upgrade::new(guard, Location::caller())
    }

    /// As [`Guard::upgrade`], for a thread that may block.
    #[track_caller]
    pub fn upgrade_blocking(guard: Guard<Upgradable, H, T>) -> Guard<Write, H, T> {
        Guard::try_upgrade(guard).unwrap_or_else(|guard| block_on(Guard::upgrade(guard)))
    }

    /// Becomes the writer if there are no other readers.
    ///
    /// # Errors
    ///
    /// Gives the guard back if there are. A reader that comes at this very moment counts, although it may have to wait then behind others.
    pub fn try_upgrade(
        guard: Guard<Upgradable, H, T>,
    ) -> Result<Guard<Write, H, T>, Guard<Upgradable, H, T>> {
        if guard.lock.raw.try_acquire(Ask::UPGRADE) {
            Ok(guard.change())
        } else {
            Err(guard)
        }
    }

    /// Becomes an ordinary reader.
    pub fn downgrade(guard: Guard<Upgradable, H, T>) -> Guard<Read, H, T> {
        guard.downgrade_to()
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Deref for Guard<A, H, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while there is a guard only the writer's guard, which is this one then, lends the value exclusively.
        unsafe { &*self.lock.value.get() }
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> DerefMut for Guard<Write, H, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: beside the writer's guard there is no other one, and `&mut self` lends the value once.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized + fmt::Debug> fmt::Debug for Guard<A, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized + fmt::Display> fmt::Display for Guard<A, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
