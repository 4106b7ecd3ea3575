//! The messages of a broadcast, and where its receivers stand.
//!
//! A message's **position** is how many were sent before it; a receiver's is that of the message that it sees next. The receiver knows its
//! own position. The ring only counts how many stand at each message, and how many at the end, so that every step takes constant time.
//!
//! - A receiver whose message was overwritten counts at the oldest one, where it will go on; it learns how many it missed when it comes.
//! - Somebody stands at the oldest message: a message that nobody is before any more is seen by all, and leaves.

use std::collections::VecDeque;
use std::mem;

use triomphe::Arc;

pub(super) struct Ring<T> {
    slots: VecDeque<Slot<T>>,
    capacity: usize,
    /// The position of the oldest message.
    first: u64,
    /// The receivers that have seen everything.
    at_end: usize,
    receivers: usize,
}

struct Slot<T> {
    message: Arc<T>,
    /// The receivers that see this message next.
    here: usize,
}

/// What a receiver finds where it stands.
#[must_use]
pub(super) enum Found<T> {
    Message(Arc<T>),
    Lagged(u64),
    Nothing,
}

impl<T> Ring<T> {
    pub(super) fn new(capacity: usize) -> Ring<T> {
        Ring {
            slots: VecDeque::with_capacity(capacity),
            capacity,
            first: 0,
            at_end: 0,
            receivers: 0,
        }
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    pub(super) fn receivers(&self) -> &usize {
        &self.receivers
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Messages that a receiver at this position could still see.
    pub(super) fn unseen(&self, position: u64) -> usize {
        self.len() - self.index(position)
    }

    /// A new receiver, and its position: it sees what is sent from now on.
    pub(super) fn arrive(&mut self) -> u64 {
        self.receivers += 1;
        self.at_end += 1;
        self.first + self.slots.len() as u64
    }

    /// One more receiver beside another one.
    pub(super) fn arrive_at(&mut self, position: u64) {
        self.receivers += 1;
        *self.here(self.index(position)) += 1;
    }

    /// A receiver goes. The messages that only it still wanted are the caller's, to be dropped outside of the lock.
    #[must_use]
    pub(super) fn leave(&mut self, position: u64) -> Vec<Arc<T>> {
        self.receivers -= 1;
        *self.here(self.index(position)) -= 1;
        let seen_by_all = self.slots.iter().take_while(|slot| slot.here == 0).count();
        self.first += seen_by_all as u64;
        self.slots.drain(..seen_by_all).map(|slot| slot.message).collect()
    }

    /// Adds a message, for at least one receiver. If there is no room the oldest one leaves, to be dropped outside of the lock.
    #[must_use]
    pub(super) fn push(&mut self, message: Arc<T>) -> Option<Arc<T>> {
        debug_assert!(self.receivers > 0);
        let here = mem::take(&mut self.at_end);
        let oldest = if self.slots.len() == self.capacity {
            self.slots.pop_front()
        } else {
            None
        };
        self.slots.push_back(Slot { message, here });
        let oldest = oldest?;
        self.first += 1;
        *self.here(0) += oldest.here;
        Some(oldest.message)
    }

    /// The message at this position, which the receiver has seen then, or how many it missed.
    pub(super) fn take(&mut self, position: &mut u64) -> Found<T> {
        if *position < self.first {
            let missed = self.first - *position;
            *position = self.first;
            return Found::Lagged(missed);
        }
        let index = self.index(*position);
        if index == self.slots.len() {
            return Found::Nothing;
        }
        *position += 1;
        *self.here(index + 1) += 1;
        let slot = &mut self.slots[index];
        slot.here -= 1;
        if index > 0 || slot.here > 0 {
            return Found::Message(slot.message.clone());
        }
        self.first += 1;
        self.slots
            .pop_front()
            .map_or(Found::Nothing, |slot| Found::Message(slot.message))
    }

    fn index(&self, position: u64) -> usize {
        position.saturating_sub(self.first) as usize // fits: no position is beyond the end
    }

    fn here(&mut self, index: usize) -> &mut usize {
        match self.slots.get_mut(index) {
            Some(slot) => &mut slot.here,
            None => &mut self.at_end,
        }
    }
}
