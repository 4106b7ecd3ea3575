//! Groups with a limit: how many tasks run at once, who gets the next place, and what becomes of those who wait for one.

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
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use canter_executor::runtime::Runtime;
use canter_executor::task::{Group, Spawner};
use canter_executor::{block_on, spawn, yield_now};
use drops::{Drops, Guard};
use everywhere::everywhere;
use flag::Flag;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::join_all;

/// Counts how many run at once, and the most that ever did.
#[derive(Default)]
struct Running {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Running {
    async fn task(self: Arc<Running>, yields: u32) {
        struct Ends(Arc<Running>);
        impl Drop for Ends {
            fn drop(&mut self) {
                self.0.now.fetch_sub(1, SeqCst);
            }
        }
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        let _ends = Ends(self);
        for _ in 0..yields {
            yield_now().await;
        }
    }
}

async fn hold(guard: Guard) {
    let _guard = guard;
    pending().await
}

/// Polls a future once, for this flag.
fn poll<F: Future + Unpin>(future: &mut F, flag: &Arc<Flag>) -> Poll<F::Output> {
    future.poll_unpin(&mut Context::from_waker(&flag.waker()))
}

/// Whether as many tasks have a place as the limit allows, and no more.
fn has_places<T: Send + 'static>(group: &Group<T>, places: usize) -> bool {
    let mut taken = 0;
    while group.try_spawn(pending()).is_ok() {
        taken += 1;
    }
    taken == places
}

#[test]
fn never_more_run_at_once_than_the_limit_allows() {
    let mut random = seed::random("never_more_run_at_once_than_the_limit_allows");
    for workers in [1, 2, 4] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        for limit in [1, 2, 3, 10, 100] {
            let running = Arc::new(Running::default());
            let mut group = Group::new().limit(limit);
            let feeds: Vec<_> = (0..3)
                .map(|_| {
                    let (spawner, running) = (group.spawner(), running.clone());
                    let mut random = random.fork();
                    runtime.spawn(async move {
                        for _ in 0..200 {
                            let task = running.clone().task(random.u32(..5));
                            spawner.spawn(task).await.expect("the group is there");
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for _ in 0..200 {
                    group.spawn(running.clone().task(random.u32(..5))).await;
                }
                for feed in feeds {
                    feed.await.unwrap();
                }
                let results = group.join_all().await;
                assert_eq!(results.into_iter().filter(Result::is_ok).count(), 800);
            });
            let most = running.most.load(SeqCst);
            assert!(most <= limit, "{most} at once, and the limit is {limit}");
            assert_eq!(running.now.load(SeqCst), 0);
            assert!(runtime.block_on(async { has_places(&group, limit) }));
        }
    }
}

#[test]
fn what_has_ended_needs_no_place_joined_or_not() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        for number in 0..100 {
            group.spawn(async move { number }).await;
        }
        assert_eq!(group.len(), 100);
        let results = group.join_all().await;
        assert!(results.into_iter().map(Result::unwrap).eq(0..100));
    });
}

#[test]
fn without_a_place_try_spawn_gives_the_future_back() {
    everywhere(|| async {
        let mut group = Group::new().limit(2);
        let (drops, spawner) = (Drops::default(), group.spawner());
        let (open, gate) = oneshot::channel::<()>();
        group.try_spawn(hold(drops.guard())).expect("one place is free");
        spawner
            .try_spawn(gate.map(|_| ()))
            .map(drop)
            .expect("one place is free");
        let error = group.try_spawn(hold(drops.guard())).unwrap_err();
        assert!(error.is_full() && error.to_string().contains("limit"), "{error}");
        let error = spawner.try_spawn(error.into_inner()).unwrap_err();
        assert!(error.is_full());
        open.send(()).expect("the task waits");
        group.join_next().await.unwrap().unwrap();
        group
            .try_spawn(error.into_inner())
            .expect("there is a place again");
        assert!(has_places(&group, 0));
        group.shutdown().await;
        assert_eq!(drops.count(), 2);
    });
}

#[test]
fn places_are_given_in_the_order_in_which_they_were_asked_for() {
    everywhere(|| async {
        let group = Group::new().limit(1);
        let (open, gate) = oneshot::channel::<()>();
        group.spawn(gate.map(|_| ())).await;
        let (spawner, order) = (group.spawner(), Arc::new(Mutex::new(Vec::new())));
        let task = |number: usize| {
            let order = order.clone();
            async move { order.lock().unwrap().push(number) }
        };
        let mut waiting: Vec<_> = (0..50).map(|number| spawner.spawn(task(number))).collect();
        let mut own = group.spawn(task(50));
        for asks in &mut waiting {
            assert!(futures::poll!(asks).is_pending());
        }
        assert!(futures::poll!(&mut own).is_pending());
        open.send(()).expect("the task waits");
        // They are polled in another order, again and again, and those that are ready are gone.
        while !waiting.is_empty() {
            let mut left = Vec::new();
            for mut asks in waiting.into_iter().rev() {
                if futures::poll!(&mut asks).is_pending() {
                    left.push(asks);
                }
            }
            left.reverse();
            waiting = left;
            assert!(
                group.try_spawn(task(1000)).is_err(),
                "a newcomer does not overtake"
            );
            yield_now().await;
        }
        own.await;
        while order.lock().unwrap().len() < 51 {
            yield_now().await;
        }
        assert_eq!(*order.lock().unwrap(), (0..51).collect::<Vec<_>>());
    });
}

