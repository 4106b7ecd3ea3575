//! A number of permits that are given out in the order of arrival.
//!
//! # The word
//!
//! | part | meaning | changed |
//! | --- | --- | --- |
//! | `CLOSED` | no more permits are given out | set once, under the list's lock |
//! | `WAITING` | somebody is in line | under the list's lock |
//! | permits | those that nobody has | added by anybody; taken by newcomers while `WAITING` is clear, or for the first in line |
//!
//! # What holds
//!
//! 1. While somebody is in line, permits are taken for the first in line alone: whoever asks for many is not passed by.
//! 2. When the list's lock is left, the first in line asks for more permits than there are, or somebody who added some is about to take the
//!    lock.
//!
//! For the second: permits are added by one operation that also reads `WAITING`; who finds it set goes through the line afterwards. Who
//! enlists sets `WAITING` in a word with too few permits. And when the first in line goes away, whoever removes it goes through the line.

use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::sync::{Lock, const_fn};
use crate::wait_list::{WaitList, Was};

pub(crate) struct Semaphore {
    word: AtomicUsize,
    line: Lock<WaitList<Ask>>,
}

#[derive(Clone, Copy)]
struct Ask {
    permits: usize,
    closed: bool,
}

/// How an attempt to get permits ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Acquired {
    Yes,
    TooFew,
    Closed,
}

/// The word, read at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Word {
    const CLOSED: usize = 1;
    const WAITING: usize = 2;
    const PERMIT: usize = 4;

    fn permits(self) -> usize {
        self.0 / Word::PERMIT
    }

    fn is_closed(self) -> bool {
        self.0 & Word::CLOSED != 0
    }

    fn is_waiting(self) -> bool {
        self.0 & Word::WAITING != 0
    }

    fn less(self, permits: usize) -> Word {
        Word(self.0 - permits * Word::PERMIT)
    }

    fn waiting(self) -> Word {
        Word(self.0 | Word::WAITING)
    }

    /// Whether a newcomer gets so many.
    fn offers(self, permits: usize) -> Acquired {
        if self.is_closed() {
            Acquired::Closed
        } else if self.permits() < permits || self.is_waiting() {
            Acquired::TooFew
        } else {
            Acquired::Yes
        }
    }
}

impl Semaphore {
    pub(crate) const MAX_PERMITS: usize = usize::MAX / Word::PERMIT;

