//! The sleep of one thread, and how others end it.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

use crate::census;
use crate::sync::{self, Lock, Thread};

/// Where one thread waits until somebody wakes it: the [`Waker`] for a future that is polled on that thread.
///
/// A wake-up while the thread is awake is kept for its next [`wait`](Signal::wait); several are one. While it sleeps the thread is in
/// the [`census`].
///
/// # Examples
///
/// ```
/// use canter_coop::Signal;
/// use std::task::Waker;
///
/// Signal::with(|signal, waker| {
///     let waker = waker.clone();
///     let other = std::thread::spawn(move || waker.wake());
///     signal.wait(|| {});
///     other.join().unwrap();
/// });
/// ```
pub struct Signal {
    thread: Thread,
    state: Lock<State>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Awake,
    /// Woken: the next wait returns at once, and the one that goes on does.
    Notified,
    /// In the census.
    Asleep,
}

sync::of_thread! {
    /// The signal and its waker, kept for the next use on the thread; one within another makes its own.
    static KEPT: RefCell<Option<(Arc<Signal>, Waker)>> = RefCell::new(None);
}

impl Signal {
    /// Calls `f` with a signal of this thread that nobody else waits at, and with its waker.
    ///
    /// Whoever still has a waker of an earlier use may wake this one, which then looks once in vain.
    pub fn with<R>(f: impl FnOnce(&Signal, &Waker) -> R) -> R {
        let kept = KEPT.try_with(RefCell::take).ok().flatten(); // not at the end of a thread
        let (signal, waker) = kept.unwrap_or_else(|| {
            let signal = Arc::new(Signal {
                thread: sync::current(),
                state: Lock::new(State::Awake),
            });
            (signal.clone(), Waker::from(signal))
        });
        let result = f(&signal, &waker);
        drop(KEPT.try_with(|slot| slot.replace(Some((signal, waker)))));
        result
    }

    /// Whether a wake-up has come since the last time that this was asked, or that a wait ended.
    pub fn take(&self) -> bool {
        self.set_awake() == State::Notified
    }

    /// Sleeps until it is woken; returns at once if it was woken before. `asleep` is called when the thread is known to sleep, and before
    /// it does; it must not wait at this signal.
    pub fn wait(&self, asleep: impl FnOnce()) {
        {
            let mut state = self.state.lock();
            if *state == State::Notified {
                *state = State::Awake;
                return;
            }
            *state = State::Asleep;
            census::enter();
        }
        let _gets_up = GetsUp(self);
        asleep();
        while *self.state.lock() == State::Asleep {
            sync::park();
        }
    }

    fn set_awake(&self) -> State {
        let mut state = self.state.lock();
        if *state == State::Asleep {
            census::leave(); // nobody woke it
        }
        std::mem::replace(&mut *state, State::Awake)
    }
}

/// Ends a sleep, also where `asleep` panicked.
struct GetsUp<'a>(&'a Signal);

impl Drop for GetsUp<'_> {
    fn drop(&mut self) {
        self.0.set_awake();
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let before = {
            let mut state = self.state.lock();
            let before = std::mem::replace(&mut *state, State::Notified);
            if before == State::Asleep {
                census::leave(); // here, and not when the thread gets to it
            }
            before
        };
        if before == State::Asleep {
            self.thread.unpark();
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("thread", &self.thread.id())
            .finish_non_exhaustive()
    }
}
