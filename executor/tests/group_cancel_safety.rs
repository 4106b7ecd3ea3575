//! Every future of a group, given up after a random number of polls: nothing is lost by it.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::collections::HashSet;
use std::future::pending;

use canter_executor::runtime::Runtime;
use canter_executor::task::{Group, GroupError};
use canter_executor::yield_now;
use drops::Drops;
use fastrand::Rng;
use futures::poll;

const ROUNDS: usize = 60;

/// Polls a future at most that many times, and drops it.
async fn give_up_after<F: Future + Unpin>(polls: u32, mut future: F) -> Option<F::Output> {
    for _ in 0..polls {
        if let std::task::Poll::Ready(output) = poll!(&mut future) {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

async fn yields(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// Runs a scenario as a task and outside of one, with several numbers of workers.
fn at_random<S, F>(test: &str, scenario: S)
where
    S: Fn(Rng) -> F,
    F: Future<Output = ()> + Send + 'static,
{
    let mut random = seed::random(test);
    for workers in [1, 2, 4] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        for round in 0..ROUNDS {
            let scenario = scenario(random.fork());
            if round % 2 == 0 {
                runtime.block_on(scenario);
            } else {
                runtime.block_on(runtime.spawn(scenario)).unwrap();
            }
        }
    }
}

#[test]
fn spawns_that_are_given_up_lose_no_place_and_no_task() {
    at_random(
        "spawns_that_are_given_up_lose_no_place_and_no_task",
        |mut random| async move {
            let (limit, drops) = (random.usize(1..5), Drops::default());
            let mut group = Group::new().limit(limit);
            let feeds: Vec<_> = (0..4)
                .map(|_| {
                    let (spawner, drops, mut random) = (group.spawner(), drops.clone(), random.fork());
                    canter_executor::spawn(async move {
                        let mut spawned = 0;
                        for _ in 0..50 {
                            let (guard, count) = (drops.guard(), random.u32(..3));
                            let task = async move {
                                yields(count).await;
                                drop(guard);
                            };
                            match give_up_after(random.u32(..4), spawner.spawn(task)).await {
                                Some(result) => {
                                    result.expect("the group is there");
                                    spawned += 1;
                                }
                                None => yields(random.u32(..2)).await,
                            }
                        }
                        spawned
                    })
                })
                .collect();
            let mut spawned = 0;
            for _ in 0..50 {
                let guard = drops.guard();
                let task = async move { drop(guard) };
                spawned += usize::from(give_up_after(random.u32(..4), group.spawn(task)).await.is_some());
            }
            for feed in feeds {
                spawned += feed.await.unwrap();
            }
            let results = group.join_all().await;
            assert_eq!(
                results.len(),
                spawned,
                "each that said so has spawned, and no other"
            );
            assert!(results.iter().all(Result::is_ok));
            assert_eq!(drops.count(), 250);
            for _ in 0..limit {
                assert!(group.try_spawn(pending()).is_ok(), "a place was lost");
            }
            assert!(group.try_spawn(pending()).is_err(), "there is a place too many");
        },
    );
}

#[test]
fn joins_that_are_given_up_lose_no_result() {
    at_random(
        "joins_that_are_given_up_lose_no_result",
        |mut random| async move {
            let mut group = Group::new();
            let mut missing = HashSet::new();
            for number in 0..100 {
                let count = random.u32(..8);
                let task = async move {
                    yields(count).await;
                    number
                };
                missing.insert(number);
                group.spawn(task).await;
            }
            while !missing.is_empty() {
                let polls = random.u32(..3);
                let joined = match random.u32(..3) {
                    0 => give_up_after(polls, group.join_next()).await.flatten(),
                    1 => {
                        let joined = give_up_after(polls, group.join_next_with_id()).await;
                        joined.flatten().map(|(_, result)| result)
                    }
                    _ => {
                        // It gives all or nothing.
                        for result in give_up_after(polls, group.join_all()).await.into_iter().flatten() {
                            assert!(missing.remove(&result.unwrap()));
                        }
                        None
                    }
                };
                if let Some(result) = joined {
                    assert!(missing.remove(&result.unwrap()), "each result once");
                }
                assert_eq!(group.len(), missing.len());
            }
            assert!(group.join_next().await.is_none());
        },
    );
}

#[test]
fn waits_that_are_given_up_lose_no_output() {
    at_random(
        "waits_that_are_given_up_lose_no_output",
        |mut random| async move {
            let mut group = Group::new();
            for number in 0..100 {
                let count = random.u32(..20);
                let task = async move {
                    yields(count).await;
                    Ok::<_, ()>(number)
                };
                group.spawn(task).await;
            }
            let outputs = loop {
                match give_up_after(random.u32(..4), group.wait()).await {
                    Some(result) => break result.unwrap(),
                    None => assert_eq!(group.len(), 100),
                }
            };
            assert!(outputs.into_iter().eq(0..100));
        },
    );
}

#[test]
fn waits_that_are_given_up_lose_no_failure() {
    at_random(
        "waits_that_are_given_up_lose_no_failure",
        |mut random| async move {
            let drops = Drops::default();
            let mut group = Group::<Result<(), u32>>::new();
            let (spawner, failing) = (group.spawner(), random.u32(..50));
            for number in 0..50 {
                let (guard, count) = (drops.guard(), random.u32(..10));
                let task = async move {
                    let _guard = guard;
                    yields(count).await;
                    match number {
                        _ if number == failing => Err(number),
                        _ if number % 2 == 0 => pending().await,
                        _ => Ok(()),
                    }
                };
                group.spawn(task).await;
            }
            let error = loop {
                match give_up_after(random.u32(..4), group.wait()).await {
                    Some(result) => break result.unwrap_err(),
                    None => assert_eq!(group.len(), 50),
                }
            };
            assert!(
                matches!(error, GroupError::Task(number) if number == failing),
                "{error}"
            );
            assert_eq!((drops.count(), group.len()), (50, 0));
            spawner
                .spawn(async { Ok(()) })
                .await
                .expect("it takes tasks again");
            assert_eq!(group.wait().await.unwrap(), [()]);
        },
    );
}

#[test]
fn shutdowns_that_are_given_up_lose_no_task_and_leave_the_group_open() {
    at_random(
        "shutdowns_that_are_given_up_lose_no_task_and_leave_the_group_open",
        |mut random| async move {
            let (drops, mut group) = (Drops::default(), Group::new().limit(30));
            let spawner = group.spawner();
            for _ in 0..30 {
                let guard = drops.guard();
                let task = async move {
                    let _guard = guard;
                    pending::<()>().await;
                };
                group.spawn(task).await;
            }
            let polls = random.u32(..3);
            if give_up_after(polls, group.shutdown()).await.is_none() {
                assert_eq!(group.len(), 30, "they are still to be joined");
                if polls == 0 {
                    assert!(spawner.try_spawn(async {}).unwrap_err().is_full());
                    group.abort_all();
                }
                for _ in 0..30 {
                    assert!(group.join_next().await.unwrap().unwrap_err().is_cancelled());
                }
            }
            assert_eq!((drops.count(), group.len()), (30, 0));
            spawner.spawn(async {}).await.expect("it takes tasks again");
            group.join_next().await.unwrap().unwrap();
        },
    );
}

#[test]
fn a_wait_that_met_a_failure_and_is_given_up_leaves_the_group_open() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let mut group = Group::<Result<u32, u32>>::new();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (started, has_started) = std::sync::mpsc::channel();
    runtime.block_on(async {
        let spawner = group.spawner();
        let closure = move || {
            started.send(()).expect("the test waits");
            released.recv().expect("the test releases it");
            Ok(1)
        };
        group.spawn_blocking(closure).await;
        has_started.recv().expect("the closure starts");
        group.spawn(async { Err(2) }).await;
        let mut wait = group.wait();
        while spawner.try_spawn(async { Ok(3) }).is_ok() {
            assert!(poll!(&mut wait).is_pending(), "the closure can't be aborted");
            yield_now().await;
        }
        drop(wait);
        spawner
            .try_spawn(pending())
            .expect("nobody ends the tasks any more");
        release.send(()).expect("the closure waits");
        let error = group.wait().await.unwrap_err();
        assert!(matches!(error, GroupError::Task(2)), "{error}");
        assert!(group.is_empty());
    });
}