    const_fn! {
        /// At most [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        pub(crate) fn new(permits: usize) -> Semaphore {
            Semaphore {
                word: AtomicUsize::new(permits * Word::PERMIT),
                line: Lock::new(WaitList::new()),
            }
        }
    }

    pub(crate) fn available(&self) -> usize {
        self.load().permits()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.load().is_closed()
    }

    #[inline]
    pub(crate) fn try_acquire(&self, permits: usize) -> Acquired {
        let mut word = self.load();
        loop {
            match word.offers(permits) {
                Acquired::Yes => match self.advance(word, word.less(permits)) {
                    Ok(()) => return Acquired::Yes,
                    Err(newer) => word = newer,
                },
                refused => return refused,
            }
        }
    }

    /// Gives back permits that were acquired.
    #[inline]
    pub(crate) fn release(&self, permits: usize) {
        let word = Word(self.word.fetch_add(permits * Word::PERMIT, Release));
        debug_assert!(word.permits() + permits <= Semaphore::MAX_PERMITS);
        if word.is_waiting() {
            self.serve_line();
        }
    }

    /// Takes away as many as there are, and at most so many. Says how many.
    pub(crate) fn forget(&self, permits: usize) -> usize {
        let mut word = self.load();
        loop {
            let forgotten = permits.min(word.permits());
            match self.advance(word, word.less(forgotten)) {
                Ok(()) => return forgotten,
                Err(newer) => word = newer,
            }
        }
    }

    /// Adds permits, unless there would be more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
    pub(crate) fn try_add(&self, permits: usize) -> Result<(), TooMany> {
        let mut word = self.load();
        loop {
            match word.permits().checked_add(permits) {
                Some(sum) if sum <= Semaphore::MAX_PERMITS => {}
                _ => return Err(TooMany),
            }
            match self.advance(word, Word(word.0 + permits * Word::PERMIT)) {
                Ok(()) => break,
                Err(newer) => word = newer,
            }
        }
        if word.is_waiting() {
            self.serve_line();
        }
        Ok(())
    }

    /// Refuses those that wait, and all that come.
    pub(crate) fn close(&self) {
        let mut wakes = Wakes::new();
        let mut line = self.line.lock();
        self.word.fetch_or(Word::CLOSED, AcqRel);
        while let Some((key, waker)) = line.pop_front() {
            line.ask_mut(key).closed = true;
            wakes.add(waker);
        }
        self.word.fetch_and(!Word::WAITING, Release);
        drop(line);
    }

    /// Ready with `Yes` or `Closed`.
    #[inline]
    pub(crate) fn poll_acquire(&self, wait: &mut Wait, permits: usize, waker: &Waker) -> Poll<Acquired> {
        let Some(key) = wait.key else {
            return match self.try_acquire(permits) {
                Acquired::TooFew => self.poll_first(wait, permits, waker),
                acquired => Poll::Ready(acquired),
            };
        };
        let popped = wait.poll_listed(key, &self.line, waker, |_| false);
        popped.map(|ask| {
            if ask.closed {
                Acquired::Closed
            } else {
                Acquired::Yes
            }
        })
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) {
        if wait.is_waiting() {
            self.leave_line(wait);
        }
    }

    #[inline(never)]
    fn poll_first(&self, wait: &mut Wait, permits: usize, waker: &Waker) -> Poll<Acquired> {
        loop {
            let waker = waker.clone();
            let mut line = self.line.lock();
            if self.announce(permits) {
                let ask = Ask {
                    permits,
                    closed: false,
                };
                wait.key = Some(line.push_back(ask, waker));
                return Poll::Pending;
            }
            drop(line);
            drop(waker); // before something is taken, which a panic in here would lose
            match self.try_acquire(permits) {
                Acquired::TooFew => {}
                acquired => return Poll::Ready(acquired),
            }
        }
    }

    /// Says in the word that somebody waits, unless a newcomer would get so many, or be refused. The line's lock must be held.
    fn announce(&self, permits: usize) -> bool {
        let mut word = self.load();
        while word.offers(permits) == Acquired::TooFew {
            match self.advance(word, word.waiting()) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    fn leave_line(&self, wait: &mut Wait) {
        let mut wakes = Wakes::new();
        let popped = wait.end(&self.line, |line, was| {
            if was == Was::First {
                self.serve(line, &mut wakes);
            }
        });
        drop(wakes);
        match popped {
            Some(ask) if !ask.closed => self.release(ask.permits),
            _ => {}
        }
    }

    #[inline(never)]
    fn serve_line(&self) {
        let mut wakes = Wakes::new();
        let mut line = self.line.lock();
        self.serve(&mut line, &mut wakes);
        drop(line);
    }

    /// Gives permits to the first in line, as long as there are enough.
    fn serve(&self, line: &mut WaitList<Ask>, wakes: &mut Wakes) {
        while let Some(first) = line.front() {
            if !self.take(line.ask(first).permits) {
                return;
            }
            if let Some((_, waker)) = line.pop_front() {
                wakes.add(waker);
            }
        }
        self.word.fetch_and(!Word::WAITING, Release);
    }

    /// For the first in line, if there are so many.
    fn take(&self, permits: usize) -> bool {
        let mut word = self.load();
        while word.permits() >= permits {
            match self.advance(word, word.less(permits)) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    fn load(&self) -> Word {
        Word(self.word.load(Acquire))
    }

    /// Takes permits with it, gives some back with it, or neither.
    #[inline]
    fn advance(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(from.0, to.0, AcqRel, Acquire)
            .map(drop)
            .map_err(Word)
    }
}

/// More permits than a semaphore can count.
#[derive(Debug)]
pub(crate) struct TooMany;
