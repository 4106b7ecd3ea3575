//! What a condition variable offers, form by form.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::condvar::WaitNotified;
use canter_sync::{Condvar, Mutex};
use executors::{Task, under_each};
use flag::Flag;
use futures::executor::block_on;

type Wait<'a> = Pin<Box<WaitNotified<'a, &'a Mutex<u32>, u32>>>;

/// One that waits.
fn waiter<'a>(mutex: &'a Mutex<u32>, condvar: &'a Condvar) -> (Wait<'a>, Arc<Flag>) {
    let mut waits = Box::pin(condvar.wait(mutex.try_lock().expect("nobody has it")));
    let woken = wait(&mut waits);
    (waits, woken)
}

#[test]
fn one_is_told_at_a_time_in_the_order_of_arrival() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..10).map(|_| waiter(&mutex, &condvar)).collect();
    while !all.is_empty() {
        condvar.notify_one();
        let told: Vec<_> = all.iter().map(|(_, woken)| woken.take()).collect();
        assert!(told[0] && !told[1..].contains(&true));
        drop(ready(&mut all.remove(0).0));
    }
    condvar.notify_one();
}

#[test]
fn several_notifications_tell_several_before_any_of_them_looks() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..5).map(|_| waiter(&mutex, &condvar)).collect();
    (0..3).for_each(|_| condvar.notify_one());
    let told: Vec<_> = all.iter().map(|(_, woken)| woken.take()).collect();
    assert_eq!(told, [true, true, true, false, false]);
    for (waits, _) in &mut all[..3] {
        drop(ready(waits));
    }
}

#[test]
fn all_are_told_that_wait_by_then() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..10).map(|_| waiter(&mutex, &condvar)).collect();
    condvar.notify_all();
    let (_later, later_woken) = waiter(&mutex, &condvar);
    for (waits, woken) in &mut all {
        assert!(woken.take());
        drop(ready(waits));
    }
    assert!(!later_woken.take());
}

#[test]
fn nothing_is_kept_for_those_that_come_later() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::default());
    condvar.notify_one();
    condvar.notify_all();
    let (_waits, woken) = waiter(&mutex, &condvar);
    assert!(!woken.take());
}

#[test]
fn one_that_waits_again_goes_behind_the_others() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let (mut first, first_woken) = waiter(&mutex, &condvar);
    let (_second, second_woken) = waiter(&mutex, &condvar);
    condvar.notify_one();
    assert!(first_woken.take());
    let guard = ready(&mut first);
    let mut again = Box::pin(condvar.wait(guard));
    let again_woken = wait(&mut again);
    condvar.notify_one();
    assert!(second_woken.take() && !again_woken.take());
}

#[test]
fn a_wait_unlocks_when_it_is_first_polled_and_not_before() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut waits = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    assert!(mutex.is_locked());
    condvar.notify_one();
    condvar.notify_all();
    let woken = wait(&mut waits);
    assert!(!mutex.is_locked());
    condvar.notify_one();
    assert!(woken.take());
}

#[test]
fn a_wait_ends_with_the_mutex_locked() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let (mut waits, told) = waiter(&mutex, &condvar);
    let mut held = mutex.try_lock().unwrap();
    condvar.notify_one();
    assert!(told.take());
    let called = wait(&mut waits);
    *held = 7;
    drop(held);
    assert!(called.take());
    let guard = ready(&mut waits);
    assert_eq!(*guard, 7);
    assert!(mutex.is_locked());
    drop(guard);
    assert!(!mutex.is_locked());
}

#[test]
fn a_condition_that_does_not_hold_is_not_waited_for() {
    let (mutex, condvar) = (Mutex::new(7), Condvar::new());
    let mut waits = Box::pin(condvar.wait_while(mutex.try_lock().unwrap(), |number| *number == 0));
    assert_eq!(*ready(&mut waits), 7);
    assert_eq!(*condvar.wait_while_blocking(mutex.lock_blocking(), |_| false), 7);
}

