//! Who waits for one side of a channel, first come, first served.
//!
//! A [`Waiter`] lives in the future that waits, and the list only points to it: waiting allocates nothing. The future is pinned
//! and takes its waiter off the list before it goes.
//!
//! Who may touch which field of a waiter:
//!
//! | field | while it is not in the list | while it is |
//! | --- | --- | --- |
//! | `links` | its owner | whoever holds the channel's lock |
//! | `waker`, `value` | its owner | whoever holds the channel's lock |
//! | `arm` | its owner writes it | nobody writes it |
//! | `state` | its owner writes it | written under the channel's lock; the owner reads it at any time |
//! | `holders` | its owner writes it | nobody writes it |
//!
//! While it is listed `state` is a [`mark`](canter_coop::mark), with `holders` beside it.
//!
//! A waiter leaves the list in the step that writes its state, and the completer does not touch it afterwards: an owner that sees the
//! new state has everything back, without the lock.

#![expect(unsafe_code, reason = "waiters are linked where they stand")]

mod waiter;

pub(crate) use waiter::{State, Waiter};

use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Waker;

use canter_coop::Wakes;

use self::waiter::{Arm, Links};
use crate::claim::{Id, Met};
use crate::sync::atomic::Ordering;

/// The list itself stands under its channel's lock. It is one word, since a channel's state is to fit a cache line.
pub(crate) struct WaitList<V> {
    first: Option<NonNull<Waiter<V>>>,
}

// SAFETY: the list is a way to reach waiters, which may be used from every thread.
unsafe impl<V: Send> Send for WaitList<V> {}

/// Whether a waiter is one that the completer looks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    Yes,
    No,
    /// It is not, and those behind it have to wait for it.
    NotBeyond,
}

/// What came of renewing a waker.
#[derive(Debug)]
#[must_use]
pub(crate) enum Renewed {
    /// The waiter wakes the right task. With the waker that it had before, if that was another one.
    Done(Option<Waker>),
    NeedsClone,
}

/// Whom a completer got.
#[must_use]
pub(crate) enum Popped<V> {
    Won(Won<V>),
    Nobody,
    ComeAgain,
}

