//! What the handles of a watch share: the value, its version, and who waits for the next one.
//!
//! The version grows while the value's write lock is held. So whoever reads it under the read lock has the version of the value that it
//! sees. The lock of the crowd is taken inside of the value's, never the other way round.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use triomphe::Arc;

use super::{Receiver, Sender};
use crate::chan::Side;
use crate::crowd::{Counts, Crowd};
use crate::error::RecvError;
use canter_coop::Wakes;
use canter_coop::mark::Held;

/// A channel that holds the latest value. The receiver that comes with it counts the first value as seen.
///
/// The handles can be sent to other threads if the value is `Send` and `Sync`: receivers look at it at the same time.
///
/// # Examples
///
/// ```
/// # futures::executor::block_on(async {
/// let (tx, mut rx) = canter_channel::watch("starts");
/// assert_eq!(rx.has_changed(), Ok(false));
/// tx.send("runs").unwrap();
/// rx.changed().await.unwrap();
/// assert_eq!(*rx.borrow_and_update(), "runs");
/// # });
/// ```
pub fn watch<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = Shared(Arc::new(Inner {
        value: RwLock::new(initial),
        crowd: Crowd::new(Handles {
            version: UNSEEN + 1,
            senders: 1,
            receivers: 0,
        }),
    }));
    let receiver = shared.subscribe();
    let held = Held::of(&shared.crowd().enter().state.senders);
    (Sender::counted(shared, held), receiver)
}

pub(super) struct Shared<T>(Arc<Inner<T>>);

struct Inner<T> {
    value: RwLock<T>,
    crowd: Crowd<Handles>,
}

pub(crate) struct Handles {
    /// Grows with each value.
    pub(super) version: u64,
    pub(super) senders: usize,
    pub(super) receivers: usize,
}

/// The version that a receiver has seen which has to look at the present one, whatever that is.
pub(super) const UNSEEN: u64 = 0;

impl Handles {
    /// Whether there is a value that was not seen. `None` if there is none yet.
    pub(super) fn change(&self, seen: &mut u64) -> Option<Result<(), RecvError>> {
        if self.version != *seen {
            *seen = self.version;
            Some(Ok(()))
        } else if self.senders == 0 {
            Some(Err(RecvError))
        } else {
            None
        }
    }
}

impl Counts for Handles {
    fn handles(&self, side: Side) -> &usize {
        match side {
            Side::Sender => &self.senders,
            Side::Receiver => &self.receivers,
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn crowd(&self) -> &Crowd<Handles> {
        &self.0.crowd
    }

    /// The value. That a closure panicked while it wrote it does not matter here: its user knows what it left behind.
    pub(super) fn read(&self) -> Ref<'_, T> {
        Ref(self.0.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The value, which has been seen then.
    pub(super) fn read_seen(&self, seen: &mut u64) -> Ref<'_, T> {
        let value = self.read();
        *seen = self.crowd().enter().state.version;
        value
    }

    /// Lets a closure change the value, and tells the receivers if it says that it did. They are woken when both locks have been left.
    pub(super) fn modify(&self, change: impl FnOnce(&mut T) -> bool) -> bool {
        let mut wakes = Wakes::new();
        let mut value = self.0.value.write().unwrap_or_else(PoisonError::into_inner);
        let changed = change(&mut value);
        if changed {
            let mut inside = self.crowd().enter();
            inside.state.version += 1;
            inside.wake_all(Side::Receiver, &mut wakes);
        }
        drop(value);
        changed
    }

    /// One more receiver, which counts the present value as seen.
    pub(super) fn subscribe(&self) -> Receiver<T> {
        let handles = &mut self.crowd().enter().state;
        handles.receivers += 1;
        Receiver::counted(self.clone(), Held::of(&handles.receivers), handles.version)
    }

    pub(super) fn leave(&self, side: Side) {
        let mut wakes = Wakes::new();
        let mut inside = self.crowd().enter();
        let (left, other) = match side {
            Side::Sender => (&mut inside.state.senders, Side::Receiver),
            Side::Receiver => (&mut inside.state.receivers, Side::Sender),
        };
        *left -= 1;
        if *left == 0 {
            inside.wake_all(other, &mut wakes);
        }
    }

    pub(super) fn is_same(&self, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// It points to the value, which does not move with it.
impl<T> Unpin for Shared<T> {}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(self.0.clone())
    }
}

impl<T> Borrow<Crowd<Handles>> for Shared<T> {
    fn borrow(&self) -> &Crowd<Handles> {
        self.crowd()
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (senders, receivers) = {
            let handles = &self.crowd().enter().state;
            (handles.senders, handles.receivers)
        };
        f.debug_struct("Watch")
            .field("senders", &senders)
            .field("receivers", &receivers)
            .finish_non_exhaustive()
    }
}

/// The value of a watch, which cannot change while this is there: see [how long to hold it](super#holding-a-value).
#[must_use = "it keeps senders waiting for as long as it is there"]
pub struct Ref<'a, T>(RwLockReadGuard<'a, T>);

impl<T> Deref for Ref<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Ref<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
