//! What Go's own tests ask of a mutex (`sync/mutex_test.go` of its distribution). Its tests of misuse have nothing to test here: who has no
//! guard can't unlock.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use canter_executor::runtime::Runtime;
use canter_executor::{spawn, yield_now};
use canter_sync::Mutex;

fn on_a_runtime<F: Future>(workers: usize, future: F) -> F::Output {
    let runtime = Runtime::builder().workers(workers).build().unwrap();
    runtime.block_on(future)
}

const LOOPS: usize = 1000;

/// Each third time it only tries. How often it had the mutex.
async fn hammer(mutex: &Mutex<usize>) -> usize {
    let mut locked = 0;
    for turn in 0..LOOPS {
        if turn % 3 == 0 {
            if let Some(mut number) = mutex.try_lock() {
                *number += 1;
                locked += 1;
            }
        } else {
            *mutex.lock().await += 1;
            locked += 1;
        }
    }
    locked
}

/// `TestMutex`
#[test]
fn a_mutex_is_tried_and_hammered_by_ten_tasks() {
    let mutex = Arc::new(Mutex::new(0));
    let held = mutex.lock_blocking();
    assert!(mutex.try_lock().is_none(), "it is locked");
    drop(held);
    assert!(mutex.try_lock().is_some(), "it is unlocked");

    for workers in [1, 4] {
        let before = *mutex.lock_blocking();
        let locked = on_a_runtime(workers, async {
            let tasks = [(); 10].map(|()| {
                let mutex = mutex.clone();
                spawn(async move { hammer(&mutex).await })
            });
            let mut locked = 0;
            for task in tasks {
                locked += task.await.unwrap();
            }
            locked
        });
        assert_eq!(*mutex.lock_blocking() - before, locked);
        assert!(locked >= 10 * LOOPS / 2);
    }
}

/// `TestMutex`, where the goroutines are threads.
#[test]
fn a_mutex_is_hammered_by_ten_threads() {
    let mutex = Mutex::new(0);
    let locked = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| locked.fetch_add(futures::executor::block_on(hammer(&mutex)), SeqCst));
        }
    });
    assert_eq!(mutex.into_inner(), locked.into_inner());
}

/// `TestMutexFairness`: one has the mutex nearly all of the time, and the other one gets it all the same. How often the first one had it in
/// between is bounded, where Go's test has a time limit.
#[test]
fn one_that_hogs_the_mutex_lets_another_one_have_it() {
    for workers in [1, 2] {
        let mutex = Arc::new(Mutex::new(()));
        let hogged = Arc::new(AtomicUsize::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        on_a_runtime(workers, async {
            let (inner, counts, stops) = (mutex.clone(), hogged.clone(), stop.clone());
            let hog = spawn(async move {
                while !stops.load(SeqCst) {
                    let _guard = inner.lock().await;
                    counts.fetch_add(1, SeqCst);
                    yield_now().await;
                }
            });
            for _ in 0..10 {
                yield_now().await;
                let mut lock = pin!(mutex.lock());
                let mut before = None;
                let guard = poll_fn(|cx| {
                    let polled = lock.as_mut().poll(cx);
                    before.get_or_insert_with(|| hogged.load(SeqCst));
                    polled
                });
                let _guard = guard.await;
                let times = hogged.load(SeqCst) - before.expect("it was polled");
                assert!(times <= 65, "{times} times in between");
            }
            stop.store(true, SeqCst);
            hog.await.unwrap();
        });
    }
}

/// As `BenchmarkMutexSlack` and `BenchmarkMutexWorkSlack` do: more tasks than workers, with and without work of their own.
#[test]
fn more_tasks_than_workers_share_a_mutex() {
    for work in [0, 100] {
        let sum = on_a_runtime(2, async {
            let mutex = Arc::new(Mutex::new(0_u64));
            let tasks = [(); 20].map(|()| {
                let mutex = mutex.clone();
                spawn(async move {
                    let mut own = 0_u64;
                    for _ in 0..200 {
                        *mutex.lock().await += 1;
                        for step in 0..work {
                            own = std::hint::black_box(own * 2 / 3 + step);
                        }
                    }
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            *mutex.lock().await
        });
        assert_eq!(sum, 4000);
    }
}

/// As `BenchmarkMutexSpin` and `BenchmarkMutexNoSpin` do: sections that are worth spinning for beside tasks that have work of their own.
#[test]
fn short_sections_between_long_pauses_lose_nothing() {
    let sum = on_a_runtime(4, async {
        let mutex = Arc::new(Mutex::new((0_u64, 0_u64)));
        let tasks = [(); 8].map(|()| {
            let mutex = mutex.clone();
            spawn(async move {
                for turn in 0..400 {
                    let mut pair = mutex.lock().await;
                    pair.0 += 1;
                    pair.1 += 1;
                    assert_eq!(pair.0, pair.1);
                    drop(pair);
                    if turn % 4 == 0 {
                        yield_now().await;
                    }
                }
            })
        });
        for task in tasks {
            task.await.unwrap();
        }
        mutex.lock().await.0
    });
    assert_eq!(sum, 3200);
}
