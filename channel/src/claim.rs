//! Select's claim: one word a select, shared by its arms, that whoever completes an arm must win first.
//!
//! | state | the owner | a completer that meets one of its waiters |
//! | --- | --- | --- |
//! | `POLLING` | polls foreign futures, or does not wait at present; will look at marked arms before it sleeps | marks the arm and passes by |
//! | `LOOKING` | visits channels one after the other; runs no user code | from a higher id: marks and passes by; from a lower one: leaves the lock, and comes again |
//! | `WAITING` | sleeps | wins it: `TAKEN`, moves the message, then `DONE` |
//! | `TAKEN` | must wait for `DONE` before it goes on | marks and passes by |
//! | `DONE` | finds which arm was chosen | marks and passes by |
//!
//! **The id** of a select is the address of its claim. A lone operation counts as [`Id::LONE`], the highest: it marks who looks, and goes to
//! sleep in its list. One that does not wait counts as [`Id::TRY`], the lowest: it comes again until nobody looks any more.
//!
//! **Marks** stand in the same word, one bit for each arm (arms share bits where there are more): so the owner, in the step that ends
//! its polling or lets it sleep, learns whether somebody passed by, and at which arms it must look.
//!
//! **Why nobody sleeps beside a match.** An arm is enlisted under its channel's lock, by an owner that found no match there. A match
//! comes later, under the same lock, and meets the arm's waiter: it wins it, marks it or comes again. A marked owner looks once more
//! before it sleeps. So an arm without a mark has no match that passed it by.
//!
//! **Why it ends.** Marks on a looking owner come from higher ids alone, so the highest of those that look gets to sleep, then the next;
//! and one that comes again waits for a higher id, with no lock held.

#![expect(unsafe_code, reason = "the word hands its cells from thread to thread")]

use std::fmt;
use std::task::Waker;

use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Backoff, Identity, UnsafeCell};

/// Who visits a channel: decides what happens when a select is met that visits channels as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(usize);

impl Id {
    /// An operation that does not wait, and will not look again.
    pub(crate) const TRY: Id = Id(0);
    /// An operation with a list entry of its own, or a change of the channel's state.
    pub(crate) const LONE: Id = Id(usize::MAX);
}

/// A state, and the marks beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Word {
    const POLLING: Word = Word(0);
    const LOOKING: Word = Word(1);
    const WAITING: Word = Word(2);
    const TAKEN: Word = Word(3);
    const DONE: Word = Word(4);

    const STATE: usize = 0b111;
    const MARKS: u32 = usize::BITS - Self::STATE.count_ones();

    fn state(self) -> Word {
        Word(self.0 & Self::STATE)
    }

    fn in_state(self, state: Word) -> Word {
        Word(self.0 & !Self::STATE | state.0)
    }

    fn marked(self, arm: u32) -> Word {
        Word(self.0 | Marks::of(arm).0)
    }

    fn marks(self) -> Marks {
        Marks(self.0 & !Self::STATE)
    }
}

impl fmt::Debug for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state() {
            Word::POLLING => "polling",
            Word::LOOKING => "looking",
            Word::WAITING => "waiting",
            Word::TAKEN => "taken",
            _ => "done",
        };
        write!(f, "{state}, marks {:x}", self.marks().0)
    }
}

/// At which arms somebody passed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a marked arm has to be looked at"]
pub(crate) struct Marks(usize);

impl Marks {
    pub(crate) const NONE: Marks = Marks(0);

    pub(crate) fn of(arm: u32) -> Marks {
        Marks(1 << (arm % Word::MARKS + Word::STATE.count_ones()))
    }

    pub(crate) fn with(self, other: Marks) -> Marks {
        Marks(self.0 | other.0)
    }

    pub(crate) fn contains(self, arm: u32) -> bool {
        self.0 & Self::of(arm).0 != 0
    }

    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The marked ones of the arms `0..arms`.
    pub(crate) fn arms(self, arms: u32) -> impl Iterator<Item = u32> {
        (0..arms.min(Word::MARKS))
            .filter(move |&arm| self.contains(arm))
            .flat_map(move |first| (first..arms).step_by(Word::MARKS as usize))
    }
}

/// What a completer makes of a select that it meets.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Met {
    /// The arm is the completer's to complete, and [`Claim::complete`] must follow.
    Won,
    /// Whatever it does, its owner will look at the channel, or needs nothing any more.
    PassBy,
    /// It looks at its channels just now: leave the lock, pause, and begin again.
    ComeAgain,
}

/// What the owner finds when it is polled again.
#[derive(Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Begun {
    /// Nobody can complete an arm until it looks.
    Polling,
    /// This arm was chosen.
    Done(u32),
}

