//! What a runtime is told of the local tasks that run in it.
//!
//! Local tasks are listed in registries of their own, one for each `block_on` and each `LocalSet`, which come and go. So each home passes on
//! what its registry has counted: when a task was spawned, and after each of its polls. Here several threads write, with atomic additions,
//! which tasks that are not local never get to see; and whoever reads needs no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::registry::Counts;
use crate::diagnostics::trace::Recorder;

pub(crate) struct LocalTasks {
    recorder: Arc<Recorder>,
    spawned: AtomicU64,
    ended: AtomicU64,
    panicked: AtomicU64,
    leaked: AtomicU64,
}

impl LocalTasks {
    /// Those of a runtime that is traced by `recorder`.
    pub(crate) fn new(recorder: Arc<Recorder>) -> Arc<LocalTasks> {
        Arc::new(LocalTasks {
            recorder,
            spawned: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            leaked: AtomicU64::new(0),
        })
    }

    pub(super) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// A registry, which had counted `before` at the last call, has counted `now`.
    pub(super) fn add(&self, before: Counts, now: Counts) {
        for (count, before, now) in [
            (&self.spawned, before.spawned, now.spawned),
            (&self.ended, before.ended, now.ended),
            (&self.panicked, before.panicked, now.panicked),
            (&self.leaked, before.leaked, now.leaked),
        ] {
            if now != before {
                count.fetch_add(now - before, Relaxed);
            }
        }
    }

    /// All that there have been, in whichever home.
    pub(crate) fn counts(&self) -> Counts {
        // What is part of another count is read before it.
        let (panicked, leaked) = (self.panicked.load(Relaxed), self.leaked.load(Relaxed));
        let ended = self.ended.load(Relaxed);
        Counts {
            spawned: self.spawned.load(Relaxed),
            ended,
            panicked,
            leaked,
        }
    }
}