#[test]
fn a_condition_is_looked_at_again_each_time_that_it_is_told() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut looks = 0;
    let mut waits = Box::pin(condvar.wait_while(mutex.try_lock().unwrap(), |number| {
        looks += 1;
        *number += 1; // the condition may change the value
        *number < 4
    }));
    for _ in 0..3 {
        let woken = wait(&mut waits);
        condvar.notify_one();
        assert!(woken.take());
    }
    assert_eq!(*ready(&mut waits), 4);
    drop(waits);
    assert_eq!(looks, 4);
}

#[test]
fn it_serves_several_mutexes() {
    let (condvar, numbers, names) = (Condvar::new(), Mutex::new(0), Arc::new(Mutex::new("a")));
    let mut first = Box::pin(condvar.wait(numbers.try_lock().unwrap()));
    let mut second = Box::pin(condvar.wait(names.try_lock_owned().unwrap()));
    let woken = [wait(&mut first), wait(&mut second)];
    condvar.notify_all();
    assert!(woken.iter().all(|woken| woken.take()));
    let both = (ready(&mut first), ready(&mut second));
    assert_eq!((*both.0, *both.1), (0, "a"));
}

#[test]
fn an_owned_guard_comes_back_as_one() {
    let mutex: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2]));
    let condvar = Condvar::new();
    let mut waits = Box::pin(condvar.wait(mutex.try_lock_owned().unwrap()));
    let woken = wait(&mut waits);
    let weak = Arc::downgrade(&mutex);
    drop(mutex);
    condvar.notify_one();
    assert!(woken.take());
    let guard = ready(&mut waits);
    drop(waits);
    assert_eq!(guard.len(), 2);
    drop(guard);
    assert!(weak.upgrade().is_none(), "nobody else kept it alive");
}

#[test]
fn debug_shows_what_it_is() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    assert_eq!(format!("{condvar:?}"), "Condvar { .. }");
    let waits = condvar.wait(mutex.try_lock().unwrap());
    assert_eq!(format!("{waits:?}"), "WaitNotified { .. }");
}

static TURN: Mutex<u32> = Mutex::new(0);
static TURNED: Condvar = Condvar::new();

#[test]
fn blocked_threads_take_turns() {
    let threads: Vec<_> = (0..4)
        .map(|thread| {
            thread::spawn(move || {
                for round in 0..50 {
                    let mine = 4 * round + thread;
                    let mut turn = TURNED.wait_while_blocking(TURN.lock_blocking(), |turn| *turn != mine);
                    *turn += 1;
                    drop(turn);
                    TURNED.notify_all();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*TURN.lock_blocking(), 200);
}

#[test]
fn a_blocked_thread_that_waits_once_is_told_once() {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let inner = shared.clone();
    let (begins, has_begun) = mpsc::channel();
    let waits = thread::spawn(move || {
        let (mutex, condvar) = &*inner;
        let guard = mutex.lock_blocking();
        begins.send(()).unwrap();
        let mut guard = condvar.wait_blocking(guard);
        *guard += 1;
    });
    has_begun.recv().unwrap();
    let guard = shared.0.lock_blocking(); // it waits by now
    shared.1.notify_one();
    drop(guard);
    waits.join().unwrap();
    assert_eq!(*block_on(shared.0.lock()), 1);
}

#[test]
fn notifications_may_come_with_the_mutex_locked_or_not_under_any_executor() {
    const ROUNDS: usize = 100;
    under_each(|run| {
        let shared = Arc::new((Mutex::new(0_usize), Condvar::new()));
        let tasks = (0..4).map(|task| {
            let shared = shared.clone();
            Box::pin(async move {
                let (mutex, condvar) = &*shared;
                for round in 0..ROUNDS {
                    let mine = 4 * round + task;
                    let mut turn = condvar.wait_while(mutex.lock().await, |turn| *turn != mine).await;
                    *turn += 1;
                    if task % 2 == 0 {
                        condvar.notify_all();
                    } else {
                        drop(turn);
                        condvar.notify_all();
                    }
                }
            }) as Task
        });
        run(tasks.collect());
        assert_eq!(*shared.0.try_lock().unwrap(), 4 * ROUNDS);
    });
}
