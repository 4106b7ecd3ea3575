//! When a task that joins others has its turn.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{go, spawn};

const TASKS: usize = 1000;

fn one_worker() -> Runtime {
    Builder::new().workers(1).build().expect("a runtime starts")
}

/// A task that joins many goes behind those that are ready, where it finds many of them ended: it is not polled once for each.
#[test]
fn a_task_that_joins_many_is_polled_a_few_times() {
    let runtime = one_worker();
    let polls = runtime.spawn(async {
        let mut joins = pin!(async {
            let tasks: Vec<_> = (0..TASKS).map(|number| spawn(async move { number })).collect();
            let mut sum = 0;
            for task in tasks {
                sum += task.await.expect("a task ends");
            }
            assert_eq!(sum, TASKS * (TASKS - 1) / 2);
        });
        let mut polls = 0;
        poll_fn(|cx| {
            polls += 1;
            Pin::as_mut(&mut joins).poll(cx)
        })
        .await;
        polls
    });
    let polls: usize = runtime.block_on(polls).expect("it ends");
    assert!(polls <= TASKS / 50, "{polls}");
}

/// A task that joins one other comes right after it, however many are ready.
#[test]
fn a_task_that_joins_one_comes_right_after_it() {
    let runtime = one_worker();
    let before = runtime.spawn(async {
        let ran = Arc::new(AtomicUsize::new(0));
        let joined = spawn(async {});
        for _ in 0..TASKS {
            let ran = ran.clone();
            go(async move {
                ran.fetch_add(1, Relaxed);
            });
        }
        joined.await.expect("a task ends");
        ran.load(Relaxed)
    });
    let before = runtime.block_on(before).expect("it ends");
    // The one that was started last is in the next slot, before the first.
    assert!(before <= 2, "{before}");
}
