//! How many threads of this process sleep until another one wakes them.
//!
//! A program that waits for itself can be told from one that works only if every thread is known to sleep, at one moment. So whoever puts
//! a thread to sleep for good, be it a [`Signal`](crate::Signal) or an executor, counts it here.
//!
//! **The invariant:** a thread is counted at most once, and while it is counted it runs no code of the program's own, and nobody has
//! woken it. So it is counted by itself, when it has said where it can be woken, and taken out of the count *by whoever wakes it*, before
//! that can be noticed: both under the lock that guards its sleep. One that gets up by itself takes itself out.
//!
//! **What follows:** each change gives the [`Census`] another number. If two reads give the same one, then the same threads slept all the
//! time between them; and if the process had no other thread at some moment in between, then at that moment nobody was awake, nor had
//! been woken. A thread that ends or starts is awake, and not counted. `model.rs` shows this under loom.
//!
//! ```
//! use canter_coop::census;
//!
//! let before = census::read();
//! census::enter(); // this thread is about to sleep
//! assert_ne!(census::read(), before);
//! census::leave();
//! ```

use std::marker::PhantomData;

use crate::sync::atomic::{AtomicU64, Ordering::SeqCst};

crate::sync::global! {
    /// The number of changes, and below it that of the threads: both are read in one moment.
    static CENSUS: AtomicU64 = AtomicU64::new(0);
}

const ONE_CHANGE: u64 = 1 << 32;

/// Counts this thread as asleep until it is dropped: for one that only ever looks after the others, and wakes nobody where there is
/// nothing to do.
#[derive(Debug)]
#[must_use = "the thread is counted no longer than this lives"]
pub struct Counted(PhantomData<*const ()>);

impl Counted {
    /// From now on.
    pub fn here() -> Counted {
        enter();
        Counted(PhantomData)
    }

    /// Runs `f`, code of the program's own, as a thread that is awake.
    pub fn awake<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Again;
        impl Drop for Again {
            fn drop(&mut self) {
                enter();
            }
        }
        leave();
        let _again = Again;
        f()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        leave();
    }
}

/// What the count was at one moment. Two are equal if nothing changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Census(u64);

impl Census {
    /// How many threads slept.
    pub fn asleep(self) -> u32 {
        self.0 as u32
    }

    /// How many changes there have been since the process began. The number starts again after 2³² of them.
    pub fn changes(self) -> u32 {
        (self.0 / ONE_CHANGE) as u32
    }
}

/// The count at this moment. Whoever reads it sees all that the counted threads did before they were counted.
pub fn read() -> Census {
    Census(CENSUS.load(SeqCst))
}

/// Counts a thread as asleep. The invariant is told in [the module](self).
pub fn enter() {
    CENSUS.fetch_add(ONE_CHANGE + 1, SeqCst);
}

/// Takes a thread out of the count, which has been counted before.
pub fn leave() {
    CENSUS.fetch_add(ONE_CHANGE - 1, SeqCst);
}
