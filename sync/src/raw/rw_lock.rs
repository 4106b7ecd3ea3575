//! A lock for several readers, one of whom may be upgradable, or one writer, in the order of arrival.
//!
//! A reader comes in by one addition, and leaves by one subtraction. What the word was before tells it whether it is inside: the lock must
//! have been *open*, which means that nobody wrote, nobody was in line, and there was room for one more. Otherwise the reader is counted, but
//! it stands *at the door*. It looks again. If the lock has been opened, it is inside; if not, it takes itself off the word, in the same step,
//! and goes in line.
//!
//! # The word
//!
//! | part | meaning | changed |
//! | --- | --- | --- |
//! | `WRITE` | the writer is inside | set in a word with nobody else inside or at the door; cleared by the writer |
//! | `WAITING` | somebody is in line | under the list's lock |
//! | readers | those inside, and those at the door | by each of them; for those in line, under the list's lock |
//! | `UPGRADABLE` | the upgradable reader is inside | set where neither it nor `WRITE` is; cleared by that reader |
//!
//! # What holds
//!
//! 1. In an open word all readers are inside. So whoever opens the lock lets those in that stand at the door. They learn of it when they look;
//!    until then they keep a writer out, as if they had known.
//! 2. While somebody is in line, nobody comes in but the first in line, and an upgrade, which goes before it.
//! 3. When the list's lock is left, the first in line can't come in yet, or somebody whose step has changed that is about to take the lock.
//!
//! For the third: whoever leaves, or turns back at the door, does so by one operation that also reads `WAITING`, and goes through the line
//! afterwards if there is room now for one that had none. Who enlists sets `WAITING` in a word that does not let it in. And when the first in
//! line goes away, whoever removes it goes through the line.
//!
//! A reader at the door waits already, though it is in no line yet, and so others may be refused because of it. (Also an upgrade that does not
//! wait, although it goes before those in line: nobody can tell a reader at the door from one inside.) A reader that would rather be refused
//! than wait must not stand there, since two could then refuse each other: it takes its share by a compare-exchange.

use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use crate::sync::{Lock, const_fn};
use crate::wait_list::{WaitList, Was};

pub(crate) struct RwLock {
    word: AtomicUsize,
    line: Lock<WaitList<Ask>>,
}

/// What somebody has of the lock. (Public as far as a sealed trait that names it is.)
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    Nothing,
    Upgradable,
    Read,
    Write,
}

impl Share {
    /// What it adds to the word.
    const fn part(self) -> usize {
        match self {
            Share::Nothing => 0,
            Share::Upgradable => Word::UPGRADABLE,
            Share::Read => Word::READER,
            Share::Write => Word::WRITE,
        }
    }
}

/// What somebody has of the lock, and what it wants in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ask {
    has: Share,
    wants: Share,
}

impl Ask {
    pub(crate) const UPGRADE: Ask = Ask {
        has: Share::Upgradable,
        wants: Share::Write,
    };

    pub(crate) const fn new(wants: Share) -> Ask {
        Ask {
            has: Share::Nothing,
            wants,
        }
    }

    /// Whether this goes before all who wait, since nobody else may come in while it waits with what it has.
    fn goes_first(self) -> bool {
        self.has != Share::Nothing
    }
}

/// The word, read at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Word {
    const UPGRADABLE: usize = 1;
    const READER: usize = 2;
    const WAITING: usize = 1 << (usize::BITS - 2);
    const WRITE: usize = 1 << (usize::BITS - 1);

    /// With so many readers there is no room for one more. Many more still fit below `WAITING`, for those at the door.
    const FULL: usize = Word::READER << if cfg!(canter_loom) { 1 } else { usize::BITS - 4 };

    fn is_open(self) -> bool {
        self.0 < Word::FULL
    }

    fn is_waiting(self) -> bool {
        self.0 & Word::WAITING != 0
    }

    fn waiting(self) -> Word {
        Word(self.0 | Word::WAITING)
    }

    fn not_waiting(self) -> Word {
        Word(self.0 & !Word::WAITING)
    }

    fn exchanged(self, has: Share, gets: Share) -> Word {
        Word(self.0 - has.part() + gets.part())
    }

    /// Whether there is room for the first in line.
    fn has_room(self, ask: Ask) -> bool {
        match ask.wants {
            Share::Nothing => true,
            Share::Upgradable => self.0 & (Word::WRITE | Word::UPGRADABLE) == 0,
            Share::Read => self.not_waiting().is_open(),
            Share::Write => self.not_waiting().0 == ask.has.part(),
        }
    }

    /// Whether a newcomer comes in.
    fn admits(self, ask: Ask) -> bool {
        self.has_room(ask) && (ask.goes_first() || !self.is_waiting())
    }

    /// Whether somebody with such a share, who leaves a word that is this, makes room for one that had none.
    fn is_relieved_of(self, share: Share) -> bool {
        let word = self.not_waiting().0;
        let last_reader = word & !Word::UPGRADABLE == Word::READER;
        let full = (Word::FULL..Word::WRITE).contains(&word);
        share != Share::Read || last_reader || full
    }
}

