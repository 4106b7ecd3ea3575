//! Waiting for the lock.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{budget, waiting};

use super::RwLock;
use super::access::{ALL, Access, FOR_UPGRADABLE, UPGRADE, Write};
use super::guard::{Guard, Held};
use crate::holder::Holder;
use crate::raw::{Place, Wait};

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
    pub(super) fn new(lock: H, place: &'static Location<'static>) -> Acquire<A, H, T> {
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

/// The future of [`RwLockUpgradableReadGuard::upgrade`](super::RwLockUpgradableReadGuard::upgrade).
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

impl<H: Holder<RwLock<T>>, T: ?Sized> Upgrade<H, T> {
    pub(super) fn new(held: Held<H, T>, place: &'static Location<'static>) -> Upgrade<H, T> {
        Upgrade {
            wait: Wait::new(),
            held: Some(held),
            place,
        }
    }
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
