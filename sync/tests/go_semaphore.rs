//! What Go's own tests ask of its weighted semaphores (`semaphore_test.go` of `golang.org/x/sync/semaphore`).

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use by_hand::{ready, wait};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{go, spawn, yield_now};
use canter_sync::{Semaphore, WaitGroup};
use caught::caught;
use give_up::give_up_after;
use seed::random;

fn runtime() -> Runtime {
    Builder::new().workers(4).build().unwrap()
}

/// `TestWeighted`: tasks that ask for one up to all.
#[test]
fn tasks_of_every_weight_hammer_it_and_all_permits_come_back() {
    const PERMITS: usize = 4;
    let mut random = random("tasks_of_every_weight_hammer_it_and_all_permits_come_back");
    runtime().block_on(async {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let tasks = WaitGroup::new();
        for task in 0..PERMITS * 3 {
            let (semaphore, mut random) = (semaphore.clone(), random.fork());
            go(tasks.track(async move {
                for _ in 0..300 {
                    let permit = semaphore.acquire_many(1 + task % PERMITS).await.unwrap();
                    for _ in 0..random.u32(..3) {
                        yield_now().await;
                    }
                    drop(permit);
                }
            }));
        }
        tasks.wait().await;
        assert_eq!(semaphore.available_permits(), PERMITS);
    });
}

/// `TestWeightedPanic`: what a permit gives back it has taken, so that only adding can be too much.
#[test]
fn more_than_can_be_counted_can_not_be_added() {
    let semaphore = Semaphore::new(1);
    let (message, _) = caught(|| semaphore.add_permits(Semaphore::MAX_PERMITS));
    assert!(message.contains("which it can't count"), "{message}");
    assert_eq!(semaphore.available_permits(), 1);
}

/// `TestWeightedTryAcquire`
#[test]
fn a_try_gets_what_is_free_at_the_moment() {
    let semaphore = Semaphore::new(2);
    let first = semaphore.try_acquire();
    let second = semaphore.try_acquire();
    let third = semaphore.try_acquire().is_ok();
    drop((first.unwrap(), second.unwrap()));
    let fourth = semaphore.try_acquire_many(2).is_ok();
    assert_eq!((third, fourth), (false, true));
}

/// `TestWeightedAcquire`: those who find too few wait until they give up.
#[test]
fn an_acquire_gets_what_is_free_or_gives_up() {
    runtime().block_on(async {
        let semaphore = Semaphore::new(2);
        let first = semaphore.acquire().await.unwrap();
        let second = give_up_after(5, semaphore.acquire()).await;
        let third = give_up_after(5, semaphore.acquire()).await.is_some();
        drop((first, second.unwrap()));
        let fourth = give_up_after(5, semaphore.acquire_many(2)).await.is_some();
        assert_eq!((third, fourth), (false, true));
    });
}

/// `TestWeightedDoesntBlockIfTooBig`: Go knows that a request can never be met, and lets others pass it. Here permits may be added, so that it
/// has its place in line until it is dropped.
#[test]
fn a_request_that_is_too_big_blocks_those_behind_it_until_it_is_dropped() {
    runtime().block_on(async {
        let semaphore = Arc::new(Semaphore::new(2));
        let mut too_big = Box::pin(semaphore.acquire_many(3));
        _ = wait(&mut too_big);
        let tasks = WaitGroup::new();
        for _ in 0..10 {
            let semaphore = semaphore.clone();
            go(tasks.track(async move {
                for _ in 0..100 {
                    drop(semaphore.acquire().await.unwrap());
                }
            }));
        }
        assert!(give_up_after(20, tasks.wait()).await.is_none());
        drop(too_big);
        tasks.wait().await;
    });
}

/// `TestLargeAcquireDoesntStarve`
#[test]
fn one_that_wants_all_is_not_starved_by_those_who_take_one_again_and_again() {
    const PERMITS: usize = 4;
    runtime().block_on(async {
        let semaphore = Arc::new(Semaphore::new(PERMITS));
        let running = Arc::new(AtomicBool::new(true));
        let (have_begun, tasks) = (WaitGroup::new(), WaitGroup::new());
        have_begun.add(PERMITS);
        for _ in 0..PERMITS {
            let (semaphore, running, have_begun) = (semaphore.clone(), running.clone(), have_begun.clone());
            go(tasks.track(async move {
                let mut permit = semaphore.acquire().await.unwrap();
                have_begun.done();
                while running.load(SeqCst) {
                    yield_now().await;
                    drop(permit);
                    permit = semaphore.acquire().await.unwrap();
                }
                drop(permit);
            }));
        }
        have_begun.wait().await;
        let all = semaphore.acquire_many(PERMITS).await.unwrap();
        running.store(false, SeqCst);
        drop(all);
        tasks.wait().await;
        assert_eq!(semaphore.available_permits(), PERMITS);
    });
}

/// `TestAllocCancelDoesntStarve`
#[test]
fn a_large_request_that_gives_up_lets_the_small_one_behind_it_go() {
    runtime().block_on(async {
        let semaphore = Arc::new(Semaphore::new(10));
        let _held = semaphore.acquire().await.unwrap();
        let waits = semaphore.clone();
        let large = spawn(async move { waits.acquire_many(10).await.is_ok() });
        while semaphore.try_acquire().is_ok() {
            yield_now().await; // until the large one stands in line
        }
        let mut small = Box::pin(semaphore.acquire());
        let flag = wait(&mut small);
        large.abort();
        assert!(large.await.unwrap_err().is_cancelled());
        assert!(flag.take());
        drop(ready(&mut small).unwrap());
    });
}

/// The benches: acquire and release, one and many, with and without a try.
#[test]
fn tasks_that_take_and_give_in_turn_leave_it_as_it_was() {
    runtime().block_on(async {
        for (permits, weight) in [(1, 1), (10, 1), (10, 3), (128, 128)] {
            let semaphore = Arc::new(Semaphore::new(permits));
            let tasks = WaitGroup::new();
            for _ in 0..8 {
                let semaphore = semaphore.clone();
                go(tasks.track(async move {
                    for round in 0..200 {
                        let tried = if round % 2 == 0 {
                            semaphore.try_acquire_many(weight).ok()
                        } else {
                            None
                        };
                        match tried {
                            Some(permit) => drop(permit),
                            None => drop(semaphore.acquire_many(weight).await.unwrap()),
                        }
                    }
                }));
            }
            tasks.wait().await;
            assert_eq!(semaphore.available_permits(), permits);
        }
    });
}