#[test]
fn an_output_a_panic_an_abort_and_an_ended_runtime_free_the_place() {
    everywhere(|| async {
        let ended = Runtime::builder().workers(1).build().unwrap();
        let handle = ended.handle().clone();
        // Dropping a runtime waits for its threads, which a task must not do.
        std::thread::spawn(move || drop(ended)).join().unwrap();
        let mut group = Group::new().limit(1);
        for _ in 0..10 {
            group.spawn(async {}).await;
            group.spawn(async { panic!("on purpose") }).await;
            group.spawn(pending()).await;
            group.abort_all();
            group.spawn_on(pending(), &handle).await;
            group.spawn_blocking(|| ()).await;
        }
        let results = group.join_all().await;
        let cancelled = |result: &&Result<(), canter_executor::task::JoinError>| {
            result.as_ref().is_err_and(|error| error.is_cancelled())
        };
        let panicked = |result: &&Result<(), canter_executor::task::JoinError>| {
            result.as_ref().is_err_and(|error| error.is_panic())
        };
        assert_eq!(results.iter().filter(cancelled).count(), 20);
        assert_eq!(results.iter().filter(panicked).count(), 10);
        assert!(has_places(&group, 1));
    });
}

#[test]
fn a_spawn_that_is_given_up_has_not_spawned_and_others_go_on() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        let drops = Drops::default();
        let (open, gate) = oneshot::channel::<()>();
        group.spawn(gate.map(|_| 0)).await;
        let never_polled = group.spawn(hold(drops.guard()).map(|()| 1));
        drop(never_polled);
        let mut first = group.spawn(hold(drops.guard()).map(|()| 2));
        let mut second = group.spawn(async { 3 });
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(first);
        assert_eq!(drops.count(), 2);
        open.send(()).expect("the task waits");
        second.await;
        let results = group.join_all().await;
        assert!(results.into_iter().map(Result::unwrap).eq([0, 3]));
    });
}

#[test]
fn a_place_that_was_granted_to_a_spawn_that_is_given_up_goes_to_the_next() {
    everywhere(|| async {
        let mut group = Group::new().limit(1);
        group.spawn(pending()).await;
        let (mut first, mut second) = (group.spawn(async { 1 }), group.spawn(async { 2 }));
        let flags = [Flag::new(), Flag::new()];
        assert!(poll(&mut first, &flags[0]).is_pending());
        assert!(poll(&mut second, &flags[1]).is_pending());
        group.abort_all();
        while !flags[0].take() {
            yield_now().await;
        }
        assert!(!flags[1].take(), "there is one place");
        drop(first);
        assert!(flags[1].take(), "the next one is woken");
        second.await;
        let results = group.join_all().await;
        assert_eq!(
            results.into_iter().filter_map(Result::ok).collect::<Vec<_>>(),
            [2]
        );
        assert!(has_places(&group, 1));
    });
}

#[test]
fn a_spawn_follows_the_waker_of_whoever_polls_it_last() {
    everywhere(|| async {
        let group = Group::new().limit(1);
        let (open, gate) = oneshot::channel::<()>();
        group.spawn(gate.map(|_| ())).await;
        let (mut spawn, flags) = (group.spawn(async {}), [Flag::new(), Flag::new()]);
        for flag in [0, 0, 1, 0, 1, 1] {
            assert!(poll(&mut spawn, &flags[flag]).is_pending());
        }
        open.send(()).expect("the task waits");
        while !flags[1].take() {
            yield_now().await;
        }
        assert!(!flags[0].take());
        assert!(poll(&mut spawn, &flags[0]).is_ready());
    });
}

#[test]
fn those_who_wait_for_a_place_are_sent_away_by_the_end_of_the_group() {
    type End = fn(Group<Result<(), ()>>) -> Option<Group<Result<(), ()>>>;
    let ends: [(&str, End); 3] = [
        ("drop", |group| {
            drop(group);
            None
        }),
        ("shutdown", |mut group| {
            block_on(group.shutdown());
            Some(group)
        }),
        ("wait", |mut group| {
            group.abort_all();
            block_on(group.wait()).unwrap_err();
            Some(group)
        }),
    ];
    let runtime = Runtime::builder().workers(1).build().unwrap();
    for (name, end) in ends {
        let (drops, group) = (Drops::default(), Group::new().limit(3));
        let ask = |spawner: Spawner<_>, guard| async move {
            let task = async move {
                hold(guard).await;
                Ok(())
            };
            spawner.spawn(task).await.map(drop)
        };
        let mut asks: Vec<_> = (0..20)
            .map(|_| Box::pin(ask(group.spawner(), drops.guard())))
            .collect();
        let polled = runtime.block_on(async {
            assert!(has_places(&group, 3));
            join_all(
                asks.iter_mut()
                    .map(|ask| async { futures::poll!(ask).is_pending() }),
            )
            .await
        });
        assert!(polled.into_iter().all(|waits| waits));
        let ended = end(group);
        for refused in block_on(join_all(asks)) {
            let count = drops.count();
            drop(refused.expect_err(name));
            assert_eq!(drops.count(), count + 1, "{name}: the future comes back");
        }
        // The places of those who were sent away are free.
        assert!(ended.is_none_or(|group| runtime.block_on(async { has_places(&group, 3) })));
    }
}

#[test]
fn detached_tasks_give_their_places_to_those_who_wait() {
    everywhere(|| async {
        let mut group = Group::new().limit(2);
        assert!(has_places(&group, 2));
        let asks: Vec<_> = (0..4)
            .map(|number| {
                let spawner = group.spawner();
                spawn(async move { spawner.spawn(async move { number }).await.is_ok() })
            })
            .collect();
        group.detach_all();
        for ask in asks {
            assert!(ask.await.unwrap());
        }
        let mut numbers: Vec<i32> = group.join_all().await.into_iter().map(Result::unwrap).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3]);
        assert!(has_places(&group, 2));
    });
}
