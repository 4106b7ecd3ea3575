//! Tasks that wait for each other's channels, and for nobody else, as far as memory shows it.

#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod search;

use std::panic::Location;
use std::time::Duration;

use canter_coop::Waiting;

use super::Kind;

#[cfg(target_os = "linux")]
pub(super) use search::of;

/// Nobody can tell.
#[cfg(not(target_os = "linux"))]
pub(super) fn of(_shared: &crate::runtime::Shared) -> Vec<Suspects> {
    Vec::new()
}

/// Tasks of one place that wait for channels whose other ends are held by tasks that wait as well. See
/// [`Dump::suspects`](super::Dump::suspects).
#[derive(Debug, Clone)]
pub struct Suspects {
    pub(super) who: Party,
    pub(super) waiting: Waiting,
    pub(super) longest: Duration,
    pub(super) shortest: Duration,
    pub(super) held_by: Vec<Party>,
}

/// Tasks that were spawned at one place, or threads in the `block_on` of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Party {
    pub(super) kind: Option<Kind>,
    pub(super) place: &'static Location<'static>,
    pub(super) count: usize,
}

impl Suspects {
    /// Who waits.
    pub fn who(&self) -> Party {
        self.who
    }

    /// What each of them waits for, and where.
    pub fn waiting(&self) -> Waiting {
        self.waiting
    }

    /// For how long the first of them has waited.
    pub fn longest(&self) -> Duration {
        self.longest
    }

    /// As [`longest`](Suspects::longest), of the last one.
    pub fn shortest(&self) -> Duration {
        self.shortest
    }

    /// Who holds the other ends, by the places in the program. They may be among those who wait.
    pub fn held_by(&self) -> &[Party] {
        &self.held_by
    }
}

impl Party {
    /// What they are; `None` of the future of a `block_on`.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// Where they were spawned, or `block_on` was called.
    pub fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// How many they are.
    pub fn count(&self) -> usize {
        self.count
    }
}
