//! Why a receiver of a broadcast got no message.

use std::error::Error;
use std::fmt;

/// As many messages as this says went by before the receiver came for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Lagged(pub u64);

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_lagged(f, self.0)
    }
}

impl Error for Lagged {}

/// Why no message was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RecvError {
    /// As many messages as this says went by before the receiver came for them. The next receive gives the oldest that is still there.
    Lagged(u64),
    /// The channel is closed, and the receiver has seen every message.
    Closed,
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Lagged(missed) => write_lagged(f, *missed),
            RecvError::Closed => crate::RecvError.fmt(f),
        }
    }
}

impl Error for RecvError {}

impl From<Lagged> for RecvError {
    fn from(Lagged(missed): Lagged) -> RecvError {
        RecvError::Lagged(missed)
    }
}

/// Why no message was received without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TryRecvError {
    /// The receiver has seen every message, and more may come.
    Empty,
    /// As many messages as this says went by before the receiver came for them. The next receive gives the oldest that is still there.
    Lagged(u64),
    /// The channel is closed, and the receiver has seen every message.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => crate::TryRecvError::Empty.fmt(f),
            TryRecvError::Lagged(missed) => write_lagged(f, *missed),
            TryRecvError::Closed => crate::TryRecvError::Closed.fmt(f),
        }
    }
}

impl Error for TryRecvError {}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> TryRecvError {
        match error {
            RecvError::Lagged(missed) => TryRecvError::Lagged(missed),
            RecvError::Closed => TryRecvError::Closed,
        }
    }
}

fn write_lagged(f: &mut fmt::Formatter<'_>, missed: u64) -> fmt::Result {
    write!(
        f,
        "missed {missed} messages: receive again for the oldest one left, and more often or with a larger capacity to miss none"
    )
}
