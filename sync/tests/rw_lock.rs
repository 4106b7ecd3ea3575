//! What a read-write lock offers, form by form.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/census.rs"]
mod census;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::mem;
use std::pin::Pin;
use std::ptr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockReadGuard,
    RwLockUpgradableReadGuard, RwLockWriteGuard,
};
use census::Census;
use drops::Drops;
use executors::{Task, under_each};
use futures::executor::block_on;

/// Drops a guard and says whether there was one.
fn got<G>(guard: Option<G>) -> bool {
    guard.is_some()
}

/// Which of reader, upgradable reader and writer get in: those that don't wait, those that do, and the owned forms of both.
#[track_caller]
fn admits(lock: &Arc<RwLock<u32>>) -> [bool; 3] {
    fn polled<F: Future>(future: F) -> bool {
        let mut future: Pin<Box<F>> = Box::pin(future);
        flag::poll(&mut future, &flag::Flag::new()).is_ready()
    }
    let tried = [
        got(lock.try_read()),
        got(lock.try_upgradable_read()),
        got(lock.try_write()),
    ];
    let tried_owned = [
        got(lock.try_read_owned()),
        got(lock.try_upgradable_read_owned()),
        got(lock.try_write_owned()),
    ];
    let waited = [
        polled(lock.read()),
        polled(lock.upgradable_read()),
        polled(lock.write()),
    ];
    let waited_owned = [
        polled(lock.read_owned()),
        polled(lock.upgradable_read_owned()),
        polled(lock.write_owned()),
    ];
    assert_eq!([tried, tried, tried], [tried_owned, waited, waited_owned]);
    tried
}

const BESIDE_NOBODY: [bool; 3] = [true, true, true];
const BESIDE_READER: [bool; 3] = [true, true, false];
const BESIDE_UPGRADABLE: [bool; 3] = [true, false, false];
const BESIDE_WRITER: [bool; 3] = [false, false, false];

