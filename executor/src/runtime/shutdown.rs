//! What a shutdown says of the tasks that did not end in time.

use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use canter_coop::Waiting;

use crate::task::{Identity, Registry, Stage, TaskId};

/// [`Runtime::shutdown`](super::Runtime::shutdown) did not see all tasks end.
pub struct ShutdownError {
    inside: bool,
    unfinished: Vec<Unfinished>,
}

impl ShutdownError {
    pub(super) fn inside() -> ShutdownError {
        ShutdownError {
            inside: true,
            unfinished: Vec::new(),
        }
    }

    pub(super) fn unfinished_tasks(unfinished: Vec<Unfinished>) -> ShutdownError {
        ShutdownError {
            inside: false,
            unfinished,
        }
    }

    /// The tasks that had not ended when the time was over, in the order of their identities.
    pub fn unfinished(&self) -> &[Unfinished] {
        &self.unfinished
    }

    /// The shutdown was called on one of the runtime's own threads, and could not wait there.
    pub fn is_inside(&self) -> bool {
        self.inside
    }
}

impl fmt::Display for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.inside {
            return f.write_str(
                "a runtime can't wait for its own end on one of its threads: shut it down outside of its tasks",
            );
        }
        const NAMED: usize = 10;
        let number = self.unfinished.len();
        let (tasks, were) = if number == 1 {
            ("task", "was")
        } else {
            ("tasks", "were")
        };
        write!(
            f,
            "{number} {tasks} had not ended when the runtime did, and {were} dropped: "
        )?;
        for (index, task) in self.unfinished.iter().take(NAMED).enumerate() {
            write!(f, "{}{task}", if index == 0 { "" } else { "; " })?;
        }
        if number > NAMED {
            write!(f, "; and {} more", number - NAMED)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for ShutdownError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ShutdownError({self})")
    }
}

impl Error for ShutdownError {}

/// A task that had not ended when its runtime was shut down.
#[derive(Debug, Clone)]
pub struct Unfinished {
    task: Identity,
    waiting: Option<Waiting>,
    waited: Option<Duration>,
}

impl Unfinished {
    /// The tasks of `registries`, in the order of their identities.
    pub(super) fn of<'a>(registries: impl Iterator<Item = &'a Registry>) -> Vec<Unfinished> {
        let mut unfinished = Vec::new();
        for registry in registries {
            registry.for_each(|task| {
                let (waiting, waited) = match task.stage() {
                    Stage::Ready | Stage::Running => (None, None),
                    Stage::Waiting { waiting, since } => (waiting, Some(since.elapsed())),
                };
                unfinished.push(Unfinished {
                    task: task.identity(),
                    waiting,
                    waited,
                });
            });
        }
        unfinished.sort_by_key(Unfinished::id);
        unfinished
    }

    /// The task.
    pub fn id(&self) -> TaskId {
        self.task.id
    }

    /// The name that it was given, if it was; see [`task::Builder`](crate::task::Builder).
    pub fn name(&self) -> Option<&str> {
        self.task.name.as_deref()
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at
    }

    /// What it waited for; `None` if it was ready or running, or if its leaf futures did not say.
    pub fn waiting(&self) -> Option<Waiting> {
        self.waiting
    }

    /// For how long it had waited, to some hundredths of a second; `None` if it was ready or running.
    pub fn waited(&self) -> Option<Duration> {
        self.waited
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)?;
        match self.waiting {
            Some(waiting) => write!(f, " waiting for {waiting}"),
            None => Ok(()),
        }
    }
}