pub struct Claim {
    identity: Identity,
    word: AtomicUsize,
    /// The chosen arm: whoever took the word writes it, the owner reads it once `DONE`.
    chosen: UnsafeCell<u32>,
    /// The owner's while it polls or looks; whoever took the word takes it.
    waker: UnsafeCell<Option<Waker>>,
}

// SAFETY: the cells are handed from one thread to the other by the word, as their comments say.
unsafe impl Send for Claim {}
// SAFETY: as above.
unsafe impl Sync for Claim {}

impl Claim {
    pub(crate) fn new() -> Claim {
        Claim {
            identity: Identity::new(),
            word: AtomicUsize::new(Word::POLLING.0),
            chosen: UnsafeCell::new(0),
            waker: UnsafeCell::new(None),
        }
    }

    /// Stable while the claim is pinned, as it is from the first arm that it enlists.
    pub(crate) fn id(&self) -> Id {
        Id(self.identity.of(self))
    }

    fn load(&self) -> Word {
        Word(self.word.load(Ordering::Acquire))
    }

    fn swap_if(&self, from: Word, to: Word) -> bool {
        self.word
            .compare_exchange(from.0, to.0, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Called under the lock of the channel in whose list a waiter of this arm stands.
    pub(crate) fn meet(&self, arm: u32, completer: Id) -> Met {
        loop {
            let word = self.load();
            let (next, met) = match word.state() {
                _ if completer == self.id() => return Met::PassBy, // a select does not complete itself
                Word::WAITING => (word.in_state(Word::TAKEN), Met::Won),
                Word::LOOKING if completer < self.id() => return Met::ComeAgain,
                _ => (word.marked(arm), Met::PassBy),
            };
            if self.swap_if(word, next) {
                return met;
            }
        }
    }

    /// Ends what [`Met::Won`] began, after the message has moved. The claim may be gone as soon as this returns.
    pub(crate) fn complete(&self, arm: u32) -> Option<Waker> {
        // SAFETY: the word is `TAKEN`, so both cells are the taker's.
        self.chosen.with_mut(|chosen| unsafe { *chosen = arm });
        // SAFETY: as above.
        let waker = self.waker.with_mut(|waker| unsafe { (*waker).take() });
        self.word
            .fetch_add(Word::DONE.0 - Word::TAKEN.0, Ordering::Release);
        waker
    }

    // From here on: the owner's.

    /// The owner does not sleep any more, if it was not completed.
    pub(crate) fn begin_poll(&self) -> Begun {
        let mut backoff = Backoff::new();
        loop {
            let word = self.load();
            match word.state() {
                Word::DONE => {
                    // SAFETY: the taker wrote it before `DONE`, and nobody writes afterwards.
                    return Begun::Done(self.chosen.with(|chosen| unsafe { *chosen }));
                }
                Word::TAKEN => backoff.pause(),
                Word::POLLING => return Begun::Polling,
                _ if self.swap_if(word, word.in_state(Word::POLLING)) => return Begun::Polling,
                _ => {}
            }
        }
    }

    /// Sets who is to be woken, and gives back the waker that it replaces. Only between [`begin_poll`](Claim::begin_poll) and
    /// [`look`](Claim::look): a waker is user code, and others wait for one who looks.
    pub(crate) fn set_waker(&self, waker: &Waker) -> Option<Waker> {
        // SAFETY: nobody else touches the waker unless the word is `WAITING` or `TAKEN`.
        let current = self.waker.with(|current| unsafe { (*current).as_ref() });
        if current.is_some_and(|current| current.will_wake(waker)) {
            return None;
        }
        let new = waker.clone();
        // SAFETY: as above.
        self.waker.with_mut(|current| unsafe { (*current).replace(new) })
    }

    /// The owner begins to visit its channels, and learns where somebody passed by before.
    pub(crate) fn look(&self) -> Marks {
        Word(self.word.swap(Word::LOOKING.0, Ordering::AcqRel)).marks()
    }

    /// The owner may sleep if there is no mark. Otherwise it goes on looking, at those.
    pub(crate) fn sleep(&self) -> Result<(), Marks> {
        if self.swap_if(Word::LOOKING, Word::WAITING) {
            Ok(())
        } else {
            Err(self.look())
        }
    }

    /// The owner has taken what the chosen arm got, and begins another wait. Marks stay.
    pub(crate) fn restart(&self) {
        let mut word = self.load();
        while !self.swap_if(word, word.in_state(Word::POLLING)) {
            word = self.load();
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Claim").field(&self.load()).finish()
    }
}
