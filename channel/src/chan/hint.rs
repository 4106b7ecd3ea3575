//! What can be seen of a channel without its lock.

use std::fmt;

/// What can be seen of a channel from outside of its lock. It may be outdated by the time that it is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hint(pub(super) usize);

impl Hint {
    const READABLE: usize = 0b001;
    const WRITABLE: usize = 0b010;
    const CLOSED: usize = 0b100;
    const VERSION: usize = 0b1000;

    /// The first one of a channel.
    pub(super) fn new(writable: bool) -> Hint {
        Hint(if writable { Self::WRITABLE } else { 0 })
    }

    /// The next one. Both sides of a closed channel have something to find.
    #[inline]
    pub(super) fn next(self, readable: bool, writable: bool) -> Hint {
        let cleared = self.0 & !(Self::READABLE | Self::WRITABLE);
        let mut next = cleared.wrapping_add(Self::VERSION);
        if readable || self.closed() {
            next |= Self::READABLE;
        }
        if writable || self.closed() {
            next |= Self::WRITABLE;
        }
        Hint(next)
    }

    pub(super) fn now_closed(self) -> Hint {
        Hint(self.0 | Self::CLOSED)
    }

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
