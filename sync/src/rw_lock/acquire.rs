//! Waiting for the lock.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::budget::{self, Operation};
use canter_coop::waiting;

use super::RwLock;
use super::access::{Access, UPGRADE, Upgradable, Write};
use super::guard::Guard;
use crate::holder::Holder;
use crate::raw::{Ask, Wait};

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

    /// What one does that has to wait: apart, so that the rest of a poll is small enough to stand where its caller is.
    #[inline(never)]
    fn poll_wait(&mut self, cx: &mut Context<'_>, operation: Operation) -> Poll<()> {
        let lock = self.lock.as_ref().expect(ACQUIRE_POLLED_AGAIN);
        let polled = lock.raw.poll_wait(&mut self.wait, Ask::new(A::SHARE), cx.waker());
        if polled.is_pending() {
            waiting::report(A::REASON, self.place);
        } else {
            operation.made_progress();
        }
        polled
    }
}

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Future for Acquire<A, H, T> {
    type Output = Guard<A, H, T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<A, H, T>> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let lock = this.lock.as_ref().expect(ACQUIRE_POLLED_AGAIN);
        if this.wait.is_waiting() || !lock.raw.arrive(Ask::new(A::SHARE)) {
            ready!(this.poll_wait(cx, operation));
        } else {
            operation.made_progress();
        }
        let lock = this.lock.take(); // after the poll, in which a waker may panic: then the drop ends the wait
        Poll::Ready(Guard::new(lock.expect(ACQUIRE_POLLED_AGAIN)))
    }
}

const ACQUIRE_POLLED_AGAIN: &str = "`Acquire` was polled again after it gave the guard";

impl<A: Access, H: Holder<RwLock<T>>, T: ?Sized> Drop for Acquire<A, H, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(lock) = &self.lock {
            lock.raw.cancel(&mut self.wait);
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
    held: Option<Guard<Upgradable, H, T>>,
    place: &'static Location<'static>,
}

impl<H: Holder<RwLock<T>>, T: ?Sized> Upgrade<H, T> {
    pub(super) fn new(held: Guard<Upgradable, H, T>, place: &'static Location<'static>) -> Upgrade<H, T> {
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
        let lock = Guard::rw_lock(this.held.as_ref().expect(UPGRADE_POLLED_AGAIN));
        if this.wait.is_waiting() || !lock.raw.try_acquire(Ask::UPGRADE) {
            let polled = lock.raw.poll_wait(&mut this.wait, Ask::UPGRADE, cx.waker());
            if polled.is_pending() {
                waiting::report(&UPGRADE, this.place);
                return Poll::Pending;
            }
        }
        operation.made_progress();
        let held = this.held.take(); // as in `Acquire`
        Poll::Ready(held.expect(UPGRADE_POLLED_AGAIN).change())
    }
}

const UPGRADE_POLLED_AGAIN: &str = "`Upgrade` was polled again after it gave the guard";

impl<H: Holder<RwLock<T>>, T: ?Sized> Drop for Upgrade<H, T> {
    fn drop(&mut self) {
        if let Some(held) = &self.held {
            Guard::rw_lock(held).raw.cancel(&mut self.wait);
        }
    }
}

impl<H: Holder<RwLock<T>>, T: ?Sized> fmt::Debug for Upgrade<H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").finish_non_exhaustive()
    }
}
