//! What the handles of a broadcast share.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;

use triomphe::{Arc, UniqueArc};

use super::ring::{Found, Ring};
use super::{Receiver, RecvError, Sender};
use crate::chan::Side;
use crate::crowd::{Counts, Crowd};
use crate::error::SendError;
use canter_coop::Wakes;
use canter_coop::mark::Held;

/// A channel on which each receiver sees every message that is sent after it was made, of which the last `capacity` are kept. The memory
/// for them is taken at once.
///
/// The handles can be sent to other threads if the messages are `Send` and `Sync`: receivers clone one message at the same time.
///
/// # Panics
///
/// Panics if the capacity is 0, or if there can't be as much memory.
///
/// # Examples
///
/// ```
/// use canter_channel::broadcast;
///
/// let (tx, mut first) = broadcast(16);
/// let mut second = tx.subscribe();
/// assert_eq!(tx.send("hello"), Ok(2));
/// assert_eq!(first.try_recv(), Ok("hello"));
/// assert_eq!(second.try_recv(), Ok("hello"));
/// ```
#[track_caller]
pub fn broadcast<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a broadcast needs a capacity of at least 1");
    let state = State {
        ring: Ring::new(capacity),
        senders: 1,
        closed: false,
    };
    let shared = Shared(Arc::new(Crowd::new(state)));
    let receiver = shared.subscribe();
    let held = Held::of(&shared.enter().state.senders);
    (Sender::counted(shared, held), receiver)
}

pub(super) struct Shared<T>(Arc<Crowd<State<T>>>);

pub(super) struct State<T> {
    pub(super) ring: Ring<T>,
    pub(super) senders: usize,
    pub(super) closed: bool,
}

impl<T> State<T> {
    /// Whether a send would fail.
    pub(super) fn is_deserted(&self) -> bool {
        self.closed || *self.ring.receivers() == 0
    }

    /// What a receiver gets where it stands. `None` if it has to wait.
    pub(super) fn receive(&mut self, position: &mut u64) -> Option<Result<Arc<T>, RecvError>> {
        match self.ring.take(position) {
            Found::Message(message) => Some(Ok(message)),
            Found::Lagged(missed) => Some(Err(RecvError::Lagged(missed))),
            Found::Nothing => self.closed.then_some(Err(RecvError::Closed)),
        }
    }
}

impl<T> Counts for State<T> {
    fn handles(&self, side: Side) -> &usize {
        match side {
            Side::Sender => &self.senders,
            Side::Receiver => self.ring.receivers(),
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn send(&self, message: T) -> Result<usize, SendError<T>> {
        let message = UniqueArc::new(message);
        let mut wakes = Wakes::new();
        let mut inside = self.enter();
        if inside.state.is_deserted() {
            drop(inside);
            return Err(SendError(UniqueArc::into_inner(message)));
        }
        let overwritten = inside.state.ring.push(message.shareable());
        let receivers = *inside.state.ring.receivers();
        inside.wake_all(Side::Receiver, &mut wakes);
        drop(inside);
        drop(overwritten);
        Ok(receivers)
    }

    pub(super) fn subscribe(&self) -> Receiver<T> {
        let state = &mut self.enter().state;
        let position = state.ring.arrive();
        Receiver::counted(self.clone(), Held::of(state.ring.receivers()), position)
    }

    /// Closes the channel, if nobody has.
    pub(super) fn close(&self) -> bool {
        let mut wakes = Wakes::new();
        let mut inside = self.enter();
        let closes = !inside.state.closed;
        inside.state.closed = true;
        inside.wake_all(Side::Sender, &mut wakes);
        inside.wake_all(Side::Receiver, &mut wakes);
        closes
    }

    /// A receiver goes, and with it what only it still wanted.
    pub(super) fn leave(&self, position: u64) {
        let mut wakes = Wakes::new();
        let mut inside = self.enter();
        let unwanted = inside.state.ring.leave(position);
        if *inside.state.ring.receivers() == 0 {
            inside.wake_all(Side::Sender, &mut wakes);
        }
        drop(inside);
        drop(unwanted);
    }

    pub(super) fn is_same(&self, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// It points to the messages, which do not move with it.
impl<T> Unpin for Shared<T> {}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        Shared(self.0.clone())
    }
}

impl<T> Deref for Shared<T> {
    type Target = Crowd<State<T>>;

    fn deref(&self) -> &Crowd<State<T>> {
        &self.0
    }
}

impl<T> Borrow<Crowd<State<T>>> for Shared<T> {
    fn borrow(&self) -> &Crowd<State<T>> {
        &self.0
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, capacity, closed) = {
            let state = &self.enter().state;
            (state.ring.len(), state.ring.capacity(), state.closed)
        };
        f.debug_struct("Broadcast")
            .field("len", &len)
            .field("capacity", &capacity)
            .field("closed", &closed)
            .finish_non_exhaustive()
    }
}
