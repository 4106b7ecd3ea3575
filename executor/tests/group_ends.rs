//! Groups whose runtime ends, whose tasks panic at every turn, and whose wakers do what they like.

#[path = "../../channel/tests/common/alarm.rs"]
mod alarm;
#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/everywhere.rs"]
mod everywhere;
#[path = "common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::{Group, GroupError, Spawner};
use canter_executor::{block_on, yield_now};
use child::{child, stderr_of};
use drops::{Drops, Guard};
use everywhere::everywhere;
use flag::Flag;
use futures::FutureExt;
use futures::channel::oneshot;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

async fn hold(guard: Guard) {
    let _guard = guard;
    pending().await
}

/// A value whose destructor panics.
struct PanicsOnDrop(&'static str);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Polls a future once, with that waker.
fn poll<F: Future + Unpin>(future: &mut F, waker: &Waker) -> Poll<F::Output> {
    future.poll_unpin(&mut Context::from_waker(waker))
}

#[test]
fn a_runtime_that_ends_cancels_the_tasks_and_whoever_joins_learns_it() {
    for workers in [1, 2, 4] {
        for shut_down in [false, true] {
            let (runtime, drops) = (runtime(workers), Drops::default());
            let mut group = Group::new();
            for _ in 0..50 {
                block_on(group.spawn_on(hold(drops.guard()), runtime.handle()));
            }
            let (waits, is_waiting) = mpsc::channel();
            let joiner = thread::spawn(move || {
                waits.send(()).unwrap();
                let results = block_on(group.join_all());
                (group, results)
            });
            is_waiting.recv().unwrap();
            if shut_down {
                runtime.shutdown(Duration::ZERO).unwrap_err();
            } else {
                drop(runtime);
            }
            let (group, results) = joiner.join().unwrap();
            assert_eq!((results.len(), group.len(), drops.count()), (50, 0, 50));
            for result in results {
                assert!(result.unwrap_err().is_cancelled());
            }
        }
    }
}

#[test]
fn a_wait_for_tasks_whose_runtime_ends_is_a_failure() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let mut group = Group::<Result<(), ()>>::new();
        for _ in 0..50 {
            block_on(group.spawn_on(pending(), runtime.handle()));
        }
        let handle = runtime.handle().clone();
        let flag = Flag::new();
        let mut wait = group.wait();
        assert!(poll(&mut wait, &flag.waker()).is_pending());
        drop(runtime);
        assert!(flag.take(), "it was woken");
        let Err(GroupError::Join(error)) = block_on(wait) else {
            panic!("the tasks have no output");
        };
        assert!(error.is_cancelled());
        block_on(group.spawn_on(pending(), &handle));
        assert!(block_on(group.join_next()).unwrap().unwrap_err().is_cancelled());
    }
}

#[test]
fn a_group_that_a_task_holds_ends_with_the_runtime() {
    for workers in [1, 2] {
        let (runtime, drops) = (runtime(workers), Drops::default());
        let (started, has_started) = mpsc::channel();
        let guards: Vec<_> = (0..20).map(|_| drops.guard()).collect();
        runtime.go(async move {
            let mut group = Group::new();
            for guard in guards {
                group.spawn(hold(guard)).await;
            }
            started.send(()).unwrap();
            drop(group.join_next().await);
        });
        has_started.recv().unwrap();
        drop(runtime);
        assert_eq!(drops.count(), 20);
    }
}

#[test]
fn a_task_that_drops_its_own_group_is_dropped_at_its_next_await() {
    everywhere(|| async {
        let (drops, group) = (Drops::default(), Group::new());
        let (give, given) = oneshot::channel::<Group<()>>();
        let guard = drops.guard();
        let task = async move {
            let _guard = guard;
            drop(given.await.expect("the test gives it"));
            yield_now().await;
            unreachable!("the task was aborted");
        };
        group.spawn(task).await;
        group.spawn(hold(drops.guard())).await;
        give.send(group).expect("the task waits");
        while drops.count() < 2 {
            yield_now().await;
        }
    });
}

