//! What Go's own tests ask of its wait groups (`sync/waitgroup_test.go` of its distribution).

#[path = "common/caught.rs"]
mod caught;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{go, spawn, yield_now};
use canter_sync::WaitGroup;
use caught::caught;

fn runtime() -> Runtime {
    Builder::new().workers(4).build().unwrap()
}

/// `TestWaitGroup`: a gate behind a gate, used eight times.
#[test]
fn those_behind_the_second_gate_are_released_by_its_last_count_alone() {
    const TASKS: usize = 16;
    runtime().block_on(async {
        let (arrived, released) = (WaitGroup::new(), WaitGroup::new());
        let exited = Arc::new(AtomicUsize::new(0));
        for _ in 0..8 {
            exited.store(0, SeqCst);
            arrived.add(TASKS);
            released.add(TASKS);
            let tasks: Vec<_> = (0..TASKS)
                .map(|_| {
                    let (arrived, released, exited) = (arrived.clone(), released.clone(), exited.clone());
                    spawn(async move {
                        arrived.done();
                        released.wait().await;
                        exited.fetch_add(1, SeqCst);
                    })
                })
                .collect();
            arrived.wait().await;
            for _ in 0..TASKS {
                assert_eq!(exited.load(SeqCst), 0, "somebody was released too soon");
                released.done();
            }
            for task in tasks {
                task.await.unwrap();
            }
            assert_eq!(exited.load(SeqCst), TASKS);
        }
    });
}

/// `TestWaitGroupMisuse`
#[test]
fn one_done_too_many_is_a_panic() {
    let group = WaitGroup::new();
    group.add(1);
    group.done();
    let (message, _) = caught(|| group.done());
    assert!(message.contains("more often than was added"), "{message}");
}

/// `TestWaitGroupRace`: nobody is released while one of two that run is not done.
#[test]
fn two_that_are_added_one_after_the_other_are_both_waited_for() {
    runtime().block_on(async {
        for _ in 0..1000 {
            let group = WaitGroup::new();
            let ended = Arc::new(AtomicUsize::new(0));
            for _ in 0..2 {
                group.add(1);
                let (group, ended) = (group.clone(), ended.clone());
                go(async move {
                    ended.fetch_add(1, SeqCst);
                    group.done();
                });
            }
            group.wait().await;
            assert_eq!(ended.load(SeqCst), 2);
        }
    });
}

/// `TestWaitGroupGo`
#[test]
fn a_tracked_task_is_waited_for() {
    runtime().block_on(async {
        let group = WaitGroup::new();
        let ended = Arc::new(AtomicUsize::new(0));
        for _ in 0..100 {
            let ended = ended.clone();
            go(group.track(async move {
                yield_now().await;
                ended.fetch_add(1, SeqCst);
            }));
        }
        group.wait().await;
        assert_eq!(ended.load(SeqCst), 100);
    });
}

/// The benches `AddDone` and `ActuallyWait`: many tasks share one group, and others wait at it meanwhile.
#[test]
fn tasks_that_add_and_count_down_at_once_end_at_zero() {
    runtime().block_on(async {
        let (group, tasks) = (WaitGroup::new(), WaitGroup::new());
        for _ in 0..8 {
            let group = group.clone();
            go(tasks.track(async move {
                for round in 0..500 {
                    group.add(2);
                    if round % 50 == 0 {
                        yield_now().await;
                    }
                    group.done();
                    let mut waits = Box::pin(group.wait());
                    assert!(futures::poll!(&mut waits).is_pending(), "one is not done");
                    group.done();
                    waits.await;
                }
            }));
        }
        tasks.wait().await;
        group.wait().await;
        assert_eq!(group.count(), 0);
    });
}
