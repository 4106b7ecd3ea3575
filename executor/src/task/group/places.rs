//! The places of a group that has a limit, and the line of those who wait for one.
//!
//! A place that frees is handed to the first in line, who holds it from then on as a grant. So while somebody stands in line
//! no place is free, and a newcomer can't overtake.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::task::Waker;

/// A name for somebody who waits. Those who came earlier have the smaller ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

pub(super) struct Places {
    limit: usize,
    /// Those of tasks, and those granted.
    taken: usize,
    line: BTreeMap<Ticket, Waker>,
    granted: BTreeSet<Ticket>,
    tickets: u64,
}

/// What has become of a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Waits,
    Granted,
    /// The line was sent away.
    SentAway,
}

/// What somebody who no longer waits leaves behind.
#[must_use]
pub(super) enum Left {
    Nothing,
    /// The waker with which they stood in line, to be dropped.
    Waker(Waker),
    /// That of the next, who was handed the place, to be woken.
    Next(Waker),
}

impl Places {
    pub(super) fn unlimited() -> Places {
        Places {
            limit: usize::MAX,
            taken: 0,
            line: BTreeMap::new(),
            granted: BTreeSet::new(),
            tickets: 0,
        }
    }

    pub(super) fn limit(&self) -> Option<usize> {
        (self.limit < usize::MAX).then_some(self.limit)
    }

    /// Sets the limit while all places are free, so that nobody is in line; false otherwise.
    pub(super) fn set_limit(&mut self, limit: usize) -> bool {
        let free = self.taken == 0;
        if free {
            self.limit = limit;
        }
        free
    }

    /// Takes a free place.
    pub(super) fn take(&mut self) -> bool {
        let free = self.taken < self.limit;
        debug_assert!(
            !free || self.line.is_empty(),
            "somebody waits beside a free place"
        );
        self.taken += usize::from(free);
        free
    }

    /// Stands in line.
    pub(super) fn enlist(&mut self, waker: Waker) -> Ticket {
        let ticket = Ticket(self.tickets);
        self.tickets += 1;
        self.line.insert(ticket, waker);
        ticket
    }

    pub(super) fn turn(&self, ticket: Ticket) -> Turn {
        if self.line.contains_key(&ticket) {
            Turn::Waits
        } else if self.granted.contains(&ticket) {
            Turn::Granted
        } else {
            Turn::SentAway
        }
    }

    /// Whether whoever stands in line with the ticket is woken by this waker.
    pub(super) fn wakes(&self, ticket: Ticket, waker: &Waker) -> bool {
        self.line
            .get(&ticket)
            .is_some_and(|enlisted| enlisted.will_wake(waker))
    }

    /// Changes the waker of somebody in line, and gives the old one.
    pub(super) fn renew(&mut self, ticket: Ticket, waker: Waker) -> Option<Waker> {
        self.line.insert(ticket, waker)
    }

    /// Turns a grant into an ordinary place.
    pub(super) fn redeem(&mut self, ticket: Ticket) {
        let granted = self.granted.remove(&ticket);
        debug_assert!(granted, "a place that was not granted");
    }

    /// Gives a place back. The waker is that of the next, who has it now.
    pub(super) fn release(&mut self) -> Option<Waker> {
        debug_assert!(self.taken > 0, "a place that nobody has");
        let next = self.grant();
        self.taken -= usize::from(next.is_none());
        next
    }

    /// Leaves the line, or gives back what was granted.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Left {
        if let Some(waker) = self.line.remove(&ticket) {
            Left::Waker(waker)
        } else if self.granted.remove(&ticket) {
            self.release().map_or(Left::Nothing, Left::Next)
        } else {
            Left::Nothing
        }
    }

    /// Sends away all who stand in line, and takes back what was granted: those have been woken already.
    pub(super) fn send_away(&mut self) -> Vec<Waker> {
        self.taken -= mem::take(&mut self.granted).len();
        mem::take(&mut self.line).into_values().collect()
    }

    /// Frees the places of all tasks, and gives the wakers of those who have one now.
    pub(super) fn release_tasks(&mut self) -> Vec<Waker> {
        self.taken = self.granted.len();
        let mut next = Vec::new();
        while self.taken < self.limit {
            let Some(waker) = self.grant() else { break };
            self.taken += 1;
            next.push(waker);
        }
        next
    }

    /// Moves the first in line among the granted.
    fn grant(&mut self) -> Option<Waker> {
        let (ticket, waker) = self.line.pop_first()?;
        self.granted.insert(ticket);
        Some(waker)
    }
}
