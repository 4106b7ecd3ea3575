//! One that waits, in a list or not.

#![expect(
    unsafe_code,
    reason = "fields go to and fro between a waiter's owner and its list"
)]

use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::sync::atomic;
use std::task::Waker;

use canter_coop::mark::{self, Held};

use crate::claim::Claim;
use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Where a waiter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Not in a list, and nothing is owed to it.
    Idle,
    /// In the list.
    Listed,
    /// What it waited for has happened. For a receiver: a message is promised to it.
    Completed,
    /// The channel was closed.
    Closed,
}

impl State {
    /// As a waiter keeps it that has it at this address.
    #[inline]
    fn at(self, address: usize) -> usize {
        match self {
            State::Idle => 0,
            State::Completed => 1,
            State::Closed => 2,
            State::Listed => mark::of(address),
        }
    }
}

/// What a future waits with. Who may touch which field stands [above](super).
#[repr(C)]
pub(crate) struct Waiter<V> {
    state: AtomicUsize,
    /// The mark of the count of those who hold the other end.
    holders: atomic::AtomicUsize,
    /// `None` until it is enlisted for the first time.
    pub(super) links: UnsafeCell<Option<Links<V>>>,
    /// A lone waiter's. Those of a select have one in common, in their claim.
    pub(super) waker: UnsafeCell<Option<Waker>>,
    pub(super) value: UnsafeCell<V>,
    arm: UnsafeCell<Option<Arm>>,
    _pinned: PhantomPinned,
}

/// Which arm of which select a waiter is.
#[derive(Clone, Copy)]
pub(super) struct Arm {
    pub(super) claim: NonNull<Claim>,
    pub(super) index: u32,
}

/// The neighbours of a listed waiter. The list is a ring: behind the last one comes the first.
pub(super) struct Links<V> {
    pub(super) previous: NonNull<Waiter<V>>,
    pub(super) next: NonNull<Waiter<V>>,
}

impl<V> Clone for Links<V> {
    fn clone(&self) -> Links<V> {
        *self
    }
}

impl<V> Copy for Links<V> {}

// SAFETY: the list's table says who may touch what, and the lock or the state hands it from one thread to the other. The claim
// behind `arm` can be used from every thread.
unsafe impl<V: Send> Send for Waiter<V> {}
// SAFETY: as above.
unsafe impl<V: Send> Sync for Waiter<V> {}

impl<V> Waiter<V> {
    pub(crate) fn new(value: V) -> Waiter<V> {
        Waiter {
            state: AtomicUsize::new(State::Idle.at(0)),
            holders: atomic::AtomicUsize::new(0),
            links: UnsafeCell::new(None),
            waker: UnsafeCell::new(None),
            value: UnsafeCell::new(value),
            arm: UnsafeCell::new(None),
            _pinned: PhantomPinned,
        }
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Idle,
            1 => State::Completed,
            2 => State::Closed,
            _ => State::Listed,
        }
    }

    #[inline]
    pub(super) fn set_state(&self, state: State, ordering: Ordering) {
        self.state
            .store(state.at(ptr::from_ref(&self.state).addr()), ordering);
    }

    /// The owner has taken notice of the outcome.
    #[inline]
    pub(crate) fn reset(&self) {
        debug_assert_ne!(self.state(), State::Listed);
        self.set_state(State::Idle, Ordering::Relaxed);
    }

    /// The value of a waiter.
    ///
    /// # Safety
    ///
    /// The caller is the owner. Either the waiter is not in a list, and the caller drops the reference before it enlists it; or the
    /// caller holds the lock of that list for as long as it uses the reference.
    #[expect(
        clippy::mut_from_ref,
        reason = "the cell is what the list's table hands to and fro"
    )]
    #[inline]
    pub(crate) unsafe fn value(&self) -> &mut V {
        // SAFETY: by the list's table the value is the owner's.
        self.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Says whose end of the channel it waits for.
    #[inline]
    pub(crate) fn set_holders<C>(&self, count: &C) {
        let mark = mark::of(Held::of(count).address());
        self.holders.store(mark, Ordering::Relaxed);
    }

    /// Makes the waiter an arm of a select from the next time that it is enlisted.
    ///
    /// # Safety
    ///
    /// The caller is the owner, the waiter is not in a list, and the claim stays where it is for as long as it is in one.
    pub(crate) unsafe fn set_arm(&self, claim: Pin<&Claim>, index: u32) {
        let arm = Arm {
            claim: NonNull::from(claim.get_ref()),
            index,
        };
        // SAFETY: by the list's table the arm is the owner's.
        self.arm.with_mut(|own| unsafe { *own = Some(arm) });
    }

    pub(super) fn arm(&self) -> Option<Arm> {
        // SAFETY: it is written while the waiter is not in a list, and this is called under the lock of the list.
        self.arm.with(|arm| unsafe { *arm })
    }
}

impl<V> fmt::Debug for Waiter<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Waiter").field(&self.state()).finish()
    }
}
