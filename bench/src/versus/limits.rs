//! What the machine needs at least: single steps that no runtime can do without where it needs them at all. Each is a line
//! in the rows that it bounds, and is done a number of times of its own, so that it is as exact in every row.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

use super::timing::{expect_count, nanos_each, warm_up};
use super::{Contender, Failure, Run};

/// The size of an allocation: about that of a small task.
const BYTES: usize = 64;

/// How many allocations go to the other thread at once: as many tasks are there at once in the rows of spawning.
const BATCH: u64 = 1_000;

/// The limit of what needs an atomic operation.
pub(super) fn atomic() -> Contender {
    Contender::limit("atomic-add", atomic_add)
}

/// The limits of what needs an allocation: freed by the thread that made it, and by another one.
pub(super) fn allocation() -> [Contender; 2] {
    [
        Contender::limit("malloc-free", allocate),
        Contender::limit("malloc-free-across", allocate_across),
    ]
}

/// The limit of what has to wake a thread, and to be woken in turn.
pub(super) fn futex() -> Contender {
    Contender::limit("futex-round", futex_round)
}

/// The limit of what asks the kernel for events.
pub(super) fn epoll() -> Contender {
    Contender::limit("epoll-round", epoll_round)
}

/// The limit of what asks for the time.
pub(super) fn clock() -> Contender {
    Contender::limit("instant-now", instant_now)
}

/// An atomic addition to a number that nobody else looks at.
pub(super) fn atomic_add(_: &Run) -> Result<Vec<f64>, Failure> {
    let number = AtomicU64::new(0);
    each(10_000_000, |times| {
        let before = number.load(Ordering::Relaxed);
        for _ in 0..times {
            black_box(&number).fetch_add(1, Ordering::SeqCst);
        }
        expect_count(number.load(Ordering::Relaxed) - before, times)
    })
}

fn allocate(_: &Run) -> Result<Vec<f64>, Failure> {
    each(5_000_000, |times| {
        for _ in 0..times {
            black_box(Box::new([0_u8; BYTES]));
        }
        Ok(())
    })
}

/// One thread allocates, another one frees, both at once.
fn allocate_across(_: &Run) -> Result<Vec<f64>, Failure> {
    each(1_000_000, |times| {
        let (sender, receiver) = sync_channel::<Vec<Box<[u8; BYTES]>>>(1);
        thread::scope(|scope| {
            let freed = scope.spawn(move || receiver.iter().map(|batch| batch.len() as u64).sum());
            for _ in 0..times / BATCH {
                let batch = (0..BATCH).map(|_| Box::new([0; BYTES])).collect();
                sender.send(batch).expect("the other thread receives");
            }
            drop(sender);
            expect_count(freed.join().expect("it does not panic"), times)
        })
    })
}

/// Two threads that wake each other in turn.
fn futex_round(_: &Run) -> Result<Vec<f64>, Failure> {
    /// Waits until the flag is up, and takes it down.
    fn lowered(flag: &AtomicBool) {
        while !flag.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
    each(10_000, |times| {
        let (ping, pong) = (AtomicBool::new(false), AtomicBool::new(false));
        let this = thread::current();
        thread::scope(|scope| {
            let other = scope.spawn(|| {
                for _ in 0..times {
                    lowered(&ping);
                    pong.store(true, Ordering::Release);
                    this.unpark();
                }
            });
            for _ in 0..times {
                ping.store(true, Ordering::Release);
                other.thread().unpark();
                lowered(&pong);
            }
        });
        Ok(())
    })
}

/// A look at epoll (or what the system has) that finds nothing.
fn epoll_round(_: &Run) -> Result<Vec<f64>, Failure> {
    let unavailable = |error: std::io::Error| Failure::Unavailable(error.to_string());
    let mut poll = mio::Poll::new().map_err(unavailable)?;
    let mut events = mio::Events::with_capacity(64);
    each(500_000, |times| {
        for _ in 0..times {
            poll.poll(&mut events, Some(Duration::ZERO))
                .map_err(unavailable)?;
        }
        expect_count(events.iter().count() as u64, 0)
    })
}

fn instant_now(_: &Run) -> Result<Vec<f64>, Failure> {
    each(2_000_000, |times| {
        for _ in 0..times {
            black_box(Instant::now());
        }
        Ok(())
    })
}

/// Does the work that many times after a warm-up, and gives the nanoseconds for each.
fn each(times: u64, mut work: impl FnMut(u64) -> Result<(), Failure>) -> Result<Vec<f64>, Failure> {
    work(warm_up(times))?;
    let started = Instant::now();
    work(times)?;
    Ok(vec![nanos_each(started.elapsed(), times)])
}
