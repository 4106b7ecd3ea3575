//! Why and where a task waits.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::num::NonZeroU16;
use std::panic::Location;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::state::WAITING;

/// Why a leaf future waits, in the words of a report: `channel receive`, `mutex lock`, `sleep`.
///
/// One `static` for each kind of wait, so that a report is two pointers.
pub struct Reason {
    words: &'static str,
    ended_by: EndedBy,
    /// Where the reason stands in `NUMBERED`, counted from one; zero until somebody asks for it.
    number: AtomicU16,
}

/// Who may end a wait, so that a host can tell tasks that wait for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndedBy {
    /// Some other task or thread of the program: whoever holds the lock, or is waited for. So it is with every [new](Reason::new) reason.
    Others,
    /// As `Others`; and the memory of whoever waits shows by [marks](crate::mark) who they are.
    Holders,
    /// Not only the program, but the kernel or the clock; or it is not known.
    Anybody,
}

/// The reasons that have a number.
static NUMBERED: Mutex<Vec<&'static Reason>> = Mutex::new(Vec::new());

/// The reason of those that came when all numbers were taken.
static UNNUMBERED: Reason = Reason::new("one of too many reasons");

impl Reason {
    /// As many reasons have a number of their own. All others share one.
    pub const MOST_NUMBERS: u16 = 1 << 12;

    /// A reason with these words: lower case, no full stop, what is waited for and not by whom.
    pub const fn new(words: &'static str) -> Reason {
        Reason {
            words,
            ended_by: EndedBy::Others,
            number: AtomicU16::new(0),
        }
    }

    /// The same words for a wait that somebody else may end.
    ///
    /// ```
    /// use canter_coop::waiting::{EndedBy, Reason};
    ///
    /// static SLEEP: Reason = Reason::new("sleep").ended_by(EndedBy::Anybody);
    /// ```
    pub const fn ended_by(self, ended_by: EndedBy) -> Reason {
        Reason { ended_by, ..self }
    }

    /// Who may end the wait.
    pub const fn may_be_ended_by(&self) -> EndedBy {
        self.ended_by
    }

    /// The words.
    pub const fn as_str(&self) -> &'static str {
        self.words
    }

    /// A number that stands for the reason in this process, for a host that keeps one for each of many tasks. At most
    /// [`MOST_NUMBERS`](Reason::MOST_NUMBERS).
    #[inline]
    pub fn number(&'static self) -> NonZeroU16 {
        NonZeroU16::new(self.number.load(Relaxed)).unwrap_or_else(|| self.new_number())
    }

    /// The reason that has this number, if there is one.
    pub fn of_number(number: u16) -> Option<&'static Reason> {
        let index = usize::from(number).checked_sub(1)?;
        numbered().get(index).copied()
    }

    #[cold]
    fn new_number(&'static self) -> NonZeroU16 {
        let mut numbered = numbered();
        if numbered.len() == usize::from(Reason::MOST_NUMBERS) - 1 {
            numbered.push(&UNNUMBERED);
        }
        if self.number.load(Relaxed) == 0 {
            if numbered.len() < usize::from(Reason::MOST_NUMBERS) {
                numbered.push(self);
            }
            self.number.store(numbered.len() as u16, Relaxed);
        }
        NonZeroU16::new(self.number.load(Relaxed)).expect("it has just been set")
    }
}

fn numbered() -> MutexGuard<'static, Vec<&'static Reason>> {
    NUMBERED.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PartialEq for Reason {
    fn eq(&self, other: &Reason) -> bool {
        self.words == other.words
    }
}

impl Eq for Reason {}

impl Hash for Reason {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.words.hash(state);
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Reason").field(&self.words).finish()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words)
    }
}

/// What a task waits for, and where in the program that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub reason: &'static Reason,
    /// Where: the place of the call that made the leaf future.
    pub place: &'static Location<'static>,
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.reason, self.place)
    }
}

/// Called by a leaf future that is about to return `Pending`.
///
/// Of several reports in one poll the last one counts: a task that joins several leaves waits for each of them, and any
/// one of them says something true. Where no host polls, the report is overwritten by the next one and read by nobody.
#[inline]
pub fn report(reason: &'static Reason, place: &'static Location<'static>) {
    WAITING.set(Some(Waiting { reason, place }));
}
