//! A future run to its end on the thread that asks for it.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use canter_coop::host;

use super::end::Ending;
use crate::scheduler;
use crate::sync::{Condvar, Mutex, lock};
use crate::task;

/// Operations of leaf futures before the local tasks of the thread have their turn.
const BUDGET: u32 = 128;

/// Wakes the thread that blocks.
struct Signal {
    notified: Mutex<bool>,
    condvar: Condvar,
}

impl Signal {
    fn new() -> Arc<Signal> {
        Arc::new(Signal {
            notified: Mutex::new(false),
            condvar: Condvar::new(),
        })
    }

    /// Whether a wake-up has come since the last call.
    fn take(&self) -> bool {
        std::mem::take(&mut *lock(&self.notified))
    }

    fn wait(&self) {
        let mut notified = lock(&self.notified);
        while !*notified {
            notified = self
                .condvar
                .wait(notified)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !std::mem::replace(&mut *lock(&self.notified), true) {
            self.condvar.notify_one();
        }
    }
}

thread_local! {
    /// The signal and its waker, kept for the next `block_on` of the thread; one within another makes its own.
    static KEPT: RefCell<Option<(Arc<Signal>, Waker)>> = const { RefCell::new(None) };
}

/// Runs `future` here until it ends. The local tasks of the thread run in between.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let kept = KEPT.try_with(RefCell::take).ok().flatten();
    let (signal, waker) = kept.unwrap_or_else(|| {
        let signal = Signal::new();
        (signal.clone(), Waker::from(signal))
    });
    let output = task::in_home(|home| run(pin!(future), home, &signal, &waker));
    // Whoever still has a clone of the waker may notify the next `block_on`, which then looks once in vain.
    drop(KEPT.try_with(|slot| slot.replace(Some((signal, waker)))));
    output
}

fn run<F: Future>(mut future: Pin<&mut F>, home: &task::Home, signal: &Signal, waker: &Waker) -> F::Output {
    let mut cx = Context::from_waker(waker);
    loop {
        if let (Poll::Ready(output), _) = host::poll(BUDGET, || future.as_mut().poll(&mut cx)) {
            return output;
        }
        // A worker's seat is not to stand idle while its thread waits here, be it for a task in its own queue.
        scheduler::leave_seat();
        let more = home.run_tasks(waker);
        if !signal.take() && !more {
            Ending::hand_over();
            signal.wait();
            signal.take();
        }
    }
}
