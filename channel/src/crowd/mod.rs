//! A state under a lock, and the crowd that waits for it to change: all of one side are woken together.
//!
//! Who waits looks at the state under the lock, and is enlisted in the same section if there is nothing to see. Who changes the state wakes
//! the side that it concerns, in the same section as well, so that no change falls in between. Being woken promises nothing: who is woken
//! looks again, and who is dropped instead takes nothing with it.

#![expect(unsafe_code, reason = "a waiter is enlisted by its address")]

#[cfg(all(test, canter_loom))]
mod model;

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Poll, Waker};

use crate::chan::Side;
use crate::claim::Id;
use crate::sync::{Guard, Lock};
use crate::wait_list::{Popped, State, WaitList, Waiter};
use crate::wakes::Wakes;

pub(crate) struct Crowd<S> {
    inside: Lock<Inside<S>>,
}

pub(crate) struct Inside<S> {
    pub(crate) state: S,
    senders: WaitList<()>,
    receivers: WaitList<()>,
}

impl<S> Crowd<S> {
    pub(crate) fn new(state: S) -> Crowd<S> {
        Crowd {
            inside: Lock::new(Inside {
                state,
                senders: WaitList::new(),
                receivers: WaitList::new(),
            }),
        }
    }

    #[inline]
    pub(crate) fn enter(&self) -> Guard<'_, Inside<S>> {
        self.inside.lock()
    }
}

impl<S> Inside<S> {
    fn waiting(&mut self, side: Side) -> &mut WaitList<()> {
        match side {
            Side::Sender => &mut self.senders,
            Side::Receiver => &mut self.receivers,
        }
    }

    /// Wakes all that wait on one side.
    #[inline]
    pub(crate) fn wake_all(&mut self, side: Side, wakes: &mut Wakes) {
        while let Popped::Won(waiter) = self.waiting(side).pop_won(Id::LONE) {
            waiter.complete(State::Completed, wakes);
        }
    }
}

/// One of the crowd, on one side for ever. It goes away from it when it is dropped.
pub(crate) struct Wait<S, C: Borrow<Crowd<S>>> {
    waiter: Waiter<()>,
    side: Side,
    crowd: C,
    state: PhantomData<fn() -> S>,
}

impl<S, C: Borrow<Crowd<S>>> Wait<S, C> {
    pub(crate) fn new(crowd: C, side: Side) -> Wait<S, C> {
        Wait {
            waiter: Waiter::new(()),
            side,
            crowd,
            state: PhantomData,
        }
    }

    /// Looks for something in the state, and waits for the next change if it is not there. The look is taken under the lock.
    pub(crate) fn poll<R>(
        self: Pin<&Self>,
        waker: &Waker,
        mut look: impl FnMut(&mut S) -> Option<R>,
    ) -> Poll<R> {
        // SAFETY: the waiter is pinned with the wait, which does not move it.
        let waiter = unsafe { self.map_unchecked(|wait| &wait.waiter) };
        let mut new = None;
        loop {
            let mut inside = self.crowd.borrow().enter();
            let found = look(&mut inside.state);
            let list = inside.waiting(self.side);
            let listed = waiter.state() == State::Listed;
            let old = if found.is_some() {
                // SAFETY: the wait owns the waiter, which is enlisted in this list alone.
                unsafe { list.remove(&waiter) }
            // SAFETY: the waiter is in this list, under whose lock this runs.
            } else if listed && unsafe { list.will_wake(&waiter, waker) } {
                return Poll::Pending;
            } else if let Some(new) = new.take() {
                // SAFETY: the waiter is this wait's, which takes it off this list, its only one, when it is dropped.
                unsafe { enlist(list, waiter, new) }
            } else {
                drop(inside);
                new = Some(waker.clone()); // not under the lock: it is user code, as is the drop of the old one
                continue;
            };
            drop(inside);
            drop(old);
            return found.map_or(Poll::Pending, Poll::Ready);
        }
    }
}

/// Enlists the waiter, or gives it the new waker if it is in the list already. Gives the old one.
///
/// # Safety
///
/// The caller holds the list's lock and owns the waiter, which is in this list or in none. It takes the waiter off this list before the
/// waiter goes.
unsafe fn enlist(list: &mut WaitList<()>, waiter: Pin<&Waiter<()>>, waker: Waker) -> Option<Waker> {
    if waiter.state() == State::Listed {
        // SAFETY: what the caller promises, and it is in the list.
        return unsafe { list.replace_waker(&waiter, waker) };
    }
    // SAFETY: what the caller promises, and it is not in the list.
    unsafe { list.push_back(waiter, Some(waker)) };
    None
}

impl<S, C: Borrow<Crowd<S>>> Drop for Wait<S, C> {
    #[inline]
    fn drop(&mut self) {
        if self.waiter.state() == State::Listed {
            let mut inside = self.crowd.borrow().enter();
            // SAFETY: the waiter is the wait's, and has been in no other list.
            let waker = unsafe { inside.waiting(self.side).remove(&self.waiter) };
            drop(inside);
            drop(waker);
        }
    }
}
