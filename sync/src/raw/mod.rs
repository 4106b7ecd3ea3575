//! The words of the locks, without what they guard: no `T`, no pointers, no unsafe code.
//!
//! Each is a word and a list of those who wait. Who need not wait does one atomic operation on the word. Everything else happens under the
//! lock of the list, for a few instructions, and the wakers are called when that has been left.
//!
//! A future that waits keeps a [`Wait`], and gives it back by `cancel` when it is dropped.

mod barrier;
mod counter;
mod event;
mod mutex;
mod rw_lock;
mod semaphore;

pub(crate) use barrier::{Barrier, Passed};
pub(crate) use counter::{Counter, Misuse};
pub(crate) use event::{Event, Generation, Unseen};
pub(crate) use mutex::Mutex;
pub(crate) use rw_lock::{Ask, RwLock, Share};
pub(crate) use semaphore::{Acquired, Semaphore};

use std::task::{Poll, Waker};

use crate::sync::Lock;
use crate::wait_list::{Key, Renewed, WaitList, Was};

/// What a future keeps of its wait: nothing before it waits and after it is over.
#[derive(Debug, Default)]
pub(crate) struct Wait {
    key: Option<Key>,
}

impl Wait {
    pub(crate) const fn new() -> Wait {
        Wait { key: None }
    }

    /// Whether there is something to cancel.
    pub(crate) fn is_waiting(&self) -> bool {
        self.key.is_some()
    }

    /// Looks whether a wait is over: because the waiter was popped, or because `leaves` took it off the list. Otherwise it has this waker
    /// from now on.
    fn poll_listed<A: Copy>(
        &mut self,
        key: Key,
        list: &Lock<WaitList<A>>,
        waker: &Waker,
        mut leaves: impl FnMut(&mut WaitList<A>) -> bool,
    ) -> Poll<A> {
        let mut clone = None;
        loop {
            let mut line = list.lock();
            if !line.is_listed(key) || leaves(&mut line) {
                let old = line.take_waker(key);
                if old.is_some() || clone.is_some() {
                    drop(line);
                    drop((old, clone.take())); // where that panics the wait can still be cancelled
                    continue;
                }
                let (ask, _) = line.remove(key);
                self.key = None;
                return Poll::Ready(ask);
            }
            let renewed = line.renew(key, waker, &mut clone);
            drop(line);
            match renewed {
                Renewed::Done(_old) => return Poll::Pending,
                Renewed::NeedsClone => clone = Some(waker.clone()),
            }
        }
    }

    /// Ends the wait of a future that is dropped. A waiter that was listed leaves the list, and `left` is told where it stood, under the lock.
    /// Gives what a waiter asked for that had been popped, and so has it.
    #[cold]
    fn end<A: Copy>(
        &mut self,
        list: &Lock<WaitList<A>>,
        left: impl FnOnce(&mut WaitList<A>, Was),
    ) -> Option<A> {
        let key = self.key.take()?;
        let mut line = list.lock();
        let was_listed = line.is_listed(key);
        if was_listed {
            let was = line.unlink(key);
            left(&mut line, was);
        }
        let (ask, old) = line.remove(key);
        drop(line);
        drop(old);
        (!was_listed).then_some(ask)
    }
}
