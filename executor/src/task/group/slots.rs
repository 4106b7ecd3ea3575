//! The tasks of a group that have not ended.

use crate::task::{JoinHandle, TaskRef};

/// A task in its slot. The output goes to the group by itself: the handle is there to abort it, and to say who it is.
pub(super) struct Slot {
    pub(super) handle: JoinHandle<()>,
    /// How many were spawned into the group before it.
    pub(super) number: u64,
}

impl Slot {
    pub(super) fn task(&self) -> &TaskRef {
        self.handle.task().expect("a group polls none of its handles")
    }
}

/// Where a task finds its slot again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    index: u32,
    /// The tasks of an earlier generation have no slots any more.
    generation: u32,
}

#[derive(Default)]
pub(super) struct Slots {
    slots: Vec<Option<Slot>>,
    vacant: Vec<u32>,
    generation: u32,
}

impl Slots {
    /// The most slots that are kept when the last task is gone.
    const KEPT: usize = 1024;

    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    /// The key that the next [`insert`](Slots::insert) is for.
    pub(super) fn next_key(&self) -> Key {
        let index = self.vacant.last().copied().unwrap_or_else(|| {
            u32::try_from(self.slots.len()).expect("more than four thousand million tasks in a group")
        });
        Key {
            index,
            generation: self.generation,
        }
    }

    pub(super) fn insert(&mut self, key: Key, slot: Slot) {
        match self.vacant.pop() {
            Some(index) => {
                debug_assert_eq!(index, key.index, "another task was inserted in between");
                self.slots[index as usize] = Some(slot);
            }
            None => self.slots.push(Some(slot)),
        }
    }

    /// The slot of a task; `None` if all of its generation were taken out.
    pub(super) fn get(&self, key: Key) -> Option<&Slot> {
        if key.generation != self.generation {
            return None;
        }
        self.slots[key.index as usize].as_ref()
    }

    /// Takes a task out that ends; `None` if all of its generation were taken out before.
    pub(super) fn remove(&mut self, key: Key) -> Option<Slot> {
        if key.generation != self.generation {
            return None;
        }
        let slot = self.slots[key.index as usize].take();
        self.vacant.push(key.index);
        if self.vacant.len() == self.slots.len() && self.slots.capacity() > Slots::KEPT {
            self.slots = Vec::new();
            self.vacant = Vec::new();
        }
        slot
    }

    /// Takes all tasks out. They will not find their slots again.
    pub(super) fn take(&mut self) -> Vec<Option<Slot>> {
        self.generation = self.generation.wrapping_add(1);
        self.vacant = Vec::new();
        std::mem::take(&mut self.slots)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter().flatten()
    }
}
