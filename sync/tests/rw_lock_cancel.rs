//! Accesses of a read-write lock, and upgrades, that are dropped: before their first poll, in line, and when they were let in.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/census.rs"]
mod census;
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

use std::sync::Arc;

use by_hand::{ready, wait};
use canter_executor::yield_now;
use canter_sync::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use census::Census;
use executors::{Task, under_each};
use fastrand::Rng;
use rough::rough;
use seed::random;

#[track_caller]
fn check_free(lock: &RwLock<u32>) {
    assert!(lock.try_write().is_some(), "somebody has it, or waits");
}

#[test]
fn an_access_that_was_never_polled_has_no_effect() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    drop((lock.read(), lock.upgradable_read(), lock.write()));
    drop(held);
    check_free(&lock);
    drop(RwLockUpgradableReadGuard::upgrade(
        lock.try_upgradable_read().unwrap(),
    ));
    check_free(&lock);
}

#[test]
fn an_access_that_is_dropped_in_line_has_no_effect() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let (mut read, mut upgradable, mut write) = (
        Box::pin(lock.read()),
        Box::pin(lock.upgradable_read()),
        Box::pin(lock.write()),
    );
    _ = (wait(&mut read), wait(&mut upgradable), wait(&mut write));
    drop((upgradable, write, read));
    drop(held);
    check_free(&lock);
}

#[test]
fn an_access_that_is_dropped_when_it_was_let_in_gives_the_lock_back() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let (mut read, mut upgradable, mut write) = (
        Box::pin(lock.read()),
        Box::pin(lock.upgradable_read()),
        Box::pin(lock.write()),
    );
    let woken = [wait(&mut read), wait(&mut upgradable), wait(&mut write)];
    drop(held);
    assert!(woken[0].take() && woken[1].take() && !woken[2].take());
    drop(read);
    assert!(!woken[2].take());
    drop(upgradable);
    assert!(woken[2].take());
    assert!(lock.try_read().is_none());
    drop(write);
    check_free(&lock);
}

#[test]
fn a_writer_that_is_dropped_in_line_lets_those_behind_it_in() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    _ = wait(&mut write);
    let (mut read, mut upgradable, mut second) = (
        Box::pin(lock.read()),
        Box::pin(lock.upgradable_read()),
        Box::pin(lock.write()),
    );
    let woken = [wait(&mut read), wait(&mut upgradable), wait(&mut second)];
    drop(write);
    assert!(woken[0].take() && woken[1].take() && !woken[2].take());
    drop((ready(&mut read), ready(&mut upgradable), held));
    assert!(woken[2].take());
    drop(ready(&mut second));
    check_free(&lock);
}

#[test]
fn a_writer_that_is_dropped_further_back_lets_nobody_pass_by() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let (mut first, mut second) = (Box::pin(lock.write()), Box::pin(lock.write()));
    let mut read = Box::pin(lock.read());
    let woken = [wait(&mut first), wait(&mut second), wait(&mut read)];
    drop(second);
    assert!(!woken[0].take() && !woken[2].take());
    drop(held);
    assert!(woken[0].take() && !woken[2].take());
    drop(ready(&mut first));
    assert!(woken[2].take());
}

#[test]
fn an_upgrade_that_is_dropped_in_line_unlocks_and_lets_the_others_in() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(
        lock.try_upgradable_read().unwrap(),
    ));
    _ = wait(&mut upgrade);
    let (mut read, mut upgradable, mut write) = (
        Box::pin(lock.read()),
        Box::pin(lock.upgradable_read()),
        Box::pin(lock.write()),
    );
    let woken = [wait(&mut read), wait(&mut upgradable), wait(&mut write)];
    drop(upgrade);
    assert!(woken[0].take() && woken[1].take() && !woken[2].take());
    drop((ready(&mut read), ready(&mut upgradable)));
    assert!(!woken[2].take());
    drop(held);
    assert!(woken[2].take());
    drop(ready(&mut write));
    check_free(&lock);
}

#[test]
fn an_upgrade_that_is_dropped_when_it_was_let_in_unlocks_all() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(
        lock.try_upgradable_read().unwrap(),
    ));
    let upgraded = wait(&mut upgrade);
    let mut write = Box::pin(lock.write());
    let woken = wait(&mut write);
    drop(held);
    assert!(upgraded.take() && !woken.take());
    drop(upgrade);
    assert!(woken.take());
    drop(ready(&mut write));
    check_free(&lock);
}

