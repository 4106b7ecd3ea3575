//! A notification for one, which is kept until somebody takes it, or for all that wait.
//!
//! # The word
//!
//! | part | meaning | changed |
//! | --- | --- | --- |
//! | `NOTIFIED` | one notification is kept | set while nobody is in line; cleared by whoever takes it |
//! | `WAITING` | somebody is in line | under the list's lock |
//! | generation | how often all were notified | by whoever notifies all; beside `WAITING` under the list's lock |
//!
//! A waiter belongs to the generation in which it was made: it is over as soon as the word shows another one.
//!
//! While `WAITING` is set, `NOTIFIED` is not, and the word is changed under the list's lock alone.

use std::task::{Poll, Waker};

use canter_coop::Wakes;

use super::Wait;
use crate::sync::atomic::AtomicUsize;
use crate::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use crate::sync::{Lock, const_fn};
use crate::wait_list::WaitList;

pub(crate) struct Event {
    word: AtomicUsize,
    line: Lock<WaitList<Notified>>,
}

/// Who was meant by the notification that a waiter got.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Notified {
    NotYet,
    One,
    All,
}

/// What somebody was told, which is to be passed on if it is dropped before it looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Unseen {
    Nothing,
    /// One that was meant for any one.
    Notification,
}

impl Notified {
    fn unseen(self) -> Unseen {
        match self {
            Notified::One => Unseen::Notification,
            Notified::NotYet | Notified::All => Unseen::Nothing,
        }
    }
}

/// The number of notifications of all that came before something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(usize);

/// The word, read at one moment.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Word(usize);

impl Word {
    const NOTIFIED: usize = 1;
    const WAITING: usize = 2;
    const GENERATION: usize = 4;

    fn is_notified(self) -> bool {
        self.0 & Word::NOTIFIED != 0
    }

    fn is_waiting(self) -> bool {
        self.0 & Word::WAITING != 0
    }

    fn generation(self) -> Generation {
        Generation(self.0 / Word::GENERATION)
    }

    fn notified(self) -> Word {
        Word(self.0 | Word::NOTIFIED)
    }

    fn not_notified(self) -> Word {
        Word(self.0 & !Word::NOTIFIED)
    }

    fn waiting(self) -> Word {
        Word(self.0 | Word::WAITING)
    }

    fn not_waiting(self) -> Word {
        Word(self.0 & !Word::WAITING)
    }

    /// All have been notified, so nobody is in line.
    fn next_generation(self) -> Word {
        Word(self.0.wrapping_add(Word::GENERATION) & !Word::WAITING)
    }
}

impl Event {
    const_fn! {
        pub(crate) fn new() -> Event {
            Event {
                word: AtomicUsize::new(0),
                line: Lock::new(WaitList::new()),
            }
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        Word(self.word.load(Acquire)).generation()
    }

    /// The first in line is notified, or the next one that comes.
    pub(crate) fn notify_one(&self) {
        let mut word = self.load();
        while !word.is_waiting() {
            match self.advance(word, word.notified()) {
                Ok(()) => return,
                Err(newer) => word = newer,
            }
        }
        self.notify_line(|| {
            self.word.fetch_or(Word::NOTIFIED, AcqRel);
        });
    }

    /// The first in line is notified, if there is one.
    pub(crate) fn notify_waiting(&self) {
        if self.load().is_waiting() {
            self.notify_line(|| {});
        }
    }

    fn notify_line(&self, nobody: impl FnOnce()) {
        let mut wakes = Wakes::new();
        let mut line = self.line.lock();
        match line.pop_front() {
            Some((key, waker)) => {
                *line.ask_mut(key) = Notified::One;
                wakes.add(waker);
                self.line_changed(&line);
            }
            None => nobody(),
        }
        drop(line);
    }

    pub(crate) fn notify_all(&self) {
        let mut word = self.load();
        while !word.is_waiting() {
            match self.advance(word, word.next_generation()) {
                Ok(()) => return,
                Err(newer) => word = newer,
            }
        }
        let mut wakes = Wakes::new();
        let mut line = self.line.lock();
        word = self.load();
        while let Err(newer) = self.advance(word, word.next_generation()) {
            word = newer;
        }
        while let Some((key, waker)) = line.pop_front() {
            *line.ask_mut(key) = Notified::All;
            wakes.add(waker);
        }
        drop(line);
    }

    pub(crate) fn poll_notified(
        &self,
        wait: &mut Wait,
        generation: Generation,
        waker: &Waker,
    ) -> Poll<Unseen> {
        match wait.key {
            None => self.poll_first(wait, generation, waker),
            Some(key) => wait
                .poll_listed(key, &self.line, waker, |_| false)
                .map(Notified::unseen),
        }
    }

    /// Ends a wait whose future is dropped.
    #[inline]
    pub(crate) fn cancel(&self, wait: &mut Wait) -> Unseen {
        if !wait.is_waiting() {
            return Unseen::Nothing;
        }
        wait.end(&self.line, |line, _was| self.line_changed(line))
            .map_or(Unseen::Nothing, Notified::unseen)
    }

    fn poll_first(&self, wait: &mut Wait, generation: Generation, waker: &Waker) -> Poll<Unseen> {
        loop {
            if let Some(unseen) = self.take(generation) {
                return Poll::Ready(unseen);
            }
            let waker = waker.clone();
            let mut line = self.line.lock();
            if self.announce(generation) {
                wait.key = Some(line.push_back(Notified::NotYet, waker));
                return Poll::Pending;
            }
            drop(line);
            drop(waker); // before something is taken, which a panic in here would lose
        }
    }

    /// Says in the word that somebody waits, unless there is something to take. The line's lock must be held.
    fn announce(&self, generation: Generation) -> bool {
        let mut word = Word(self.word.load(Acquire));
        while word.generation() == generation && !word.is_notified() {
            match self.advance(word, word.waiting()) {
                Ok(()) => return true,
                Err(newer) => word = newer,
            }
        }
        false
    }

    fn take(&self, generation: Generation) -> Option<Unseen> {
        let mut word = Word(self.word.load(Acquire));
        while word.generation() == generation {
            if !word.is_notified() {
                return None;
            }
            match self.advance(word, word.not_notified()) {
                Ok(()) => return Some(Unseen::Notification),
                Err(newer) => word = newer,
            }
        }
        Some(Unseen::Nothing)
    }

    /// For whoever has the list's lock and took somebody off the list.
    fn line_changed(&self, line: &WaitList<Notified>) {
        if line.is_empty() {
            self.word.store(self.load().not_waiting().0, Release);
        }
    }

    fn load(&self) -> Word {
        Word(self.word.load(Relaxed))
    }

    fn advance(&self, from: Word, to: Word) -> Result<(), Word> {
        self.word
            .compare_exchange_weak(from.0, to.0, AcqRel, Acquire)
            .map(drop)
            .map_err(Word)
    }
}
