//! What the benches share: the runtimes that they run on, and a wake-up that two tasks bounce between them;
//! and canter beside its peers.

pub mod runtimes;
pub mod versus;

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use canter_executor::runtime::{Builder, Runtime};

/// The numbers of workers that each bench runs with.
pub const WORKERS: [usize; 2] = [1, 2];

/// A runtime with that many workers.
///
/// # Panics
///
/// Panics if it can't be started.
pub fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime starts")
}

/// A flag that one task sets and another waits for.
#[derive(Debug, Default)]
pub struct Flag {
    set: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Flag {
    /// A flag that is not set.
    pub fn new() -> Arc<Flag> {
        Arc::default()
    }

    /// Sets the flag and wakes whoever waits.
    pub fn raise(&self) {
        self.set.store(true, Ordering::Release);
        let waker = self.waker.lock().expect("no panic under this lock").take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Waits until the flag is set, and takes it back.
    pub fn lowered(&self) -> Lowered<'_> {
        Lowered(self)
    }
}

/// The future of [`Flag::lowered`].
#[derive(Debug)]
pub struct Lowered<'a>(&'a Flag);

impl Future for Lowered<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.set.swap(false, Ordering::Acquire) {
            return Poll::Ready(());
        }
        *self.0.waker.lock().expect("no panic under this lock") = Some(cx.waker().clone());
        if self.0.set.swap(false, Ordering::Acquire) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

/// Lets two tasks of a runtime bounce a wake-up that many times; gives the number of times that it came back.
pub async fn ping_pong<R: runtimes::Runtime>(rounds: u64) -> u64 {
    let (ping, pong) = (Flag::new(), Flag::new());
    let (their_ping, their_pong) = (ping.clone(), pong.clone());
    let other = R::spawn(async move {
        for _ in 0..rounds {
            their_ping.lowered().await;
            their_pong.raise();
        }
    });
    let mut back = 0;
    for _ in 0..rounds {
        ping.raise();
        pong.lowered().await;
        back += 1;
    }
    other.await;
    back
}
