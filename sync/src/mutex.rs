//! A value that one task at a time may use.

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
use crate::raw::{self, Wait};
use crate::sync::const_fn;

static MUTEX_LOCK: Reason = Reason::new("mutex lock");

/// A value that one task at a time may use, also across an await. Go's `sync.Mutex`, with the value inside.
///
/// For a section without an await `std::sync::Mutex` does as well, as long as nobody keeps it locked for long.
///
/// A panic while it is locked unlocks it, and leaves the value as it is then: there is no poisoning.
///
/// # Fairness
///
/// Whoever comes may take a mutex that is free, which keeps short sections quick; those that wait are served in the order of their arrival.
/// Nobody starves: when 64 sections of others have passed by the one that waits longest, or when it was woken twice in vain, it gets the
/// mutex next, whoever else wants it.
///
/// # Examples
///
/// ```
/// use canter_sync::Mutex;
///
/// static COUNTER: Mutex<u32> = Mutex::new(0);
///
/// # canter_executor::block_on(async {
/// let tasks: Vec<_> = (0..4)
///     .map(|_| canter_executor::spawn(async { *COUNTER.lock().await += 1 }))
///     .collect();
/// for task in tasks {
///     task.await.unwrap();
/// }
/// assert_eq!(*COUNTER.lock().await, 4);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    raw: raw::Mutex,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached by one guard at a time, or through `&mut Mutex`, so it moves between threads and is never shared.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_fn! {
        /// An unlocked mutex around a value.
        pub fn new(value: T) -> Mutex<T> {
            Mutex {
                raw: raw::Mutex::new(),
                value: UnsafeCell::new(value),
            }
        }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits until the mutex is free, and locks it until the guard is dropped.
    ///
    /// A task that locks a mutex which it has locked already waits for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the mutex to others. The place in line is lost.
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> Lock<&Mutex<T>, T> {
        Lock::new(self, Location::caller())
    }

    /// As [`Mutex::lock`], with a guard that keeps the mutex alive and can be stored anywhere.
    ///
    /// # Cancel safety
    ///
    /// As [`Mutex::lock`].
    #[track_caller]
    #[inline]
    pub fn lock_owned(self: &Arc<Self>) -> Lock<Arc<Mutex<T>>, T> {
        Lock::new(self.clone(), Location::caller())
    }

    /// As [`Mutex::lock`], for a thread that may block.
    #[track_caller]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        self.try_lock().unwrap_or_else(|| block_on(self.lock()))
    }

    /// As [`Mutex::lock_owned`], for a thread that may block.
    #[track_caller]
    pub fn lock_owned_blocking(self: &Arc<Self>) -> OwnedMutexGuard<T> {
        self.try_lock_owned()
            .unwrap_or_else(|| block_on(self.lock_owned()))
    }

    /// Locks the mutex if it is free.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_lock().then(|| Guard::new(self))
    }

    /// As [`Mutex::try_lock`], with a guard that keeps the mutex alive.
    #[inline]
    pub fn try_lock_owned(self: &Arc<Self>) -> Option<OwnedMutexGuard<T>> {
        self.raw.try_lock().then(|| Guard::new(self.clone()))
    }

    /// Whether somebody has locked it, which may have changed by the time that the caller looks at the answer.
    pub fn is_locked(&self) -> bool {
        self.raw.is_locked()
    }

    /// The value, which nobody else can reach.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Mutex<T> {
        Mutex::new(value)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Some(guard) => f.debug_tuple("Mutex").field(&&*guard).finish(),
            None => f.debug_tuple("Mutex").field(&format_args!("<locked>")).finish(),
        }
    }
}

/// A locked mutex, reached by reference.
pub type MutexGuard<'a, T> = Guard<&'a Mutex<T>, T>;

/// A locked mutex that is kept alive by its guard.
pub type OwnedMutexGuard<T> = Guard<Arc<Mutex<T>>, T>;

/// A locked mutex and its value. Dropping it unlocks the mutex, on any thread.
#[must_use = "a guard that is dropped at once unlocks the mutex again"]
pub struct Guard<H: Holder<Mutex<T>>, T: ?Sized> {
    mutex: H,
    /// A guard that is shared shares the value.
    value: PhantomData<T>,
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Guard<H, T> {
    /// For whoever has locked the mutex.
    #[inline]
    fn new(mutex: H) -> Guard<H, T> {
        Guard {
            mutex,
            value: PhantomData,
        }
    }

    /// The mutex that is locked. (Not a method, which would stand in the way of the value's.)
    pub fn mutex(guard: &Guard<H, T>) -> &H {
        &guard.mutex
    }
}

/// The value is elsewhere.
impl<H: Holder<Mutex<T>>, T: ?Sized> Unpin for Guard<H, T> {}

impl<H: Holder<Mutex<T>>, T: ?Sized> Deref for Guard<H, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: there is one guard at a time, and it lends the value no longer than it lives.
        unsafe { &*self.mutex.value.get() }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> DerefMut for Guard<H, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` lends it once.
        unsafe { &mut *self.mutex.value.get() }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Drop for Guard<H, T> {
    #[inline]
    fn drop(&mut self) {
        self.mutex.raw.unlock();
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized + fmt::Debug> fmt::Debug for Guard<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized + fmt::Display> fmt::Display for Guard<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The future of [`Mutex::lock`] and [`Mutex::lock_owned`].
///
/// # Panics
///
/// Polling it again after it gave the guard panics.
#[must_use = "a future does nothing until it is awaited"]
pub struct Lock<H: Holder<Mutex<T>>, T: ?Sized> {
    /// `None` when the guard has it.
    mutex: Option<H>,
    wait: Wait,
    place: &'static Location<'static>,
    value: PhantomData<fn() -> T>,
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Lock<H, T> {
    #[inline]
    pub(crate) fn new(mutex: H, place: &'static Location<'static>) -> Lock<H, T> {
        Lock {
            mutex: Some(mutex),
            wait: Wait::new(),
            place,
            value: PhantomData,
        }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Future for Lock<H, T> {
    type Output = Guard<H, T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, T>> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let mutex = this.mutex.as_ref().expect(POLLED_AGAIN);
        if mutex.raw.poll_lock(&mut this.wait, cx.waker()).is_pending() {
            waiting::report(&MUTEX_LOCK, this.place);
            return Poll::Pending;
        }
        operation.made_progress();
        let mutex = this.mutex.take(); // after the poll, in which a waker may panic: then the drop ends the wait
        Poll::Ready(Guard::new(mutex.expect(POLLED_AGAIN)))
    }
}

const POLLED_AGAIN: &str = "`Lock` was polled again after it gave the guard";

impl<H: Holder<Mutex<T>>, T: ?Sized> Drop for Lock<H, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(mutex) = &self.mutex {
            mutex.raw.cancel(&mut self.wait);
        }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> fmt::Debug for Lock<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("waits", &self.wait.is_waiting())
            .finish_non_exhaustive()
    }
}
