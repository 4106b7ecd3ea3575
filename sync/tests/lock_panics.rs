//! The user's code inside of a lock: sections and conditions that panic, and wakers that panic.

#[path = "../../channel/tests/common/alarm.rs"]
mod alarm;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/kinds.rs"]
mod kinds;
#[path = "common/usable.rs"]
mod usable;

use std::sync::Arc;
use std::thread;

use alarm::alarm;
use by_hand::{ready, wait};
use canter_executor::runtime::Runtime;
use canter_sync::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use flag::Flag;
use kinds::{Crowd, KINDS, Locks};
use usable::{check_usable, panics, poll_with, with_a_crowd};

// Sections that panic.

#[test]
fn a_panic_while_a_mutex_is_locked_unlocks_it_and_leaves_the_value_as_it_was_then() {
    let mutex = Arc::new(Mutex::new(0));
    let inner = mutex.clone();
    let section = thread::spawn(move || {
        let mut number = inner.lock_blocking();
        *number = 1;
        panic!("in the section");
    });
    assert!(section.join().is_err());
    assert_eq!(*mutex.try_lock().expect("it is unlocked"), 1);
    assert_eq!(*mutex.lock_blocking(), 1);

    let runtime = Runtime::builder().workers(1).build().unwrap();
    let inner = mutex.clone();
    let section = runtime.spawn(async move {
        *inner.lock_owned().await += 1;
        let _number = inner.lock().await;
        panic!("in the section");
    });
    assert!(runtime.block_on(section).unwrap_err().is_panic());
    assert_eq!(*mutex.try_lock().expect("it is unlocked"), 2);
}

#[test]
fn a_panic_of_a_reader_or_writer_unlocks_and_leaves_the_value_as_it_was_then() {
    let lock = RwLock::new(0);
    panics(|| {
        let _number = lock.read_blocking();
        panic!("while it reads");
    });
    panics(|| {
        let _number = lock.upgradable_read_blocking();
        panic!("while it reads");
    });
    panics(|| {
        let number = lock.upgradable_read_blocking();
        let mut number = RwLockUpgradableReadGuard::upgrade_blocking(number);
        *number = 1;
        panic!("while it writes");
    });
    assert_eq!(*lock.try_write().expect("nobody has it"), 1);
    panics(|| {
        *lock.write_blocking() = 2;
        let _number = lock.write_blocking();
        panic!("while it writes");
    });
    assert_eq!(*lock.try_write().expect("nobody has it"), 2);
}

#[test]
fn a_section_that_panics_lets_the_next_one_in() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let woken = wait(&mut waits);
        panics(|| {
            let _held = held;
            panic!("in the section");
        });
        assert!(woken.take(), "{}", kind.name);
        drop(ready(&mut waits));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_condition_that_panics_unlocks_the_mutex() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    panics(|| condvar.wait_while_blocking(mutex.lock_blocking(), |_| panic!("the condition")));
    assert!(mutex.try_lock().is_some());

    let mut looks = 0;
    let mut waits = Box::pin(condvar.wait_while(mutex.try_lock().unwrap(), |_| {
        looks += 1;
        assert!(looks < 2, "the condition");
        true
    }));
    let woken = wait(&mut waits);
    condvar.notify_one();
    assert!(woken.take());
    panics(|| ready(&mut waits));
    drop(waits);
    assert!(mutex.try_lock().is_some());
}

// Wakers that panic when they are woken.

