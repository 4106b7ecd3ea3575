//! Channels beside their peers: the rows that are measured, the runtimes that they run on, and the crates that take part.
//!
//! A [`Row`] says what is done, an [`Entry`] by whose channels, a [`Hosts`] holds the runtimes. [`Entry::run`] does it once
//! and gives the time it took, once it has checked that each message arrived.

mod contender;
mod entry;
mod host;
mod measure;
mod peers;
mod row;

pub use contender::{Contender, Ends, MessageReceiver, MessageSender};
pub use entry::{Entry, Failure};
pub use host::{Host, HostName, Hosts};
pub use peers::entries;
pub use row::{Row, SELECT_CAPACITY, SELECT_CHANNELS, Shape, rows};
