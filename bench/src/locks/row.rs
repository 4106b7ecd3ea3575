//! What is measured.

use std::fmt;

use crate::contest::Work;

/// Who does the operations of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// The tasks that share the operations.
    pub tasks: u64,
    /// Whether a task gives way while it has what it locked.
    pub yields: bool,
}

impl Load {
    const ALONE: Load = Load::short(1);

    const fn short(tasks: u64) -> Load {
        Load { tasks, yields: false }
    }

    const fn yielding(tasks: u64) -> Load {
        Load { tasks, yields: true }
    }
}

/// One kind of work, done by every contender that can.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A mutex is locked and unlocked.
    Mutex(Load),
    /// One task reads alone.
    Read,
    /// One task writes alone.
    Write,
    /// Tasks read, and seldom write.
    RwLock(Load),
    /// A permit is acquired and given back.
    Semaphore(Load),
    /// Several permits are acquired and given back, now more and now fewer.
    AcquireMany(Load),
    /// So many tasks are started, and waited for together.
    WaitGroup(u64),
    /// One task asks a cell for its value, which is there.
    OnceCell,
    /// Two tasks tell each other to go on.
    Event,
    /// So many tasks wait for each other.
    Barrier(u64),
}

impl Row {
    /// The permits that there are in [`Row::Semaphore`].
    pub const PERMITS: usize = 2;
    /// The permits that there are in [`Row::AcquireMany`].
    pub const MANY_PERMITS: usize = 4;
    /// Of so many locks in [`Row::RwLock`] one is a write.
    pub const WRITE_EVERY: u64 = 100;
    /// The tasks at the barrier: a number of operations that is a multiple of it can be done in all rows.
    pub const PARTIES: u64 = 8;
}

impl Work for Row {
    const UNIT: &'static str = "operation";

    fn is_in_go(self) -> bool {
        !matches!(self, Row::AcquireMany(_) | Row::Barrier(_))
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, load) = match *self {
            Row::Mutex(load) => ("mutex", load),
            Row::Read => ("read", Load::ALONE),
            Row::Write => ("write", Load::ALONE),
            Row::RwLock(load) => ("rwlock", load),
            Row::Semaphore(load) => ("semaphore", load),
            Row::AcquireMany(load) => ("many", load),
            Row::WaitGroup(tasks) => return write!(f, "group-{tasks}"),
            Row::OnceCell => ("once", Load::ALONE),
            Row::Event => ("event", Load::ALONE),
            Row::Barrier(tasks) => ("barrier", Load::short(tasks)),
        };
        f.write_str(name)?;
        if load.tasks > 1 {
            write!(f, "-{}", load.tasks)?;
        }
        if load.yields {
            f.write_str("-yield")?;
        }
        Ok(())
    }
}

/// All rows.
pub fn rows() -> Vec<Row> {
    vec![
        Row::Mutex(Load::ALONE),
        Row::Mutex(Load::short(8)),
        Row::Mutex(Load::yielding(8)),
        Row::Mutex(Load::short(1000)),
        Row::Read,
        Row::Write,
        Row::RwLock(Load::short(8)),
        Row::RwLock(Load::yielding(8)),
        Row::Semaphore(Load::ALONE),
        Row::Semaphore(Load::yielding(8)),
        Row::AcquireMany(Load::yielding(8)),
        Row::WaitGroup(1),
        Row::WaitGroup(100),
        Row::WaitGroup(100_000),
        Row::OnceCell,
        Row::Event,
        Row::Barrier(Row::PARTIES),
    ]
}
