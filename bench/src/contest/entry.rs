//! A contender as a value, and how a run of it ends.

use std::fmt;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use super::host::{Host, HostName, Hosts};

/// Why a run gave no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Less came out than was put in, or more.
    Miscounted {
        /// What came out.
        counted: u64,
        /// What was put in.
        expected: u64,
    },
    /// As much came out as was put in, but not the same.
    Mixed,
    /// It did not end in time. Its tasks stay behind.
    Stuck,
    /// A task panicked.
    Panicked,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Miscounted { counted, expected } => write!(f, "counted {counted} of {expected}"),
            Failure::Mixed => f.write_str("lost one and had another twice"),
            Failure::Stuck => f.write_str("did not end in time"),
            Failure::Panicked => f.write_str("panicked"),
        }
    }
}

impl std::error::Error for Failure {}

/// How long a run took, or nothing if the contender has no such row.
pub type Outcome = Option<Result<Duration, Failure>>;

/// Does the work of a row that many times.
pub type Run<H, W> = fn(&H, W, u64) -> Outcome;

/// A contender that can be put in a list.
#[derive(Clone, Copy, Debug)]
pub struct Entry<W> {
    name: &'static str,
    on_tokio: Run<tokio::runtime::Runtime, W>,
    on_canter: Run<canter_executor::runtime::Runtime, W>,
}

impl<W> Entry<W> {
    /// The entry of a contender.
    pub fn new(
        name: &'static str,
        on_tokio: Run<tokio::runtime::Runtime, W>,
        on_canter: Run<canter_executor::runtime::Runtime, W>,
    ) -> Entry<W> {
        Entry {
            name,
            on_tokio,
            on_canter,
        }
    }

    /// The contender's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Does the work of a row that many times, and gives the time that it took, or nothing if the contender has no such row.
    ///
    /// # Panics
    ///
    /// Panics if the row can't be done that many times: a ping-pong needs two a round trip.
    ///
    /// # Errors
    ///
    /// Fails if the work had not the result that it should have, or did not end.
    #[track_caller]
    pub fn run(&self, hosts: &Hosts, host: HostName, row: W, times: u64) -> Outcome {
        match host {
            HostName::Tokio => (self.on_tokio)(&hosts.tokio, row, times),
            HostName::Canter => (self.on_canter)(&hosts.canter, row, times),
        }
    }
}

/// Runs a future as a task on the host, for as long as that many operations may take.
pub(crate) fn run_on<H: Host, T: Send + 'static>(
    host: &H,
    operations: u64,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Failure> {
    let (done, outcome) = mpsc::channel();
    host.start(async move {
        // Nobody listens any more once it took too long.
        let _ = done.send(work.await);
    });
    outcome
        .recv_timeout(time_limit(operations))
        .map_err(|error| match error {
            RecvTimeoutError::Timeout => Failure::Stuck,
            RecvTimeoutError::Disconnected => Failure::Panicked,
        })
}

/// Many times what the slowest contender takes on a busy machine.
fn time_limit(operations: u64) -> Duration {
    Duration::from_secs(20) + Duration::from_micros(50) * u32::try_from(operations).unwrap_or(u32::MAX)
}
