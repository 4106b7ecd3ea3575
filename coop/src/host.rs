//! How an executor installs itself for one poll.
//!
//! ```
//! use canter_coop::{Reason, host, waiting};
//! use std::panic::Location;
//!
//! static SLEEP: Reason = Reason::new("sleep");
//!
//! let (_, waiting) = host::poll(64, || waiting::report(&SLEEP, Location::caller()));
//! assert_eq!(waiting.unwrap().reason.as_str(), "sleep");
//! ```

use crate::Waiting;
use crate::state::{self, State};

/// Runs `poll` with a budget of that many operations, and returns with its result what the leaves reported.
///
/// Hosts nest: the state of an outer poll is set aside and comes back afterwards, also when `poll` panics.
#[inline]
pub fn poll<R>(budget: u32, poll: impl FnOnce() -> R) -> (R, Option<Waiting>) {
    let outer = Outer(state::replace(State {
        budget: Some(budget),
        waiting: None,
    }));
    let result = poll();
    let waiting = state::WAITING.get();
    drop(outer);
    (result, waiting)
}

/// Runs `poll` as if there were no host: no budget, reports go nowhere.
///
/// For a future that is polled to its end on the spot (a `block_on`), which could not give way to anybody.
#[inline]
pub fn unhosted<R>(poll: impl FnOnce() -> R) -> R {
    let _outer = Outer(state::replace(State::UNHOSTED));
    poll()
}

struct Outer(State);

impl Drop for Outer {
    #[inline]
    fn drop(&mut self) {
        state::replace(self.0);
    }
}