#[test]
fn a_panic_anywhere_in_a_task_is_its_result_and_the_group_goes_on() {
    everywhere(|| async {
        let mut group = Group::<()>::new();
        for _ in 0..20 {
            group.spawn(async { panic!("poll") }).await;
            let guard = PanicsOnDrop("destructor");
            group
                .spawn(async move {
                    let _guard = guard;
                    yield_now().await;
                })
                .await;
            let guard = PanicsOnDrop("aborted");
            group
                .spawn(async move {
                    let _guard = guard;
                    pending().await
                })
                .await;
            group.spawn(async {}).await;
            let mut said = Vec::new();
            for _ in 0..3 {
                let (_, result) = group.join_next_with_id().await.unwrap();
                said.push(result.map_or_else(|error| error.to_string(), |()| "fine".to_owned()));
            }
            group.abort_all();
            said.push(group.join_next().await.unwrap().unwrap_err().to_string());
            for word in ["poll", "destructor", "aborted"] {
                let words = format!("panicked: {word}");
                assert_eq!(said.iter().filter(|said| said.ends_with(&words)).count(), 1);
            }
            assert!(said.contains(&"fine".to_owned()) && group.is_empty());
        }
    });
}

#[test]
fn a_panic_in_the_destructor_of_an_output_leaves_the_group_usable_and_is_printed() {
    let test = "a_panic_in_the_destructor_of_an_output_leaves_the_group_usable_and_is_printed";
    let command = child(test, || {
        block_on(async {
            let mut group = Group::new().limit(1);
            group
                .spawn(async { Ok(Some(PanicsOnDrop("beside a failure"))) })
                .await;
            group.spawn(async { Err("on purpose") }).await;
            let Err(GroupError::Task("on purpose")) = group.wait().await else {
                panic!("one task failed");
            };
            group.spawn(async { Ok(Some(PanicsOnDrop("shut down"))) }).await;
            group.spawn(async { Ok(None) }).await;
            group.shutdown().await;
            group.spawn(async { Ok(Some(PanicsOnDrop("let go"))) }).await;
            group.spawn(async { Ok(None) }).await;
            group.spawn(async { Ok(None) }).await;
            group.detach_all();
            group.spawn(async { Ok(None) }).await;
            assert_eq!(group.wait().await.unwrap().len(), 1);
            for words in ["one dropped", "another dropped"] {
                group.spawn(async move { Ok(Some(PanicsOnDrop(words))) }).await;
            }
            group.spawn(async { pending().await }).await;
            drop(group);
        });
    });
    let stderr = stderr_of(command);
    let ours = stderr.lines().filter(|line| line.starts_with("canter:"));
    let ours: Vec<_> = ours.filter(|line| line.contains("in its destructor")).collect();
    for words in [
        "beside a failure",
        "shut down",
        "let go",
        "one dropped",
        "another dropped",
    ] {
        let lines = ours.iter().filter(|line| line.ends_with(words));
        assert_eq!(lines.count(), 1, "{words}: {stderr}");
    }
}

#[test]
fn a_join_follows_the_waker_of_whoever_polls_it_last() {
    everywhere(|| async {
        let mut group = Group::new();
        let (open, gate) = oneshot::channel::<()>();
        group.spawn(gate.map(|_| 7)).await;
        let flags = [Flag::new(), Flag::new()];
        for flag in [0, 0, 1, 0, 1, 1] {
            assert!(poll(&mut group.join_next(), &flags[flag].waker()).is_pending());
        }
        open.send(()).expect("the task waits");
        while !flags[1].take() {
            yield_now().await;
        }
        assert!(!flags[0].take());
        assert_eq!(group.join_next().await.unwrap().unwrap(), 7);
    });
}

#[test]
fn a_waker_that_panics_harms_neither_the_task_nor_the_others_who_wait() {
    for workers in [1, 2] {
        let (runtime, mut group) = (runtime(workers), Group::new().limit(1));
        let (open, gate) = oneshot::channel::<()>();
        let spawner = group.spawner();
        block_on(group.spawn_on(gate.map(|_| 1), runtime.handle()));
        let mut alarmed = spawner.spawn(async { 2 });
        let _entered = runtime.enter();
        assert!(poll(&mut alarmed, &alarm::alarm()).is_pending());
        assert!(poll(&mut group.join_next(), &alarm::alarm()).is_pending());
        open.send(()).expect("the task waits");
        // Nobody was woken in a way that tells, so this has to look again and again.
        let first = loop {
            match group.try_join_next() {
                Some(result) => break result.expect("the panic is not the task's"),
                None => thread::yield_now(),
            }
        };
        block_on(alarmed).expect("the place was granted all the same");
        let second = block_on(group.join_next()).unwrap().unwrap();
        assert_eq!((first, second), (1, 2));
    }
}