impl<V> WaitList<V> {
    pub(crate) const fn new() -> WaitList<V> {
        WaitList { first: None }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether the value of the first waiter is such a one.
    #[inline]
    pub(crate) fn first_is(&self, such: impl Fn(&V) -> bool) -> bool {
        // SAFETY: what is in the list is alive, and `&self` says that the lock is held.
        let first = self.first.map(|first| unsafe { first.as_ref() });
        // SAFETY: as above, and the reference does not leave the closure.
        first.is_some_and(|first| first.value.with(|value| such(unsafe { &*value })))
    }

    /// Whether somebody waits who can be completed for certain, since no select decides about it.
    pub(crate) fn has_lone(&self) -> bool {
        let mut cursor = self.first;
        while let Some(link) = cursor {
            // SAFETY: what is in the list is alive, and `&self` says that the lock is held.
            if unsafe { link.as_ref() }.arm().is_none() {
                return true;
            }
            // SAFETY: as above.
            cursor = unsafe { self.after(link) };
        }
        false
    }

    /// Whether more than `count` wait.
    #[inline]
    pub(crate) fn has_more_than(&self, count: usize) -> bool {
        let mut cursor = self.first;
        for _ in 0..count {
            match cursor {
                // SAFETY: what is in the list is alive, and `&self` says that the lock is held.
                Some(link) => cursor = unsafe { self.after(link) },
                None => return false,
            }
        }
        cursor.is_some()
    }

    /// Enlists a waiter behind the others.
    ///
    /// # Safety
    ///
    /// The caller holds the channel's lock and owns the waiter, which is not in a list. It takes the waiter off this list before the
    /// waiter goes.
    #[inline]
    pub(crate) unsafe fn push_back(&mut self, waiter: Pin<&Waiter<V>>, waker: Option<Waker>) {
        let link = NonNull::from(waiter.get_ref());
        let links = match self.first {
            None => {
                self.first = Some(link);
                Links {
                    previous: link,
                    next: link,
                }
            }
            Some(first) => {
                // SAFETY: `first` is in the list.
                let last = unsafe { self.links(first) }.previous;
                // SAFETY: as above.
                unsafe { self.set_previous(first, link) };
                // SAFETY: so is the one before it in the ring.
                unsafe { self.set_next(last, link) };
                Links {
                    previous: last,
                    next: first,
                }
            }
        };
        debug_assert_ne!(waiter.state(), State::Listed);
        // SAFETY: the waiter was in no list, so its links are the caller's.
        waiter.links.with_mut(|own| unsafe { *own = Some(links) });
        // SAFETY: likewise its waker. A waiter out of the list has none, so nothing is dropped here.
        waiter.waker.with_mut(|own| unsafe { ptr::write(own, waker) });
        waiter.set_state(State::Listed, Ordering::Relaxed);
    }

    /// Enlists a waiter before the others: it has waited before.
    ///
    /// # Safety
    ///
    /// As for [`push_back`](WaitList::push_back).
    pub(crate) unsafe fn push_front(&mut self, waiter: Pin<&Waiter<V>>, waker: Option<Waker>) {
        // SAFETY: what the caller promises. In a ring the place behind the last one is the place before the first.
        unsafe { self.push_back(waiter, waker) };
        self.first = Some(NonNull::from(waiter.get_ref()));
    }

    /// Takes a waiter off the list, with its waker, if it is still there.
    ///
    /// # Safety
    ///
    /// The caller holds the channel's lock and owns the waiter, which has been enlisted in this list or never.
    pub(crate) unsafe fn remove(&mut self, waiter: &Waiter<V>) -> Option<Waker> {
        if waiter.state() != State::Listed {
            return None;
        }
        // SAFETY: it is in this list.
        unsafe { self.unlink(NonNull::from(waiter)) };
        waiter.set_state(State::Idle, Ordering::Relaxed);
        // SAFETY: out of the list it is the owner's.
        waiter.waker.with_mut(|waker| unsafe { (*waker).take() })
    }

    /// Sees to it that a listed waiter wakes this waker's task. A waker is user code: so the caller clones it into `clone` where it is asked
    /// to, outside of the lock, and comes back; and there it drops the one that was replaced.
    ///
    /// # Safety
    ///
    /// The caller holds the channel's lock, and the waiter is in this list.
    pub(crate) unsafe fn renew_waker(
        &mut self,
        waiter: &Waiter<V>,
        waker: &Waker,
        clone: &mut Option<Waker>,
    ) -> Renewed {
        // SAFETY: the lock is held.
        let current = waiter.waker.with(|current| unsafe { (*current).as_ref() });
        if current.is_some_and(|current| current.will_wake(waker)) {
            return Renewed::Done(None);
        }
        match clone.take() {
            // SAFETY: what the caller promises.
            Some(clone) => Renewed::Done(unsafe { self.replace_waker(waiter, clone) }),
            None => Renewed::NeedsClone,
        }
    }

    /// Gives a listed waiter another waker.
    ///
    /// # Safety
    ///
    /// As for [`renew_waker`](WaitList::renew_waker).
    pub(crate) unsafe fn replace_waker(&mut self, waiter: &Waiter<V>, waker: Waker) -> Option<Waker> {
        // SAFETY: the lock is held.
        waiter
            .waker
            .with_mut(|current| unsafe { (*current).replace(waker) })
    }

    /// Takes off the list the first waiter that the caller may complete. Selects that are passed by are marked.
    #[inline]
    pub(crate) fn pop_won(&mut self, completer: Id) -> Popped<V> {
        self.pop_won_where(completer, |_| Fit::Yes)
    }

    /// The same for the first waiter whose value fits.
    #[inline]
    pub(crate) fn pop_won_where(&mut self, completer: Id, fits: impl Fn(&V) -> Fit) -> Popped<V> {
        let mut cursor = self.first;
        while let Some(link) = cursor {
            // SAFETY: what is in the list is alive, and `&mut self` says that the lock is held.
            let waiter = unsafe { link.as_ref() };
            // SAFETY: as above.
            let next = unsafe { self.after(link) };
            // SAFETY: as above, and the reference does not leave the closure.
            match waiter.value.with(|value| fits(unsafe { &*value })) {
                Fit::Yes => {}
                Fit::No => {
                    cursor = next;
                    continue;
                }
                Fit::NotBeyond => return Popped::Nobody,
            }
            let arm = waiter.arm();
            let met = match arm {
                None => Met::Won,
                // SAFETY: a claim stays where it is while its waiters are in lists.
                Some(arm) => unsafe { arm.claim.as_ref() }.meet(arm.index, completer),
            };
            match met {
                Met::Won => {
                    // SAFETY: it is in this list.
                    unsafe { self.unlink(link) };
                    return Popped::Won(Won { waiter: link, arm });
                }
                Met::ComeAgain => return Popped::ComeAgain,
                Met::PassBy => cursor = next,
            }
        }
        Popped::Nobody
    }

    /// The one behind, unless this is the last one.
    ///
    /// # Safety
    ///
    /// The waiter is in this list.
    unsafe fn after(&self, link: NonNull<Waiter<V>>) -> Option<NonNull<Waiter<V>>> {
        // SAFETY: what the caller promises.
        let next = unsafe { self.links(link) }.next;
        (Some(next) != self.first).then_some(next)
    }

    /// # Safety
    ///
    /// The waiter is in this list.
    #[inline]
    unsafe fn unlink(&mut self, link: NonNull<Waiter<V>>) {
        // SAFETY: what the caller promises.
        let Links { previous, next } = unsafe { self.links(link) };
        if next == link {
            self.first = None;
            return;
        }
        // SAFETY: its neighbours are in the list.
        unsafe { self.set_next(previous, next) };
        // SAFETY: as above.
        unsafe { self.set_previous(next, previous) };
        if self.first == Some(link) {
            self.first = Some(next);
        }
    }

    /// # Safety
    ///
    /// The waiter is in this list.
    unsafe fn links(&self, at: NonNull<Waiter<V>>) -> Links<V> {
        // SAFETY: what is in the list is alive.
        let waiter = unsafe { at.as_ref() };
        // SAFETY: the lock is held.
        let links = waiter.links.with(|links| unsafe { *links });
        debug_assert!(links.is_some());
        // SAFETY: whoever is in the list was enlisted.
        unsafe { links.unwrap_unchecked() }
    }

    /// # Safety
    ///
    /// The waiter is in this list.
    unsafe fn set_next(&mut self, at: NonNull<Waiter<V>>, next: NonNull<Waiter<V>>) {
        // SAFETY: what the caller promises.
        let links = Links {
            next,
            ..unsafe { self.links(at) }
        };
        // SAFETY: what is in the list is alive.
        let waiter = unsafe { at.as_ref() };
        // SAFETY: the lock is held.
        waiter.links.with_mut(|own| unsafe { *own = Some(links) });
    }

    /// # Safety
    ///
    /// The waiter is in this list.
    unsafe fn set_previous(&mut self, at: NonNull<Waiter<V>>, previous: NonNull<Waiter<V>>) {
        // SAFETY: what the caller promises.
        let links = Links {
            previous,
            ..unsafe { self.links(at) }
        };
        // SAFETY: what is in the list is alive.
        let waiter = unsafe { at.as_ref() };
        // SAFETY: the lock is held.
        waiter.links.with_mut(|own| unsafe { *own = Some(links) });
    }
}

/// A waiter that the caller has to complete before it leaves the lock.
#[must_use]
pub(crate) struct Won<V> {
    waiter: NonNull<Waiter<V>>,
    arm: Option<Arm>,
}

impl<V> Won<V> {
    #[inline]
    pub(crate) fn value(&mut self) -> &mut V {
        // SAFETY: the owner does not touch a listed waiter, and its state still says that it is one.
        let waiter = unsafe { self.waiter.as_ref() };
        // SAFETY: as above, so the value is this completer's.
        waiter.value.with_mut(|value| unsafe { &mut *value })
    }

    /// Writes the outcome. The owner may be gone as soon as this returns.
    #[inline]
    pub(crate) fn complete(self, outcome: State, wakes: &mut Wakes) {
        // SAFETY: as in `value`.
        let waiter = unsafe { self.waiter.as_ref() };
        match self.arm {
            None => {
                // SAFETY: as in `value`.
                let waker = waiter.waker.with_mut(|waker| unsafe { (*waker).take() });
                waiter.set_state(outcome, Ordering::Release);
                wakes.add(waker);
            }
            Some(arm) => {
                waiter.set_state(outcome, Ordering::Release);
                // SAFETY: the owner waits until its claim is complete, whatever it sees of the waiter.
                wakes.add(unsafe { arm.claim.as_ref() }.complete(arm.index));
            }
        }
    }
}
