//! What a guard may do, and what the lock gives out for it.

use canter_coop::Reason;

use crate::raw::Semaphore;

/// What the lock gives out: one permit to each reader, all to a writer, and to the upgradable reader so many that there can't be two of it.
pub(super) const ALL: usize = Semaphore::MAX_PERMITS;
pub(super) const FOR_UPGRADABLE: usize = ALL / 2 + 1;

static READ: Reason = Reason::new("rwlock read");
static UPGRADABLE_READ: Reason = Reason::new("rwlock upgradable read");
static WRITE: Reason = Reason::new("rwlock write");
pub(super) static UPGRADE: Reason = Reason::new("rwlock upgrade");

/// What a guard may do: one of [`Read`], [`Upgradable`] and [`Write`].
pub trait Access: sealed::Access {}

/// The access of a reader.
#[derive(Debug)]
pub enum Read {}

/// The access of a reader that may become the writer.
#[derive(Debug)]
pub enum Upgradable {}

/// The access of the writer.
#[derive(Debug)]
pub enum Write {}

impl Access for Read {}
impl Access for Upgradable {}
impl Access for Write {}

mod sealed {
    use canter_coop::Reason;

    pub trait Access {
        const PERMITS: usize;
        const REASON: &'static Reason;
    }

    impl Access for super::Read {
        const PERMITS: usize = 1;
        const REASON: &'static Reason = &super::READ;
    }

    impl Access for super::Upgradable {
        const PERMITS: usize = super::FOR_UPGRADABLE;
        const REASON: &'static Reason = &super::UPGRADABLE_READ;
    }

    impl Access for super::Write {
        const PERMITS: usize = super::ALL;
        const REASON: &'static Reason = &super::WRITE;
    }
}