#[test]
fn a_waker_that_panics_when_the_group_ends_keeps_no_other_from_being_woken() {
    let group = Group::<()>::new().limit(1);
    block_on(group.spawn(pending()));
    let (spawner, flag) = (group.spawner(), Flag::new());
    let mut asks: Vec<_> = (0..3).map(|_| spawner.spawn(pending())).collect();
    let wakers = [alarm::alarm(), flag.waker(), alarm::alarm()];
    for (ask, waker) in asks.iter_mut().zip(&wakers) {
        assert!(poll(ask, waker).is_pending());
    }
    drop(group);
    assert!(flag.take());
    for ask in asks {
        assert!(block_on(ask).is_err());
    }
}

/// A waker that uses the group whenever it is woken or dropped.
struct Meddler {
    spawner: Spawner<()>,
    used: AtomicUsize,
}

impl Meddler {
    fn meddle(&self) {
        drop(self.spawner.try_spawn(async {}));
        self.used.fetch_add(1, SeqCst);
    }
}

impl Wake for Meddler {
    fn wake(self: Arc<Meddler>) {
        self.meddle();
    }
}

impl Drop for Meddler {
    fn drop(&mut self) {
        self.meddle();
    }
}

#[test]
fn no_waker_is_woken_or_dropped_under_the_lock_of_the_group() {
    let meddler = |group: &Group<()>| {
        let (spawner, used) = (group.spawner(), AtomicUsize::new(0));
        Waker::from(Arc::new(Meddler { spawner, used }))
    };
    let runtime = runtime(1);
    let _entered = runtime.enter();
    for _ in 0..100 {
        let mut group = Group::new().limit(1);
        let (open, gate) = oneshot::channel::<()>();
        let gate = gate.map(|_| ());
        block_on(group.spawn(gate));
        let spawner = group.spawner();
        let mut asks = [(); 2].map(|()| spawner.spawn(async {}));
        for ask in &mut asks {
            // The second waker takes the place of the first, which is dropped.
            for _ in 0..2 {
                let waker = meddler(&group);
                assert!(poll(ask, &waker).is_pending());
                drop(waker);
            }
        }
        for _ in 0..2 {
            let waker = meddler(&group);
            assert!(poll(&mut group.join_next(), &waker).is_pending());
            drop(waker);
        }
        let [first, second] = asks;
        drop(second); // out of the line
        open.send(()).expect("the task waits");
        block_on(group.join_next()).unwrap().unwrap();
        drop(first); // with a place, or ready for one
        let waker = meddler(&group);
        block_on(group.spawn(pending()));
        drop(poll(&mut group.join_next(), &waker));
        drop(waker);
        drop(group);
    }
}

#[test]
fn whatever_happens_each_task_ends_once_and_is_joined_once() {
    let mut random = seed::random("whatever_happens_each_task_ends_once_and_is_joined_once");
    for round in 0..60 {
        let runtime = runtime([1, 2, 4][round % 3]);
        let limit = random.usize(1..20);
        let (drops, mut group) = (Drops::default(), Group::new().limit(limit));
        let spawned = Arc::new(Mutex::new(Vec::new()));
        let feeds: Vec<_> = (0..3)
            .map(|_| {
                let (spawner, drops, spawned) = (group.spawner(), drops.clone(), spawned.clone());
                let mut random = random.fork();
                runtime.spawn(async move {
                    for _ in 0..100 {
                        let (guard, kind, count) = (drops.guard(), random.u32(..10), random.u32(..4));
                        let task = async move {
                            let _guard = guard;
                            for _ in 0..count {
                                yield_now().await;
                            }
                            match kind {
                                0 => panic!("on purpose"),
                                1 => pending().await,
                                _ => (),
                            }
                        };
                        let id = spawner.spawn(task).await.expect("the group is there");
                        spawned.lock().unwrap().push(id);
                    }
                })
            })
            .collect();
        let joined = runtime.block_on(async {
            let mut joined = Vec::new();
            while joined.len() < 300 {
                group.abort_all(); // those that wait for ever would keep their places
                let polled = futures::poll!(group.join_next_with_id());
                match polled {
                    Poll::Ready(Some((id, _))) => joined.push(id),
                    Poll::Ready(None) | Poll::Pending => yield_now().await,
                }
            }
            joined
        });
        feeds.into_iter().for_each(|feed| block_on(feed).unwrap());
        let mut joined = joined;
        let mut spawned = spawned.lock().unwrap().clone();
        joined.sort_unstable();
        spawned.sort_unstable();
        assert_eq!(joined, spawned);
        assert_eq!((drops.count(), group.len()), (300, 0));
    }
}
