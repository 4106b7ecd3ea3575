//! A mutex that whoever comes may take, until it has passed by the first in line too often.
//!
//! A newcomer takes a mutex that is free, although others wait: a task that has just been woken needs longer to run than most sections take,
//! and a mutex that stood still for so long would be slower than its tasks. So the first in line is *called* when the mutex becomes free,
//! stays in line, and competes for it. Each section that another one had in between, and each time the first one came in vain, counts; when
//! it was too often, the mutex is not freed any more, it is *handed over* to the first in line.
//!
//! # The word
//!
//! | part | meaning | changed |
//! | --- | --- | --- |
//! | `LOCKED` | somebody has the mutex | set by whoever finds it clear; cleared by whoever has the mutex |
//! | `WAITING` | somebody is in line | under the list's lock |
//! | `CALLED` | the first in line has been woken, and will look | under the list's lock |
//! | passed by | how often the first in line was passed by | by whoever unlocks, or under the list's lock |
//!
//! # What holds
//!
//! 1. If the mutex is free and somebody is in line, then the first in line has been called. So nobody waits for a mutex that is free.
//! 2. While somebody holds both the mutex and the list's lock nobody else changes the word.
//!
//! For the first: who unlocks a mutex with somebody in line, and nobody called, takes the list's lock first, and calls the first one in the
//! same section in which it clears the word. Who enlists sets `WAITING` only in a word that is locked. Who was called and finds the mutex
//! locked clears `CALLED` in a word that is locked, so that the one who has it calls again. And one that was called and is dropped passes
//! the call on.

use std::hint;
use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::atomic::AtomicU32;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::{Lock, const_fn};
use crate::wait_list::{Key, WaitList, Was};

pub(crate) struct Mutex {
    word: AtomicU32,
    line: Lock<WaitList<Called>>,
}

/// Whether a waiter was called and has not looked yet. Only the first in line can be.
type Called = bool;

/// The word, read at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(u32);

impl Word {
    const FREE: Word = Word(0);
    const LOCKED: u32 = 1;
    const WAITING: u32 = 2;
    const CALLED: u32 = 4;
    const PASSED_BY: u32 = 8;

    /// So many sections of others have passed by the first in line before the mutex is handed over to it.
    const PATIENCE: u32 = Word::PASSED_BY * if cfg!(canter_loom) { 2 } else { 64 };
    /// What a look in vain counts, in sections.
    const IN_VAIN: u32 = Word::PATIENCE / 2;

    fn is_locked(self) -> bool {
        self.0 & Word::LOCKED != 0
    }

    fn is_called(self) -> bool {
        self.0 & Word::CALLED != 0
    }

    fn patience_is_over(self) -> bool {
        self.0 >= Word::PATIENCE
    }

    fn locked(self) -> Word {
        Word(self.0 | Word::LOCKED)
    }

    fn waiting(self) -> Word {
        Word(self.0 | Word::WAITING)
    }

    fn called(self) -> Word {
        Word(self.0 | Word::CALLED)
    }

    fn not_called(self) -> Word {
        Word(self.0 & !Word::CALLED)
    }

    /// Free, after one more section that the first in line did not have.
    fn passed_by(self) -> Word {
        Word(self.0 - Word::LOCKED + Word::PASSED_BY)
    }

    fn looked_in_vain(self) -> Word {
        Word(self.not_called().0 + Word::IN_VAIN)
    }

    /// Locked, and nothing has happened yet to the first in line, if there is one.
    fn locked_before(line: &WaitList<Called>) -> Word {
        if line.is_empty() {
            Word(Word::LOCKED)
        } else {
            Word(Word::LOCKED | Word::WAITING)
        }
    }
}

impl Mutex {
    /// How often a newcomer looks again before it waits: the section may be over in a moment.
    const SPINS: u32 = if cfg!(canter_loom) { 0 } else { 24 };

    const_fn! {
        pub(crate) fn new() -> Mutex {
            Mutex {
                word: AtomicU32::new(0),
                line: Lock::new(WaitList::new()),
            }
        }
    }

    #[inline]
    pub(crate) fn try_lock(&self) -> bool {
        let locked = self
            .word
            .compare_exchange(Word::FREE.0, Word::LOCKED, Acquire, Relaxed);
        match locked {
            Ok(_) => true,
            Err(word) => self.try_lock_from(Word(word)),
        }
    }

