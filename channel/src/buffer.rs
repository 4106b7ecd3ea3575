//! The messages of a channel, the oldest first.
//!
//! They stand in a ring of slots that is allocated with the channel. What finds no room there goes to the surplus behind it, and
//! moves up when the ring is empty. For a bounded channel the ring is as large as its capacity, and the surplus takes no more than
//! what is promised to receivers beyond that; for an unbounded one the ring is the beginning, and the surplus gives its memory
//! back chunk by chunk.

#![expect(unsafe_code, reason = "slots of a ring, full or not")]

use std::cell::UnsafeCell;
use std::collections::VecDeque;
use std::mem::{self, MaybeUninit};

/// A place for one message. All of a channel's slots belong to whoever holds its lock.
pub(crate) struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: the lock hands the slots from one thread to the other.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    pub(crate) const fn empty() -> Slot<T> {
        Slot(UnsafeCell::new(MaybeUninit::uninit()))
    }
}

/// Which slots are full, and the surplus. It drops none of the messages in slots: whoever ends a channel pops them.
///
/// The fields of which every operation needs one come first, for the sake of the cache line that they share with the channel's others.
#[repr(C)]
pub(crate) struct Buffer<T> {
    head: usize,
    in_ring: usize,
    in_surplus: usize,
    surplus: Surplus<T>,
}

impl<T> Buffer<T> {
    pub(crate) const fn new() -> Buffer<T> {
        Buffer {
            head: 0,
            in_ring: 0,
            in_surplus: 0,
            surplus: Surplus::new(),
        }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.in_ring + self.in_surplus
    }

    /// # Safety
    ///
    /// The caller holds the channel's lock, and the slots are the channel's, the same in each call.
    #[inline]
    pub(crate) unsafe fn push(&mut self, slots: &[Slot<T>], message: T) {
        if self.in_ring == slots.len() || self.in_surplus > 0 {
            self.in_surplus += 1;
            self.surplus.push(message);
            return;
        }
        let past_end = self.head + self.in_ring;
        let tail = if past_end < slots.len() {
            past_end
        } else {
            past_end - slots.len()
        };
        // SAFETY: the caller holds the lock.
        let slot = unsafe { &mut *slots[tail].0.get() };
        slot.write(message);
        self.in_ring += 1;
    }

    /// # Safety
    ///
    /// As for [`push`](Buffer::push).
    #[inline]
    pub(crate) unsafe fn pop(&mut self, slots: &[Slot<T>]) -> Option<T> {
        if self.in_ring == 0 {
            if self.in_surplus == 0 {
                return None;
            }
            // SAFETY: what the caller promises.
            unsafe { self.move_up(slots) };
        }
        // SAFETY: the caller holds the lock.
        let slot = unsafe { &*slots[self.head].0.get() };
        // SAFETY: the slot is full, and counts as empty from the next line on.
        let message = unsafe { slot.assume_init_read() };
        self.head = if self.head + 1 == slots.len() {
            0
        } else {
            self.head + 1
        };
        self.in_ring -= 1;
        Some(message)
    }

    /// Fills the empty ring from the surplus.
    ///
    /// # Safety
    ///
    /// As for [`push`](Buffer::push).
    #[cold]
    unsafe fn move_up(&mut self, slots: &[Slot<T>]) {
        debug_assert_eq!(self.in_ring, 0);
        self.head = 0;
        while self.in_ring < slots.len()
            && let Some(message) = self.surplus.pop()
        {
            // SAFETY: the caller holds the lock.
            let slot = unsafe { &mut *slots[self.in_ring].0.get() };
            slot.write(message);
            self.in_ring += 1;
            self.in_surplus -= 1;
        }
    }
}

/// A queue that grows and shrinks by chunks, so that no push copies all the others.
struct Surplus<T> {
    chunks: VecDeque<VecDeque<T>>,
    /// An empty chunk, so that a queue that goes to and fro over an edge does not allocate each time.
    spare: VecDeque<T>,
}

impl<T> Surplus<T> {
    const CHUNK: usize = {
        let size = if mem::size_of::<T>() == 0 {
            1
        } else {
            mem::size_of::<T>()
        };
        match 4096 / size {
            0..4 => 4,
            fit @ 4..=256 => fit,
            _ => 256,
        }
    };

    const fn new() -> Surplus<T> {
        Surplus {
            chunks: VecDeque::new(),
            spare: VecDeque::new(),
        }
    }

    fn push(&mut self, message: T) {
        match self.chunks.back_mut() {
            Some(last) if last.len() < Self::CHUNK => last.push_back(message),
            _ => {
                let mut chunk = mem::take(&mut self.spare);
                if !self.chunks.is_empty() {
                    chunk.reserve_exact(Self::CHUNK); // the first one may stay small
                }
                chunk.push_back(message);
                self.chunks.push_back(chunk);
            }
        }
    }

    fn pop(&mut self) -> Option<T> {
        let first = self.chunks.front_mut()?;
        let message = first.pop_front();
        if first.is_empty() {
            self.spare = self.chunks.pop_front().unwrap_or_default();
            if self.chunks.capacity() > 64 && self.chunks.len() < self.chunks.capacity() / 4 {
                self.chunks.shrink_to(self.chunks.len() * 2);
            }
        }
        message
    }
}
