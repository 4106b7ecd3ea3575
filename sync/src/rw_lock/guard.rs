//! A lock that is held.

#![expect(unsafe_code, reason = "a guard lends what its lock guards")]

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::sync::Arc;

use canter_coop::block_on;

use super::RwLock;
use super::access::{ALL, Access, FOR_UPGRADABLE, Read, Upgradable, Write};
use super::acquire::Upgrade;
use crate::holder::Holder;
use crate::raw::{Acquired, Place};

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
    held: Held<H, T>,
    access: PhantomData<A>,
}

/// Permits of a lock, which it gets back when this is dropped.
pub(super) struct Held<H: Holder<RwLock<T>>, T: ?Sized> {
    pub(super) lock: H,
    pub(super) permits: usize,
    value: PhantomData<T>,
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Held<H, T> {
    /// Gives back all but so many.
    fn keep(&mut self, permits: usize) {
        let rest = self.permits - permits;
        self.permits = permits;
        self.lock.permits.release(rest);
    }
}

/// The value is elsewhere.
impl<H: Holder<RwLock<T>>, T: ?Sized> Unpin for Held<H, T> {}

impl<H: Holder<RwLock<T>>, T: ?Sized> Drop for Held<H, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.permits.release(self.permits);
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Guard<A, H, T> {
    /// For whoever has acquired the permits.
    #[inline]
    pub(super) fn new(lock: H) -> Guard<A, H, T> {
        Guard::from_held(Held {
            lock,
            permits: A::PERMITS,
            value: PhantomData,
        })
    }

    #[inline]
    pub(super) fn from_held(held: Held<H, T>) -> Guard<A, H, T> {
        debug_assert_eq!(held.permits, A::PERMITS);
        Guard {
            held,
            access: PhantomData,
        }
    }

    #[inline]
    pub(super) fn try_new(lock: H) -> Option<Guard<A, H, T>> {
        (lock.permits.try_acquire(A::PERMITS) == Acquired::Yes).then(|| Guard::new(lock))
    }

    fn keep<B: Access>(mut self) -> Guard<B, H, T> {
        self.held.keep(B::PERMITS);
        Guard::from_held(self.held)
    }

    /// The lock that is held.
    pub fn rw_lock(guard: &Guard<A, H, T>) -> &H {
        &guard.held.lock
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Guard<Write, H, T> {
    /// Becomes a reader, without letting a writer in between. Readers that are next in line come in.
    pub fn downgrade(guard: Guard<Write, H, T>) -> Guard<Read, H, T> {
        guard.keep()
    }

    /// Becomes the upgradable reader, without letting a writer in between.
    pub fn downgrade_to_upgradable(guard: Guard<Write, H, T>) -> Guard<Upgradable, H, T> {
        guard.keep()
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
        Upgrade::new(guard.held, Location::caller())
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
    /// Gives the guard back if there are.
    pub fn try_upgrade(
        mut guard: Guard<Upgradable, H, T>,
    ) -> Result<Guard<Write, H, T>, Guard<Upgradable, H, T>> {
        let rest = ALL - FOR_UPGRADABLE;
        if guard.held.lock.permits.try_acquire_at(Place::First, rest) != Acquired::Yes {
            return Err(guard);
        }
        guard.held.permits = ALL;
        Ok(Guard::from_held(guard.held))
    }

    /// Becomes an ordinary reader.
    pub fn downgrade(guard: Guard<Upgradable, H, T>) -> Guard<Read, H, T> {
        guard.keep()
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Deref for Guard<A, H, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: while there is a guard only the writer's guard, which is this one then, lends the value exclusively.
        unsafe { &*self.held.lock.value.get() }
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> DerefMut for Guard<Write, H, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard has all permits, so it is the only one, and `&mut self` lends the value once.
        unsafe { &mut *self.held.lock.value.get() }
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
