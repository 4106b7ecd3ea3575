//! Groups whose tasks are joined one by one, aborted, shut down, detached, or dropped with the group.

#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/everywhere.rs"]
mod everywhere;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use canter_executor::runtime::{Handle, Runtime};
use canter_executor::task::{Group, Spawner};
use canter_executor::{block_on, yield_now};
use child::{child, stderr_of};
use drops::{Drops, Guard};
use everywhere::everywhere;
use futures::channel::oneshot;
use futures::stream::{Stream, StreamExt};

/// Waits for ever, with a guard.
async fn hold(guard: Guard) {
    let _guard = guard;
    pending().await
}

/// Waits until so many have been dropped: nobody tells of that.
async fn dropped(drops: &Drops, count: usize) {
    while drops.count() < count {
        yield_now().await;
    }
    assert_eq!(drops.count(), count);
}

#[test]
fn results_come_in_the_order_in_which_the_tasks_ended() {
    everywhere(|| async {
        let mut group = Group::new();
        let mut gates = Vec::new();
        for number in 0..20 {
            let (open, gate) = oneshot::channel::<()>();
            gates.push(Some(open));
            group
                .spawn(async move {
                    gate.await.expect("the test opens it");
                    number
                })
                .await;
        }
        for number in (0..20).map(|step| (step * 7) % 20) {
            let open = gates[number].take().expect("each once");
            open.send(()).expect("the task waits");
            assert_eq!(group.join_next().await.unwrap().unwrap(), number);
        }
        assert!(group.join_next().await.is_none());
    });
}

#[test]
fn each_result_comes_once_and_with_the_id_that_the_spawn_gave() {
    everywhere(|| async {
        let (mut group, mut expected) = (Group::new(), BTreeMap::new());
        for number in 0..500 {
            let id = group
                .spawn(async move {
                    assert!(number % 5 != 0, "{number}");
                    number
                })
                .await;
            assert!(expected.insert(id, number).is_none());
        }
        assert_eq!(group.len(), 500);
        while let Some((id, result)) = group.join_next_with_id().await {
            let number = expected.remove(&id).expect("each id once");
            match result {
                Ok(output) => assert_eq!(output, number),
                Err(error) => {
                    assert!(number % 5 == 0 && error.is_panic());
                    assert_eq!(error.id(), id);
                }
            }
            assert_eq!(group.len(), expected.len());
        }
        assert!(expected.is_empty() && group.is_empty());
    });
}

#[test]
fn join_all_gives_the_failures_too_and_ends_nothing() {
    everywhere(|| async {
        let mut group = Group::new();
        for number in 0..50 {
            let task = async move {
                for _ in 0..(50 - number) {
                    yield_now().await;
                }
                assert!(number % 7 != 0, "number {number}");
                number
            };
            group.spawn(task).await;
        }
        for (number, result) in group.join_all().await.into_iter().enumerate() {
            match result {
                Ok(output) => assert_eq!(output, number),
                Err(error) => assert!(error.to_string().ends_with(&format!("number {number}"))),
            }
        }
    });
}

#[test]
fn a_dropped_group_aborts_its_tasks() {
    everywhere(|| async {
        let drops = Drops::default();
        let group = Group::new();
        for _ in 0..100 {
            group.spawn(hold(drops.guard())).await;
        }
        assert_eq!(drops.count(), 0);
        drop(group);
        dropped(&drops, 100).await;
    });
}

#[test]
fn a_dropped_group_drops_what_was_not_joined() {
    everywhere(|| async {
        let drops = Drops::default();
        let mut group = Group::new().limit(1);
        for _ in 0..10 {
            let guard = drops.guard();
            group.spawn(async { guard }).await;
        }
        group.spawn(pending()).await; // the others have ended
        drop(group.join_next().await.unwrap().unwrap());
        assert_eq!(drops.count(), 1);
        drop(group);
        assert_eq!(drops.count(), 10);
    });
}

#[test]
fn aborted_tasks_are_joined_as_cancelled_and_the_group_is_used_again() {
    everywhere(|| async {
        let (drops, mut group) = (Drops::default(), Group::new());
        for round in 1..4 {
            for _ in 0..100 {
                group.spawn(hold(drops.guard())).await;
            }
            group.abort_all();
            group.abort_all();
            assert_eq!(group.len(), 100);
            for _ in 0..100 {
                assert!(group.join_next().await.unwrap().unwrap_err().is_cancelled());
            }
            assert!(group.join_next().await.is_none());
            assert_eq!(drops.count(), round * 100);
        }
    });
}

#[test]
fn an_abort_takes_no_output_from_a_task_that_has_ended() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        group.spawn(async { 7 }).await;
        group.spawn(pending()).await; // the first has ended
        group.abort_all();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 7);
        assert!(group.join_next().await.unwrap().unwrap_err().is_cancelled());
    });
}

