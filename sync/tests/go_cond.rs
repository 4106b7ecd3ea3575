//! What Go's own tests ask of a condition variable (`sync/cond_test.go` of its distribution). A task that waits is known to wait when the
//! mutex, which it had when it said that it would, has been locked by somebody else.

use std::sync::Arc;

use canter_executor::runtime::Runtime;
use canter_executor::{JoinHandle, spawn, yield_now};
use canter_sync::{Condvar, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

type Shared<T> = Arc<(Mutex<T>, Condvar)>;

fn shared<T>(value: T) -> Shared<T> {
    Arc::new((Mutex::new(value), Condvar::new()))
}

/// The program on one worker, and on several.
fn on_runtimes(program: impl AsyncFn()) {
    for workers in [1, 3] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        runtime.block_on(program());
    }
}

async fn receive<T>(rx: &mut UnboundedReceiver<T>) -> T {
    rx.recv().await.expect("somebody sends")
}

async fn join(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in tasks {
        task.await.unwrap();
    }
}

/// `TestCondSignal`
#[test]
fn a_notification_wakes_one() {
    on_runtimes(async || {
        let shared = shared(());
        let (running, mut is_running) = unbounded_channel();
        let (awake, mut is_awake) = unbounded_channel();
        let tasks = [(); 2].map(|()| {
            let (shared, running, awake) = (shared.clone(), running.clone(), awake.clone());
            spawn(async move {
                let guard = shared.0.lock().await;
                running.send(()).unwrap();
                let _guard = shared.1.wait(guard).await;
                awake.send(()).unwrap();
            })
        });
        for _ in &tasks {
            receive(&mut is_running).await;
        }
        for _ in &tasks {
            assert!(is_awake.try_recv().is_err(), "nobody was told");
            {
                let _guard = shared.0.lock().await;
                shared.1.notify_one();
            }
            receive(&mut is_awake).await;
            yield_now().await;
            assert!(is_awake.try_recv().is_err(), "one was told");
        }
        shared.1.notify_one();
        join(tasks).await;
    });
}

/// `TestCondSignalGenerations`
#[test]
fn notifications_wake_in_the_order_of_the_waits() {
    on_runtimes(async || {
        let shared = shared(());
        let (running, mut is_running) = unbounded_channel();
        let (awake, mut is_awake) = unbounded_channel();
        let mut tasks = Vec::new();
        for at in 0..100 {
            let (inner, running, awake) = (shared.clone(), running.clone(), awake.clone());
            tasks.push(spawn(async move {
                let guard = inner.0.lock().await;
                running.send(()).unwrap();
                let _guard = inner.1.wait(guard).await;
                awake.send(at).unwrap();
            }));
            if at > 0 {
                assert_eq!(receive(&mut is_awake).await, at - 1);
            }
            receive(&mut is_running).await;
            let _guard = shared.0.lock().await;
            shared.1.notify_one();
        }
        join(tasks).await;
    });
}

/// `TestCondBroadcast`
#[test]
fn a_notification_of_all_wakes_each_of_them_once() {
    const TASKS: usize = 50;
    on_runtimes(async || {
        let shared = shared(false);
        let (running, mut is_running) = unbounded_channel();
        let (awake, mut is_awake) = unbounded_channel();
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let (shared, running, awake) = (shared.clone(), running.clone(), awake.clone());
                spawn(async move {
                    let mut exits = shared.0.lock().await;
                    while !*exits {
                        running.send(()).unwrap();
                        exits = shared.1.wait(exits).await;
                        awake.send(task).unwrap();
                    }
                })
            })
            .collect();
        for round in 0..TASKS {
            for _ in 0..TASKS {
                receive(&mut is_running).await;
            }
            if round == TASKS - 1 {
                *shared.0.lock().await = true;
            }
            assert!(is_awake.try_recv().is_err(), "nobody was told");
            {
                let _guard = shared.0.lock().await;
                shared.1.notify_all();
            }
            let mut seen = [false; TASKS];
            for _ in 0..TASKS {
                let task = receive(&mut is_awake).await;
                assert!(!seen[task], "it woke up twice");
                seen[task] = true;
            }
        }
        join(tasks).await;
        assert!(is_running.try_recv().is_err(), "all have left");
        shared.1.notify_all();
    });
}

