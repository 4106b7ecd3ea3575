//! A lock for sections of a few instructions that run no user code.
//!
//! | `held` | meaning | next |
//! | --- | --- | --- |
//! | `false` | nobody is inside | `true`, by whoever enters (acquire) |
//! | `true` | somebody is | `false`, by whoever leaves (release) |
//!
//! Who finds it held stays away for a while, each time for longer, then gives its time slice away, and in the end sleeps for a moment: the
//! holder may have lost its core in the middle of its section, and could stay without one for as long as threads of a higher priority
//! spin. Staying away is what makes a contended channel quick: two cores that come back at once take the line with the channel's state
//! from each other with each operation, which costs more than the operation; one that stays away lets the other one do a hundred
//! undisturbed.
//!
//! There is no list of waiters, so that leaving is a plain store: that is half of what an uncontended `std` mutex costs, and the half that
//! a channel pays with each message.
//!
//! A section that may be long, or that runs code of others, belongs under a lock of `std`.

#![expect(unsafe_code, reason = "a lock lends what it guards")]

use std::cell::UnsafeCell;
use std::fmt;
use std::hint;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A lock for sections of a few instructions that run no user code.
///
/// The word comes before the value, so that a user can lay out both on one cache line.
///
/// # Examples
///
/// ```
/// use canter_coop::lock::Lock;
///
/// let numbers = Lock::new(vec![1, 2]);
/// numbers.lock().push(3);
/// assert_eq!(numbers.try_lock().unwrap().len(), 3);
/// ```
#[repr(C)]
pub struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard alone, and there is at most one guard.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lock<T> {}

/// A section runs no user code that could panic in the middle of it.
impl<T> UnwindSafe for Lock<T> {}
impl<T> RefUnwindSafe for Lock<T> {}

impl<T> Lock<T> {
    /// A lock that nobody holds.
    pub const fn new(value: T) -> Lock<T> {
        Lock {
            held: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits until nobody else is inside.
    #[inline]
    pub fn lock(&self) -> Guard<'_, T> {
        if !self.enter() {
            self.enter_contended();
        }
        self.guard()
    }

    /// The value, unless somebody else is inside.
    #[inline]
    pub fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.enter().then(|| self.guard())
    }

    #[inline]
    fn guard(&self) -> Guard<'_, T> {
        Guard {
            lock: self,
            stays_here: PhantomData,
        }
    }

    #[inline]
    fn enter(&self) -> bool {
        self.held
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    fn enter_contended(&self) {
        let mut backoff = Backoff::from(Backoff::STAY_AWAY);
        loop {
            backoff.pause();
            if !self.held.load(Ordering::Relaxed) && self.enter() {
                return;
            }
        }
    }
}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("held", &self.held.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// The right to the value, until it is dropped.
#[must_use = "a guard that is dropped at once lets others in at once"]
pub struct Guard<'a, T> {
    lock: &'a Lock<T>,
    stays_here: PhantomData<*const ()>,
}

impl<T: fmt::Debug> fmt::Debug for Guard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one, and lends the value no longer than it lives.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and `&mut self` lends it once.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.lock.held.store(false, Ordering::Release);
    }
}

/// How long to wait before looking again at what another thread is about to finish: twice as long each time.
#[derive(Debug)]
pub struct Backoff {
    rounds: u32,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff::new()
    }
}

impl Backoff {
    /// The first round of one who contends for a lock; the ones before it are for those who wait for one step of another thread.
    const STAY_AWAY: u32 = 8;
    const SPINS: u32 = 12;
    const YIELDS: u32 = 64;

    /// A wait that has not begun.
    pub const fn new() -> Backoff {
        Backoff::from(0)
    }

    const fn from(rounds: u32) -> Backoff {
        Backoff { rounds }
    }

    /// Waits for a moment.
    pub fn pause(&mut self) {
        if self.rounds <= Self::SPINS {
            for _ in 0..1 << self.rounds {
                hint::spin_loop();
            }
        } else if self.rounds <= Self::SPINS + Self::YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(50));
            return;
        }
        self.rounds += 1;
    }
}
