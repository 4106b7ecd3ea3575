//! Who uses a lock.

use std::fmt;

/// Who does the operations of a row. Its text is the end of the workload's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The tasks that share the operations.
    pub tasks: u64,
    /// Whether a task gives way while it has what it locked.
    pub yields: bool,
}

impl Load {
    /// One task.
    pub const ALONE: Load = Load::short(1);

    /// That many tasks, which give back at once what they locked.
    pub const fn short(tasks: u64) -> Load {
        Load { tasks, yields: false }
    }

    /// That many tasks, which give way while they have what they locked.
    pub const fn yielding(tasks: u64) -> Load {
        Load { tasks, yields: true }
    }

    /// Who they are, in words.
    pub(super) fn who(self) -> String {
        let tasks = match self.tasks {
            1 => "One task".to_owned(),
            tasks => format!("{tasks} tasks"),
        };
        let yielding = if self.yields {
            ", each giving way while it has it"
        } else {
            ""
        };
        format!("{tasks}{yielding}")
    }

    /// A number of operations that takes a part of a second.
    pub(super) fn operations(self) -> u64 {
        match self {
            Load { yields: true, .. } => 400_000,
            Load::ALONE => 10_000_000,
            _ => 2_000_000,
        }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tasks > 1 {
            write!(f, "/{}", self.tasks)?;
        }
        if self.yields {
            f.write_str("-yield")?;
        }
        Ok(())
    }
}
