//! Contenders beside each other, interleaved: each round runs every contender once, so that what else the machine does hits them
//! alike.
//!
//! A kind of [`Work`] is a row, an [`Entry`] does it by one contender's means on one of the [`Hosts`], and a [`Contest`] runs all
//! entries in all rows and prints a [`Table`] of each. Go takes part by a program that is built when it is asked for.

mod entry;
mod go;
mod host;
mod program;
mod table;

pub use entry::{Entry, Failure, Outcome, Run};
pub use host::{Host, HostName, Hosts};
pub use program::{Contest, Options};
pub use table::Table;

pub(crate) use entry::run_on;

use std::fmt;

/// A kind of work that is measured. Its text is the name of its row.
pub trait Work: Copy + fmt::Display {
    /// What the work is counted in: a message, an operation.
    const UNIT: &'static str;

    /// Whether Go's program has this row.
    fn is_in_go(self) -> bool;
}
