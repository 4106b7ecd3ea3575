//! A number that goes up and down, and those who wait until it is zero.
//!
//! The word holds the number and, in its lowest bit, whether somebody waits. That bit is set and cleared under the list's lock alone. Whoever
//! takes the number to zero beside it takes the lock before that, so that those in the list are the ones that waited then, and nobody is
//! released who came after the number had gone up again.

use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use crate::sync::{Lock, const_fn};
use crate::wait_list::WaitList;

pub(crate) struct Counter {
    word: AtomicUsize,
    list: Lock<WaitList<()>>,
}

/// The word, read at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Word {
    const WAITING: usize = 1;
    const ONE: usize = 2;

    fn count(self) -> usize {
        self.0 / Word::ONE
    }

    fn is_waiting(self) -> bool {
        self.0 & Word::WAITING != 0
    }

    fn waiting(self) -> Word {
        Word(self.0 | Word::WAITING)
    }

    fn more(self, amount: usize) -> Word {
        Word(self.0 + amount * Word::ONE)
    }

    fn less_one(self) -> Word {
        Word(self.0 - Word::ONE)
    }
}

/// What keeps a number from changing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Misuse {
    AboveMax,
    BelowZero,
}

impl Counter {
    /// Twice as much still fits beside the bit, so that a sum can be checked.
    pub(crate) const MAX: usize = usize::MAX / (2 * Word::ONE);

    const_fn! {
        pub(crate) fn new() -> Counter {
            Counter {
                word: AtomicUsize::new(0),
                list: Lock::new(WaitList::new()),
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        Word(self.word.load(Acquire)).count()
    }

    #[inline]
    pub(crate) fn add(&self, amount: usize) -> Result<(), Misuse> {
        if amount > Counter::MAX {
            return Err(Misuse::AboveMax);
        }
        let mut word = Word(self.word.load(Relaxed));
        loop {
            if word.count() + amount > Counter::MAX {
                return Err(Misuse::AboveMax);
            }
            match self.advance(word, word.more(amount)) {
                Ok(()) => return Ok(()),
                Err(newer) => word = newer,
            }
        }
    }

    /// One less. What happened before it is seen by whoever is released.
    #[inline]
    pub(crate) fn done(&self) -> Result<(), Misuse> {
        let mut word = Word(self.word.load(Relaxed));
        loop {
            match word.count() {
                0 => return Err(Misuse::BelowZero),
                1 if word.is_waiting() => return self.done_beside_list(),
                _ => {}
            }
            match self.advance(word, word.less_one()) {
                Ok(()) => return Ok(()),
                Err(newer) => word = newer,
            }
        }
    }

    #[inline]
    pub(crate) fn poll_zero(&self, wait: &mut Wait, waker: &Waker) -> Poll<()> {
        match wait.key {
            None if self.count() == 0 => Poll::Ready(()),
            None => self.poll_first(wait, waker),
            Some(key) => wait.poll_listed(key, &self.list, waker, |_| false),
        }
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) {
        if wait.is_waiting() {
            wait.end(&self.list, |list, _was| {
                if list.is_empty() {
                    self.word.fetch_and(!Word::WAITING, Relaxed);
                }
            });
        }
    }

    #[inline(never)]
    fn done_beside_list(&self) -> Result<(), Misuse> {
        let mut wakes = Wakes::new();
        let mut list = self.list.lock();
        let mut word = Word(self.word.load(Relaxed));
        let zero = loop {
            let zero = word.count() == 1;
            let next = match word.count() {
                0 => return Err(Misuse::BelowZero),
                1 => Word(0),
                _ => word.less_one(),
            };
            match self.advance(word, next) {
                Ok(()) => break zero,
                Err(newer) => word = newer,
            }
        };
        if zero {
            while let Some((_, waker)) = list.pop_front() {
                wakes.add(waker);
            }
        }
        drop(list);
        Ok(())
    }

    #[inline(never)]
    fn poll_first(&self, wait: &mut Wait, waker: &Waker) -> Poll<()> {
        let waker = waker.clone();
        let mut list = self.list.lock();
        let mut word = Word(self.word.load(Acquire));
        while word.count() != 0 {
            match self.advance(word, word.waiting()) {
                Ok(()) => {
                    wait.key = Some(list.push_back((), waker));
                    return Poll::Pending;
                }
                Err(newer) => word = newer,
            }
        }
        drop(list);
        Poll::Ready(())
    }

    #[inline]
    fn advance(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(from.0, to.0, AcqRel, Acquire)
            .map(drop)
            .map_err(Word)
    }
}
