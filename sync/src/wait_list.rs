//! Who waits, in the order of arrival.
//!
//! A waiter is *listed* from its arrival until it is popped, which means that it has what it asked for. It keeps its slot, and whoever waits
//! keeps the key, until the waiter is removed: by the waiting future, when it learns of its luck or when it is dropped.
//!
//! The slots are in a slab, so that a list that has grown once allocates no more, and a place in the middle is left in constant time. A
//! list that had to grow far gives its memory back when nobody waits.

use std::num::NonZeroU32;
use std::task::Waker;

use slab::Slab;

/// One pointer: a lock at which nobody has ever waited is small.
pub(crate) struct WaitList<A>(Option<Box<Inside<A>>>);

struct Inside<A> {
    waiters: Slab<Waiter<A>>,
    listed: usize,
    front: Option<Key>,
    back: Option<Key>,
}

struct Waiter<A> {
    /// Taken when the waiter is woken.
    waker: Option<Waker>,
    ask: A,
    listed: bool,
    before: Option<Key>,
    after: Option<Key>,
}

/// A waiter's slot. It must be used with the list that gave it, and not after the waiter was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(NonZeroU32);

impl Key {
    fn new(index: usize) -> Key {
        let number = u32::try_from(index + 1).ok().and_then(NonZeroU32::new);
        Key(number.expect("four billion waiters take more memory than there is"))
    }

    fn index(self) -> usize {
        self.0.get() as usize - 1
    }
}

/// Where in the list a waiter stood that has left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    First,
    Further,
}

/// What [`WaitList::renew`] did.
#[must_use = "the old waker must be dropped outside of the lock"]
pub(crate) enum Renewed {
    /// The waiter has the right waker. The old one, if there was another, must be dropped outside of the lock.
    Done(Option<Waker>),
    /// The waker must be cloned, outside of the lock, and the state be looked at again.
    NeedsClone,
}

impl<A> WaitList<A> {
    pub(crate) const fn new() -> WaitList<A> {
        WaitList(None)
    }

    /// How many are listed.
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |inside| inside.listed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.front().is_none()
    }

    pub(crate) fn front(&self) -> Option<Key> {
        self.0.as_ref()?.front
    }

    pub(crate) fn is_listed(&self, key: Key) -> bool {
        self.waiter(key).listed
    }

    pub(crate) fn ask(&self, key: Key) -> &A {
        &self.waiter(key).ask
    }

    pub(crate) fn ask_mut(&mut self, key: Key) -> &mut A {
        &mut self.waiter_mut(key).ask
    }

    pub(crate) fn push_back(&mut self, ask: A, waker: Waker) -> Key {
        self.grown().push_back(ask, waker)
    }

    pub(crate) fn push_front(&mut self, ask: A, waker: Waker) -> Key {
        self.grown().push_front(ask, waker)
    }

    /// The first one leaves the list and keeps its slot. Its waker is to be called when the lock has been left.
    pub(crate) fn pop_front(&mut self) -> Option<(Key, Option<Waker>)> {
        let key = self.front()?;
        self.unlink(key);
        Some((key, self.take_waker(key)))
    }

    /// A waiter that is listed leaves the list and keeps its slot.
    pub(crate) fn unlink(&mut self, key: Key) -> Was {
        self.inside_mut().unlink(key)
    }

    /// The waker, to be called when the lock has been left.
    pub(crate) fn take_waker(&mut self, key: Key) -> Option<Waker> {
        self.waiter_mut(key).waker.take()
    }

    /// A waiter that is not listed leaves its slot. Its waker, if it still has one, must be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: Key) -> (A, Option<Waker>) {
        self.inside_mut().remove(key)
    }

    /// Sees to it that a waiter has this waker, of which `clone` may be a clone already.
    pub(crate) fn renew(&mut self, key: Key, waker: &Waker, clone: &mut Option<Waker>) -> Renewed {
        let slot = &mut self.waiter_mut(key).waker;
        if slot.as_ref().is_some_and(|present| present.will_wake(waker)) {
            return Renewed::Done(clone.take());
        }
        match clone.take() {
            Some(clone) => Renewed::Done(slot.replace(clone)),
            None => Renewed::NeedsClone,
        }
    }

    fn grown(&mut self) -> &mut Inside<A> {
        self.0.get_or_insert_with(|| {
            Box::new(Inside {
                waiters: Slab::new(),
                listed: 0,
                front: None,
                back: None,
            })
        })
    }

    fn waiter(&self, key: Key) -> &Waiter<A> {
        self.0.as_ref().expect(HAS_KEY).waiter(key)
    }

    fn waiter_mut(&mut self, key: Key) -> &mut Waiter<A> {
        self.inside_mut().waiter_mut(key)
    }

    fn inside_mut(&mut self) -> &mut Inside<A> {
        self.0.as_mut().expect(HAS_KEY)
    }
}

const HAS_KEY: &str = "a key comes from a list that has grown";

impl<A> Inside<A> {
    /// As many slots are kept when nobody waits.
    const KEPT: usize = 64;

    fn push_back(&mut self, ask: A, waker: Waker) -> Key {
        let before = self.back;
        let key = self.insert(ask, waker, before, None);
        self.back = Some(key);
        match before {
            Some(before) => self.waiter_mut(before).after = Some(key),
            None => self.front = Some(key),
        }
        key
    }

    fn push_front(&mut self, ask: A, waker: Waker) -> Key {
        let after = self.front;
        let key = self.insert(ask, waker, None, after);
        self.front = Some(key);
        match after {
            Some(after) => self.waiter_mut(after).before = Some(key),
            None => self.back = Some(key),
        }
        key
    }

    fn insert(&mut self, ask: A, waker: Waker, before: Option<Key>, after: Option<Key>) -> Key {
        self.listed += 1;
        Key::new(self.waiters.insert(Waiter {
            waker: Some(waker),
            ask,
            listed: true,
            before,
            after,
        }))
    }

    fn unlink(&mut self, key: Key) -> Was {
        let waiter = self.waiter_mut(key);
        debug_assert!(waiter.listed);
        waiter.listed = false;
        let (before, after) = (waiter.before, waiter.after);
        self.listed -= 1;
        match after {
            Some(after) => self.waiter_mut(after).before = before,
            None => self.back = before,
        }
        match before {
            Some(before) => {
                self.waiter_mut(before).after = after;
                Was::Further
            }
            None => {
                self.front = after;
                Was::First
            }
        }
    }

    fn remove(&mut self, key: Key) -> (A, Option<Waker>) {
        let waiter = self.waiters.remove(key.index());
        debug_assert!(!waiter.listed);
        if self.waiters.is_empty() && self.waiters.capacity() > Self::KEPT {
            self.waiters = Slab::new();
        }
        (waiter.ask, waiter.waker)
    }

    fn waiter(&self, key: Key) -> &Waiter<A> {
        &self.waiters[key.index()]
    }

    fn waiter_mut(&mut self, key: Key) -> &mut Waiter<A> {
        &mut self.waiters[key.index()]
    }
}
