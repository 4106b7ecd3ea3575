//! A crate's channels as an entry.

use super::contender::Contender;
use super::measure::{Tally, measure};
use super::row::Row;
use crate::contest::{self, Failure, Host, Outcome, run_on};

/// A kind of channel that can be put in a list.
pub type Entry = contest::Entry<Row>;

impl Entry {
    /// The entry of a contender.
    pub fn of<C: Contender>() -> Entry {
        Entry::new(C::NAME, run::<_, C>, run::<_, C>)
    }
}

/// Sends that many messages, an even number, and checks that exactly those arrived.
fn run<H: Host, C: Contender>(host: &H, row: Row, messages: u64) -> Outcome {
    assert!(messages % 2 == 0, "an odd number of messages");
    match run_on(host, messages, measure::<H, C>(row, messages)) {
        Ok(None) => None,
        Ok(Some((duration, tally))) => Some(check(tally, messages).map(|()| duration)),
        Err(failure) => Some(Err(failure)),
    }
}

fn check(tally: Tally, sent: u64) -> Result<(), Failure> {
    if tally == Tally::complete(sent) {
        Ok(())
    } else if tally.messages == sent {
        Err(Failure::Mixed)
    } else {
        Err(Failure::Miscounted {
            counted: tally.messages,
            expected: sent,
        })
    }
}
