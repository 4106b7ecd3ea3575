//! A crate's locks as an entry.

use std::time::Duration;

use super::row::Row;
use crate::contest::{self, Failure, Host, Outcome, run_on};

/// A kind of lock that can be put in a list.
pub type Entry = contest::Entry<Row>;

/// One kind of lock of one crate.
pub trait Contender: 'static {
    /// The name in the tables.
    const NAME: &'static str;

    /// Does that many operations, a multiple of [`Row::PARTIES`]. Gives the time and how many took effect, or nothing if it has no such
    /// row.
    ///
    /// The clock runs from before the first task is spawned until all tasks have ended.
    fn measure<H: Host>(
        row: Row,
        operations: u64,
    ) -> impl Future<Output = Option<(Duration, u64)>> + Send + 'static;
}

impl Entry {
    /// The entry of a contender.
    pub fn of<C: Contender>() -> Entry {
        Entry::new(C::NAME, run::<_, C>, run::<_, C>)
    }
}

/// Does that many operations, and checks that each took effect.
fn run<H: Host, C: Contender>(host: &H, row: Row, operations: u64) -> Outcome {
    assert!(
        operations % Row::PARTIES == 0,
        "not a multiple of {}",
        Row::PARTIES
    );
    match run_on(host, operations, C::measure::<H>(row, operations)) {
        Ok(None) => None,
        Ok(Some((duration, counted))) if counted == operations => Some(Ok(duration)),
        Ok(Some((_, counted))) => Some(Err(Failure::Miscounted {
            counted,
            expected: operations,
        })),
        Err(failure) => Some(Err(failure)),
    }
}
