//! What arrives over a channel.

use crate::versus::Failure;

/// What arrived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    messages: u64,
    sum: u64,
}

impl Tally {
    /// How many messages there were.
    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    pub(super) fn add(&mut self, message: u64) {
        self.messages += 1;
        self.sum += message;
    }

    pub(super) fn merge(&mut self, other: Tally) {
        self.messages += other.messages;
        self.sum += other.sum;
    }

    /// Checks that each number below this one arrived once.
    pub(super) fn check(&self, expected: u64) -> Result<(), Failure> {
        if self.messages != expected {
            Err(Failure::Miscounted {
                counted: self.messages,
                expected,
            })
        } else if self.sum != expected * expected.saturating_sub(1) / 2 {
            Err(Failure::Mixed)
        } else {
            Ok(())
        }
    }
}
