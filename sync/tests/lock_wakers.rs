//! Which waker is called, and how long it is kept.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/kinds.rs"]
mod kinds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::{Condvar, Mutex, OwnedRwLockUpgradableReadGuard, RwLock, RwLockUpgradableReadGuard};
use flag::{Flag, poll};
use futures::executor::block_on;
use futures::stream::{FuturesUnordered, StreamExt};
use kinds::{Crowd, KINDS, Locks};

#[test]
fn a_wait_that_is_polled_with_another_waker_is_woken_at_that_one() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let old: Vec<_> = (0..5).map(|_| wait(&mut waits)).collect();
        let new = wait(&mut waits);
        drop(held);
        assert!(old.iter().all(|old| !old.take()), "{}", kind.name);
        assert!(new.take(), "{}", kind.name);
        drop(ready(&mut waits));
    }
}

#[test]
fn a_wait_that_is_polled_with_its_old_waker_again_is_woken_at_that_one() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let first = wait(&mut waits);
        let second = wait(&mut waits);
        assert!(poll(&mut waits, &first).is_pending());
        drop(held);
        assert!(first.take() && !second.take(), "{}", kind.name);
    }
}

#[test]
fn a_mutex_calls_again_at_the_waker_of_the_look_in_vain() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    let first = wait(&mut lock);
    drop(held);
    assert!(first.take());
    let newcomer = mutex.try_lock().unwrap();
    let second = wait(&mut lock);
    drop(newcomer);
    assert!(second.take() && !first.take());
    drop(ready(&mut lock));
}

#[test]
fn polls_that_nobody_asked_for_do_no_harm() {
    for kind in KINDS.iter().filter(|kind| kind.crowd == Crowd::One) {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut first = kind.wait(&locks);
        let first_flag = wait(&mut first);
        let mut second = kind.wait(&locks);
        let second_flag = wait(&mut second);
        for _ in 0..100 {
            assert!(poll(&mut second, &second_flag).is_pending());
            assert!(poll(&mut first, &first_flag).is_pending());
        }
        assert!(!first_flag.take() && !second_flag.take());
        drop(held);
        assert!(first_flag.take() && !second_flag.take(), "{}", kind.name);
        let held = ready(&mut first);
        for _ in 0..100 {
            assert!(poll(&mut second, &second_flag).is_pending());
        }
        drop(held);
        assert!(second_flag.take(), "{}", kind.name);
        drop(ready(&mut second));
        assert!(locks.are_free());
    }
}

#[test]
fn a_waiter_that_was_not_called_may_take_a_mutex_that_is_free() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
    let woken: Vec<_> = line.iter_mut().map(wait).collect();
    drop(held);
    assert!(woken[0].take());
    let mut last = line.pop().unwrap();
    drop(ready(&mut last));
    let held = ready(&mut line[0]);
    drop(held);
    assert!(woken[1].take());
    drop(ready(&mut line[1]));
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_waiter_is_woken_once_for_each_turn() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let woken = wait(&mut waits);
        drop(held);
        assert!(woken.take());
        drop(ready(&mut waits));
        assert!(!woken.take(), "{}", kind.name);
    }
}

// How long a waker is kept.

#[test]
fn a_waker_is_kept_once_while_its_future_waits() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let flag = Flag::new();
        for _ in 0..10 {
            assert!(poll(&mut waits, &flag).is_pending());
            assert_eq!(Arc::strong_count(&flag), 2, "{}", kind.name);
        }
        let other = wait(&mut waits);
        assert_eq!((Arc::strong_count(&flag), Arc::strong_count(&other)), (1, 2));
        drop(held);
        assert_eq!(Arc::strong_count(&other), 1, "{}: it was called", kind.name);
        drop(ready(&mut waits));
    }
}

#[test]
fn no_waker_stays_behind_a_future_that_is_dropped() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let flag = wait(&mut waits);
        drop(waits);
        assert_eq!(Arc::strong_count(&flag), 1, "{}", kind.name);
        drop(held);
        assert!(!flag.take());
    }
}

#[test]
fn no_waker_stays_behind_a_future_that_has_ended() {
    for kind in &KINDS {
        let locks = Locks::default();
        let flag = Flag::new();
        {
            let held = kind.hold(&locks);
            let mut waits = kind.wait(&locks);
            assert!(poll(&mut waits, &flag).is_pending());
            drop(held);
            drop(poll(&mut waits, &flag));
            assert_eq!(Arc::strong_count(&flag), 1, "{}: it has ended", kind.name);
        }
        assert_eq!(Arc::strong_count(&flag), 1, "{}: it is dropped", kind.name);
    }
}