impl RwLock {
    const_fn! {
        pub(crate) fn new() -> RwLock {
            RwLock {
                word: AtomicUsize::new(0),
                line: Lock::new(WaitList::new()),
            }
        }
    }

    /// For one that does not wait if it is refused.
    #[inline]
    pub(crate) fn try_acquire(&self, ask: Ask) -> bool {
        self.acquire_from(Word(ask.has.part()), ask, Word::admits)
    }

    /// For one that waits if it is refused.
    #[inline]
    pub(crate) fn arrive(&self, ask: Ask) -> bool {
        match ask.wants {
            Share::Read => self.come_in(),
            _ => self.try_acquire(ask),
        }
    }

    /// Gives back what a share is more than another one.
    #[inline]
    pub(crate) fn release(&self, has: Share, keeps: Share) {
        let difference = keeps.part().wrapping_sub(has.part());
        let word = Word(self.word.fetch_add(difference, Release));
        if word.is_waiting() {
            self.serve_line_after(word, has);
        }
    }

    /// For one that was refused, or is in line already.
    pub(crate) fn poll_wait(&self, wait: &mut Wait, ask: Ask, waker: &Waker) -> Poll<()> {
        match wait.key {
            None => self.poll_first(wait, ask, waker),
            Some(key) => wait.poll_listed(key, &self.line, waker, |_| false).map(drop),
        }
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) {
        if wait.is_waiting() {
            self.leave_line(wait);
        }
    }

    #[inline]
    fn come_in(&self) -> bool {
        let word = Word(self.word.fetch_add(Word::READER, Acquire));
        word.is_open() || self.look_again()
    }

    /// For a reader at the door: whether it is inside by now. Otherwise it has turned back.
    #[cold]
    fn look_again(&self) -> bool {
        let mut word = self.load();
        while !word.is_open() {
            match self.advance(word, word.exchanged(Share::Read, Share::Nothing)) {
                Ok(()) => {
                    if word.is_waiting() {
                        self.serve_line_after(word, Share::Read);
                    }
                    return false;
                }
                Err(newer) => word = newer,
            }
        }
        true
    }

    fn poll_first(&self, wait: &mut Wait, ask: Ask, waker: &Waker) -> Poll<()> {
        loop {
            let waker = waker.clone();
            let mut line = self.line.lock();
            if self.announce(ask) {
                wait.key = Some(if ask.goes_first() {
                    line.push_front(ask, waker)
                } else {
                    line.push_back(ask, waker)
                });
                return Poll::Pending;
            }
            drop(line);
            drop(waker); // before something is taken, which a panic in here would lose
            if self.try_acquire(ask) {
                return Poll::Ready(());
            }
        }
    }

    /// Says in the word that somebody waits, unless a newcomer comes in. The line's lock must be held.
    fn announce(&self, ask: Ask) -> bool {
        let mut word = self.load();
        while !word.admits(ask) {
            if word.is_waiting() {
                return true;
            }
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
        if let Some(ask) = popped {
            self.release(ask.wants, ask.has);
        }
    }

    /// For one who has left, with others in line: the word was this before.
    #[inline(never)]
    fn serve_line_after(&self, word: Word, share: Share) {
        if word.is_relieved_of(share) {
            let mut wakes = Wakes::new();
            let mut line = self.line.lock();
            self.serve(&mut line, &mut wakes);
            drop(line);
        }
    }

    /// Lets the first in line in, as long as there is room.
    fn serve(&self, line: &mut WaitList<Ask>, wakes: &mut Wakes) {
        while let Some(first) = line.front() {
            let ask = *line.ask(first);
            if !self.acquire_from(self.load(), ask, Word::has_room) {
                return;
            }
            if let Some((_, waker)) = line.pop_front() {
                wakes.add(waker);
            }
        }
        self.word.fetch_and(!Word::WAITING, Relaxed);
    }

    /// Takes a share as long as the word lets one. It may be a guess at first, and one that lets.
    #[inline]
    fn acquire_from(&self, mut word: Word, ask: Ask, lets: impl Fn(Word, Ask) -> bool) -> bool {
        while lets(word, ask) {
            match self.advance(word, word.exchanged(ask.has, ask.wants)) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    fn load(&self) -> Word {
        Word(self.word.load(Acquire))
    }

    /// Takes a share with it, or none. (What gives one back is [`release`](RwLock::release).)
    #[inline]
    fn advance(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(from.0, to.0, Acquire, Acquire)
            .map(drop)
            .map_err(Word)
    }
}
