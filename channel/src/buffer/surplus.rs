//! A queue of any length that grows and shrinks by chunks, so that no push copies the others and no memory stays that is not needed.
//!
//! Positions count within the first and the last chunk, whose slots are pointed to directly; the list of chunks is touched at their edges
//! alone. An empty queue begins again at the front of its only chunk, so that one that is filled and emptied in turn stays in one place.

#![expect(unsafe_code, reason = "chunks of slots, full or not")]

use std::collections::VecDeque;
use std::mem;
use std::ptr::NonNull;

use super::slot::Slot;

pub(crate) struct Surplus<T> {
    /// The first slot of the first chunk, and the position of the oldest message in it.
    front: NonNull<Slot<T>>,
    head: usize,
    /// The first slot of the last chunk, and the position behind the newest message in it.
    back: NonNull<Slot<T>>,
    tail: usize,
    chunks: VecDeque<Chunk<T>>,
    /// One that was emptied, for the next one that is needed.
    spare: Option<Chunk<T>>,
}

/// From `Box::into_raw`, `CHUNK` slots.
struct Chunk<T>(NonNull<[Slot<T>]>);

// SAFETY: the queue owns its chunks and the messages in them.
unsafe impl<T: Send> Send for Surplus<T> {}

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

    pub(crate) const fn new() -> Surplus<T> {
        Surplus {
            front: NonNull::dangling(),
            head: 0,
            back: NonNull::dangling(),
            tail: Self::CHUNK,
            chunks: VecDeque::new(),
            spare: None,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, message: T) {
        if self.tail == Self::CHUNK {
            self.add_chunk();
        }
        // SAFETY: `tail` is below `CHUNK`, and `back` begins a chunk.
        let slot = unsafe { self.back.add(self.tail) };
        // SAFETY: the chunk is alive.
        let slot = unsafe { slot.as_ref() };
        // SAFETY: the queue is borrowed mutably, and with it its slots.
        unsafe { slot.write(message) };
        self.tail += 1;
    }

    /// The oldest message. `left` are left behind it.
    ///
    /// # Safety
    ///
    /// There is one, and that many behind it.
    #[inline]
    pub(crate) unsafe fn pop(&mut self, left: usize) -> T {
        if self.head == Self::CHUNK {
            self.remove_chunk();
        }
        // SAFETY: `head` is below `CHUNK`, and `front` begins a chunk.
        let slot = unsafe { self.front.add(self.head) };
        // SAFETY: the chunk is alive.
        let slot = unsafe { slot.as_ref() };
        // SAFETY: the queue is borrowed mutably, and there is a message.
        let message = unsafe { slot.read() };
        if left == 0 {
            self.head = 0;
            self.tail = 0; // what was pushed last was popped, so this is the last chunk
        } else {
            self.head += 1;
        }
        message
    }

    #[cold]
    fn add_chunk(&mut self) {
        let chunk = self.spare.take().unwrap_or_else(|| {
            let slots: Box<[Slot<T>]> = (0..Self::CHUNK).map(|_| Slot::empty()).collect();
            Chunk(NonNull::from(Box::leak(slots)))
        });
        self.back = chunk.0.cast();
        self.tail = 0;
        if self.chunks.is_empty() {
            self.front = self.back;
            self.head = 0;
        }
        self.chunks.push_back(chunk);
    }

    #[cold]
    fn remove_chunk(&mut self) {
        self.spare = self.chunks.pop_front();
        if let Some(first) = self.chunks.front() {
            self.front = first.0.cast();
        }
        self.head = 0;
        if self.chunks.capacity() > 64 && self.chunks.len() < self.chunks.capacity() / 4 {
            self.chunks.shrink_to(self.chunks.len() * 2);
        }
    }
}

impl<T> Drop for Chunk<T> {
    fn drop(&mut self) {
        // SAFETY: it came from a box, and nobody points to it any more. Slots drop no messages.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}
