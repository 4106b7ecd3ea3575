//! The messages of a channel, the oldest first.
//!
//! They stand in a ring of slots that is allocated with the channel. What finds no room there goes to the surplus behind it, as does all
//! that follows until the surplus is empty again. For a bounded channel the ring is as large as its capacity, and the surplus takes no
//! more than what is promised to receivers beyond that; an unbounded one has no ring, and its surplus gives its memory back chunk by
//! chunk.

#![expect(unsafe_code, reason = "slots of a ring, full or not")]

mod slot;
mod surplus;

pub(crate) use slot::Slot;
use surplus::Surplus;

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
        unsafe { slots[tail].write(message) };
        self.in_ring += 1;
    }

    /// # Safety
    ///
    /// As for [`push`](Buffer::push).
    #[inline]
    pub(crate) unsafe fn pop(&mut self, slots: &[Slot<T>]) -> Option<T> {
        if self.in_ring == 0 {
            self.in_surplus = self.in_surplus.checked_sub(1)?;
            // SAFETY: it holds as many as were counted.
            return Some(unsafe { self.surplus.pop(self.in_surplus) });
        }
        // SAFETY: the caller holds the lock, and the ring is full from its head on.
        let message = unsafe { slots[self.head].read() };
        self.head = if self.head + 1 == slots.len() {
            0
        } else {
            self.head + 1
        };
        self.in_ring -= 1;
        Some(message)
    }
}
