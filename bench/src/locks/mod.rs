//! Locks and their like beside their peers: the rows that are measured, and the crates that take part.
//!
//! A [`Row`] says what is done, an [`Entry`] by whose locks. [`Entry::run`] does it once and gives the time it took, once it has checked
//! that nothing was counted twice or not at all.

mod contender;
mod entry;
mod measure;
mod peers;
mod row;

pub use contender::{
    BarrierContender, EventContender, MutexContender, OnceCellContender, RwLockContender, SemaphoreContender,
    WaitGroupContender,
};
pub use entry::{Contender, Entry};
pub use measure::{Barriers, Events, Mutexes, OnceCells, RwLocks, Semaphores, WaitGroups};
pub use peers::entries;
pub use row::{Load, Row, rows};

use crate::contest::Contest;

/// The contest of the program `locks`.
pub fn contest(operations: u64) -> Contest<Row> {
    Contest {
        rows: rows(),
        entries: entries(),
        go: "locks.go",
        times: operations,
    }
}
