//! Tasks that stay on their thread: `spawn_local` and `LocalSet`.

#![expect(
    clippy::async_yields_async,
    reason = "a handle is what these tests want out of a block_on"
)]

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use canter_executor::task::LocalSet;
use canter_executor::{block_on, spawn, spawn_blocking, spawn_local, time, yield_now};
use drops::Drops;
use futures::channel::oneshot;
use futures::future::join;

#[test]
fn a_local_task_runs_on_the_thread_that_spawned_it() {
    let here = thread::current().id();
    block_on(async {
        let shared = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let shared = shared.clone();
                spawn_local(async move {
                    for _ in 0..10 {
                        assert_eq!(thread::current().id(), here);
                        shared.set(shared.get() + 1);
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(shared.get(), 500);
    });
}

#[test]
fn outside_of_a_home_spawn_local_panics_with_advice() {
    let said = |panic: Box<dyn std::any::Any + Send>| panic.downcast_ref::<&str>().unwrap().to_string();
    let panic = catch_unwind(|| spawn_local(async {})).unwrap_err();
    assert!(said(panic).contains("LocalSet"));
    let error = block_on(spawn(async { drop(spawn_local(async {})) })).unwrap_err();
    assert!(error.to_string().contains("LocalSet"), "{error}");
}

#[test]
fn local_tasks_end_with_their_block_on() {
    let drops = Drops::default();
    let task = block_on(async {
        for _ in 0..10 {
            let guard = drops.guard();
            drop(spawn_local(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
        }
        let guard = drops.guard();
        spawn_local(async move { drop(guard) }) // never polled
    });
    assert_eq!(drops.count(), 11);
    assert!(block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_local_task_may_spawn_local_tasks_and_a_destructor_too() {
    struct Spawns(Drops);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let guard = self.0.guard();
            drop(spawn_local(async move { drop(guard) }));
        }
    }
    let drops = Drops::default();
    let spawns = Spawns(drops.clone());
    block_on(async {
        assert_eq!(
            spawn_local(async { spawn_local(async { 7 }).await.unwrap() })
                .await
                .unwrap(),
            7
        );
        drop(spawn_local(async move {
            let _spawns = spawns;
            pending::<()>().await;
        }));
    });
    assert_eq!(drops.count(), 1); // dropped at once: the home takes no more tasks
}

#[test]
fn run_until_runs_the_tasks_beside_the_future_and_leaves_the_rest_in_the_set() {
    let set = LocalSet::new();
    let (count, drops) = (Rc::new(Cell::new(0)), Drops::default());
    let (counts, guard) = (count.clone(), drops.guard());
    drop(set.spawn_local(async move {
        let _guard = guard;
        loop {
            counts.set(counts.get() + 1);
            yield_now().await;
        }
    }));
    let output = block_on(set.run_until(async {
        spawn_local(async {
            yield_now().await;
            7
        })
        .await
        .unwrap()
    }));
    assert_eq!(output, 7);
    let after_first = count.get();
    assert!(after_first > 0);
    block_on(set.run_until(yield_now()));
    assert!(count.get() > after_first);
    assert_eq!(drops.count(), 0);
    drop(set);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_set_as_a_future_ends_when_its_tasks_have() {
    let set = LocalSet::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    for number in 0..3 {
        let order = order.clone();
        drop(set.spawn_local(async move {
            for _ in 0..number {
                yield_now().await;
            }
            time::sleep(Duration::from_millis(1)).await;
            order.borrow_mut().push(number);
        }));
    }
    block_on(set);
    assert_eq!(order.borrow().len(), 3);
    block_on(LocalSet::new()); // ends at once
}

#[test]
fn a_set_runs_under_another_executor_too() {
    let set = LocalSet::new();
    let task = set.spawn_local(async { spawn(async { 7 }).await.unwrap() });
    assert_eq!(futures::executor::block_on(set.run_until(task)).unwrap(), 7);
}

#[test]
fn a_set_can_be_aborted_into_and_a_panic_reaches_the_joiner_only() {
    let set = LocalSet::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let waits = set.spawn_local(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let panics = set.spawn_local(async { panic!("on purpose") });
    let other = set.spawn_local(async { 7 });
    waits.abort();
    block_on(set.run_until(async {
        assert!(waits.await.unwrap_err().is_cancelled());
        assert!(panics.await.unwrap_err().is_panic());
        assert_eq!(other.await.unwrap(), 7);
    }));
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_wake_up_from_another_thread_reaches_a_local_task() {
    block_on(async {
        for number in 0..500 {
            let (sender, receiver) = oneshot::channel();
            let local = spawn_local(async { *Rc::new(receiver.await.unwrap()) });
            drop(spawn_blocking(move || sender.send(number).unwrap()));
            assert_eq!(local.await.unwrap(), number);
        }
    });
}

#[test]
fn a_handle_may_be_joined_and_aborted_on_another_thread() {
    let set = LocalSet::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let joined = set.spawn_local(async { *Rc::new(7) });
    let aborted = set.spawn_local(async move {
        let _not_send = (Rc::new(0), guard);
        pending::<()>().await;
    });
    let elsewhere = thread::spawn(move || {
        assert_eq!(block_on(joined).unwrap(), 7);
        aborted.abort();
        assert!(block_on(aborted).unwrap_err().is_cancelled());
    });
    block_on(set);
    elsewhere.join().unwrap();
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_handle_dropped_on_another_thread_leaves_the_task_to_its_own() {
    struct OwnThread(thread::ThreadId, Rc<()>);
    impl Drop for OwnThread {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0);
        }
    }
    for _ in 0..200 {
        let set = LocalSet::new();
        let value = OwnThread(thread::current().id(), Rc::new(()));
        let handle = set.spawn_local(async move {
            let _value = &value.1;
            yield_now().await;
            drop(value);
        });
        let elsewhere = thread::spawn(move || {
            handle.abort();
            drop(handle);
        });
        block_on(set.run_until(yield_now()));
        drop(set);
        elsewhere.join().unwrap();
    }
}

#[test]
fn a_waker_of_a_local_task_may_outlive_its_set() {
    let set = LocalSet::new();
    let kept = Rc::new(RefCell::new(None));
    let keeps = kept.clone();
    drop(set.spawn_local(poll_fn(move |cx| {
        *keeps.borrow_mut() = Some(cx.waker().clone());
        Poll::<()>::Pending
    })));
    block_on(set.run_until(yield_now()));
    drop(set);
    let waker: Waker = kept.borrow_mut().take().unwrap();
    waker.wake_by_ref();
    thread::spawn(move || waker.wake()).join().unwrap();
}

/// Two futures that run the same set, each under a waker of its own: when one goes, the other runs the tasks.
#[test]
fn of_two_that_run_one_set_the_one_that_stays_runs_its_tasks() {
    let set = LocalSet::new();
    let (release, released) = oneshot::channel::<()>();
    let waits = set.spawn_local(async { released.await.unwrap() });
    let (first_ends, first_end) = oneshot::channel::<()>();
    let own_wakers = futures::stream::FuturesUnordered::new();
    let run = |future: std::pin::Pin<Box<dyn Future<Output = ()>>>| set.run_until(future);
    own_wakers.push(run(Box::pin(async { waits.await.unwrap() })));
    own_wakers.push(run(Box::pin(async { first_end.await.unwrap() })));
    let mut own_wakers = pin!(own_wakers);
    block_on(async {
        use futures::StreamExt;
        assert!(futures::poll!(own_wakers.next()).is_pending());
        first_ends.send(()).unwrap();
        own_wakers.next().await.unwrap();
        release.send(()).unwrap();
        own_wakers.next().await.unwrap();
    });
}

#[test]
fn a_task_spawned_from_beside_the_future_that_runs_the_set_is_run() {
    let set = LocalSet::new();
    let (ends, end) = oneshot::channel::<()>();
    let spawns = async {
        yield_now().await;
        drop(set.spawn_local(async { ends.send(()).unwrap() }));
    };
    let (ended, ()) = block_on(join(set.run_until(end), spawns));
    ended.unwrap();
}

#[test]
fn two_that_run_one_set_in_one_task_both_end() {
    let set = LocalSet::new();
    let outputs = block_on(join(
        set.run_until(async { spawn_local(async { 1 }).await.unwrap() }),
        set.run_until(async { spawn_local(async { 2 }).await.unwrap() }),
    ));
    assert_eq!(outputs, (1, 2));
}

#[test]
fn the_future_of_run_until_has_its_turn_beside_busy_local_tasks() {
    let set = LocalSet::new();
    let polls = Rc::new(Cell::new(0));
    for _ in 0..10 {
        let polls = polls.clone();
        drop(set.spawn_local(async move {
            loop {
                polls.set(polls.get() + 1);
                yield_now().await;
            }
        }));
    }
    block_on(set.run_until(async {
        for _ in 0..100 {
            yield_now().await;
        }
    }));
    assert!(polls.get() <= 100 * 64, "{} polls of others", polls.get());
    assert!(polls.get() >= 100, "{} polls of others", polls.get());
}

/// A set is dropped while other threads wake, abort and drop the handles of its tasks.
#[test]
fn a_set_that_is_dropped_while_others_wake_its_tasks_drops_each_once_on_its_own_thread() {
    struct OwnThread(
        thread::ThreadId,
        #[expect(dead_code, reason = "counted when it is dropped")] drops::Guard,
    );
    impl Drop for OwnThread {
        fn drop(&mut self) {
            assert_eq!(thread::current().id(), self.0);
        }
    }
    let mut random = seed::random("a_set_that_is_dropped_while_others_wake_its_tasks");
    for _ in 0..300 {
        const TASKS: usize = 8;
        let (set, drops) = (LocalSet::new(), Drops::default());
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        let handles: Vec<_> = (0..TASKS)
            .map(|_| {
                let (wakers, own) = (wakers.clone(), OwnThread(thread::current().id(), drops.guard()));
                set.spawn_local(async move {
                    let _own = (own, Rc::new(()));
                    poll_fn(|cx| {
                        wakers.lock().unwrap().push(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                })
            })
            .collect();
        block_on(set.run_until(yield_now()));
        let seeds = [random.u64(..), random.u64(..)];
        let (ready, is_ready) = mpsc::channel();
        let handles = Arc::new(Mutex::new(handles));
        let threads: Vec<_> = seeds
            .map(|seed| {
                let (ready, wakers, handles) =
                    (ready.clone(), wakers.lock().unwrap().clone(), handles.clone());
                thread::spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    ready.send(()).unwrap();
                    for _ in 0..50 {
                        let waker = &wakers[random.usize(..wakers.len())];
                        match random.u32(..4) {
                            0 => drop(waker.clone()),
                            1 => waker.wake_by_ref(),
                            2 => waker.wake_by_ref(),
                            _ => {
                                let mut handles = handles.lock().unwrap();
                                let handle = handles.pop();
                                if let Some(handle) = handle.filter(|_| random.bool()) {
                                    handle.abort();
                                }
                            }
                        }
                    }
                })
            })
            .into_iter()
            .collect();
        is_ready.iter().take(2).for_each(drop);
        if random.bool() {
            block_on(set.run_until(yield_now()));
        }
        drop(set);
        assert_eq!(drops.count(), TASKS);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