#[test]
fn shutdown_ends_the_tasks_and_waits_for_them() {
    everywhere(|| async {
        let (drops, mut group) = (Drops::default(), Group::new());
        let spawner = group.spawner();
        for round in 1..4 {
            for _ in 0..50 {
                group.spawn(hold(drops.guard())).await;
            }
            group.shutdown().await;
            assert_eq!((drops.count(), group.len()), (round * 50, 0));
            spawner.spawn(async {}).await.expect("it takes tasks again");
            group.join_next().await.unwrap().unwrap();
        }
    });
}

#[test]
fn shutdown_waits_for_a_closure_that_can_not_be_aborted() {
    let mut group = Group::new();
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = mpsc::channel();
    block_on(async {
        let closure = move || {
            started.send(()).expect("the test waits");
            released.recv().expect("the test releases it");
        };
        group.spawn_blocking(closure).await;
        has_started.recv().expect("the closure starts");
        let mut shutdown = group.shutdown();
        assert!(futures::poll!(&mut shutdown).is_pending());
        release.send(()).expect("the closure waits");
        shutdown.await;
    });
}

#[test]
fn tasks_that_end_do_not_bring_successors_into_a_group_that_is_shut_down() {
    everywhere(|| async {
        let mut group = Group::new();
        let (drops, spawner) = (Drops::default(), group.spawner());
        for _ in 0..20 {
            struct Successor(Spawner<()>, Drops);
            impl Drop for Successor {
                fn drop(&mut self) {
                    let refused = self.0.try_spawn(hold(self.1.guard()));
                    assert!(refused.unwrap_err().is_closed());
                }
            }
            let successor = Successor(spawner.clone(), drops.clone());
            let task = async move {
                let _successor = successor;
                pending().await
            };
            group.spawn(task).await;
        }
        group.shutdown().await;
        assert_eq!(drops.count(), 20, "what was refused is dropped");
    });
}

#[test]
fn detached_tasks_run_on_and_the_group_is_empty() {
    everywhere(|| async {
        let (drops, mut group) = (Drops::default(), Group::new().limit(20));
        let mut gates = Vec::new();
        for _ in 0..10 {
            let (open, gate) = oneshot::channel::<()>();
            gates.push(open);
            let guard = drops.guard();
            group
                .spawn(async move {
                    let _guard = guard;
                    gate.await.expect("the task was not aborted");
                })
                .await;
        }
        group.detach_all();
        assert!(group.is_empty() && group.join_next().await.is_none());
        // Those that come later have the slots of the others.
        for _ in 0..20 {
            group.spawn(hold(drops.guard())).await;
        }
        for open in gates {
            open.send(()).expect("the task waits");
        }
        dropped(&drops, 10).await;
        assert_eq!(group.len(), 20);
        group.shutdown().await;
        assert_eq!(drops.count(), 30);
    });
}

#[test]
fn a_panic_of_a_task_that_lost_its_group_is_printed() {
    let command = child("a_panic_of_a_task_that_lost_its_group_is_printed", || {
        let runtime = Runtime::builder().workers(1).build().unwrap();
        let mut group = Group::<()>::new();
        let (open, gate) = oneshot::channel::<()>();
        let task = async move {
            let _ = gate.await;
            panic!("one: detached");
        };
        runtime.block_on(async {
            group.spawn(task).await;
            group.detach_all();
            open.send(()).unwrap();
            group.spawn(async { panic!("two: not joined") }).await;
            assert!(group.join_next().await.unwrap().unwrap_err().is_panic());
            let one_by_one = group.limit(1);
            one_by_one
                .spawn(async { panic!("three: ended and not joined") })
                .await;
            one_by_one.spawn(pending()).await;
            drop(one_by_one);
        });
        runtime.shutdown(Duration::MAX).unwrap();
    });
    let stderr = stderr_of(command);
    let printed = |word: &str| {
        let ours = stderr.lines().filter(|line| line.starts_with("canter:"));
        ours.filter(|line| line.contains(word) && line.contains("group_join.rs:"))
            .count()
    };
    assert_eq!(["one", "two", "three"].map(printed), [1, 0, 1], "{stderr}");
}