#[test]
fn accesses_of_each_kind_can_be_dropped_in_any_order() {
    let mut random = random("accesses_of_each_kind_can_be_dropped_in_any_order");
    for _ in 0..300 {
        let lock = RwLock::new(0);
        let mut held: Vec<Box<dyn Send + '_>> = Vec::new();
        match random.u8(..3) {
            0 => held.push(Box::new(lock.try_read().unwrap())),
            1 => held.push(Box::new(lock.try_upgradable_read().unwrap())),
            _ => held.push(Box::new(lock.try_write().unwrap())),
        }
        for _ in 0..random.usize(..12) {
            let flag = flag::Flag::new();
            match random.u8(..3) {
                0 => {
                    let mut read = Box::pin(lock.read());
                    drop(flag::poll(&mut read, &flag));
                    held.push(Box::new(read));
                }
                1 => {
                    let mut upgradable = Box::pin(lock.upgradable_read());
                    drop(flag::poll(&mut upgradable, &flag));
                    held.push(Box::new(upgradable));
                }
                _ => {
                    let mut write = Box::pin(lock.write());
                    drop(flag::poll(&mut write, &flag));
                    held.push(Box::new(write));
                }
            }
        }
        random.shuffle(&mut held);
        drop(held);
        check_free(&lock);
    }
}

/// Takes one of the accesses, holds it, and may change it. Any of the futures may be dropped.
async fn visit(lock: &RwLock<Census>, random: &mut Rng) -> Option<()> {
    let polls = random.usize(..3);
    match random.u8(..4) {
        0 | 1 => rough(random, lock.read()).await?.read(polls).await,
        2 => {
            let mut write = rough(random, lock.write()).await?;
            write.write(polls).await;
            let writes = write.writes();
            if random.bool() {
                let read = RwLockWriteGuard::downgrade(write);
                assert_eq!(read.writes(), writes);
                read.read(polls).await;
            } else {
                let upgradable = RwLockWriteGuard::downgrade_to_upgradable(write);
                assert_eq!(upgradable.writes(), writes);
                upgradable.read_upgradable(polls).await;
            }
        }
        _ => {
            let upgradable = rough(random, lock.upgradable_read()).await?;
            upgradable.read_upgradable(polls).await;
            let writes = upgradable.writes();
            match random.u8(..3) {
                0 => RwLockUpgradableReadGuard::downgrade(upgradable).read(polls).await,
                1 => {
                    if let Ok(mut write) = RwLockUpgradableReadGuard::try_upgrade(upgradable) {
                        assert_eq!(write.writes(), writes);
                        write.write(polls).await;
                    }
                }
                _ => {
                    let mut write = rough(random, RwLockUpgradableReadGuard::upgrade(upgradable)).await?;
                    assert_eq!(write.writes(), writes);
                    write.write(polls).await;
                }
            }
        }
    }
    Some(())
}

/// Visits again and again; each third task is never dropped.
async fn work(lock: &RwLock<Census>, task: usize, visits: usize, random: &mut Rng) {
    for visited in 0..visits {
        let polls = random.usize(..3);
        match (task % 3, visited % 3) {
            (0, 0) => lock.read().await.read(polls).await,
            (0, 1) => lock.write().await.write(polls).await,
            (0, _) => {
                let upgradable = lock.upgradable_read().await;
                RwLockUpgradableReadGuard::upgrade(upgradable)
                    .await
                    .write(polls)
                    .await;
            }
            (1, _) => drop(visit(lock, random).await),
            _ => {
                let mut within = random.fork();
                rough(random, visit(lock, &mut within)).await;
            }
        }
        if random.u8(..4) == 0 {
            yield_now().await;
        }
    }
}

#[test]
fn nobody_is_forgotten_and_nothing_stays_locked_whichever_accesses_are_dropped() {
    let mut random = random("nobody_is_forgotten_and_nothing_stays_locked_whichever_accesses_are_dropped");
    for _ in 0..500 {
        let lock = &RwLock::new(Census::default());
        let tasks: Vec<_> = (0..random.usize(2..10))
            .map(|task| {
                let mut random = random.fork();
                Box::pin(async move { work(lock, task, 10, &mut random).await })
            })
            .collect();
        shuffle::run(&mut random, tasks);
        assert!(lock.try_write().is_some());
    }
}

#[test]
fn nobody_is_forgotten_under_any_executor() {
    let seed = random("nobody_is_forgotten_under_any_executor");
    under_each(|run| {
        let mut random = seed.clone();
        let lock = Arc::new(RwLock::new(Census::default()));
        let tasks = (0..8).map(|task| {
            let (lock, mut random) = (lock.clone(), random.fork());
            Box::pin(async move { work(&lock, task, 300, &mut random).await }) as Task
        });
        run(tasks.collect());
        let census = lock.try_write().expect("nobody has it");
        assert!(census.writes() > 0 && census.most_readers() > 0);
    });
}
