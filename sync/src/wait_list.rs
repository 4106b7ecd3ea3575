//! Who waits, in the order of arrival.
//!
//! A waiter is *listed* from its arrival until it is popped, which means that it has what it asked for. It keeps its slot, and whoever waits
//! keeps the key, until the waiter is removed: by the waiting future, when it learns of its luck or when it is dropped.
//!
//! A slot that was left is used again, so that a list that has grown once allocates no more, and a place in the middle is left in constant
//! time. A list that had to grow far gives its memory back when nobody waits.

use std::num::NonZeroU32;
use std::task::Waker;

/// One pointer: a lock at which nobody has ever waited is small.
pub(crate) struct WaitList<A>(Option<Box<Inside<A>>>);

struct Inside<A> {
    /// The first slot is here: where one waits at a time, which is common, the list is one allocation.
    first: Waiter<A>,
    others: Vec<Waiter<A>>,
    /// The slots that nobody has, one `after` the other.
    free: Option<Key>,
    taken: usize,
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
    const FIRST: Key = Key(NonZeroU32::MIN);

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
}

impl<A: Copy> WaitList<A> {
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
        self.grown(ask).push_back(ask, waker)
    }

    pub(crate) fn push_front(&mut self, ask: A, waker: Waker) -> Key {
        self.grown(ask).push_front(ask, waker)
    }

    /// The first one leaves the list and keeps its slot. Its waker is to be called when the lock has been left.
    pub(crate) fn pop_front(&mut self) -> Option<(Key, Option<Waker>)> {
        let inside = self.0.as_mut()?;
        let key = inside.front?;
        inside.unlink(key);
        Some((key, inside.waiter_mut(key).waker.take()))
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

    fn grown(&mut self, ask: A) -> &mut Inside<A> {
        self.0.get_or_insert_with(|| Box::new(Inside::new(ask)))
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

impl<A: Copy> Waiter<A> {
    /// A slot that nobody has. What it asks for says nothing.
    fn free(ask: A) -> Waiter<A> {
        Waiter {
            waker: None,
            ask,
            listed: false,
            before: None,
            after: None,
        }
    }
}

impl<A: Copy> Inside<A> {
    /// As many slots are kept when nobody waits.
    const KEPT: usize = 64;

    fn new(ask: A) -> Inside<A> {
        Inside {
            first: Waiter::free(ask),
            others: Vec::new(),
            free: Some(Key::FIRST),
            taken: 0,
            listed: 0,
            front: None,
            back: None,
        }
    }

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
        let key = self.take_slot(ask);
        *self.waiter_mut(key) = Waiter {
            waker: Some(waker),
            ask,
            listed: true,
            before,
            after,
        };
        self.taken += 1;
        self.listed += 1;
        key
    }

    fn take_slot(&mut self, ask: A) -> Key {
        match self.free {
            Some(key) => {
                self.free = self.waiter(key).after;
                key
            }
            None => {
                self.others.push(Waiter::free(ask));
                Key::new(self.others.len())
            }
        }
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
        let free = self.free.replace(key);
        let waiter = self.waiter_mut(key);
        debug_assert!(!waiter.listed);
        waiter.after = free;
        let removed = (waiter.ask, waiter.waker.take());
        self.taken -= 1;
        if self.taken == 0 && self.others.capacity() > Self::KEPT {
            *self = Inside::new(removed.0);
        }
        removed
    }

    fn waiter(&self, key: Key) -> &Waiter<A> {
        match key.index().checked_sub(1) {
            None => &self.first,
            Some(index) => &self.others[index],
        }
    }

    fn waiter_mut(&mut self, key: Key) -> &mut Waiter<A> {
        match key.index().checked_sub(1) {
            None => &mut self.first,
            Some(index) => &mut self.others[index],
        }
    }
}
