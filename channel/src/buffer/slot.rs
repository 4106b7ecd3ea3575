//! A place for one message.

#![expect(unsafe_code, reason = "a slot does not know whether it is full")]

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;

/// A place for one message. All of a channel's slots belong to whoever holds its lock.
pub(crate) struct Slot<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: the lock hands the slots from one thread to the other.
unsafe impl<T: Send> Sync for Slot<T> {}

impl<T> Slot<T> {
    pub(crate) const fn empty() -> Slot<T> {
        Slot(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// # Safety
    ///
    /// The caller holds the lock. What the slot held is forgotten.
    #[inline]
    pub(crate) unsafe fn write(&self, message: T) {
        // SAFETY: the lock is held, so nobody else uses the slot.
        unsafe { &mut *self.0.get() }.write(message);
    }

    /// # Safety
    ///
    /// The caller holds the lock, and the slot is full. From now on it counts as empty.
    #[inline]
    pub(crate) unsafe fn read(&self) -> T {
        // SAFETY: the lock is held, so nobody else uses the slot.
        let held = unsafe { &*self.0.get() };
        // SAFETY: it is full, and not read again before it is written.
        unsafe { held.assume_init_read() }
    }
}
