//! The locks under loom: the code that ships, with loom's locks and atomics.
//!
//! ```sh
//! RUSTFLAGS="--cfg canter_loom" cargo test -p canter-sync --release --lib --target-dir target/loom -- model
//! ```
//!
//! What a lock guards is a cell of loom's, which reports two that use it at once, and those whose uses are not ordered.

mod barrier;
mod condvar;
mod event;
mod mutex;
mod once;
mod rw_lock;
mod semaphore;
mod wait_group;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::Cell;
use loom::sync::Notify;
use loom::thread;

use crate::Mutex;

struct Unpark(Notify);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Polls a future on this thread of the model until it ends.
fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark(Notify::new()));
    let waker = Waker::from(unpark.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        unpark.0.wait();
    }
}

/// Polls once and drops what has not ended by then.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls twice and drops what has not ended by then.
fn poll_twice<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn spawn_on<L: Send + Sync + 'static>(
    lock: &Arc<L>,
    run: impl FnOnce(&L) + Send + 'static,
) -> thread::JoinHandle<()> {
    let lock = lock.clone();
    thread::spawn(move || run(&lock))
}

fn count_up(number: &Cell<usize>) {
    number.set(number.get() + 1);
}

fn locked_once(mutex: &Mutex<Cell<usize>>) {
    count_up(&block_on(mutex.lock()));
}

fn locked_twice(mutex: &Mutex<Cell<usize>>) {
    locked_once(mutex);
    locked_once(mutex);
}
