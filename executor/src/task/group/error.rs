//! What can go wrong in a group. An error of a spawn gives the future back.

use std::error::Error;
use std::fmt;
use std::io;

use crate::task::JoinError;

/// The first failure in a group: the error that a task returned, or the end of a task that returned nothing.
///
/// It reads as the error that it holds.
#[derive(Debug)]
pub enum GroupError<E> {
    /// A task returned this error.
    Task(E),
    /// A task panicked, was aborted, or was dropped by the end of its runtime.
    Join(JoinError),
}

impl<E> GroupError<E> {
    /// The error alone, where its type has room for a [`JoinError`]: `anyhow::Error` and `Box<dyn Error>` have, and
    /// `io::Error`.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, task::{Group, GroupError}};
    ///
    /// type Error = Box<dyn std::error::Error + Send + Sync>;
    ///
    /// async fn sum() -> Result<i32, Error> {
    ///     let mut group = Group::<Result<i32, Error>>::new();
    ///     for word in ["1", "2", "x"] {
    ///         group.spawn(async move { Ok(word.parse::<i32>()?) }).await;
    ///     }
    ///     Ok(group.wait().await.map_err(GroupError::flatten)?.iter().sum())
    /// }
    /// assert_eq!(block_on(sum()).unwrap_err().to_string(), "invalid digit found in string");
    /// ```
    pub fn flatten(self) -> E
    where
        E: From<JoinError>,
    {
        match self {
            GroupError::Task(error) => error,
            GroupError::Join(error) => error.into(),
        }
    }
}

impl<E: fmt::Display> fmt::Display for GroupError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GroupError::Task(error) => error.fmt(f),
            GroupError::Join(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for GroupError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            GroupError::Task(error) => error.source(),
            GroupError::Join(error) => error.source(),
        }
    }
}

impl From<GroupError<io::Error>> for io::Error {
    fn from(error: GroupError<io::Error>) -> io::Error {
        error.flatten()
    }
}

/// The group is gone, or is ending its tasks: this future, which comes back, was not spawned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpawnError<F>(pub F);

impl<F> SpawnError<F> {
    /// The future that was not spawned.
    pub fn into_inner(self) -> F {
        self.0
    }
}

const CLOSED: &str = "the task was not spawned: the group was dropped, or is ending its tasks";

impl<F> fmt::Debug for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
    }
}

impl<F> Error for SpawnError<F> {}

/// Why a task could not be spawned without waiting. Its future comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySpawnError<F> {
    /// As many tasks run as the limit allows.
    Full(F),
    /// The group is gone, or is ending its tasks. Whoever has the group never meets this.
    Closed(F),
}

impl<F> TrySpawnError<F> {
    /// The future that was not spawned.
    pub fn into_inner(self) -> F {
        match self {
            TrySpawnError::Full(future) | TrySpawnError::Closed(future) => future,
        }
    }

    /// Whether it was for want of a place.
    pub fn is_full(&self) -> bool {
        matches!(self, TrySpawnError::Full(_))
    }

    /// Whether the group is gone, or is ending its tasks.
    pub fn is_closed(&self) -> bool {
        matches!(self, TrySpawnError::Closed(_))
    }
}

impl<F> fmt::Debug for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySpawnError::Full(_) => "Full(..)",
            TrySpawnError::Closed(_) => "Closed(..)",
        })
    }
}

impl<F> fmt::Display for TrySpawnError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TrySpawnError::Full(_) => "the task was not spawned: as many run as the group's limit allows",
            TrySpawnError::Closed(_) => CLOSED,
        })
    }
}

impl<F> Error for TrySpawnError<F> {}

impl<F> From<SpawnError<F>> for TrySpawnError<F> {
    fn from(SpawnError(future): SpawnError<F>) -> TrySpawnError<F> {
        TrySpawnError::Closed(future)
    }
}
