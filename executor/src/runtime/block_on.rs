//! A future run to its end on the thread that asks for it.

use std::ops::Range;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::ptr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread::{self, Thread};

use canter_coop::{Signal, Waiting, host};
use slab::Slab;

use super::end::Ending;
use super::handle::Shared;
use crate::scheduler;
use crate::sync::{Mutex, lock};
use crate::task::{self, Registry};
use crate::timer::Moment;

/// Operations of leaf futures before the local tasks of the thread have their turn.
const BUDGET: u32 = 128;

/// The threads that wait in a `block_on` of one runtime.
#[derive(Default)]
pub(crate) struct Waiters(Mutex<Slab<Waiter>>);

/// A thread that waits in a `block_on`.
pub(crate) struct Waiter {
    pub(crate) thread: Thread,
    pub(crate) called_at: &'static Location<'static>,
    pub(crate) waiting: Option<Waiting>,
    pub(crate) since: Moment,
    /// The addresses between which the future lies.
    pub(crate) future: Range<usize>,
    /// The local tasks that run on this thread.
    pub(crate) local: Option<Arc<Registry>>,
}

impl Waiters {
    pub(crate) fn is_empty(&self) -> bool {
        lock(&self.0).is_empty()
    }

    /// Calls `visit` for each of them, under the lock: no user code in there.
    pub(crate) fn for_each(&self, mut visit: impl FnMut(&Waiter)) {
        lock(&self.0).iter().for_each(|(_, waiter)| visit(waiter));
    }
}

/// Whose `block_on` it is, and where it was called.
struct Call<'a> {
    shared: &'a Shared,
    called_at: &'static Location<'static>,
}

impl Call<'_> {
    /// Waits at `signal`, listed where others see it.
    fn wait(&self, signal: &Signal, waiting: Option<Waiting>, future: Range<usize>, home: &task::Home) {
        let waiters = &self.shared.waiters;
        let listed = lock(&waiters.0).insert(Waiter {
            thread: thread::current(),
            called_at: self.called_at,
            waiting,
            since: Moment::now(),
            future,
            local: home.registry(),
        });
        signal.wait(|| self.shared.scheduler.watch().stir());
        let waiter = lock(&waiters.0).remove(listed);
        drop(waiter); // without the lock
    }
}

/// Runs `future` here until it ends. The local tasks of the thread run in between.
pub(super) fn block_on<F: Future>(
    shared: &Shared,
    future: F,
    called_at: &'static Location<'static>,
) -> F::Output {
    let call = Call { shared, called_at };
    task::in_home(Some(&shared.local_tasks), |home| {
        Signal::with(|signal, waker| run(pin!(future), home, signal, waker, Some(&call)))
    })
}

/// As [`block_on`], for a leaf future, which needs no runtime: it starts none.
pub(crate) fn block_on_leaf<F: Future>(future: F) -> F::Output {
    task::in_home(None, |home| {
        Signal::with(|signal, waker| run(pin!(future), home, signal, waker, None))
    })
}

fn lies_at<F>(future: &F) -> Range<usize> {
    let start = ptr::from_ref(future).addr();
    start..start + size_of::<F>()
}

fn run<F: Future>(
    mut future: Pin<&mut F>,
    home: &task::Home,
    signal: &Signal,
    waker: &Waker,
    call: Option<&Call<'_>>,
) -> F::Output {
    let mut cx = Context::from_waker(waker);
    loop {
        let waiting = match host::poll(BUDGET, || future.as_mut().poll(&mut cx)) {
            (Poll::Ready(output), _) => return output,
            (Poll::Pending, waiting) => waiting,
        };
        // A worker's seat is not to stand idle while its thread waits here, be it for a task in its own queue.
        scheduler::leave_seat();
        let more = home.run_tasks(waker);
        if !signal.take() && !more {
            Ending::hand_over();
            match call {
                Some(call) => call.wait(signal, waiting, lies_at(&*future), home),
                None => signal.wait(|| {}),
            }
        }
    }
}
