//! What a channel is, and what may happen to it under its lock.
//!
//! # What always holds
//!
//! - Messages leave in the order in which they came, all through one queue: also those that are handed to a waiting receiver, and
//!   those that cross an unbuffered channel.
//! - A message that meets a waiting receiver is **promised**: it stays in the queue, the receiver leaves the wait list and is woken,
//!   and takes the oldest message when it comes. Newcomers leave as many messages to it as there are promises. A promised receiver that is
//!   dropped gives the promise back, and the next one gets it: so a cancelled receive can neither lose a message nor change the order.
//! - `available` are the messages beyond the promises, `permits` the places that were reserved. There is **room** while both together are
//!   fewer than the capacity, which is 0 for a rendezvous, and unlimited for an unbounded channel.
//! - A message is available only while no receiver waits, and a sender waits only while there is no room and no receiver waits for whom no
//!   place is reserved; selects that poll or look at the time are passed by and marked, and look later.
//! - After `close` nothing enters the queue. Receivers learn of it when the queue is empty, promises included.
//!
//! A waiting receiver whose future is leaked (`mem::forget`) keeps its promise for ever. So that this withholds no message of a buffer from
//! who comes for it: a receiver that finds promised messages only gives way once, and then takes what is still there. Whoever comes for a
//! promise and finds the queue empty waits again, before all others. Not so on an unbuffered channel while it is open: there the sender has
//! been told that the one to whom the message is promised has it.

#![expect(
    unsafe_code,
    reason = "a channel is made of the pointer that was taken out of it"
)]

mod block;
mod end;
mod hint;
mod outcome;
mod section;

pub(crate) use end::{Borrowed, End, Receiving, Sending};
pub(crate) use hint::Hint;
pub(crate) use outcome::{Offer, Offered, Standing, Taken, Turn};
pub(crate) use section::Section;

use std::fmt;
use std::mem;
use std::ptr::NonNull;

use self::block::Block;
use crate::buffer::{Buffer, Slot};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Backoff, Lock};
use crate::wait_list::WaitList;
use canter_coop::Wakes;

/// The capacity of an unbounded channel: no memory holds as many messages.
pub(crate) const UNLIMITED: usize = isize::MAX as usize;

/// A channel, by reference count. One allocation: header and ring.
#[repr(transparent)]
pub(crate) struct Chan<T>(Block<Header<T>, Slot<T>>);

/// What each operation touches stands in the first 64 bytes, the line that goes from core to core: from `hint` to the beginning of
/// [`Inside`]'s buffer.
#[repr(C)]
struct Header<T> {
    hint: AtomicUsize,
    inside: Lock<Inside<T>>,
    capacity: usize,
    senders: AtomicUsize,
    receivers: AtomicUsize,
}

#[repr(C)]
struct Inside<T> {
    promised: u32,
    permits: u32,
    senders: WaitList<Offer<T>>,
    receivers: WaitList<Turn>,
    buffer: Buffer<T>,
    closers: WaitList<()>,
}

/// Whether to wait for a channel's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Wait,
    /// Somebody who has other channels to look at does that first.
    IfFree,
}

/// Which side of a channel a handle is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Sender,
    Receiver,
}

impl Side {
    pub(crate) fn other(self) -> Side {
        match self {
            Side::Sender => Side::Receiver,
            Side::Receiver => Side::Sender,
        }
    }
}

/// It points to its messages, which do not move with it.
impl<T> Unpin for Chan<T> {}

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Chan<T> {
        Chan(self.0.clone())
    }
}

impl<T> Chan<T> {
    /// A channel with one sender and one receiver.
    pub(crate) fn new(capacity: usize, ring: usize) -> Chan<T> {
        let header = Header {
            hint: AtomicUsize::new(Hint::new(capacity > 0).0),
            inside: Lock::new(Inside {
                promised: 0,
                permits: 0,
                senders: WaitList::new(),
                receivers: WaitList::new(),
                buffer: Buffer::new(),
                closers: WaitList::new(),
            }),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        };
        Chan(Block::new(header, ring, Slot::empty))
    }

    /// # Safety
    ///
    /// As for [`Block::from_raw`].
    unsafe fn from_raw(header: NonNull<Header<T>>) -> Chan<T> {
        // SAFETY: passed on to the caller.
        Chan(unsafe { Block::from_raw(header) })
    }