#[test]
fn a_spawner_gives_the_future_back_once_the_group_is_gone() {
    everywhere(|| async {
        let group = Group::new();
        let (drops, spawner) = (Drops::default(), group.spawner());
        let other = spawner.clone();
        assert!(other.spawn(hold(drops.guard())).await.is_ok());
        drop(group);
        dropped(&drops, 1).await;
        let error = spawner.spawn(hold(drops.guard())).await.unwrap_err();
        assert!(error.to_string().contains("the group was dropped"), "{error}");
        let error = other.try_spawn(error.into_inner()).unwrap_err();
        assert!(error.is_closed() && error.to_string().contains("was dropped"));
        assert_eq!(drops.count(), 1);
        drop(error);
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn try_join_next_gives_what_has_ended() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        assert!(group.try_join_next().is_none());
        let (open, gate) = oneshot::channel::<()>();
        for number in 0..5 {
            group.spawn(async move { number }).await;
        }
        group
            .spawn(async move {
                gate.await.expect("the test opens it");
                5
            })
            .await;
        for number in 0..5 {
            assert_eq!(group.try_join_next().unwrap().unwrap(), number);
        }
        assert!(group.try_join_next().is_none());
        open.send(()).unwrap();
        assert_eq!(group.join_next().await.unwrap().unwrap(), 5);
    });
}

#[test]
fn a_group_is_a_stream_of_its_results() {
    everywhere(|| async {
        let mut group = Group::new();
        for number in 0..100u32 {
            group.spawn(async move { number }).await;
        }
        assert_eq!(group.size_hint(), (100, None));
        let mut numbers: Vec<_> = group.by_ref().map(Result::unwrap).collect().await;
        numbers.sort_unstable();
        assert_eq!(numbers, (0..100).collect::<Vec<_>>());
        group.spawn(async { 7 }).await;
        assert_eq!(group.next().await.unwrap().unwrap(), 7);
    });
}

#[test]
fn a_group_may_be_joined_on_another_thread() {
    fn is_send_and_sync<T: Send + Sync>(_: &T) {}
    // Also where the outputs themselves can't be shared.
    is_send_and_sync(&Group::<Cell<u8>>::new());
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let mut group = runtime.block_on(async {
        let group = Group::new();
        for number in 0..1000u32 {
            group.spawn(async move { number }).await;
        }
        group
    });
    is_send_and_sync(&group);
    is_send_and_sync(&group.spawner());
    assert!(block_on(group.join_next()).unwrap().unwrap() < 1000);
    let other = thread::spawn(move || {
        let mut joined = 0;
        while let Some(result) = block_on(group.join_next()) {
            joined += u32::from(result.is_ok());
        }
        (group, joined)
    });
    let (group, joined) = other.join().unwrap();
    assert_eq!((group.len(), joined), (0, 999));
}

#[test]
fn a_task_runs_on_the_runtime_that_was_asked_for_and_a_closure_on_its_pool() {
    let runtime = |workers| Runtime::builder().workers(workers).build().unwrap();
    let (one, other) = (runtime(1), runtime(3));
    let here = thread::current().id();
    one.block_on(async {
        let mut group = Group::new();
        let handle = other.handle().clone();
        let current = async { format!("{:?}", Handle::current()).contains("workers: 3") };
        group.spawn_on(current, &handle).await;
        assert!(group.join_next().await.unwrap().unwrap());
        drop(other);
        group.spawn_on(async { true }, &handle).await;
        assert!(group.join_next().await.unwrap().unwrap_err().is_cancelled());
        group.spawn_blocking(move || thread::current().id() != here).await;
        assert!(group.join_next().await.unwrap().unwrap());
    });
}

#[test]
fn the_errors_name_the_line_of_the_spawn() {
    everywhere(|| async {
        let mut group = Group::new();
        let spawner = group.spawner();
        let mut lines = vec![line!() + 1];
        group.spawn(pending()).await;
        lines.push(line!() + 1);
        group.try_spawn(pending()).expect("there is no limit");
        lines.push(line!() + 1);
        group.spawn_on(pending(), &Handle::current()).await;
        lines.push(line!() + 1);
        spawner.spawn(pending()).await.expect("the group is there");
        lines.push(line!() + 1);
        spawner.try_spawn(pending()).expect("the group is there");
        group.abort_all();
        lines.push(line!() + 1);
        group.spawn_blocking(|| panic!("on purpose")).await;
        let results = group.join_all().await.into_iter();
        let places: Vec<_> = results
            .map(|result: Result<(), _>| result.unwrap_err().spawned_at())
            .collect();
        assert!(places.iter().all(|place| place.file().ends_with("group_join.rs")));
        assert!(places.iter().map(|place| place.line()).eq(lines));
    });
}

#[test]
fn a_hundred_thousand_tasks_are_polled_once_each_and_joined() {
    const TASKS: usize = 100_000;
    everywhere(|| async {
        let (mut group, polls) = (Group::new(), Arc::new(AtomicUsize::new(0)));
        for number in 0..TASKS {
            let polls = polls.clone();
            group
                .spawn(async move {
                    polls.fetch_add(1, SeqCst);
                    number
                })
                .await;
        }
        let mut sum = 0;
        while let Some(result) = group.join_next().await {
            sum += result.unwrap();
        }
        assert_eq!((sum, polls.load(SeqCst)), (TASKS * (TASKS - 1) / 2, TASKS));
    });
}
