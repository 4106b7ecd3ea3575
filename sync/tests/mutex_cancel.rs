//! Locks of a mutex that are dropped: before their first poll, in line, when they were called, and when they were handed the mutex.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/exclusive.rs"]
mod exclusive;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/rough.rs"]
mod rough;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;
#[path = "common/shuffle.rs"]
mod shuffle;

use std::pin::Pin;
use std::sync::Arc;

use by_hand::{ready, wait};
use canter_executor::runtime::Runtime;
use canter_executor::yield_now;
use canter_sync::Mutex;
use canter_sync::mutex::Lock;
use exclusive::Exclusive;
use executors::{Task, under_each};
use fastrand::Rng;
use flag::Flag;
use rough::rough;
use seed::random;

type Waiting<'a> = Pin<Box<Lock<&'a Mutex<u32>, u32>>>;

/// One in line.
fn waiter(mutex: &Mutex<u32>) -> (Waiting<'_>, Arc<Flag>) {
    let mut lock = Box::pin(mutex.lock());
    let woken = wait(&mut lock);
    (lock, woken)
}

/// Has the first in line come twice in vain, and unlocks the mutex then, so that it is handed over. Nobody may have it.
#[track_caller]
fn hand_over(mutex: &Mutex<u32>, first: &mut Waiting<'_>, mut woken: Arc<Flag>) -> Arc<Flag> {
    for _ in 0..2 {
        let newcomer = mutex.try_lock().expect("it is free");
        assert!(woken.take(), "it was called");
        woken = wait(first);
        drop(newcomer);
    }
    assert!(mutex.is_locked(), "it is handed over");
    woken
}

#[test]
fn a_lock_that_was_never_polled_has_no_effect() {
    let mutex = Mutex::new(0);
    drop(mutex.lock());
    let held = mutex.try_lock().unwrap();
    drop(mutex.lock());
    let (mut first, woken) = waiter(&mutex);
    drop(held);
    assert!(woken.take());
    drop(ready(&mut first));
    assert!(!mutex.is_locked());
}

#[test]
fn a_lock_that_is_dropped_in_line_leaves_the_order_of_the_others() {
    for dropped in 0..5 {
        let mutex = Mutex::new(0);
        let mut held = mutex.try_lock().unwrap();
        let mut line: Vec<_> = (0..5).map(|_| waiter(&mutex)).collect();
        drop(line.remove(dropped));
        while !line.is_empty() {
            drop(held);
            let woken: Vec<_> = line.iter().map(|(_, woken)| woken.take()).collect();
            assert!(woken[0] && !woken[1..].contains(&true));
            held = ready(&mut line.remove(0).0);
        }
        drop(held);
        assert!(mutex.try_lock().is_some());
    }
}

#[test]
fn a_lock_that_is_dropped_when_it_was_called_passes_the_call_on() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..10).map(|_| waiter(&mutex)).collect();
    drop(held);
    while let [(_, first_woken), others @ ..] = &line[..] {
        assert!(first_woken.take());
        assert!(others.iter().all(|(_, woken)| !woken.take()));
        assert!(!mutex.is_locked());
        drop(line.remove(0));
    }
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_lock_that_is_dropped_when_it_was_called_but_came_too_late_leaves_the_call_to_the_next_unlock() {
    for has_looked in [false, true] {
        let mutex = Mutex::new(0);
        let held = mutex.try_lock().unwrap();
        let (mut first, first_woken) = waiter(&mutex);
        let (mut second, second_woken) = waiter(&mutex);
        drop(held);
        assert!(first_woken.take());
        let newcomer = mutex.try_lock().unwrap();
        if has_looked {
            _ = wait(&mut first);
        }
        drop(first);
        assert!(!second_woken.take(), "the mutex is locked");
        drop(newcomer);
        assert!(second_woken.take());
        drop(ready(&mut second));
        assert!(mutex.try_lock().is_some());
    }
}

#[test]
fn a_lock_that_is_dropped_when_it_was_handed_the_mutex_unlocks_it() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, first_woken) = waiter(&mutex);
    let (mut second, second_woken) = waiter(&mutex);
    drop(held);
    let woken = hand_over(&mutex, &mut first, first_woken);
    assert!(woken.take());
    assert!(!second_woken.take());
    drop(first);
    assert!(second_woken.take());
    assert!(!mutex.is_locked());
    drop(ready(&mut second));

    let held = mutex.try_lock().unwrap();
    let (mut only, woken) = waiter(&mutex);
    drop(held);
    hand_over(&mutex, &mut only, woken);
    drop(only);
    assert!(!mutex.is_locked());
}