    fn header(&self) -> &Header<T> {
        self.0.header()
    }

    #[inline]
    pub(crate) fn enter(&self) -> Section<'_, T> {
        Section::new(self, self.header().inside.lock())
    }

    /// Enters, unless somebody else is inside and this is not to be waited for.
    #[inline]
    pub(crate) fn enter_as(&self, entry: Entry) -> Option<Section<'_, T>> {
        match entry {
            Entry::Wait => Some(self.enter()),
            Entry::IfFree => Some(Section::new(self, self.header().inside.try_lock()?)),
        }
    }

    #[inline]
    pub(crate) fn hint(&self) -> Hint {
        Hint(self.header().hint.load(Ordering::Acquire))
    }

    pub(crate) fn capacity(&self) -> usize {
        self.header().capacity
    }

    pub(crate) fn is_same(&self, other: &Chan<T>) -> bool {
        std::ptr::eq(self.header(), other.header())
    }

    /// Runs an operation that does not wait until it has met nobody who looks at the time.
    #[inline]
    pub(crate) fn until_settled<R>(
        &self,
        mut operation: impl FnMut(&mut Section<'_, T>, &mut Wakes) -> Option<R>,
    ) -> R {
        let mut backoff = Backoff::new();
        loop {
            let mut wakes = Wakes::new();
            let settled = operation(&mut self.enter(), &mut wakes);
            wakes.wake(); // before the result is returned, which is leaked if a destructor panics then
            match settled {
                Some(result) => return result,
                None => backoff.pause(),
            }
        }
    }

    pub(crate) fn close(&self) -> bool {
        if self.hint().closed() {
            return false;
        }
        let mut wakes = Wakes::new();
        self.enter().close(&mut wakes)
    }

    /// The count of the handles of a side.
    pub(crate) fn handles_of(&self, side: Side) -> &AtomicUsize {
        match side {
            Side::Sender => &self.header().senders,
            Side::Receiver => &self.header().receivers,
        }
    }

    pub(crate) fn handles(&self, side: Side) -> usize {
        self.handles_of(side).load(Ordering::Relaxed)
    }

    /// One more handle beside an existing one.
    pub(crate) fn add_handle(&self, side: Side) {
        self.handles_of(side).fetch_add(1, Ordering::Relaxed);
    }

    /// One more handle, unless the last one is gone.
    pub(crate) fn revive_handle(&self, side: Side) -> bool {
        self.handles_of(side)
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                (count > 0).then_some(count + 1)
            })
            .is_ok()
    }

    /// One handle less. The last one closes the channel; the last receiver also drops what nobody can receive any more.
    pub(crate) fn remove_handle(&self, side: Side) {
        // Where nobody else has the channel, its other side is gone, and has closed it.
        if !self.0.is_alone() {
            if self.handles_of(side).fetch_sub(1, Ordering::AcqRel) > 1 {
                return;
            }
            let _discard = (side == Side::Receiver).then(|| Discard(self));
            self.close();
        } else if side == Side::Receiver {
            drop(Discard(self));
        }
    }
}

/// Drops what is left in a closed channel, one message after the other and outside of the lock, also when one panics.
struct Discard<'a, T>(&'a Chan<T>);

impl<T> Discard<'_, T> {
    fn next(&self) -> Option<T> {
        self.0.enter().pop()
    }
}

impl<T> Drop for Discard<'_, T> {
    fn drop(&mut self) {
        while let Some(message) = self.next() {
            let rest = Discard(self.0);
            drop(message);
            mem::forget(rest);
        }
    }
}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = self.enter().available(); // the writer is user code, and may use the channel
        f.debug_struct("Chan")
            .field("len", &len)
            .field("capacity", &self.capacity())
            .field("closed", &self.hint().closed())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(canter_loom)))]
mod tests {
    use super::{Header, Inside};
    use std::mem::{offset_of, size_of};

    #[test]
    fn what_each_operation_touches_fits_a_cache_line() {
        let before_inside = offset_of!(Header<u64>, inside) + size_of::<usize>();
        assert_eq!(
            before_inside + offset_of!(Inside<u64>, buffer) + 3 * size_of::<usize>(),
            64
        );
    }
}