/// `TestRace`
#[test]
fn three_tasks_hand_a_number_on() {
    on_runtimes(async || {
        for _ in 0..50 {
            let shared = shared(0);
            let first = spawn({
                let shared = shared.clone();
                async move {
                    let mut number = shared.0.lock().await;
                    *number = 1;
                    number = shared.1.wait(number).await;
                    assert_eq!(*number, 2);
                    *number = 3;
                    shared.1.notify_one();
                }
            });
            let second = spawn({
                let shared = shared.clone();
                async move {
                    loop {
                        let mut number = shared.0.lock().await;
                        if *number == 1 {
                            *number = 2;
                            shared.1.notify_one();
                            break;
                        }
                        drop(number);
                        yield_now().await;
                    }
                }
            });
            let third = spawn({
                let shared = shared.clone();
                async move {
                    loop {
                        let number = shared.0.lock().await;
                        match *number {
                            2 => {
                                assert_eq!(*shared.1.wait(number).await, 3);
                                break;
                            }
                            3 => break,
                            _ => drop(number),
                        }
                        yield_now().await;
                    }
                }
            });
            join([first, second, third]).await;
        }
    });
}

/// `TestCondSignalStealing`: a notification of all against one that begins to wait. That one may get it or not, but the one that has waited
/// already has to.
#[test]
fn one_that_begins_to_wait_steals_no_notification() {
    on_runtimes(async || {
        for _ in 0..300 {
            let shared = shared(false);
            let (said, mut is_said) = unbounded_channel();
            let inner = shared.clone();
            let first = spawn(async move {
                let guard = inner.0.lock().await;
                said.send(()).unwrap();
                let guard = inner.1.wait(guard).await;
                drop(guard);
                said.send(()).unwrap();
            });
            receive(&mut is_said).await;
            drop(shared.0.lock().await);

            let inner = shared.clone();
            let tells = spawn(async move { inner.1.notify_all() });
            let inner = shared.clone();
            let second = spawn(async move {
                let guard = inner.0.lock().await;
                drop(inner.1.wait_while(guard, |is_done| !*is_done).await);
            });
            receive(&mut is_said).await;
            *shared.0.lock().await = true;
            shared.1.notify_all();
            join([first, tells, second]).await;
        }
    });
}

/// As `TestCondSignalStealing`, with notifications for one: as many as there are waiters.
#[test]
fn as_many_notifications_as_waits_end_them_all() {
    on_runtimes(async || {
        for _ in 0..100 {
            let shared = shared(());
            let (said, mut is_said) = unbounded_channel();
            let tasks = [(); 8].map(|()| {
                let (shared, said) = (shared.clone(), said.clone());
                spawn(async move {
                    let guard = shared.0.lock().await;
                    said.send(()).unwrap();
                    drop(shared.1.wait(guard).await);
                })
            });
            for _ in &tasks {
                receive(&mut is_said).await;
            }
            drop(shared.0.lock().await);
            let tells = [(); 2].map(|()| {
                let shared = shared.clone();
                spawn(async move {
                    for _ in 0..4 {
                        shared.1.notify_one();
                        yield_now().await;
                    }
                })
            });
            join(tells).await;
            join(tasks).await;
        }
    });
}

/// As `BenchmarkCond` does: each waits until the turn has come to it.
#[test]
fn turns_go_round() {
    on_runtimes(async || {
        for tasks in [1, 2, 4, 8, 16, 32] {
            let shared = shared(0_usize);
            let handles: Vec<_> = (0..tasks)
                .map(|task| {
                    let shared = shared.clone();
                    spawn(async move {
                        for round in 0..10 {
                            let mine = round * tasks + task;
                            let guard = shared.0.lock().await;
                            let mut turn = shared.1.wait_while(guard, |turn| *turn != mine).await;
                            *turn += 1;
                            shared.1.notify_all();
                        }
                    })
                })
                .collect();
            join(handles).await;
            assert_eq!(*shared.0.lock().await, 10 * tasks);
        }
    });
}
