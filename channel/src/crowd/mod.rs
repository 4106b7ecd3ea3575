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
use crate::wait_list::{Popped, Renewed, State, WaitList, Waiter};
use canter_coop::Wakes;

/// A state that counts the handles of each side.
pub(crate) trait Counts {
    fn handles(&self, side: Side) -> &usize;
}

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
pub(crate) struct Wait<S: Counts, C: Borrow<Crowd<S>>> {
    waiter: Waiter<()>,
    side: Side,
    crowd: C,
    state: PhantomData<fn() -> S>,
}

impl<S: Counts, C: Borrow<Crowd<S>>> Wait<S, C> {
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
        let mut clone = None;
        loop {
            let mut inside = self.crowd.borrow().enter();
            let found = look(&mut inside.state);
            let list = inside.waiting(self.side);
            let renewed = if found.is_some() {
                // SAFETY: the wait owns the waiter, which is enlisted in this list alone.
                Renewed::Done(unsafe { list.remove(&waiter) })
            } else if waiter.state() == State::Listed {
                // SAFETY: the waiter is in this list, under whose lock this runs.
                unsafe { list.renew_waker(&waiter, waker, &mut clone) }
            } else if let Some(clone) = clone.take() {
                waiter.set_holders(inside.state.handles(self.side.other()));
                let list = inside.waiting(self.side);
                // SAFETY: the waiter is this wait's and in no list, and the wait takes it off this one, its only one, when it is dropped.
                unsafe { list.push_back(waiter, Some(clone)) };
                Renewed::Done(None)
            } else {
                Renewed::NeedsClone
            };
            drop(inside);
            match renewed {
                Renewed::Done(old) => {
                    drop(old);
                    return found.map_or(Poll::Pending, Poll::Ready);
                }
                Renewed::NeedsClone => clone = Some(waker.clone()),
            }
        }
    }
}

impl<S: Counts, C: Borrow<Crowd<S>>> Drop for Wait<S, C> {
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
