//! Numbers without any protection, for which the lock under test has to care. A race detector sees whether it does.

use std::cell::UnsafeCell;

/// A number that several threads may reach, and of which the test sees to it that they use it one after the other.
#[derive(Default)]
pub struct Plain(UnsafeCell<usize>);

// SAFETY: that the uses are ordered is what the tests are about.
unsafe impl Sync for Plain {}

impl Plain {
    pub fn get(&self) -> usize {
        // SAFETY: nobody changes it at the same time; the lock under test sees to that.
        unsafe { *self.0.get() }
    }

    pub fn set(&self, number: usize) {
        // SAFETY: nobody uses it at the same time; the lock under test sees to that.
        unsafe { *self.0.get() = number }
    }
}
