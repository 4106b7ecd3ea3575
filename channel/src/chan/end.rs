//! A handle's share of a channel, and what is borrowed from it.
//!
//! A sender is a pointer to the count of senders, and a receiver one to the count of receivers, each at its place in the channel's header. So
//! whoever looks at memory sees who holds which end: see [`mark`](canter_coop::mark).

#![expect(unsafe_code, reason = "a channel is reached from one of its fields")]

use std::borrow::Borrow;
use std::marker::PhantomData;
use std::mem::offset_of;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::{Chan, Header, Side};
use crate::sync::atomic::AtomicUsize;

/// Which side an end is on.
pub(crate) trait Direction {
    const SIDE: Side;
}

pub(crate) enum Sending {}
pub(crate) enum Receiving {}

impl Direction for Sending {
    const SIDE: Side = Side::Sender;
}

impl Direction for Receiving {
    const SIDE: Side = Side::Receiver;
}

/// A handle that is counted. The last one of its side closes the channel.
pub(crate) struct End<T, D: Direction> {
    count: NonNull<AtomicUsize>,
    owned: PhantomData<(Chan<T>, D)>,
}

// SAFETY: it is a channel, and does with it what that allows.
unsafe impl<T, D: Direction> Send for End<T, D> where Chan<T>: Send {}
// SAFETY: as above.
unsafe impl<T, D: Direction> Sync for End<T, D> where Chan<T>: Sync {}

impl<T, D: Direction> Unpin for End<T, D> {}

impl<T, D: Direction> End<T, D> {
    /// Where the count lies, in bytes from the header on.
    const COUNT: usize = match D::SIDE {
        Side::Sender => offset_of!(Header<T>, senders),
        Side::Receiver => offset_of!(Header<T>, receivers),
    };

    /// An end that has been counted.
    pub(crate) fn counted(chan: Chan<T>) -> End<T, D> {
        let header = chan.0.into_raw();
        End {
            // SAFETY: the count lies there.
            count: unsafe { header.byte_add(Self::COUNT) }.cast(),
            owned: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn chan(&self) -> Borrowed<'_, T> {
        Borrowed {
            // SAFETY: `counted` came from there.
            header: unsafe { self.count.byte_sub(Self::COUNT) }.cast(),
            borrowed: PhantomData,
        }
    }
}

impl<T, D: Direction> Clone for End<T, D> {
    fn clone(&self) -> End<T, D> {
        self.chan().add_handle(D::SIDE);
        End::counted(self.chan().share())
    }
}

impl<T, D: Direction> Drop for End<T, D> {
    fn drop(&mut self) {
        // SAFETY: this end owns the channel, and is not used again.
        let chan = unsafe { Chan::from_raw(self.chan().header) };
        chan.remove_handle(D::SIDE);
    }
}

/// A channel that an end keeps meanwhile.
#[repr(transparent)]
pub(crate) struct Borrowed<'a, T> {
    header: NonNull<Header<T>>,
    borrowed: PhantomData<&'a Chan<T>>,
}

impl<T> Clone for Borrowed<'_, T> {
    #[inline]
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Borrowed<'_, T> {}

// SAFETY: it is a shared borrow of a channel.
unsafe impl<T> Send for Borrowed<'_, T> where Chan<T>: Sync {}
// SAFETY: as above.
unsafe impl<T> Sync for Borrowed<'_, T> where Chan<T>: Sync {}

impl<T> Borrowed<'_, T> {
    /// One more owner.
    pub(crate) fn share(self) -> Chan<T> {
        Chan::clone(&self)
    }
}

impl<T> Deref for Borrowed<'_, T> {
    type Target = Chan<T>;

    #[inline]
    fn deref(&self) -> &Chan<T> {
        let chan = ptr::from_ref(self).cast::<Chan<T>>();
        // SAFETY: a channel is a pointer to its header and nothing else, and the end keeps it.
        unsafe { &*chan }
    }
}

impl<T> Borrow<Chan<T>> for Borrowed<'_, T> {
    #[inline]
    fn borrow(&self) -> &Chan<T> {
        self
    }
}
