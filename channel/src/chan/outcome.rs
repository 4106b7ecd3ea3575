//! What senders and receivers bring to a channel, and what comes of it.

use std::mem;

/// What a sender waits with.
#[derive(Debug)]
pub(crate) enum Offer<T> {
    Message(T),
    /// The sender wants a place, and has no message yet.
    Place,
    /// The message was taken.
    Taken,
}

impl<T> Offer<T> {
    /// The message, if there is one. A wish for a place stays.
    #[inline]
    pub(crate) fn take(&mut self) -> Option<T> {
        if !matches!(self, Offer::Message(_)) {
            return None;
        }
        match mem::replace(self, Offer::Taken) {
            Offer::Message(message) => Some(message),
            Offer::Place | Offer::Taken => None,
        }
    }
}

/// What a waiting receiver went through.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    /// It found promised messages only, and lets those come to whom they are promised.
    pub(crate) gave_way: bool,
    /// It was promised a message, and another receiver took that.
    pub(crate) overtaken: bool,
}

/// What came of an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Offered {
    Done,
    Full,
    Closed,
    ComeAgain,
}

/// Where a receiver stands that wants to take a message. It matters where places are reserved and receivers wait for what comes into them:
/// a sender that waits beside them is not for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It has not waited, and is not enlisted.
    Newcomer,
    /// It is enlisted.
    Listed,
    /// Nobody waits before it, or it does not wait at all.
    First,
}

/// What came of an attempt to receive.
#[derive(Debug)]
#[must_use]
pub(crate) enum Taken<T> {
    Message(T),
    Empty,
    /// There are messages, each of them promised.
    Promised,
    Closed,
    ComeAgain,
}
