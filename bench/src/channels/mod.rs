//! Channels beside their peers: the rows that are measured, and the crates that take part.
//!
//! A [`Row`] says what is done, an [`Entry`] by whose channels. [`Entry::run`] does it once and gives the time it took, once it has
//! checked that each message arrived.

mod contender;
mod entry;
mod measure;
mod peers;
mod row;

pub use contender::{Contender, Ends, MessageReceiver, MessageSender};
pub use entry::Entry;
pub use peers::entries;
pub use row::{Row, SELECT_CAPACITY, SELECT_CHANNELS, Shape, rows};

use crate::contest::Contest;

/// The contest of the program `channels`.
pub fn contest(messages: u64) -> Contest<Row> {
    Contest {
        rows: rows(),
        entries: entries(),
        go: "channels.go",
        times: messages,
    }
}
