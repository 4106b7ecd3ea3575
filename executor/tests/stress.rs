//! Random programs: trees of tasks that do everything that tasks can do, and an account of all of them at the end.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::JoinHandle;
use canter_executor::{block_on, spawn, spawn_blocking, spawn_local, time, yield_now};
use drops::Drops;

/// What came of all tasks of a tree.
#[derive(Clone, Default)]
struct Account {
    made: Arc<AtomicUsize>,
    drops: Drops,
}

type Node = Pin<Box<dyn Future<Output = usize> + Send>>;

/// A task that ends with the number of tasks in its branch that it has seen to the end, itself included.
fn node(mut random: fastrand::Rng, depth: u32, account: Account) -> Node {
    let guard = account.drops.guard();
    account.made.fetch_add(1, SeqCst);
    Box::pin(async move {
        let _guard = guard;
        let mut seen = 1;
        let mut children: Vec<JoinHandle<usize>> = Vec::new();
        for _ in 0..random.u32(1..6) {
            let child =
                |random: &mut fastrand::Rng| node(random.fork(), depth.saturating_sub(1), account.clone());
            match random.u32(..12) {
                0 | 1 => yield_now().await,
                2 => time::sleep(Duration::from_micros(random.u64(..1500))).await,
                3 => drop(
                    time::timeout(
                        Duration::from_micros(random.u64(..300)),
                        time::sleep(Duration::MAX),
                    )
                    .await,
                ),
                4 => seen += spawn_blocking(|| 0).await.unwrap_or(0),
                _ if depth == 0 => yield_now().await,
                5 => drop(spawn(child(&mut random))),
                6 => {
                    let child = spawn(child(&mut random));
                    yield_now().await;
                    child.abort();
                    seen += child.await.unwrap_or(0);
                }
                7 => {
                    let child = child(&mut random);
                    seen += block_on(async { spawn(child).await.unwrap_or(0) });
                }
                8 => {
                    let child = child(&mut random);
                    seen += spawn_blocking(|| block_on(child)).await.unwrap_or(0);
                }
                9 => {
                    let child = child(&mut random);
                    seen += block_on(async {
                        let rc = std::rc::Rc::new(child);
                        spawn_local(async move { std::rc::Rc::into_inner(rc).unwrap().await })
                            .await
                            .unwrap()
                    });
                }
                _ => children.push(spawn(child(&mut random))),
            }
        }
        random.shuffle(&mut children);
        for child in children {
            seen += child.await.unwrap_or(0); // cancelled where the runtime ends first
        }
        seen
    })
}

fn run_trees(test: &str, workers: usize, rounds: usize, depth: u32) {
    let mut random = seed::random(test);
    for round in 0..rounds {
        let runtime = Runtime::builder()
            .workers(workers)
            .blocking_threads(64)
            .build()
            .unwrap();
        let account = Account::default();
        let root = runtime.spawn(node(random.fork(), depth, account.clone()));
        let seen = runtime.block_on(root).unwrap();
        assert!((1..=account.made.load(SeqCst)).contains(&seen));
        match round % 2 {
            0 => runtime.shutdown(Duration::MAX).unwrap(),
            _ => drop(runtime),
        }
        assert_eq!(account.drops.count(), account.made.load(SeqCst));
    }
}

#[test]
fn random_trees_of_tasks_on_one_worker_are_all_accounted_for() {
    run_trees(
        "random_trees_of_tasks_on_one_worker_are_all_accounted_for",
        1,
        60,
        4,
    );
}

#[test]
fn random_trees_of_tasks_on_two_workers_are_all_accounted_for() {
    run_trees(
        "random_trees_of_tasks_on_two_workers_are_all_accounted_for",
        2,
        60,
        4,
    );
}

#[test]
fn random_trees_of_tasks_on_three_workers_are_all_accounted_for() {
    run_trees(
        "random_trees_of_tasks_on_three_workers_are_all_accounted_for",
        3,
        60,
        4,
    );
}

#[test]
fn random_trees_of_tasks_on_eight_workers_are_all_accounted_for() {
    run_trees(
        "random_trees_of_tasks_on_eight_workers_are_all_accounted_for",
        8,
        60,
        4,
    );
}

#[test]
fn random_aborts_and_joins_from_several_threads_are_all_accounted_for() {
    let mut random = seed::random("random_aborts_and_joins_from_several_threads_are_all_accounted_for");
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let account = Account::default();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let (handle, account, mut random) = (runtime.handle().clone(), account.clone(), random.fork());
            std::thread::spawn(move || {
                for _ in 0..3000 {
                    account.made.fetch_add(1, SeqCst);
                    let (guard, yields, sleeps) =
                        (account.drops.guard(), random.u32(..4), random.u32(..20) == 0);
                    let task = handle.spawn(async move {
                        for _ in 0..yields {
                            yield_now().await;
                        }
                        if sleeps {
                            time::sleep(Duration::from_micros(500)).await;
                        }
                        guard
                    });
                    match random.u32(..4) {
                        0 => drop(task),
                        1 => {
                            task.abort();
                            drop(task);
                        }
                        2 => {
                            task.abort();
                            drop(handle.block_on(task));
                        }
                        _ => drop(handle.block_on(task).unwrap()),
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    runtime.shutdown(Duration::MAX).unwrap();
    assert_eq!(account.drops.count(), account.made.load(SeqCst));
}
