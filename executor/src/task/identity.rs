//! Which task it is: the number, and the words in which it is told.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

/// The identity of a task, unique within the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub(super) u64);

impl TaskId {
    /// The task that runs on this thread; `None` outside of one. See [`id`](super::id).
    pub fn current() -> Option<TaskId> {
        super::id()
    }

    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// The identity with that number; zero is none's.
    pub(crate) fn of_number(number: u64) -> Option<TaskId> {
        (number != 0).then_some(TaskId(number))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a person is told of a task, also after its end: `task 17 "reader" (spawned at src/main.rs:40:5)`.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) spawned_at: &'static Location<'static>,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        if let Some(name) = &self.name {
            write!(f, " {name:?}")?;
        }
        write!(f, " (spawned at {})", self.spawned_at)
    }
}
