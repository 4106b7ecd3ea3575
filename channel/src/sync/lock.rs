//! A lock for sections of a few instructions that run no user code.
//!
//! | `held` | meaning | next |
//! | --- | --- | --- |
//! | `false` | nobody is inside | `true`, by whoever enters (acquire) |
//! | `true` | somebody is | `false`, by whoever leaves (release) |
//!
//! Who finds it held looks again a few times, gives its time slice away, and in the end sleeps for a moment: the holder may
//! have lost its core in the middle of its section, and could stay without one for as long as threads of a higher priority
//! spin. There is no list of waiters, so that leaving is a plain store: that is half of what an uncontended `std` mutex costs,
//! and the half that a channel pays with each message.

#![expect(unsafe_code, reason = "a lock lends what it guards")]

use std::cell::UnsafeCell;
use std::hint;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) struct Lock<T> {
    held: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached through a guard alone, and there is at most one guard.
unsafe impl<T: Send> Send for Lock<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Lock<T> {
        Lock {
            held: AtomicBool::new(false),
            value: UnsafeCell::new(value),
        }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        if !self.enter() {
            self.enter_contended();
        }
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
        let mut backoff = Backoff::new();
        loop {
            while self.held.load(Ordering::Relaxed) {
                backoff.pause();
            }
            if self.enter() {
                return;
            }
        }
    }
}

/// The right to the value, until it is dropped.
pub(crate) struct Guard<'a, T> {
    lock: &'a Lock<T>,
    stays_here: PhantomData<*const ()>,
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

/// How long to wait before looking again at what another thread is about to finish.
pub(crate) struct Backoff(u32);

impl Backoff {
    const SPINS: u32 = 6;
    const YIELDS: u32 = 64;

    pub(crate) const fn new() -> Backoff {
        Backoff(0)
    }

    pub(crate) fn pause(&mut self) {
        self.0 += 1;
        if self.0 <= Self::SPINS {
            for _ in 0..1 << self.0 {
                hint::spin_loop();
            }
        } else if self.0 <= Self::SPINS + Self::YIELDS {
            thread::yield_now();
        } else {
            thread::sleep(Duration::from_micros(50));
        }
    }
}
