//! What Go's own tests ask of a read-write lock (`sync/rwmutex_test.go` of its distribution).

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::thread;

use canter_executor::runtime::Runtime;
use canter_executor::{spawn, yield_now};
use canter_sync::RwLock;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn on_a_runtime<F: Future>(workers: usize, future: F) -> F::Output {
    let runtime = Runtime::builder().workers(workers).build().unwrap();
    runtime.block_on(future)
}

async fn receive<T>(rx: &mut UnboundedReceiver<T>) -> T {
    rx.recv().await.expect("somebody sends")
}

/// `TestParallelReaders`
#[test]
fn readers_are_inside_at_the_same_time() {
    for (readers, workers) in [(1, 4), (3, 4), (4, 2)] {
        on_a_runtime(workers, async {
            let lock = Arc::new(RwLock::new(()));
            let unlock = Arc::new(tokio::sync::Semaphore::new(0));
            let (inside, mut is_inside) = unbounded_channel();
            let tasks: Vec<_> = (0..readers)
                .map(|_| {
                    let (lock, unlock, inside) = (lock.clone(), unlock.clone(), inside.clone());
                    spawn(async move {
                        let _guard = lock.read().await;
                        inside.send(()).unwrap();
                        unlock.acquire().await.unwrap().forget();
                    })
                })
                .collect();
            for _ in 0..readers {
                receive(&mut is_inside).await;
            }
            assert!(lock.try_write().is_none() && lock.try_read().is_some());
            unlock.add_permits(readers);
            for task in tasks {
                task.await.unwrap();
            }
            assert!(lock.try_write().is_some());
        });
    }
}

/// What is inside: one for each reader, and 10,000 for a writer.
struct Activity(AtomicI32);

const WRITER: i32 = 10_000;

impl Activity {
    fn read(&self) {
        let inside = self.0.fetch_add(1, SeqCst) + 1;
        assert!((1..WRITER).contains(&inside), "{inside} beside a reader");
    }

    fn end_read(&self) {
        self.0.fetch_sub(1, SeqCst);
    }

    fn write(&self) {
        let inside = self.0.fetch_add(WRITER, SeqCst) + WRITER;
        assert_eq!(inside, WRITER, "beside a writer");
    }

    fn end_write(&self) {
        self.0.fetch_sub(WRITER, SeqCst);
    }
}

async fn reader(lock: &RwLock<u64>, turns: usize, activity: &Activity) {
    for turn in 0..turns {
        let number = lock.read().await;
        activity.read();
        let seen = *number;
        if turn % 4 == 0 {
            yield_now().await;
        }
        assert_eq!(*number, seen);
        activity.end_read();
    }
}

async fn writer(lock: &RwLock<u64>, turns: usize, activity: &Activity) {
    for turn in 0..turns {
        let mut number = lock.write().await;
        activity.write();
        *number += 1;
        if turn % 4 == 0 {
            yield_now().await;
        }
        activity.end_write();
    }
}

fn hammer(workers: usize, readers: usize, turns: usize) {
    on_a_runtime(workers, async {
        let shared = Arc::new((RwLock::new(0), Activity(AtomicI32::new(0))));
        let tasks: Vec<_> = (0..readers + 2)
            .map(|task| {
                let shared = shared.clone();
                spawn(async move {
                    let (lock, activity) = &*shared;
                    if task == 0 || task == 1 + readers / 2 {
                        writer(lock, turns, activity).await;
                    } else {
                        reader(lock, turns, activity).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*shared.0.read().await, 2 * turns as u64);
    });
}

/// `TestRWMutex`
#[test]
fn a_lock_is_tried_and_hammered_by_readers_and_writers() {
    let lock = RwLock::new(());
    let write = lock.write_blocking();
    assert!(lock.try_write().is_none() && lock.try_read().is_none());
    drop(write);
    drop(lock.try_write().expect("nobody has it"));
    let read = lock.read_blocking();
    let other = lock.try_read().expect("readers only");
    assert!(lock.try_write().is_none());
    drop((read, other));

    for workers in [1, 4, 10] {
        for readers in [1, 3, 10] {
            hammer(workers, readers, 200);
        }
    }
    hammer(10, 5, 1000);
}

/// `TestRWMutex`, where the goroutines are threads.
#[test]
fn a_lock_is_hammered_by_threads() {
    let (lock, activity) = (RwLock::new(0_u64), Activity(AtomicI32::new(0)));
    thread::scope(|scope| {
        for task in 0..6 {
            let (lock, activity) = (&lock, &activity);
            scope.spawn(move || {
                for _ in 0..500 {
                    if task % 3 == 0 {
                        let mut number = lock.write_blocking();
                        activity.write();
                        *number += 1;
                        activity.end_write();
                    } else {
                        let _number = lock.read_blocking();
                        activity.read();
                        activity.end_read();
                    }
                }
            });
        }
    });
    assert_eq!(lock.into_inner(), 1000);
}

/// `TestRLocker`
#[test]
fn readers_and_a_writer_exclude_each_other_in_turns() {
    const TURNS: usize = 10;
    for workers in [1, 3] {
        on_a_runtime(workers, async {
            let lock = Arc::new(RwLock::new(()));
            let (read, mut is_read) = unbounded_channel();
            let (written, mut is_written) = unbounded_channel();
            let inner = lock.clone();
            let task = spawn(async move {
                for _ in 0..TURNS {
                    let guards = (inner.read_owned().await, inner.read_owned().await);
                    read.send(guards).unwrap();
                    written.send(inner.write_owned().await).unwrap();
                }
            });
            for _ in 0..TURNS {
                let (first, second) = receive(&mut is_read).await;
                drop(first);
                yield_now().await;
                assert!(is_written.try_recv().is_err(), "somebody reads still");
                drop(second);
                let write = receive(&mut is_written).await;
                yield_now().await;
                assert!(is_read.try_recv().is_err(), "somebody writes still");
                drop(write);
            }
            task.await.unwrap();
        });
    }
}
