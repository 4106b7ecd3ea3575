//! What the two halves share: the value, and one waker a side.
//!
//! The receiver can be moved between two polls, so it has no place in which a waiter could stand; but there is only one on each side,
//! and its waker stands beside the value.

use std::panic::Location;
use std::task::{Poll, Waker};

use triomphe::Arc;

use super::{Receiver, Sender};
use crate::chan::Side;
use crate::error::RecvError;
use crate::sync::{Guard, Lock};
use canter_coop::mark::{Held, Mark};

/// A channel for one value, which is sent without waiting. Both halves share one allocation.
///
/// # Examples
///
/// ```
/// use canter_channel::{RecvError, oneshot};
///
/// # futures::executor::block_on(async {
/// let (tx, rx) = oneshot();
/// tx.send("done").unwrap();
/// assert_eq!(rx.await, Ok("done"));
///
/// let (tx, rx) = oneshot::<u32>();
/// drop(tx);
/// assert_eq!(rx.await, Err(RecvError));
/// # });
/// ```
#[track_caller]
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let place = Location::caller();
    let shared = Shared(Arc::new(Lock::new(State {
        value: None,
        senders: 1,
        receivers: 1,
        closed: false,
        sender: None,
        receiver: None,
    })));
    let (senders, receivers) = {
        let state = shared.lock();
        (Held::of(&state.senders), Held::of(&state.receivers))
    };
    (
        Sender::new(Shared(shared.0.clone()), senders),
        Receiver::new(shared, receivers, place),
    )
}

pub(super) struct Shared<T>(Arc<Lock<State<T>>>);

pub(super) struct State<T> {
    pub(super) value: Option<T>,
    /// One, until it has sent or is gone.
    pub(super) senders: usize,
    /// One, until it is gone.
    pub(super) receivers: usize,
    /// The receiver wants no value any more but the one that is there.
    pub(super) closed: bool,
    /// Waits for `closed`.
    pub(super) sender: Option<Waker>,
    /// Waits for the value, or for the end of the sender.
    pub(super) receiver: Option<Waker>,
}

/// It points to the value, which does not move with it.
impl<T> Unpin for Shared<T> {}

impl<T> State<T> {
    /// Takes the value, or says that there will be none. `None` while it may still come.
    pub(super) fn receive(&mut self) -> Option<Result<T, RecvError>> {
        match self.value.take() {
            Some(value) => Some(Ok(value)),
            None if self.senders == 0 || self.closed => Some(Err(RecvError)),
            None => None,
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn lock(&self) -> Guard<'_, State<T>> {
        self.0.lock()
    }

    /// Looks for something, and keeps the waker on its side if it is not there. What waits is marked meanwhile.
    pub(super) fn poll<R>(
        &self,
        waker: &Waker,
        side: Side,
        mark: &Mark,
        look: impl Fn(&mut State<T>) -> Option<R>,
    ) -> Poll<R> {
        let mut new = None;
        loop {
            let mut state = self.lock();
            let found = look(&mut state);
            match (&found, side) {
                (Some(_), _) => mark.clear(),
                (None, Side::Sender) => mark.set(&state.receivers),
                (None, Side::Receiver) => mark.set(&state.senders),
            }
            let kept = match side {
                Side::Sender => &mut state.sender,
                Side::Receiver => &mut state.receiver,
            };
            let old = if found.is_some() {
                kept.take()
            } else if kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
                return Poll::Pending;
            } else if let Some(new) = new.take() {
                kept.replace(new)
            } else {
                drop(state);
                new = Some(waker.clone()); // not under the lock: it is user code, as is the drop of the old one
                continue;
            };
            drop(state);
            drop(old);
            return found.map_or(Poll::Pending, Poll::Ready);
        }
    }
}