#[test]
fn readers_meet_readers_and_a_writer_meets_nobody_whatever_the_form() {
    type Form = fn(&Arc<RwLock<u32>>) -> [bool; 3];
    let forms: [(Form, [bool; 3]); 18] = [
        (|lock| (block_on(lock.read()), admits(lock)).1, BESIDE_READER),
        (
            |lock| (block_on(lock.read_owned()), admits(lock)).1,
            BESIDE_READER,
        ),
        (|lock| (lock.read_blocking(), admits(lock)).1, BESIDE_READER),
        (|lock| (lock.read_owned_blocking(), admits(lock)).1, BESIDE_READER),
        (|lock| (lock.try_read().unwrap(), admits(lock)).1, BESIDE_READER),
        (
            |lock| (lock.try_read_owned().unwrap(), admits(lock)).1,
            BESIDE_READER,
        ),
        (
            |lock| (block_on(lock.upgradable_read()), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (
            |lock| (block_on(lock.upgradable_read_owned()), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (
            |lock| (lock.upgradable_read_blocking(), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (
            |lock| (lock.upgradable_read_owned_blocking(), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (
            |lock| (lock.try_upgradable_read().unwrap(), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (
            |lock| (lock.try_upgradable_read_owned().unwrap(), admits(lock)).1,
            BESIDE_UPGRADABLE,
        ),
        (|lock| (block_on(lock.write()), admits(lock)).1, BESIDE_WRITER),
        (
            |lock| (block_on(lock.write_owned()), admits(lock)).1,
            BESIDE_WRITER,
        ),
        (|lock| (lock.write_blocking(), admits(lock)).1, BESIDE_WRITER),
        (
            |lock| (lock.write_owned_blocking(), admits(lock)).1,
            BESIDE_WRITER,
        ),
        (|lock| (lock.try_write().unwrap(), admits(lock)).1, BESIDE_WRITER),
        (
            |lock| (lock.try_write_owned().unwrap(), admits(lock)).1,
            BESIDE_WRITER,
        ),
    ];
    let lock = Arc::new(RwLock::new(0));
    for (at, (form, expected)) in forms.into_iter().enumerate() {
        assert_eq!(form(&lock), expected, "form {at}");
        assert_eq!(admits(&lock), BESIDE_NOBODY, "after form {at}");
    }
}

#[test]
fn a_writer_waits_for_the_last_of_the_readers() {
    let lock = RwLock::new(0);
    let mut readers: Vec<_> = (0..10_000).map(|_| lock.try_read().unwrap()).collect();
    let upgradable = lock.try_upgradable_read().unwrap();
    let mut write = Box::pin(lock.write());
    let woken = wait(&mut write);
    readers.truncate(1);
    drop(upgradable);
    assert!(!woken.take());
    drop(readers);
    assert!(woken.take());
    *ready(&mut write) += 1;
    assert_eq!(*lock.try_read().unwrap(), 1);
}

#[test]
fn an_access_does_nothing_until_it_is_polled() {
    let lock = Arc::new(RwLock::new(0));
    let futures = (lock.read(), lock.upgradable_read(), lock.write());
    assert_eq!(admits(&lock), BESIDE_NOBODY);
    drop(futures);
    assert_eq!(admits(&lock), BESIDE_NOBODY);
    let upgrade = RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().unwrap());
    assert_eq!(admits(&lock), BESIDE_UPGRADABLE);
    drop(upgrade);
    assert_eq!(admits(&lock), BESIDE_NOBODY);
}

#[test]
fn a_writer_becomes_each_kind_of_reader() {
    let lock = Arc::new(RwLock::new(0));
    let mut write = lock.try_write().unwrap();
    *write = 1;
    let read = RwLockWriteGuard::downgrade(write);
    assert_eq!(*read, 1);
    assert_eq!(admits(&lock), BESIDE_READER);
    drop(read);
    let upgradable = RwLockWriteGuard::downgrade_to_upgradable(lock.try_write().unwrap());
    assert_eq!(*upgradable, 1);
    assert_eq!(admits(&lock), BESIDE_UPGRADABLE);
    let read = RwLockUpgradableReadGuard::downgrade(upgradable);
    assert_eq!(*read, 1);
    assert_eq!(admits(&lock), BESIDE_READER);
    drop(read);
    assert_eq!(admits(&lock), BESIDE_NOBODY);

    let write = OwnedRwLockWriteGuard::downgrade_to_upgradable(lock.try_write_owned().unwrap());
    let read: OwnedRwLockReadGuard<_> = OwnedRwLockUpgradableReadGuard::downgrade(write);
    assert_eq!(admits(&lock), BESIDE_READER);
    drop(read);
    drop(OwnedRwLockWriteGuard::downgrade(lock.try_write_owned().unwrap()));
    assert_eq!(admits(&lock), BESIDE_NOBODY);
}

#[test]
fn an_upgradable_reader_without_others_becomes_the_writer_at_once() {
    let lock = Arc::new(RwLock::new(0));
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(
        lock.try_upgradable_read().unwrap(),
    ));
    let mut write = ready(&mut upgrade);
    *write += 1;
    assert_eq!(admits(&lock), BESIDE_WRITER);
    drop((write, upgrade));
    *RwLockUpgradableReadGuard::try_upgrade(lock.try_upgradable_read().unwrap()).unwrap() += 1;
    *RwLockUpgradableReadGuard::upgrade_blocking(lock.upgradable_read_blocking()) += 1;
    *OwnedRwLockUpgradableReadGuard::upgrade_blocking(lock.upgradable_read_owned_blocking()) += 1;
    assert_eq!(admits(&lock), BESIDE_NOBODY);
    assert_eq!(*lock.try_read().unwrap(), 4);
}

#[test]
fn an_upgrade_that_can_not_be_at_once_gives_the_guard_back() {
    let lock = Arc::new(RwLock::new(0));
    let read = lock.try_read().unwrap();
    let upgradable = lock.try_upgradable_read().unwrap();
    let upgradable = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap_err();
    assert_eq!(admits(&lock), BESIDE_UPGRADABLE);
    drop(read);
    let write = RwLockUpgradableReadGuard::try_upgrade(upgradable).unwrap();
    assert_eq!(admits(&lock), BESIDE_WRITER);
    drop(write);
    assert_eq!(admits(&lock), BESIDE_NOBODY);
}

#[test]
fn an_upgrade_waits_for_the_readers_and_lets_no_more_of_them_in() {
    let lock = Arc::new(RwLock::new(0));
    let readers = [lock.try_read().unwrap(), lock.try_read().unwrap()];
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(
        lock.try_upgradable_read().unwrap(),
    ));
    let woken = wait(&mut upgrade);
    assert_eq!(admits(&lock), BESIDE_WRITER);
    let [first, second] = readers;
    drop(first);
    assert!(!woken.take());
    drop(second);
    assert!(woken.take());
    assert_eq!(admits(&lock), BESIDE_WRITER);
    drop(ready(&mut upgrade));
    assert_eq!(admits(&lock), BESIDE_NOBODY);
}

#[test]
fn blocked_threads_get_in_when_the_lock_is_free_for_them() {
    type Form = fn(&Arc<RwLock<u32>>);
    let beside_writer: [Form; 4] = [
        |lock| assert_eq!(*lock.read_blocking(), 1),
        |lock| assert_eq!(*lock.read_owned_blocking(), 1),
        |lock| assert_eq!(*lock.upgradable_read_blocking(), 1),
        |lock| assert_eq!(*lock.upgradable_read_owned_blocking(), 1),
    ];
    let beside_reader: [Form; 3] = [
        |lock| *lock.write_blocking() = 1,
        |lock| *lock.write_owned_blocking() = 1,
        |lock| *RwLockUpgradableReadGuard::upgrade_blocking(lock.upgradable_read_blocking()) = 1,
    ];
    let run = |form: Form, lock: &Arc<RwLock<u32>>| {
        let (begins, has_begun) = mpsc::channel();
        let lock = lock.clone();
        let thread = thread::spawn(move || {
            begins.send(()).unwrap();
            form(&lock);
        });
        has_begun.recv().unwrap();
        thread
    };
    for form in beside_writer {
        let lock = Arc::new(RwLock::new(0));
        let mut held = lock.try_write().unwrap();
        let thread = run(form, &lock);
        *held = 1;
        drop(held);
        thread.join().unwrap();
    }
    for form in beside_reader {
        let lock = Arc::new(RwLock::new(0));
        let held = lock.try_read().unwrap();
        let thread = run(form, &lock);
        assert_eq!(*held, 0);
        drop(held);
        thread.join().unwrap();
        assert_eq!(*lock.try_write().unwrap(), 1);
    }
}

#[test]
fn a_guard_may_be_used_and_dropped_on_another_thread() {
    let lock = Arc::new(RwLock::new(1));
    let (read, upgradable) = (
        lock.try_read().unwrap(),
        lock.try_upgradable_read_owned().unwrap(),
    );
    let mut write = Box::pin(lock.write());
    let woken = wait(&mut write);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*read + *upgradable, 2));
    });
    thread::scope(|scope| {
        scope.spawn(move || drop((read, upgradable)));
    });
    assert!(woken.take());
    let mut held = ready(&mut write);
    thread::scope(|scope| {
        scope.spawn(move || *held = 2);
    });
    assert_eq!(*lock.try_read().unwrap(), 2);
}

#[test]
fn an_owned_guard_keeps_its_lock_alive() {
    let drops = Drops::default();
    let lock = Arc::new(RwLock::new(drops.guard()));
    let upgradable = lock.try_upgradable_read_owned().unwrap();
    let read = lock.try_read_owned().unwrap();
    let mut upgrade = Box::pin(OwnedRwLockUpgradableReadGuard::upgrade(upgradable));
    _ = wait(&mut upgrade);
    drop(lock);
    drop(read);
    let write = ready(&mut upgrade);
    drop(upgrade);
    assert_eq!(drops.count(), 0);
    let read = OwnedRwLockWriteGuard::downgrade(write);
    assert_eq!(drops.count(), 0);
    drop(read);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_guard_knows_its_lock() {
    let lock = Arc::new(RwLock::new(0));
    let read = lock.try_read_owned().unwrap();
    assert!(Arc::ptr_eq(OwnedRwLockReadGuard::rw_lock(&read), &lock));
    let upgradable = lock.try_upgradable_read().unwrap();
    assert!(ptr::eq(*RwLockUpgradableReadGuard::rw_lock(&upgradable), &*lock));
}

#[test]
fn a_guard_that_is_forgotten_holds_for_ever() {
    let mut lock = Arc::new(RwLock::new(1));
    mem::forget(lock.try_read().unwrap());
    assert_eq!(admits(&lock), BESIDE_READER);
    mem::forget(lock.try_upgradable_read().unwrap());
    assert_eq!(admits(&lock), BESIDE_UPGRADABLE);
    *Arc::get_mut(&mut lock).unwrap().get_mut() += 1;
    assert_eq!(Arc::into_inner(lock).unwrap().into_inner(), 2);
}

#[test]
fn the_value_is_reached_without_locking_by_its_only_owner() {
    let mut lock = RwLock::from("a".to_string());
    lock.get_mut().push('b');
    assert_eq!(lock.into_inner(), "ab");
    assert_eq!(RwLock::<u32>::default().into_inner(), 0);
    let drops = Drops::default();
    drop(RwLock::new(drops.guard()));
    assert_eq!(drops.count(), 1);
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let lock = Arc::new(RwLock::new(Some(1)));
    assert_eq!(format!("{lock:?}"), "RwLock(Some(1))");
    let read = lock.try_read().unwrap();
    assert_eq!(format!("{lock:?} {read:?}"), "RwLock(Some(1)) Some(1)");
    drop(read);
    let write = lock.try_write().unwrap();
    assert_eq!(format!("{lock:?} {write:?}"), "RwLock(<locked>) Some(1)");
    drop(write);
    assert!(lock.try_write().is_some());
    assert_eq!(
        format!("{:?}", lock.read()),
        "Acquire { waits_for: Reason(\"rwlock read\"), .. }"
    );
    let upgrade = RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().unwrap());
    assert_eq!(format!("{upgrade:?}"), "Upgrade { .. }");
    assert_eq!(RwLock::new(7).try_read().unwrap().to_string(), "7");
}

static TABLE: RwLock<[u32; 2]> = RwLock::new([0; 2]);

#[test]
fn a_lock_may_be_a_static() {
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1000 {
                    let mut table = TABLE.write_blocking();
                    table[0] += 1;
                    table[1] += 1;
                }
            });
            scope.spawn(|| {
                for _ in 0..1000 {
                    let table: RwLockReadGuard<'_, _> = TABLE.read_blocking();
                    assert_eq!(table[0], table[1]);
                }
            });
        }
    });
    assert_eq!(*TABLE.read_blocking(), [2000; 2]);
}

