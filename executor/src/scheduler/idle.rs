//! Who searches, who sleeps, and who has to be woken. The README beside this file tells the protocol and its proof.

use canter_coop::census;

use crate::sync::atomic::{AtomicU64, Ordering::SeqCst, fence};
use crate::sync::{Mutex, lock};

/// The two counts in one word, so that both are read in one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Counts(u64);

const ONE_SEARCHING: u64 = 1;
const ONE_SLEEPING: u64 = 1 << 32;

impl Counts {
    fn searching(self) -> u64 {
        self.0 % ONE_SLEEPING
    }

    fn sleeping(self) -> u64 {
        self.0 / ONE_SLEEPING
    }
}

impl std::fmt::Debug for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} searching, {} sleeping", self.searching(), self.sleeping())
    }
}

pub(crate) struct Idle {
    counts: AtomicU64,
    /// The seats whose threads sleep, the last to fall asleep at the end. `sleeping` changes only under this lock, and so does what
    /// these threads add to the census.
    sleepers: Mutex<Vec<usize>>,
}

/// Whether a worker counts among those that search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Search {
    Yes,
    No,
}

impl Idle {
    pub(crate) fn new() -> Idle {
        Idle {
            counts: AtomicU64::new(0),
            sleepers: Mutex::new(Vec::new()),
        }
    }

    /// Step N of the protocol: called after work was made visible. Gives the seat that has to be unparked, if one has to
    /// be; it counts as searching from now on.
    pub(crate) fn notify(&self) -> Option<usize> {
        fence(SeqCst); // between the push and the look at the counts; partner: the fences in `stop_search` and `sleep`
        if !wants_notification(self.counts()) {
            return None;
        }
        let mut sleepers = lock(&self.sleepers);
        if !wants_notification(self.counts()) {
            return None;
        }
        self.take_sleeper(&mut sleepers, |_| true)
    }

    /// For one who has seen that work stays undone, whoever may be searching, or that there are too many workers: a sleeper to
    /// unpark, of those that `suits` accepts.
    pub(crate) fn wake_one(&self, suits: impl Fn(usize) -> bool) -> Option<usize> {
        self.take_sleeper(&mut lock(&self.sleepers), suits)
    }

    /// Step S1: begins to search, unless half of the `workers` do already.
    pub(crate) fn start_search(&self, workers: usize) -> Search {
        let searching = self.counts().searching();
        if 2 * searching >= workers as u64 {
            return Search::No;
        }
        self.counts.fetch_add(ONE_SEARCHING, SeqCst);
        Search::Yes
    }

    /// Step S2: ends a search that found something. True if it was the last one: the caller has to look whether more work
    /// is there and then to `notify`, since those who pushed it relied on the search.
    #[must_use = "the last one to stop has to look for more work and pass the search on"]
    pub(crate) fn stop_search(&self) -> bool {
        let before = Counts(self.counts.fetch_sub(ONE_SEARCHING, SeqCst));
        fence(SeqCst); // between the count and the look at the queues; partner: the fence in `notify`
        before.searching() == 1
    }

    /// Step S3: lists a seat as sleeping, and ends its search if it had one. The caller then has to look at all queues once
    /// more before it really sleeps.
    pub(crate) fn sleep(&self, seat: usize, search: Search) {
        let mut sleepers = lock(&self.sleepers);
        sleepers.push(seat);
        let ends = if search == Search::Yes { ONE_SEARCHING } else { 0 };
        self.counts.fetch_add(ONE_SLEEPING - ends, SeqCst);
        census::enter();
        drop(sleepers);
        fence(SeqCst); // between the count and the look at the queues; partner: the fence in `notify`
    }

    /// Step S4: the look after `sleep` found work. The seat searches again, above the bound if need be: those who pushed the
    /// work may have relied on the search that it has just ended, and only a searcher passes the search on.
    pub(crate) fn resume(&self, seat: usize) {
        self.take_out(seat, ONE_SEARCHING);
    }

    /// Step S5: after the sleep. `Yes` if somebody woke this seat by name: it counts as searching already.
    pub(crate) fn wake(&self, seat: usize) -> Search {
        self.take_out(seat, 0)
    }

    /// Takes a seat that gets up by itself out of the list, and adds to the counts.
    fn take_out(&self, seat: usize, add: u64) -> Search {
        let mut sleepers = lock(&self.sleepers);
        match sleepers.iter().position(|&sleeper| sleeper == seat) {
            Some(position) => {
                sleepers.remove(position);
                self.counts.fetch_add(add.wrapping_sub(ONE_SLEEPING), SeqCst);
                census::leave();
                Search::No
            }
            None => Search::Yes,
        }
    }

    /// How many seats are listed as sleeping.
    pub(crate) fn sleeping(&self) -> usize {
        self.counts().sleeping() as usize
    }

    fn counts(&self) -> Counts {
        Counts(self.counts.load(SeqCst))
    }

    fn take_sleeper(&self, sleepers: &mut Vec<usize>, suits: impl Fn(usize) -> bool) -> Option<usize> {
        let last = sleepers.iter().rposition(|&seat| suits(seat))?;
        let seat = sleepers.remove(last);
        self.counts
            .fetch_add(ONE_SEARCHING.wrapping_sub(ONE_SLEEPING), SeqCst);
        census::leave(); // here, and not when the thread gets to it: the census says that nobody who is counted has been woken
        Some(seat)
    }
}

fn wants_notification(counts: Counts) -> bool {
    counts.searching() == 0 && counts.sleeping() > 0
}
