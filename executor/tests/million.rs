//! A million tasks at once, in one allocation each.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use canter_executor::runtime::Runtime;
use canter_executor::{go, yield_now};
use counting::counts;

const TASKS: usize = 1_000_000;

/// Where the tasks are, without a list that would allocate for each.
struct Crowd {
    wakers: Mutex<Vec<Waker>>,
    ended: AtomicUsize,
}

#[test]
fn a_million_tasks_park_wake_and_end_in_one_allocation_each() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let crowd = Arc::new(Crowd {
        wakers: Mutex::new(Vec::with_capacity(TASKS)),
        ended: AtomicUsize::new(0),
    });
    let spawned = crowd.clone();
    let allocations = runtime.spawn(async move {
        let before = counts();
        for number in 0..TASKS {
            let (crowd, mut parked) = (spawned.clone(), false);
            go(async move {
                poll_fn(|cx| {
                    if std::mem::replace(&mut parked, true) {
                        return Poll::Ready(());
                    }
                    crowd.wakers.lock().unwrap().push(cx.waker().clone());
                    Poll::Pending
                })
                .await;
                crowd.ended.fetch_add(1, Relaxed);
            });
            if number % 10_000 == 0 {
                yield_now().await;
            }
        }
        while spawned.wakers.lock().unwrap().len() < TASKS {
            yield_now().await;
        }
        (counts() - before).allocations
    });
    let allocations = runtime.block_on(allocations).unwrap();
    println!("{allocations} allocations for {TASKS} tasks");
    assert!(allocations >= TASKS, "the count shows nothing");
    assert!(allocations <= TASKS + TASKS / 100, "{allocations} allocations");
    let wakes = runtime.spawn(async move {
        let wakers = std::mem::take(&mut *crowd.wakers.lock().unwrap());
        wakers.into_iter().for_each(Waker::wake);
        while crowd.ended.load(Relaxed) < TASKS {
            yield_now().await;
        }
    });
    runtime.block_on(wakes).unwrap();
}
