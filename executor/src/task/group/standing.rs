//! How a spawner stands with its group: whether it may come in, and where it is in line.

use std::sync::Arc;
use std::task::Waker;

use super::places::{Left, Ticket, Turn};
use super::shared::{Gate, Shared, State, wake_all};

/// Who spawns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Whoever has the group. Nobody waits for its end meanwhile.
    Owner,
    Spawner,
}

impl Side {
    fn may_pass(self, gate: Gate) -> bool {
        match gate {
            Gate::Open => true,
            // The owner meets it only where a future that ends the tasks was forgotten, without its destructor.
            Gate::Ending => self == Side::Owner,
            Gate::Closed => false,
        }
    }
}

/// Leaves the line when it is dropped, or passes on the place that it was granted.
pub(super) struct Standing<'a, T> {
    pub(super) shared: &'a Arc<Shared<T>>,
    side: Side,
    /// While it waits for a place.
    ticket: Option<Ticket>,
}

impl<'a, T> Standing<'a, T> {
    pub(super) fn new(shared: &'a Arc<Shared<T>>, side: Side) -> Standing<'a, T> {
        Standing {
            shared,
            side,
            ticket: None,
        }
    }

    /// Takes a place, if one is to be had.
    pub(super) fn take_place(&mut self, state: &mut State<T>) -> Turn {
        if !self.side.may_pass(state.gate) {
            return Turn::SentAway;
        }
        let Some(ticket) = self.ticket else {
            return if state.places.take() {
                Turn::Granted
            } else {
                Turn::Waits
            };
        };
        let turn = state.places.turn(ticket);
        if turn == Turn::Granted {
            state.places.redeem(ticket);
            self.ticket = None;
        }
        turn
    }

    /// Sees to it that somebody in line is woken by `known`: it may be already, or else by the spare waker, in whose place
    /// the older one then comes. False where there is no spare one.
    pub(super) fn enlist(
        &mut self,
        state: &mut State<T>,
        known: Option<&Waker>,
        spare: &mut Option<Waker>,
    ) -> bool {
        let enlisted = self.ticket.zip(known);
        if enlisted.is_some_and(|(ticket, known)| state.places.wakes(ticket, known)) {
            return true;
        }
        let Some(waker) = spare.take() else {
            return false;
        };
        match self.ticket {
            Some(ticket) => *spare = state.places.renew(ticket, waker),
            None => self.ticket = Some(state.places.enlist(waker)),
        }
        true
    }

    /// Leaves the line.
    pub(super) fn leave(&mut self) {
        let Some(ticket) = self.ticket.take() else {
            return;
        };
        let left = self.shared.lock().places.leave(ticket);
        match left {
            Left::Nothing => {}
            Left::Waker(waker) => drop(waker),
            Left::Next(waker) => wake_all([waker]),
        }
    }
}

impl<T> Drop for Standing<'_, T> {
    fn drop(&mut self) {
        self.leave();
    }
}
