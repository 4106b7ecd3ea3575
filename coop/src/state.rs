//! The thread-local that leaf futures and host share. Only [`host`](crate::host) begins and ends a poll; leaves spend and
//! report within it.

use std::cell::Cell;

use crate::Waiting;

/// What one poll has left and has said so far.
#[derive(Clone, Copy)]
pub(crate) struct State {
    /// Operations that the poll may still do; `None` where no host has set a bound.
    pub(crate) budget: Option<u32>,
    /// What the leaf that was polled last waits for.
    pub(crate) waiting: Option<Waiting>,
}

impl State {
    pub(crate) const UNHOSTED: State = State {
        budget: None,
        waiting: None,
    };
}

thread_local! {
    pub(crate) static BUDGET: Cell<Option<u32>> = const { Cell::new(None) };
    pub(crate) static WAITING: Cell<Option<Waiting>> = const { Cell::new(None) };
}

pub(crate) fn replace(state: State) -> State {
    State {
        budget: BUDGET.replace(state.budget),
        waiting: WAITING.replace(state.waiting),
    }
}
