//! What loom offers in place of the lock, the atomics and the sleep of a thread.

use std::sync::Arc;

use loom::sync::Notify;
use loom::thread::ThreadId;

pub(crate) use loom::sync::atomic;

pub(crate) struct Lock<T>(loom::sync::Mutex<T>);

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(loom::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
        self.0.lock().expect("no code that panics runs under a lock")
    }
}

/// A thread that can be unparked. Not loom's, which an `unpark` frees from any wait, be it for a lock that somebody holds.
pub(crate) struct Thread {
    id: ThreadId,
    sleep: Arc<Notify>,
}

loom::thread_local! {
    static SLEEP: Arc<Notify> = Arc::new(Notify::new());
}

pub(crate) fn current() -> Thread {
    Thread {
        id: loom::thread::current().id(),
        sleep: SLEEP.with(Arc::clone),
    }
}

/// Sleeps until this thread is unparked, or was since the last time; now and then for no reason.
pub(crate) fn park() {
    SLEEP.with(|sleep| sleep.wait());
}

impl Thread {
    pub(crate) fn id(&self) -> ThreadId {
        self.id
    }

    pub(crate) fn unpark(&self) {
        self.sleep.notify();
    }
}
