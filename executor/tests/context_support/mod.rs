//! Polling by hand, wakers that are watched, and what a context says of its followers.

#![expect(dead_code, reason = "each test file uses its part")]

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{self, Poll, Wake, Waker};
use std::time::Duration;

use canter_executor::context::Context;

/// Longer than any test lasts.
pub const FAR: Duration = Duration::from_secs(3600);

/// Counts how often its waker was called; the count of its references tells how many wakers there are.
#[derive(Default)]
pub struct Flag(AtomicUsize);

impl Flag {
    pub fn new() -> Arc<Flag> {
        Arc::default()
    }

    pub fn wakes(&self) -> usize {
        self.0.load(SeqCst)
    }

    /// How many wakers of this flag are kept somewhere.
    pub fn wakers(self: &Arc<Flag>) -> usize {
        Arc::strong_count(self) - 1
    }

    /// Polls a future once, for this flag.
    pub fn poll<F: Future + Unpin>(self: &Arc<Flag>, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(self.clone());
        pin!(future).poll(&mut task::Context::from_waker(&waker))
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Flag>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Flag>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// Calls a function when it is woken, and once more when it is dropped.
pub struct Hook<F: Fn()>(pub F);

impl<F: Fn() + Send + Sync + 'static> Hook<F> {
    pub fn waker(hook: F) -> Waker {
        Waker::from(Arc::new(Hook(hook)))
    }
}

impl<F: Fn() + Send + Sync + 'static> Wake for Hook<F> {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

impl<F: Fn()> Drop for Hook<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Polls a future once, with this waker.
pub fn poll_with<F: Future + Unpin>(waker: &Waker, future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut task::Context::from_waker(waker))
}

/// Asserts how many children, waiters and functions a context has, which only its `Debug` form tells.
#[track_caller]
pub fn assert_followers(ctx: &Context, children: usize, waiters: usize, functions: usize) {
    let wanted = format!("Followers {{ children: {children}, waiters: {waiters}, functions: {functions} }}");
    let debug = format!("{ctx:?}");
    assert!(debug.contains(&wanted), "{debug} is not {wanted}");
}

/// A function that tells when it runs; where it is dropped before, receiving says so.
pub fn told() -> (impl FnOnce() + Send + 'static, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel();
    let tell = move || sender.send(()).expect("the test listens");
    (tell, receiver)
}

/// Runs a test on a stack that recursion over a deep tree would overflow.
pub fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(192 * 1024).spawn(test);
    thread
        .expect("a thread can be had")
        .join()
        .expect("the test passes");
}

/// Lets another thread, or the worker that a timer needs, have the processor.
pub fn pause() {
    std::thread::sleep(Duration::from_millis(1));
}