#[test]
fn the_next_in_line_does_not_inherit_the_patience_of_one_that_is_dropped() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, first_woken) = waiter(&mutex);
    let (mut second, second_woken) = waiter(&mutex);
    drop(held);
    for woken in [first_woken, wait_in_vain(&mutex, &mut first)] {
        assert!(woken.take());
    }
    drop(first);
    assert!(second_woken.take());
    let woken = wait_in_vain(&mutex, &mut second);
    assert!(!mutex.is_locked() && woken.take(), "called, and not handed over");
    drop(ready(&mut second));
}

/// Polls the first in line while a newcomer has the mutex.
fn wait_in_vain(mutex: &Mutex<u32>, first: &mut Waiting<'_>) -> Arc<Flag> {
    let newcomer = mutex.try_lock().expect("it is free");
    let woken = wait(first);
    drop(newcomer);
    woken
}

#[test]
fn a_line_that_is_dropped_from_its_end_leaves_the_mutex_as_it_was() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..10).map(|_| waiter(&mutex)).collect();
    while line.pop().is_some() {}
    assert!(mutex.is_locked());
    drop(held);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn an_end_that_is_dropped_before_its_guard_is_used_unlocks() {
    let mutex = Mutex::new(0);
    let mut lock = Box::pin(mutex.lock());
    let guard = ready(&mut lock);
    drop(lock);
    assert!(mutex.is_locked(), "the guard has it now");
    drop(guard);
    assert!(!mutex.is_locked());
}

/// Locks so many times, now and then with a lock, or a whole section, that is dropped.
async fn work(mutex: &Mutex<Exclusive>, sections: usize, is_rough: bool, random: &mut Rng) {
    for _ in 0..sections {
        let polls = random.usize(..3);
        if !is_rough {
            mutex.lock().await.hold(polls).await;
        } else if random.bool() {
            if let Some(mut guard) = rough(random, mutex.lock()).await {
                guard.hold(polls).await;
            }
        } else {
            rough(random, async { mutex.lock().await.hold(polls).await }).await;
        }
        if random.u8(..4) == 0 {
            yield_now().await;
        }
        drop(random.bool().then(|| mutex.try_lock()));
    }
}

#[test]
fn nobody_is_forgotten_and_nothing_stays_locked_whichever_locks_are_dropped() {
    let mut random = random("nobody_is_forgotten_and_nothing_stays_locked_whichever_locks_are_dropped");
    for _ in 0..500 {
        let mutex = &Mutex::new(Exclusive::default());
        let tasks: Vec<_> = (0..random.usize(2..10))
            .map(|at| {
                let mut random = random.fork();
                Box::pin(async move { work(mutex, 10, at % 3 != 0, &mut random).await })
            })
            .collect();
        shuffle::run(&mut random, tasks);
        assert!(mutex.try_lock().is_some());
    }
}

#[test]
fn nobody_is_forgotten_under_any_executor() {
    let seed = random("nobody_is_forgotten_under_any_executor");
    under_each(|run| {
        let mut random = seed.clone();
        let mutex = Arc::new(Mutex::new(Exclusive::default()));
        let tasks = (0..8).map(|at| {
            let (mutex, mut random) = (mutex.clone(), random.fork());
            Box::pin(async move { work(&mutex, 300, at % 3 != 0, &mut random).await }) as Task
        });
        run(tasks.collect());
        assert!(mutex.try_lock().unwrap().sections() >= 900);
    });
}

#[test]
fn tasks_that_are_aborted_leave_the_mutex_to_the_others() {
    let mut random = random("tasks_that_are_aborted_leave_the_mutex_to_the_others");
    for workers in [1, 3] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        let mutex = Arc::new(Mutex::new(Exclusive::default()));
        for _ in 0..50 {
            let tasks: Vec<_> = (0..16)
                .map(|_| {
                    let (mutex, polls) = (mutex.clone(), random.usize(..4));
                    runtime.spawn(async move {
                        loop {
                            mutex.lock().await.hold(polls).await;
                            if polls % 2 == 0 {
                                break;
                            }
                        }
                    })
                })
                .collect();
            runtime.block_on(async {
                for _ in 0..random.usize(..20) {
                    mutex.lock().await.hold(1).await;
                }
                tasks.iter().for_each(|task| task.abort());
                for task in tasks {
                    drop(task.await);
                }
            });
            assert!(mutex.try_lock().is_some());
        }
    }
}