#[test]
fn a_lock_may_hold_a_value_whose_size_is_not_known() {
    let numbers: Arc<RwLock<[u8]>> = Arc::new(RwLock::new([1, 2, 3]));
    numbers.write_blocking()[1] = 7;
    assert_eq!(*block_on(numbers.read_owned()), [1, 7, 3]);
    let shown: Arc<RwLock<dyn std::fmt::Display + Send + Sync>> = Arc::new(RwLock::new(1.5));
    assert_eq!(shown.read_blocking().to_string(), "1.5");
    let upgradable = shown.try_upgradable_read_owned().unwrap();
    assert!(OwnedRwLockUpgradableReadGuard::try_upgrade(upgradable).is_ok());
}

#[test]
fn readers_and_writers_exclude_each_other_under_any_executor() {
    const SECTIONS: usize = 150;
    under_each(|run| {
        let lock = Arc::new(RwLock::new(Census::default()));
        let tasks = (0..8).map(|task| {
            let lock = lock.clone();
            Box::pin(async move {
                for section in 0..SECTIONS {
                    let polls = (task + section) % 3;
                    match task % 4 {
                        0 => lock.write().await.write(polls).await,
                        1 => {
                            let upgradable = lock.upgradable_read_owned().await;
                            upgradable.read_upgradable(polls).await;
                            let writes = upgradable.writes();
                            let mut write = OwnedRwLockUpgradableReadGuard::upgrade(upgradable).await;
                            assert_eq!(write.writes(), writes, "nobody writes in between");
                            write.write(polls).await;
                        }
                        _ => lock.read().await.read(polls).await,
                    }
                }
            }) as Task
        });
        run(tasks.collect());
        let census = lock.try_write().unwrap();
        assert_eq!(census.writes(), 4 * SECTIONS);
        assert!(census.most_readers() <= 4);
    });
}
