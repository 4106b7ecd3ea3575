//! Tasks with names.

use std::panic::Location;
use std::sync::Arc;

use super::{JoinHandle, local_set};
use crate::runtime::{Handle, current};

/// Starts a task that has a name.
///
/// The name is told beside the number wherever a task is told of: in a [`JoinError`](super::JoinError), in what a shutdown leaves
/// [unfinished](crate::runtime::Unfinished), and when a panic is printed that nobody joins. Names need not be unique. A task without
/// one costs nothing for it.
///
/// # Examples
///
/// ```
/// use canter_executor::{block_on, task};
///
/// let reader = task::Builder::new().name("reader").spawn(async { panic!("no more paper") });
/// assert_eq!(reader.name(), Some("reader"));
/// let error = block_on(reader).unwrap_err();
/// assert!(error.to_string().contains(" \"reader\" (spawned at "));
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until a task is started with it"]
pub struct Builder {
    name: Option<Arc<str>>,
}

impl Builder {
    /// For a task that has no name yet.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// The name of the task. An `Arc<str>` is taken as it is, so that many tasks can share a name; anything else is copied.
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Starts a task whose output nobody wants. See [`go`](crate::go).
    #[track_caller]
    pub fn go<F>(self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(self.spawn(future));
    }

    /// Starts a task and gives the handle that waits for its output. See [`spawn`](crate::spawn).
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let place = Location::caller();
        current::with(|handle| match self.name {
            Some(name) => handle.spawn_named(future, place, name),
            None => handle.spawn_at(future, place),
        })
    }

    /// Starts a task that stays on this thread. See [`spawn_local`](crate::spawn_local).
    ///
    /// # Panics
    ///
    /// Panics where no local task can run, as [`spawn_local`](crate::spawn_local) does.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        match self.name {
            Some(name) => local_set::spawn_named(future, name),
            None => local_set::spawn_local(future),
        }
    }

    /// Runs a closure that may block on a thread of its own. See [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<C, T>(self, closure: C) -> JoinHandle<T>
    where
        C: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        let handle = Handle::current();
        match self.name {
            Some(name) => handle.spawn_blocking_named(closure, Location::caller(), name),
            None => handle.spawn_blocking(closure),
        }
    }
}
