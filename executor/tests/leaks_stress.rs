//! Random lives of tasks: woken, aborted, joined and let go of by several threads at once, until nothing can reach them.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::JoinHandle;
use drops::{Drops, Guard};

/// Where tasks leave their wakers, and what they have made.
#[derive(Default)]
struct Pond {
    wakers: [Mutex<Vec<Waker>>; 4],
    futures: (AtomicUsize, Drops),
    outputs: (AtomicUsize, Drops),
}

impl Pond {
    fn put(&self, random: &mut fastrand::Rng, waker: Waker) {
        self.wakers[random.usize(..self.wakers.len())]
            .lock()
            .unwrap()
            .push(waker);
    }

    fn take(&self, random: &mut fastrand::Rng) -> Option<Waker> {
        let mut wakers = self.wakers[random.usize(..self.wakers.len())].lock().unwrap();
        let last = wakers.len().checked_sub(1)?;
        Some(wakers.swap_remove(random.usize(..=last)))
    }
}

/// Does something at random at each poll.
struct Swimmer {
    random: fastrand::Rng,
    pond: Arc<Pond>,
    _guard: Guard,
}

impl Swimmer {
    fn new(pond: &Arc<Pond>, random: fastrand::Rng) -> Swimmer {
        pond.futures.0.fetch_add(1, SeqCst);
        Swimmer {
            random,
            pond: pond.clone(),
            _guard: pond.futures.1.guard(),
        }
    }
}

impl Future for Swimmer {
    type Output = Guard;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard> {
        let Swimmer { random, pond, .. } = &mut *self;
        for _ in 0..random.u32(..3) {
            pond.put(random, cx.waker().clone());
        }
        if random.u32(..1000) == 0 {
            resume_unwind(Box::new("on purpose")); // without the hook's words
        }
        match random.u32(..32) {
            0..4 => {
                pond.outputs.0.fetch_add(1, SeqCst);
                return Poll::Ready(pond.outputs.1.guard());
            }
            4..8 => cx.waker().wake_by_ref(),
            8..10 => drop(pond.take(random)),
            10..12 => pond.take(random).into_iter().for_each(Waker::wake),
            _ => {}
        }
        Poll::Pending
    }
}

impl Drop for Swimmer {
    fn drop(&mut self) {
        let Swimmer { random, pond, .. } = self;
        match random.u32(..4) {
            0 => drop(pond.take(random)),
            1 => pond.take(random).into_iter().for_each(Waker::wake),
            _ => {}
        }
    }
}

/// What one thread does to the tasks.
fn stir(runtime: &Runtime, pond: &Arc<Pond>, mut random: fastrand::Rng, steps: usize) {
    let mut handles: Vec<JoinHandle<Guard>> = Vec::new();
    for _ in 0..steps {
        match random.u32(..12) {
            0..3 => {
                let task = runtime.spawn(Swimmer::new(pond, random.fork()));
                if random.bool() {
                    handles.push(task);
                }
            }
            3..5 => pond.take(&mut random).into_iter().for_each(Waker::wake),
            5 => pond.take(&mut random).iter().for_each(Waker::wake_by_ref),
            6 => {
                if let Some(waker) = pond.take(&mut random) {
                    pond.put(&mut random, waker.clone());
                    pond.put(&mut random, waker);
                }
            }
            7..9 => drop(pond.take(&mut random)),
            _ if handles.is_empty() => {}
            chosen => {
                let index = random.usize(..handles.len());
                match chosen {
                    9 => handles[index].abort(),
                    10 => drop(handles.swap_remove(index)),
                    _ => {
                        let other = pond.take(&mut random);
                        let waker = other.as_ref().unwrap_or(Waker::noop());
                        let polled = pin!(&mut handles[index]).poll(&mut Context::from_waker(waker));
                        if polled.is_ready() {
                            drop(handles.swap_remove(index));
                        }
                    }
                }
            }
        }
    }
}

/// At the end there are neither handles nor wakers, so that every task has ended by itself or has leaked: the shutdown finds none.
fn run(test: &str, workers: usize) {
    let mut random = seed::random(test);
    for _ in 0..20 {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        let pond = Arc::new(Pond::default());
        thread::scope(|scope| {
            for _ in 0..3 {
                let random = random.fork();
                scope.spawn(|| stir(&runtime, &pond, random, 4000));
            }
        });
        // Those that still run may put more in.
        while pond.futures.1.count() < pond.futures.0.load(SeqCst) {
            for wakers in &pond.wakers {
                drop(std::mem::take(&mut *wakers.lock().unwrap()));
            }
            thread::yield_now();
        }
        runtime.shutdown(Duration::from_secs(60)).unwrap();
        assert_eq!(pond.futures.1.count(), pond.futures.0.load(SeqCst));
        assert_eq!(pond.outputs.1.count(), pond.outputs.0.load(SeqCst));
    }
}

#[test]
fn random_lives_on_one_worker_end_once() {
    run("random_lives_on_one_worker_end_once", 1);
}

#[test]
fn random_lives_on_three_workers_end_once() {
    run("random_lives_on_three_workers_end_once", 3);
}
