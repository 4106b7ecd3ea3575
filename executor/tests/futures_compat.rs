//! Code written against the `futures` crate runs unchanged.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use canter_executor::block_on;
use canter_executor::runtime::{Handle, Runtime};
use canter_executor::task::LocalSet;
use futures::channel::mpsc;
use futures::future::{join_all, select};
use futures::stream::FuturesUnordered;
use futures::task::{FutureObj, LocalSpawn, LocalSpawnExt, Spawn, SpawnExt};
use futures::{SinkExt, StreamExt};

/// Knows nothing of canter.
async fn sum_of_squares(spawner: impl Spawn, numbers: u64) -> u64 {
    let tasks: Vec<_> = (0..numbers)
        .map(|number| spawner.spawn_with_handle(async move { number * number }).unwrap())
        .collect();
    join_all(tasks).await.into_iter().sum()
}

/// Knows nothing of canter, and is not `Send`.
async fn local_sum(spawner: impl LocalSpawn, numbers: u64) -> u64 {
    let tasks: Vec<_> = (0..numbers)
        .map(|number| {
            let number = Rc::new(number);
            spawner.spawn_local_with_handle(async move { *number }).unwrap()
        })
        .collect();
    join_all(tasks).await.into_iter().sum()
}

#[test]
fn runtime_and_handle_are_spawners() {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let expected: u64 = (0..100).map(|number| number * number).sum();
    assert_eq!(block_on(sum_of_squares(&runtime, 100)), expected);
    assert_eq!(block_on(sum_of_squares(runtime.handle().clone(), 100)), expected);
    assert_eq!(block_on(sum_of_squares(Arc::new(runtime), 100)), expected);
    assert_eq!(block_on(sum_of_squares(Handle::current(), 100)), expected);
    let erased: Box<dyn Spawn> = Box::new(Handle::current());
    assert_eq!(block_on(sum_of_squares(erased, 100)), expected);
}

#[test]
fn a_local_set_is_a_local_spawner_and_a_spawner() {
    let set = LocalSet::new();
    assert_eq!(block_on(set.run_until(local_sum(&set, 100))), 4950);
    assert_eq!(block_on(set.run_until(sum_of_squares(&set, 3))), 5);
}

#[test]
fn a_runtime_that_has_ended_says_so_to_whoever_spawns() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let handle = runtime.handle().clone();
    assert!(handle.status().is_ok());
    drop(runtime);
    assert!(handle.status().unwrap_err().is_shutdown());
    assert!(SpawnExt::spawn(&handle, async {}).unwrap_err().is_shutdown());
    assert!(handle.spawn_obj(FutureObj::new(Box::new(async {}))).is_err());
}

#[test]
fn channels_streams_and_select_of_futures_run_in_tasks() {
    let (mut sender, receiver) = mpsc::channel(4);
    let spawner = Handle::current();
    let sends = async move {
        for number in 0..1000 {
            sender.send(number).await.unwrap();
        }
    };
    SpawnExt::spawn(&spawner, sends).unwrap();
    let sum = spawner
        .spawn_with_handle(receiver.fold(0, |sum, number| async move { sum + number }))
        .unwrap();
    assert_eq!(block_on(sum), 499_500);

    let unordered: FuturesUnordered<_> = (0..50)
        .map(|number| canter_executor::spawn(async move { number }))
        .collect();
    let outputs = block_on(unordered.map(Result::unwrap).collect::<Vec<_>>());
    assert_eq!(outputs.into_iter().sum::<i32>(), 1225);

    let never = std::pin::pin!(std::future::pending::<()>());
    let soon = std::pin::pin!(canter_executor::time::sleep(Duration::from_millis(1)));
    block_on(select(never, soon));
}

#[test]
fn the_executor_of_futures_can_wait_for_tasks_and_timers() {
    futures::executor::block_on(async {
        assert_eq!(canter_executor::spawn(async { 7 }).await.unwrap(), 7);
        canter_executor::time::sleep(Duration::from_millis(1)).await;
    });
    let mut pool = futures::executor::LocalPool::new();
    let task = pool
        .spawner()
        .spawn_local_with_handle(canter_executor::spawn(async { 7 }))
        .unwrap();
    assert_eq!(pool.run_until(task).unwrap(), 7);
}

#[test]
fn an_interval_is_a_stream() {
    let ticks = canter_executor::time::interval(Duration::from_millis(1))
        .take(3)
        .collect::<Vec<_>>();
    let ticks = block_on(ticks);
    assert!(
        ticks
            .windows(2)
            .all(|pair| pair[1] - pair[0] == Duration::from_millis(1))
    );
}
