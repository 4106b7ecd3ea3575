//! A contender as a value, and how a run of it ends.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::contender::Contender;
use super::host::{Host, HostName, Hosts};
use super::measure::{Tally, measure};
use super::row::Row;

/// Why a run gave no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Fewer messages arrived than were sent, or more.
    Miscounted {
        /// The messages that arrived.
        received: u64,
        /// The messages that were sent.
        sent: u64,
    },
    /// As many messages arrived as were sent, but not the same ones.
    Mixed,
    /// It did not end in time. Its tasks stay behind.
    Stuck,
    /// A task panicked.
    Panicked,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Miscounted { received, sent } => write!(f, "received {received} of {sent} messages"),
            Failure::Mixed => f.write_str("lost a message and received another twice"),
            Failure::Stuck => f.write_str("did not end in time"),
            Failure::Panicked => f.write_str("panicked"),
        }
    }
}

impl std::error::Error for Failure {}

type Run<H> = fn(&H, Row, u64) -> Option<Result<Duration, Failure>>;

/// A contender that can be put in a list.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    name: &'static str,
    on_tokio: Run<tokio::runtime::Runtime>,
    on_canter: Run<canter_executor::runtime::Runtime>,
}

impl Entry {
    /// The entry of a contender.
    pub fn of<C: Contender>() -> Entry {
        Entry {
            name: C::NAME,
            on_tokio: run::<_, C>,
            on_canter: run::<_, C>,
        }
    }

    /// The contender's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Sends that many messages, and gives the time that it took, or nothing if the contender has no such channel.
    ///
    /// # Panics
    ///
    /// Panics if the number is odd: a ping-pong needs two a round trip.
    ///
    /// # Errors
    ///
    /// Fails if not exactly the messages that were sent arrived, or if the work did not end.
    #[track_caller]
    pub fn run(
        &self,
        hosts: &Hosts,
        host: HostName,
        row: Row,
        messages: u64,
    ) -> Option<Result<Duration, Failure>> {
        assert!(messages % 2 == 0, "an odd number of messages");
        match host {
            HostName::Tokio => (self.on_tokio)(&hosts.tokio, row, messages),
            HostName::Canter => (self.on_canter)(&hosts.canter, row, messages),
        }
    }
}

fn run<H: Host, C: Contender>(host: &H, row: Row, messages: u64) -> Option<Result<Duration, Failure>> {
    let (done, outcome) = mpsc::channel();
    host.start(async move {
        // Nobody listens any more once it took too long.
        let _ = done.send(measure::<H, C>(row, messages).await);
    });
    match outcome.recv_timeout(time_limit(messages)) {
        Ok(None) => None,
        Ok(Some((duration, tally))) => Some(check(tally, messages).map(|()| duration)),
        Err(RecvTimeoutError::Timeout) => Some(Err(Failure::Stuck)),
        Err(RecvTimeoutError::Disconnected) => Some(Err(Failure::Panicked)),
    }
}

/// Many times what the slowest contender takes on a busy machine.
fn time_limit(messages: u64) -> Duration {
    Duration::from_secs(20) + Duration::from_micros(50) * u32::try_from(messages).unwrap_or(u32::MAX)
}

fn check(tally: Tally, sent: u64) -> Result<(), Failure> {
    if tally == Tally::complete(sent) {
        Ok(())
    } else if tally.messages == sent {
        Err(Failure::Mixed)
    } else {
        Err(Failure::Miscounted {
            received: tally.messages,
            sent,
        })
    }
}