#[test]
fn a_waker_that_panics_leaves_the_lock_to_its_waiter() {
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        assert!(poll_with(&mut waits, &alarm()).is_pending());
        panics(|| drop(held));
        drop(ready(&mut waits));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn the_next_one_is_served_after_one_whose_waker_panicked() {
    for kind in with_a_crowd() {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut first = kind.wait(&locks);
        assert!(poll_with(&mut first, &alarm()).is_pending());
        let mut second = kind.wait(&locks);
        let woken = wait(&mut second);
        panics(|| drop(held));
        drop(first);
        assert!(woken.take(), "{}", kind.name);
        drop(ready(&mut second));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn one_that_is_dropped_passes_its_turn_on_although_the_next_waker_panics() {
    for kind in with_a_crowd().filter(|kind| kind.crowd == Crowd::One) {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut first = kind.wait(&locks);
        let first_woken = wait(&mut first);
        let mut second = kind.wait(&locks);
        assert!(poll_with(&mut second, &alarm()).is_pending());
        let mut third = kind.wait(&locks);
        let third_woken = wait(&mut third);
        drop(held);
        assert!(first_woken.take());
        panics(|| drop(first));
        assert!(!third_woken.take(), "it is the second one's turn");
        drop(second);
        assert!(third_woken.take(), "{}", kind.name);
        drop(ready(&mut third));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn all_readers_are_woken_when_one_waker_panics() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let mut reads: Vec<_> = (0..5).map(|_| Box::pin(lock.read())).collect();
    let flags: Vec<_> = (0..5).map(|_| Flag::new()).collect();
    for (at, read) in reads.iter_mut().enumerate() {
        let waker = if at % 2 == 0 { alarm() } else { flags[at].waker() };
        assert!(poll_with(read, &waker).is_pending());
    }
    panics(|| drop(held));
    assert!(flags[1].take() && flags[3].take());
    let guards: Vec<_> = reads.iter_mut().map(ready).collect();
    assert!(lock.try_read().is_some() && lock.try_write().is_none());
    drop(guards);
    assert!(lock.try_write().is_some());
}

#[test]
fn a_writer_that_becomes_a_reader_reads_although_a_waker_panics() {
    let lock = Arc::new(RwLock::new(0));
    let write = lock.try_write().unwrap();
    let mut read = Box::pin(lock.read());
    assert!(poll_with(&mut read, &alarm()).is_pending());
    panics(|| RwLockWriteGuard::downgrade(write));
    let guard = ready(&mut read);
    assert!(lock.try_write().is_none());
    drop(guard);
    assert!(
        lock.try_write().is_some(),
        "the guard that panicked is gone as well"
    );
}

#[test]
fn all_that_wait_for_a_condition_are_told_when_one_waker_panics() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut waits: Vec<_> = (0..5)
        .map(|_| Box::pin(async { drop(condvar.wait(mutex.try_lock().unwrap()).await) }))
        .collect();
    let flags: Vec<_> = (0..5).map(|_| Flag::new()).collect();
    for (at, waits) in waits.iter_mut().enumerate() {
        let waker = if at % 2 == 0 { alarm() } else { flags[at].waker() };
        assert!(poll_with(waits, &waker).is_pending());
    }
    panics(|| condvar.notify_all());
    assert!(flags[1].take() && flags[3].take());
    waits.iter_mut().for_each(ready);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn a_wait_that_panics_as_it_unlocks_does_not_wait_for_the_condition() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut told = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    let mut lock = Box::pin(mutex.lock());
    assert!(poll_with(&mut lock, &alarm()).is_pending());
    panics(|| wait(&mut told));
    drop(told);
    drop(ready(&mut lock));

    let mut waits = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    let woken = wait(&mut waits);
    condvar.notify_one();
    assert!(woken.take(), "nobody else waits");
    drop(ready(&mut waits));
}

#[test]
fn a_lock_is_usable_after_a_thousand_panics() {
    let mutex = Mutex::new(0);
    for _ in 0..1000 {
        let held = mutex.try_lock().expect("nobody has it");
        let mut first = Box::pin(mutex.lock());
        let mut second = Box::pin(mutex.lock());
        assert!(poll_with(&mut first, &alarm()).is_pending());
        assert!(poll_with(&mut second, &alarm()).is_pending());
        panics(|| drop(held));
        panics(|| drop(first));
        drop(ready(&mut second));
    }
}