#[test]
fn no_waker_stays_in_a_line_that_ended_without_it_being_called() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
    let flags: Vec<_> = line.iter_mut().map(wait).collect();
    drop(held);
    for lock in line.iter_mut().rev() {
        drop(ready(lock));
    }
    assert!(flags.iter().all(|flag| Arc::strong_count(flag) == 1));
}

#[test]
fn no_waker_stays_behind_those_that_were_told_together() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut waits: Vec<_> = (0..5)
        .map(|_| {
            let mut waits = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
            let flag = wait(&mut waits);
            (waits, flag)
        })
        .collect();
    condvar.notify_all();
    assert!(waits.iter().all(|(_, flag)| Arc::strong_count(flag) == 1));
    let held = mutex.try_lock().unwrap();
    let relocks: Vec<_> = waits.iter_mut().map(|(waits, _)| wait(waits)).collect();
    assert!(relocks.iter().all(|flag| Arc::strong_count(flag) == 2));
    drop(waits);
    assert!(relocks.iter().all(|flag| Arc::strong_count(flag) == 1));
    drop(held);
}

// After the end.

/// What the panic says of a future that is polled after it gave the guard.
fn message_of_another_poll<F: Future>(future: F) -> String {
    let mut future = Box::pin(future);
    drop(ready(&mut future));
    let polled = catch_unwind(AssertUnwindSafe(|| drop(poll(&mut future, &Flag::new()))));
    let message = polled.expect_err("it has to panic");
    match message.downcast::<String>() {
        Ok(message) => *message,
        Err(message) => message.downcast_ref::<&str>().expect("a message").to_string(),
    }
}

#[test]
fn a_future_that_is_polled_after_it_ended_says_which_it_is() {
    let mutex = Arc::new(Mutex::new(0));
    let lock = Arc::new(RwLock::new(0));
    let said = |name| format!("`{name}` was polled again after it gave the guard");
    assert_eq!(message_of_another_poll(mutex.lock()), said("Lock"));
    assert_eq!(message_of_another_poll(mutex.lock_owned()), said("Lock"));
    assert_eq!(message_of_another_poll(lock.read()), said("Acquire"));
    assert_eq!(message_of_another_poll(lock.write_owned()), said("Acquire"));
    assert_eq!(message_of_another_poll(lock.upgradable_read()), said("Acquire"));
    let upgradable = lock.try_upgradable_read().unwrap();
    assert_eq!(
        message_of_another_poll(RwLockUpgradableReadGuard::upgrade(upgradable)),
        said("Upgrade")
    );
    let upgradable = lock.try_upgradable_read_owned().unwrap();
    assert_eq!(
        message_of_another_poll(OwnedRwLockUpgradableReadGuard::upgrade(upgradable)),
        said("Upgrade")
    );
    assert!(mutex.try_lock().is_some() && lock.try_write().is_some());

    let condvar = Condvar::new();
    let mut waits = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    _ = wait(&mut waits);
    condvar.notify_one();
    assert_eq!(message_of_another_poll(waits), said("WaitNotified"));
    assert!(mutex.try_lock().is_some());
}

// Futures that share a task, or change it.

#[test]
fn many_locks_in_one_task_all_end() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut locks: FuturesUnordered<_> = (0..100).map(|_| mutex.lock()).collect();
    assert!(poll(&mut Box::pin(locks.next()), &Flag::new()).is_pending());
    drop(held);
    block_on(async {
        while let Some(mut guard) = locks.next().await {
            *guard += 1;
        }
    });
    assert_eq!(*mutex.try_lock().unwrap(), 100);
}

#[test]
fn waits_that_were_polled_on_one_thread_end_on_others() {
    let (mutex, condvar, lock) = (Mutex::new(0), Condvar::new(), RwLock::new(0));
    let mut told = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    _ = wait(&mut told);
    let read = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    _ = wait(&mut write);
    let mut other = Box::pin(lock.read());
    _ = wait(&mut other);
    thread::scope(|scope| {
        scope.spawn(|| *block_on(told) += 1);
        scope.spawn(|| *block_on(write) += 1);
        scope.spawn(|| assert_eq!(*block_on(other), 1));
        condvar.notify_one();
        drop(read);
    });
    assert_eq!((*mutex.try_lock().unwrap(), *lock.try_read().unwrap()), (1, 1));
}
