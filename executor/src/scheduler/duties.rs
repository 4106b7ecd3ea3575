//! What a worker has to do before it polls the task that it has found. Mostly that is nothing, which one look tells.

use std::cell::Cell;

use super::idle::Search;

/// In one word, so that it is one look.
pub(super) struct Duties(Cell<u8>);

/// The worker is counted among those that search.
const ENDS_SEARCH: u8 = 1;
/// The poll is timed.
const TIMES: u8 = 1 << 1;

impl Duties {
    /// None.
    pub(super) fn new() -> Duties {
        Duties(Cell::new(0))
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.get() == 0
    }

    /// Whether the worker is counted among those that search.
    pub(super) fn search(&self) -> Search {
        match self.0.get() & ENDS_SEARCH {
            0 => Search::No,
            _ => Search::Yes,
        }
    }

    /// Notes that the worker is counted among those that search, or no longer; gives what was so before.
    pub(super) fn set_search(&self, search: Search) -> Search {
        let before = self.search();
        let others = self.0.get() & !ENDS_SEARCH;
        self.0.set(match search {
            Search::Yes => others | ENDS_SEARCH,
            Search::No => others,
        });
        before
    }

    /// The poll that follows is to be timed.
    pub(super) fn set_timed(&self) {
        self.0.set(self.0.get() | TIMES);
    }

    /// Whether the poll that follows is to be timed; the one after it is not.
    pub(super) fn take_timed(&self) -> bool {
        let before = self.0.get();
        self.0.set(before & !TIMES);
        before & TIMES != 0
    }
}