    #[inline]
    fn try_lock_from(&self, mut word: Word) -> bool {
        while !word.is_locked() {
            match self.advance(word, word.locked()) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    #[inline]
    pub(crate) fn is_locked(&self) -> bool {
        self.load().is_locked()
    }

    /// Whoever calls this must have the mutex.
    #[inline]
    pub(crate) fn unlock(&self) {
        let unlocked = self
            .word
            .compare_exchange(Word::LOCKED, Word::FREE.0, Release, Relaxed);
        if let Err(word) = unlocked {
            self.unlock_beside_line(Word(word));
        }
    }

    #[inline]
    pub(crate) fn poll_lock(&self, wait: &mut Wait, waker: &Waker) -> Poll<()> {
        match wait.key {
            None if self.try_lock() => Poll::Ready(()),
            None => self.poll_first(wait, waker),
            Some(key) => wait
                .poll_listed(key, &self.line, waker, |line| self.lock_listed(line, key))
                .map(drop),
        }
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) {
        if wait.is_waiting() {
            self.leave_line(wait);
        }
    }

    #[inline(never)]
    fn unlock_beside_line(&self, mut word: Word) {
        while word.is_called() && !word.patience_is_over() {
            match self.advance(word, word.passed_by()) {
                Ok(()) => return,
                Err(newer) => word = newer,
            }
        }
        let mut wakes = Wakes::new();
        let mut line = self.line.lock();
        let word = self.load();
        match line.front() {
            None => self.set(Word::FREE),
            Some(first) if word.patience_is_over() => {
                line.unlink(first);
                wakes.add(line.take_waker(first));
                self.set(Word::locked_before(&line));
            }
            Some(first) => {
                if !word.is_called() {
                    wakes.add(call(&mut line, first));
                }
                self.set(word.called().passed_by());
            }
        }
        drop(line);
    }

    #[inline(never)]
    fn poll_first(&self, wait: &mut Wait, waker: &Waker) -> Poll<()> {
        if self.spin() {
            return Poll::Ready(());
        }
        loop {
            let waker = waker.clone();
            let mut line = self.line.lock();
            if self.announce() {
                wait.key = Some(line.push_back(false, waker));
                return Poll::Pending;
            }
            drop(line);
            drop(waker); // before the mutex is taken, which a panic in here would keep locked
            if self.try_lock() {
                return Poll::Ready(());
            }
        }
    }

    /// Says in the word that somebody waits, unless the mutex is free. The list's lock must be held.
    fn announce(&self) -> bool {
        let mut word = self.load();
        while word.is_locked() {
            match self.advance(word, word.waiting()) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    fn spin(&self) -> bool {
        for _ in 0..Self::SPINS {
            let word = self.load();
            if word.0 & Word::WAITING != 0 {
                break;
            }
            if !word.is_locked() && self.try_lock_from(word) {
                return true;
            }
            hint::spin_loop();
        }
        false
    }

    /// Takes the mutex for one in line, who then leaves the line, or notes that it came in vain.
    fn lock_listed(&self, line: &mut WaitList<Called>, key: Key) -> bool {
        let called = *line.ask(key);
        let mut word = self.load();
        loop {
            if word.is_locked() && !called {
                return false;
            }
            let next = if word.is_locked() {
                word.looked_in_vain()
            } else {
                word.locked()
            };
            match self.advance(word, next) {
                Ok(()) => break,
                Err(newer) => word = newer,
            }
        }
        if word.is_locked() {
            *line.ask_mut(key) = false;
            return false;
        }
        if line.unlink(key) == Was::First {
            self.set(Word::locked_before(line));
        }
        true
    }

    fn leave_line(&self, wait: &mut Wait) {
        let mut wakes = Wakes::new();
        let handed_over = wait.end(&self.line, |line, was| {
            if was == Was::First {
                self.replace_first(line, &mut wakes);
            }
        });
        if handed_over.is_some() {
            self.unlock();
        }
    }

    /// The first in line has gone without the mutex: the next one takes its place, and its call if it had one.
    fn replace_first(&self, line: &mut WaitList<Called>, wakes: &mut Wakes) {
        let mut word = self.load();
        loop {
            let next = match line.front() {
                _ if word.is_locked() => Word::locked_before(line),
                Some(_) => Word::FREE.waiting().called(),
                None => Word::FREE,
            };
            match self.advance(word, next) {
                Ok(()) => break,
                Err(newer) => word = newer,
            }
        }
        if word.is_locked() {
            return; // whoever unlocks it calls
        }
        if let Some(first) = line.front() {
            wakes.add(call(line, first));
        }
    }

    fn load(&self) -> Word {
        Word(self.word.load(Relaxed))
    }

    /// Takes the mutex with it, gives it back with it, or neither.
    #[inline]
    fn advance(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(from.0, to.0, AcqRel, Relaxed)
            .map(drop)
            .map_err(Word)
    }

    /// For whoever has both the mutex and the list's lock.
    fn set(&self, word: Word) {
        self.word.store(word.0, Release);
    }
}

fn call(line: &mut WaitList<Called>, first: Key) -> Option<Waker> {
    *line.ask_mut(first) = true;
    line.take_waker(first)
}
