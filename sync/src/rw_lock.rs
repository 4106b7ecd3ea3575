//! A value that many may read, or one may write.

#![expect(unsafe_code, reason = "a lock lends what it guards")]

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, block_on, budget, waiting};

use crate::holder::Holder;
use crate::raw::{Acquired, Place, Semaphore, Wait};
use crate::sync::const_fn;

/// What the lock gives out: one permit to each reader, all to a writer, and to the upgradable reader so many that there can't be two of it.
const ALL: usize = Semaphore::MAX_PERMITS;
const FOR_UPGRADABLE: usize = ALL / 2 + 1;

static READ: Reason = Reason::new("rwlock read");
static UPGRADABLE_READ: Reason = Reason::new("rwlock upgradable read");
static WRITE: Reason = Reason::new("rwlock write");
static UPGRADE: Reason = Reason::new("rwlock upgrade");

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
    permits: Semaphore,
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
                permits: Semaphore::new(ALL),
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
        self.try_read().unwrap_or_else(|| block_on(self.read()))
    }

    /// As [`RwLock::upgradable_read`], for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_blocking(&self) -> RwLockUpgradableReadGuard<'_, T> {
        self.try_upgradable_read()
            .unwrap_or_else(|| block_on(self.upgradable_read()))
    }

    /// As [`RwLock::write`], for a thread that may block.
    #[track_caller]
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        self.try_write().unwrap_or_else(|| block_on(self.write()))
    }

    /// As [`RwLock::read_owned`], for a thread that may block.
    #[track_caller]
    pub fn read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockReadGuard<T> {
        self.try_read_owned()
            .unwrap_or_else(|| block_on(self.read_owned()))
    }

    /// As [`RwLock::upgradable_read_owned`], for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_owned_blocking(self: &Arc<Self>) -> OwnedRwLockUpgradableReadGuard<T> {
        self.try_upgradable_read_owned()
            .unwrap_or_else(|| block_on(self.upgradable_read_owned()))
    }

    /// As [`RwLock::write_owned`], for a thread that may block.
    #[track_caller]
    pub fn write_owned_blocking(self: &Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        self.try_write_owned()
            .unwrap_or_else(|| block_on(self.write_owned()))
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

/// What a guard may do: one of [`Read`], [`Upgradable`] and [`Write`].
pub trait Access: sealed::Access {}

/// The access of a reader.
#[derive(Debug)]
pub enum Read {}

/// The access of a reader that may become the writer.
#[derive(Debug)]
pub enum Upgradable {}

/// The access of the writer.
#[derive(Debug)]
pub enum Write {}

impl Access for Read {}
impl Access for Upgradable {}
impl Access for Write {}

mod sealed {
    use canter_coop::Reason;

    pub trait Access {
        const PERMITS: usize;
        const REASON: &'static Reason;
    }

    impl Access for super::Read {
        const PERMITS: usize = 1;
        const REASON: &'static Reason = &super::READ;
    }

    impl Access for super::Upgradable {
        const PERMITS: usize = super::FOR_UPGRADABLE;
        const REASON: &'static Reason = &super::UPGRADABLE_READ;
    }

    impl Access for super::Write {
        const PERMITS: usize = super::ALL;
        const REASON: &'static Reason = &super::WRITE;
    }
}

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
struct Held<H: Holder<RwLock<T>>, T: ?Sized> {
    lock: H,
    permits: usize,
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
    fn new(lock: H) -> Guard<A, H, T> {
        Guard::from_held(Held {
            lock,
            permits: A::PERMITS,
            value: PhantomData,
        })
    }

    #[inline]
    fn from_held(held: Held<H, T>) -> Guard<A, H, T> {
        debug_assert_eq!(held.permits, A::PERMITS);
        Guard {
            held,
            access: PhantomData,
        }
    }

    #[inline]
    fn try_new(lock: H) -> Option<Guard<A, H, T>> {
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
        Upgrade {
            wait: Wait::new(),
            held: Some(guard.held),
            place: Location::caller(),
        }
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

/// The future of [`RwLock::read`], [`RwLock::upgradable_read`], [`RwLock::write`] and their owned forms.
///
/// # Panics
///
/// Polling it again after it gave the guard panics.
#[must_use = "a future does nothing until it is awaited"]
pub struct Acquire<A: Access, H: Holder<RwLock<T>>, T: ?Sized> {
    /// `None` when the guard has it.
    lock: Option<H>,
    wait: Wait,
    place: &'static Location<'static>,
    gives: PhantomData<fn(A) -> T>,
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Acquire<A, H, T> {
    #[inline]
    fn new(lock: H, place: &'static Location<'static>) -> Acquire<A, H, T> {
        Acquire {
            lock: Some(lock),
            wait: Wait::new(),
            place,
            gives: PhantomData,
        }
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Future for Acquire<A, H, T> {
    type Output = Guard<A, H, T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<A, H, T>> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let lock = this.lock.as_ref().expect(ACQUIRE_POLLED_AGAIN);
        let polled = lock
            .permits
            .poll_acquire(&mut this.wait, A::PERMITS, Place::Last, cx.waker());
        if polled.is_pending() {
            waiting::report(A::REASON, this.place);
            return Poll::Pending;
        }
        operation.made_progress();
        let lock = this.lock.take(); // after the poll, in which a waker may panic: then the drop ends the wait
        Poll::Ready(Guard::new(lock.expect(ACQUIRE_POLLED_AGAIN)))
    }
}

const ACQUIRE_POLLED_AGAIN: &str = "`Acquire` was polled again after it gave the guard";

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Drop for Acquire<A, H, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            lock.permits.cancel(&mut self.wait);
        }
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> fmt::Debug for Acquire<A, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("waits_for", A::REASON)
            .finish_non_exhaustive()
    }
}

/// The future of [`RwLockUpgradableReadGuard::upgrade`].
///
/// # Panics
///
/// Polling it again after it gave the guard panics.
#[must_use = "a future does nothing until it is awaited, and dropping this one unlocks"]
pub struct Upgrade<H: Holder<RwLock<T>>, T: ?Sized> {
    wait: Wait,
    /// `None` when the guard has it.
    held: Option<Held<H, T>>,
    place: &'static Location<'static>,
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Future for Upgrade<H, T> {
    type Output = Guard<Write, H, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<Write, H, T>> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let permits = &this.held.as_ref().expect(UPGRADE_POLLED_AGAIN).lock.permits;
        let rest = ALL - FOR_UPGRADABLE;
        if permits
            .poll_acquire(&mut this.wait, rest, Place::First, cx.waker())
            .is_pending()
        {
            waiting::report(&UPGRADE, this.place);
            return Poll::Pending;
        }
        operation.made_progress();
        let mut held = this.held.take().expect(UPGRADE_POLLED_AGAIN); // as in `Acquire`
        held.permits = ALL;
        Poll::Ready(Guard::from_held(held))
    }
}

const UPGRADE_POLLED_AGAIN: &str = "`Upgrade` was polled again after it gave the guard";

impl<H: Holder<RwLock<T>>, T: ?Sized> Drop for Upgrade<H, T> {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            held.lock.permits.cancel(&mut self.wait);
        }
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> fmt::Debug for Upgrade<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
