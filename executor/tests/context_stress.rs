//! Contexts between threads, at random: the seed of a failure is printed, and `CANTER_SEED` repeats it as far as the
//! scheduling of threads allows.

mod context_support;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::sync::{Barrier, Mutex, mpsc};
use std::task::Waker;
use std::thread;
use std::time::Duration;

use canter_executor::context::{AfterCancel, Canceller, Context};
use canter_executor::runtime::Runtime;
use canter_executor::{block_on, yield_now};
use context_support::{FAR, assert_followers, poll_with};

const THREADS: usize = 4;

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

/// Wastes a little time, so that threads meet at other points each round.
fn dawdle(random: &mut fastrand::Rng) {
    for _ in 0..random.u32(..200) {
        std::hint::spin_loop();
    }
}

fn cause_of(ctx: &Context) -> String {
    ctx.cause().expect("it has ended").to_string()
}

#[test]
fn of_racing_cancels_one_cause_wins_and_the_whole_tree_has_it() {
    let mut random = seed::random("of_racing_cancels_one_cause_wins");
    for _ in 0..300 {
        let (root, canceller) = cancellable();
        let children: Vec<_> = (0..5).map(|_| root.with_cancel().0.with_timeout(FAR).0).collect();
        let barrier = Barrier::new(THREADS);
        let seeds: Vec<_> = (0..THREADS).map(|_| random.u64(..)).collect();
        let seen: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = seeds
                .iter()
                .enumerate()
                .map(|(number, &seed)| {
                    let (root, canceller, barrier) = (&root, &canceller, &barrier);
                    scope.spawn(move || {
                        let mut random = fastrand::Rng::with_seed(seed);
                        let canceller = canceller.with_cause(format!("thread {number}"));
                        barrier.wait();
                        dawdle(&mut random);
                        canceller.cancel();
                        cause_of(root)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let cause = cause_of(&root);
        assert!(cause.starts_with("thread "));
        assert!(seen.iter().all(|seen| *seen == cause));
        assert!(children.iter().all(|child| cause_of(child) == cause));
    }
}

#[test]
fn a_child_that_is_made_while_its_parent_ends_ends_too() {
    let mut random = seed::random("a_child_that_is_made_while_its_parent_ends");
    for _ in 0..500 {
        let (root, canceller) = cancellable();
        let middle = root.with_value(7).with_cancel().0;
        let barrier = Barrier::new(2);
        let mut of_thread = fastrand::Rng::with_seed(random.u64(..));
        thread::scope(|scope| {
            let makes = scope.spawn(|| {
                barrier.wait();
                let children: Vec<_> = (0..20)
                    .map(|number| match number % 3 {
                        0 => middle.with_cancel().0,
                        1 => root.with_timeout(FAR).0,
                        _ => middle.with_cancel().0.with_cancel().0,
                    })
                    .collect();
                children
            });
            barrier.wait();
            dawdle(&mut of_thread);
            canceller.with_cause("the race").cancel();
            let children = makes.join().unwrap();
            assert!(children.iter().all(|child| cause_of(child) == "the race"));
        });
        assert_followers(&root, 0, 0, 0);
    }
}

#[test]
fn no_waiter_is_forgotten_by_a_cancel_that_comes_beside_it() {
    let mut random = seed::random("no_waiter_is_forgotten");
    let runtime = Runtime::builder().workers(2).build().unwrap();
    for _ in 0..200 {
        let (root, canceller) = cancellable();
        let tasks: Vec<_> = (0..10)
            .map(|number| {
                let (root, yields) = (root.clone(), random.u8(..3));
                runtime.spawn(async move {
                    let (child, _) = root.with_cancel();
                    for _ in 0..yields {
                        yield_now().await;
                    }
                    match number % 3 {
                        0 => child.cancelled().await,
                        1 => root.cancelled_owned().await,
                        _ => assert!(child.run(std::future::pending::<()>()).await.is_err()),
                    }
                })
            })
            .collect();
        dawdle(&mut random);
        canceller.cancel();
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
    }
}

#[test]
fn a_context_that_ends_and_goes_out_of_use_at_once_takes_no_sibling_along() {
    let mut random = seed::random("a_context_that_ends_and_goes_out_of_use");
    let (root, root_canceller) = cancellable();
    for _ in 0..2000 {
        let (ctx, canceller) = root.with_cancel();
        let barrier = Barrier::new(2);
        let seed = random.u64(..);
        let siblings = thread::scope(|scope| {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                dawdle(&mut fastrand::Rng::with_seed(seed));
                canceller.cancel();
            });
            barrier.wait();
            dawdle(&mut random);
            drop(ctx);
            [root.with_cancel().0, root.with_cancel().0]
        });
        assert_followers(&root, 2, 0, 0);
        assert!(siblings.iter().all(|sibling| !sibling.is_cancelled()));
    }
    assert_followers(&root, 0, 0, 0);
    root_canceller.cancel();
}

/// The contexts that all threads of the free-for-all use, each of them below the first one.
struct Commons {
    contexts: Mutex<Vec<(Context, Canceller)>>,
    ran: mpsc::Sender<()>,
}

impl Commons {
    fn any(&self, random: &mut fastrand::Rng, first: usize) -> (Context, Canceller) {
        let contexts = self.contexts.lock().unwrap();
        contexts[random.usize(first..contexts.len())].clone()
    }

    fn put(&self, random: &mut fastrand::Rng, new: (Context, Canceller)) {
        let mut contexts = self.contexts.lock().unwrap();
        let place = random.usize(1..contexts.len());
        let old = std::mem::replace(&mut contexts[place], new);
        drop(contexts);
        drop(old);
    }

    /// Makes a child of any of them, for all to use.
    fn grow(&self, random: &mut fastrand::Rng) {
        let (parent, _) = self.any(random, 0);
        let child = match random.u8(..4) {
            0 => parent.with_timeout(Duration::from_micros(random.u64(..3000))),
            1 => parent.with_value(7_u8).with_timeout(FAR),
            _ => parent.with_cancel(),
        };
        self.put(random, child);
    }

    fn register(&self, random: &mut fastrand::Rng) -> AfterCancel {
        let ran = self.ran.clone();
        let (ctx, _) = self.any(random, 0);
        ctx.after_cancel(move || ran.send(()).expect("the test listens"))
    }

    /// One thread's part: how many functions it registered, less those that it stopped.
    fn take_part(&self, mut random: fastrand::Rng) -> usize {
        let (mut waiting, mut handles) = (0, Vec::new());
        for _ in 0..2000 {
            match random.u8(..20) {
                0..=7 => self.grow(&mut random),
                8..=9 => {
                    let (ctx, canceller) = self.any(&mut random, 1);
                    canceller.cancel();
                    assert!(ctx.is_cancelled() && ctx.cause().is_some());
                }
                10..=13 => {
                    waiting += 1;
                    let handle = self.register(&mut random);
                    if random.bool() {
                        handles.push(handle);
                    }
                }
                14..=15 if !handles.is_empty() => {
                    let handle: AfterCancel = handles.swap_remove(random.usize(..handles.len()));
                    waiting -= usize::from(handle.stop());
                }
                _ => {
                    let (ctx, _) = self.any(&mut random, 0);
                    let polled = poll_with(Waker::noop(), &mut ctx.cancelled());
                    assert!(polled.is_pending() || ctx.is_cancelled());
                }
            }
        }
        waiting
    }
}

#[test]
fn in_a_free_for_all_every_context_ends_and_every_function_that_was_not_stopped_runs_once() {
    let mut random = seed::random("in_a_free_for_all");
    for _ in 0..10 {
        let (root, canceller) = cancellable();
        let (ran, runs) = mpsc::channel();
        let commons = Commons {
            contexts: Mutex::new((0..40).map(|_| root.with_cancel()).collect()),
            ran,
        };
        let waiting: usize = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|_| {
                    let (commons, seed) = (&commons, random.u64(..));
                    scope.spawn(move || commons.take_part(fastrand::Rng::with_seed(seed)))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let Commons { contexts, ran } = commons;
        drop(ran);
        // The first one is never replaced, and most functions may wait for contexts that nobody holds any more.
        canceller.cancel();
        let contexts = contexts.into_inner().unwrap();
        assert!(contexts.iter().all(|(ctx, _)| ctx.is_cancelled()));
        assert_eq!(runs.iter().count(), waiting);
        drop(contexts);
        assert_followers(&root, 0, 0, 0);
    }
}
