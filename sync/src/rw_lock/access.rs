//! What a guard may do, and what it has of the lock for that.

use canter_coop::Reason;

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

    use crate::raw::Share;

    pub trait Access {
        const SHARE: Share;
        const REASON: &'static Reason;
    }

    impl Access for super::Read {
        const SHARE: Share = Share::Read;
        const REASON: &'static Reason = &super::READ;
    }

    impl Access for super::Upgradable {
        const SHARE: Share = Share::Upgradable;
        const REASON: &'static Reason = &super::UPGRADABLE_READ;
    }

    impl Access for super::Write {
        const SHARE: Share = Share::Write;
        const REASON: &'static Reason = &super::WRITE;
    }
}
