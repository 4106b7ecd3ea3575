//! What can be seen of a channel without its lock.

use std::fmt;

/// What can be seen of a channel from outside of its lock. It may be outdated by the time that it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hint(pub(super) usize);

impl Hint {
    pub(super) const READABLE: usize = 0b001;
    pub(super) const WRITABLE: usize = 0b010;
    pub(super) const CLOSED: usize = 0b100;
    pub(super) const VERSION: usize = 0b1000;

    /// Whether a receive might find something. If not, there was nothing.
    #[inline]
    pub(crate) fn readable(self) -> bool {
        self.0 & Self::READABLE != 0
    }

    /// Whether a send might succeed, or fail.
    #[inline]
    pub(crate) fn writable(self) -> bool {
        self.0 & Self::WRITABLE != 0
    }

    #[inline]
    pub(crate) fn closed(self) -> bool {
        self.0 & Self::CLOSED != 0
    }

    /// Grows with each change of the channel.
    #[inline]
    pub(crate) fn version(self) -> usize {
        self.0 / Self::VERSION
    }
}

impl fmt::Debug for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hint")
            .field("readable", &self.readable())
            .field("writable", &self.writable())
            .field("closed", &self.closed())
            .field("version", &self.version())
            .finish()
    }
}
