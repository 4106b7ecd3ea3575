//! Why and where a task waits.

use std::fmt;
use std::panic::Location;

use crate::state::WAITING;

/// Why a leaf future waits, in the words of a report: `channel receive`, `mutex lock`, `sleep`.
///
/// One `static` for each kind of wait, so that a report is two pointers.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Reason(&'static str);

impl Reason {
    /// A reason with these words: lower case, no full stop, what is waited for and not by whom.
    pub const fn new(words: &'static str) -> Reason {
        Reason(words)
    }

    /// The words.
    pub const fn as_str(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What a task waits for, and where in the program that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub reason: &'static Reason,
    /// Where: the place of the call that made the leaf future.
    pub place: &'static Location<'static>,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.reason, self.place)
    }
}

/// Called by a leaf future that is about to return `Pending`.
///
/// Of several reports in one poll the last one counts: a task that joins several leaves waits for each of them, and any
/// one of them says something true. Where no host polls, the report is overwritten by the next one and read by nobody.
#[inline]
pub fn report(reason: &'static Reason, place: &'static Location<'static>) {
    WAITING.set(Some(Waiting { reason, place }));
}
