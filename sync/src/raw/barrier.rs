//! A place where a number of tasks wait for each other. There is no word: whoever comes has to know how many there are already, so all of
//! it happens under the list's lock.

use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::{Lock, const_fn};
use crate::wait_list::WaitList;

pub(crate) struct Barrier {
    parties: usize,
    list: Lock<WaitList<()>>,
}

/// Who it was that was let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Passed {
    Waiter,
    /// The one that came last, for whom the others had waited.
    Last,
}

impl Barrier {
    const_fn! {
        pub(crate) fn new(parties: usize) -> Barrier {
            Barrier {
                parties,
                list: Lock::new(WaitList::new()),
            }
        }
    }

    pub(crate) fn parties(&self) -> usize {
        self.parties
    }

    pub(crate) fn arrived(&self) -> usize {
        self.list.lock().len()
    }

    pub(crate) fn poll_pass(&self, wait: &mut Wait, waker: &Waker) -> Poll<Passed> {
        match wait.key {
            None => self.poll_first(wait, waker),
            Some(key) => wait
                .poll_listed(key, &self.list, waker, |_| false)
                .map(|()| Passed::Waiter),
        }
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) {
        if wait.is_waiting() {
            wait.end(&self.list, |_list, _was| {});
        }
    }

    fn poll_first(&self, wait: &mut Wait, waker: &Waker) -> Poll<Passed> {
        let waker = waker.clone();
        let mut wakes = Wakes::new();
        let mut list = self.list.lock();
        if list.len() + 1 < self.parties {
            wait.key = Some(list.push_back((), waker));
            return Poll::Pending;
        }
        while let Some((_, waker)) = list.pop_front() {
            wakes.add(waker);
        }
        drop(list);
        Poll::Ready(Passed::Last)
    }
}
