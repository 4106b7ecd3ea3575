//! smol's global executor, with the channel of its family, and a count with an event of its family.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::Duration;

use async_channel::{Receiver, Sender};
use event_listener::{Event, listener};

use super::{Equipped, Runtime, Tools};

/// smol's global executor. It lives for ever: the first start in a process says how many threads it has.
#[derive(Debug)]
pub struct Smol(());

impl Equipped for Smol {
    type Tools = SmolTools;
}

impl Runtime for Smol {
    const NAME: &'static str = "smol";

    fn start(workers: usize) -> Smol {
        static STARTED: Once = Once::new();
        STARTED.call_once(|| {
            #[expect(
                unsafe_code,
                reason = "smol takes its number of threads from the environment alone"
            )]
            // SAFETY: the accesses of Rust's standard library exclude each other, and none of the threads that may run
            // already calls C code that reads the environment.
            unsafe {
                std::env::set_var("SMOL_THREADS", workers.to_string());
            }
            smol::spawn(async {}).detach(); // starts the threads
        });
        Smol(())
    }

    fn block_on<F: Future>(&self, future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        smol::spawn(future)
    }

    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        smol::spawn(future).detach();
    }

    fn yield_now() -> impl Future<Output = ()> + Send {
        smol::future::yield_now()
    }

    async fn sleep(duration: Duration) {
        smol::Timer::after(duration).await;
    }

    fn timeout<F: Future<Output: Send> + Send>(
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send {
        let in_time = async { Some(future.await) };
        let too_late = async move {
            smol::Timer::after(duration).await;
            None
        };
        smol::future::or(in_time, too_late)
    }
}

/// async-channel, and a count with event-listener's `Event`.
#[derive(Debug)]
pub struct SmolTools;

/// How many tasks have not ended.
struct Left {
    tasks: AtomicUsize,
    none: Event,
}

impl Tools for SmolTools {
    type Sender = Sender<u64>;
    type Receiver = Receiver<u64>;

    fn channel(capacity: usize) -> (Sender<u64>, Receiver<u64>) {
        async_channel::bounded(capacity)
    }

    async fn send(sender: &Sender<u64>, message: u64) {
        sender.send(message).await.expect("the receiver is there");
    }

    async fn receive(receiver: &mut Receiver<u64>) -> Option<u64> {
        receiver.recv().await.ok()
    }

    async fn run_all<R, F>(tasks: impl Iterator<Item = F> + Send)
    where
        R: Equipped<Tools = SmolTools>,
        F: Future<Output = ()> + Send + 'static,
    {
        let left = Arc::new(Left {
            tasks: AtomicUsize::new(0),
            none: Event::new(),
        });
        for task in tasks {
            left.tasks.fetch_add(1, Ordering::Relaxed);
            let left = left.clone();
            R::go(async move {
                task.await;
                if left.tasks.fetch_sub(1, Ordering::AcqRel) == 1 {
                    left.none.notify(usize::MAX);
                }
            });
        }
        loop {
            listener!(left.none => none);
            if left.tasks.load(Ordering::Acquire) == 0 {
                break;
            }
            none.await;
        }
    }
}
