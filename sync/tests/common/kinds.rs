//! Each way to wait at a lock, as one type.

use std::pin::Pin;
use std::task::{Context, Poll};

use canter_sync::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard};

/// The locks of one test.
#[derive(Default)]
pub struct Locks {
    pub mutex: Mutex<u32>,
    pub rw_lock: RwLock<u32>,
    pub condvar: Condvar,
}

impl Locks {
    /// Whether nobody holds one, and nobody waits at one.
    pub fn are_free(&self) -> bool {
        self.mutex.try_lock().is_some() && self.rw_lock.try_write().is_some()
    }
}

/// A way to wait.
pub struct Kind {
    pub name: &'static str,
    pub crowd: Crowd,
    hold: for<'a> fn(&'a Locks) -> Held<'a>,
    wait: for<'a> fn(&'a Locks) -> Waits<'a>,
}

impl Kind {
    /// Keeps those waiting that come afterwards. The drop lets the first one go.
    pub fn hold<'a>(&self, locks: &'a Locks) -> Held<'a> {
        (self.hold)(locks)
    }

    /// Waits, and keeps the others waiting then.
    pub fn wait<'a>(&self, locks: &'a Locks) -> Waits<'a> {
        (self.wait)(locks)
    }
}

/// How many get in at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowd {
    /// One, and nobody else can wait meanwhile.
    Alone,
    One,
    All,
}

/// Holds until it is dropped.
pub type Held<'a> = Box<dyn Anything + 'a>;

/// A wait, which can be moved and polled again after a panic.
pub type Waits<'a> = Pin<Box<dyn Future<Output = Held<'a>> + 'a>>;

/// What is kept for its drop.
pub trait Anything {}

impl<T> Anything for T {}

/// Makes of what a future gives that which is held.
struct Then<'a, F: Future>(F, Box<dyn Fn(F::Output) -> Held<'a> + 'a>);

impl<'a, F: Future + Unpin> Future for Then<'a, F> {
    type Output = Held<'a>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Held<'a>> {
        let polled = Pin::new(&mut self.0).poll(cx);
        polled.map(|output| (self.1)(output))
    }
}

fn waits<'a, F: Future<Output: 'a> + Unpin + 'a>(future: F) -> Waits<'a> {
    Box::pin(Then(future, Box::new(|guard| Box::new(guard))))
}

/// Tells one when it is dropped.
struct Tells<'a>(&'a Condvar);

impl Drop for Tells<'_> {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

const FREE: &str = "nobody has it";

pub const KINDS: [Kind; 6] = [
    Kind {
        name: "mutex lock",
        crowd: Crowd::One,
        hold: |locks| Box::new(locks.mutex.try_lock().expect(FREE)),
        wait: |locks| waits(locks.mutex.lock()),
    },
    Kind {
        name: "rwlock read",
        crowd: Crowd::All,
        hold: |locks| Box::new(locks.rw_lock.try_write().expect(FREE)),
        wait: |locks| waits(locks.rw_lock.read()),
    },
    Kind {
        name: "rwlock upgradable read",
        crowd: Crowd::One,
        hold: |locks| Box::new(locks.rw_lock.try_upgradable_read().expect(FREE)),
        wait: |locks| waits(locks.rw_lock.upgradable_read()),
    },
    Kind {
        name: "rwlock write",
        crowd: Crowd::One,
        hold: |locks| Box::new(locks.rw_lock.try_read().expect(FREE)),
        wait: |locks| waits(locks.rw_lock.write()),
    },
    Kind {
        name: "rwlock upgrade",
        crowd: Crowd::Alone,
        hold: |locks| Box::new(locks.rw_lock.try_read().expect(FREE)),
        wait: |locks| {
            let guard = locks.rw_lock.try_upgradable_read().expect(FREE);
            waits(RwLockUpgradableReadGuard::upgrade(guard))
        },
    },
    Kind {
        name: "condvar",
        crowd: Crowd::One,
        hold: |locks| Box::new(Tells(&locks.condvar)),
        wait: |locks| {
            let told = locks.condvar.wait(locks.mutex.try_lock().expect(FREE));
            Box::pin(Then(
                told,
                Box::new(|guard| Box::new((guard, Tells(&locks.condvar)))),
            ))
        },
    },
];
