//! Readers and writers are served in the order of their arrival, with bounds in accesses of others.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/counted.rs"]
mod counted;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use by_hand::{ready, wait};
use canter_executor::runtime::Runtime;
use canter_executor::yield_now;
use canter_sync::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use counted::Counted;
use executors::{Task, under_each};

fn upgrade(lock: &RwLock<u32>) -> canter_sync::rw_lock::Upgrade<&RwLock<u32>, u32> {
    RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().expect("nobody else has it"))
}

// By hand.

#[test]
fn a_writer_gets_in_between_readers_that_overlap() {
    let lock = RwLock::new(0);
    let mut held = lock.try_read().unwrap();
    for round in 0..100 {
        let mut write = Box::pin(lock.write());
        let written = wait(&mut write);
        assert!(lock.try_read().is_none(), "a writer waits");
        let mut read = Box::pin(lock.read());
        let woken = wait(&mut read);
        drop(held);
        assert!(written.take() && !woken.take());
        let mut guard = ready(&mut write);
        *guard += 1;
        assert_eq!(*guard, round + 1);
        drop(guard);
        assert!(woken.take());
        held = ready(&mut read);
    }
}

#[test]
fn a_reader_gets_in_between_writers_that_follow_each_other() {
    let lock = RwLock::new(0);
    let mut held = lock.try_write().unwrap();
    for _ in 0..100 {
        let (mut read, mut write) = (Box::pin(lock.read()), Box::pin(lock.write()));
        let woken = [wait(&mut read), wait(&mut write)];
        drop(held);
        assert!(woken[0].take() && !woken[1].take());
        drop(ready(&mut read));
        assert!(woken[1].take());
        held = ready(&mut write);
    }
}

#[test]
fn those_that_wait_are_let_in_by_groups_in_the_order_of_their_arrival() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let mut reads: Vec<_> = (0..6).map(|_| Box::pin(lock.read())).collect();
    let mut writes: Vec<_> = (0..3).map(|_| Box::pin(lock.write())).collect();
    let mut upgradables: Vec<_> = (0..2).map(|_| Box::pin(lock.upgradable_read())).collect();
    // r0 r1 w0 r2 u0 r3 u1 r4 w1 w2 r5
    let read_01 = [wait(&mut reads[0]), wait(&mut reads[1])];
    let write_0 = wait(&mut writes[0]);
    let group = [
        wait(&mut reads[2]),
        wait(&mut upgradables[0]),
        wait(&mut reads[3]),
    ];
    let behind = [wait(&mut upgradables[1]), wait(&mut reads[4])];
    let write_12 = [wait(&mut writes[1]), wait(&mut writes[2])];
    let read_5 = wait(&mut reads[5]);
    let waiting = || {
        let flags = [&behind[0], &behind[1], &write_12[0], &write_12[1], &read_5];
        assert!(flags.iter().all(|woken| !woken.take()));
    };

    drop(held);
    assert!(read_01[0].take() && read_01[1].take() && !write_0.take());
    reads.drain(..2).for_each(|mut read| drop(ready(&mut read)));
    assert!(write_0.take());
    drop(ready(&mut writes[0]));
    assert!(group.iter().all(|woken| woken.take()));
    waiting();
    let first_upgradable = ready(&mut upgradables[0]);
    reads.drain(..2).for_each(|mut read| drop(ready(&mut read)));
    waiting();
    drop(first_upgradable);
    assert!(behind.iter().all(|woken| woken.take()));
    let last = (ready(&mut upgradables[1]), ready(&mut reads[0]));
    assert!(!write_12[0].take());
    drop(last);
    assert!(write_12[0].take() && !write_12[1].take());
    drop(ready(&mut writes[1]));
    assert!(write_12[1].take() && !read_5.take());
    drop(ready(&mut writes[2]));
    assert!(read_5.take());
    drop(ready(&mut reads[1]));
    assert!(lock.try_write().is_some());
}

#[test]
fn what_does_not_wait_is_refused_when_somebody_waits() {
    let lock = RwLock::new(0);
    let refuses_all = || {
        let tried = (lock.try_read(), lock.try_upgradable_read(), lock.try_write());
        matches!(tried, (None, None, None))
    };
    let held = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    _ = wait(&mut write);
    assert!(refuses_all());
    drop(held);
    assert!(refuses_all(), "it is the writer's");
    let held = RwLockWriteGuard::downgrade(ready(&mut write));
    assert!(!refuses_all());

    let upgradable = lock.try_upgradable_read().unwrap();
    let mut second = Box::pin(lock.upgradable_read());
    _ = wait(&mut second);
    assert!(refuses_all());
    drop(second);
    assert!(!refuses_all());
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(upgradable));
    _ = wait(&mut upgrade);
    assert!(refuses_all());
    drop((held, upgrade));
    assert!(!refuses_all());
}

#[test]
fn an_upgrade_goes_before_writers_that_wait() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let upgradable = lock.try_upgradable_read().unwrap();
    let mut writes: Vec<_> = (0..3).map(|_| Box::pin(lock.write())).collect();
    let written: Vec<_> = writes.iter_mut().map(wait).collect();
    let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade(upgradable));
    let upgraded = wait(&mut upgrade);
    drop(held);
    assert!(upgraded.take() && !written[0].take());
    let mut guard = ready(&mut upgrade);
    *guard += 1;
    drop(guard);
    for (write, woken) in writes.iter_mut().zip(&written) {
        assert!(woken.take());
        assert_eq!(*ready(write), 1);
    }
}

#[test]
fn an_upgrade_that_need_not_wait_goes_before_writers_that_do() {
    for tries in [false, true] {
        let lock = RwLock::new(0);
        let upgradable = lock.try_upgradable_read().unwrap();
        let mut write = Box::pin(lock.write());
        let woken = wait(&mut write);
        let mut guard = if tries {
            RwLockUpgradableReadGuard::try_upgrade(upgradable).expect("nobody else reads")
        } else {
            ready(&mut Box::pin(RwLockUpgradableReadGuard::upgrade(upgradable)))
        };
        *guard += 1;
        drop(guard);
        assert!(woken.take());
        assert_eq!(*ready(&mut write), 1);
    }
}

#[test]
fn an_upgrade_that_is_dropped_lets_the_others_go_in_their_order() {
    let lock = RwLock::new(0);
    let held = lock.try_read().unwrap();
    let mut upgrade = Box::pin(upgrade(&lock));
    _ = wait(&mut upgrade);
    let mut write = Box::pin(lock.write());
    let written = wait(&mut write);
    let mut read = Box::pin(lock.read());
    let woken = wait(&mut read);
    drop(upgrade);
    assert!(
        !written.take() && !woken.take(),
        "a reader is left, and a writer is next"
    );
    drop(held);
    assert!(written.take() && !woken.take());
    drop(ready(&mut write));
    assert!(woken.take());
}

#[test]
fn a_writer_that_becomes_a_reader_lets_readers_in_up_to_the_next_writer() {
    for upgradable in [false, true] {
        let lock = RwLock::new(0);
        let mut held = lock.try_write().unwrap();
        *held = 7;
        let (mut first, mut second, mut third) = (
            Box::pin(lock.read()),
            Box::pin(lock.read()),
            Box::pin(lock.read()),
        );
        let mut write = Box::pin(lock.write());
        let before = [wait(&mut first), wait(&mut second)];
        let written = wait(&mut write);
        let behind = wait(&mut third);
        let held: Box<dyn Send> = if upgradable {
            Box::new(RwLockWriteGuard::downgrade_to_upgradable(held))
        } else {
            Box::new(RwLockWriteGuard::downgrade(held))
        };
        assert!(before[0].take() && before[1].take());
        assert!(!written.take() && !behind.take());
        assert_eq!((*ready(&mut first), *ready(&mut second)), (7, 7));
        assert!(!written.take());
        drop(held);
        assert!(written.take() && !behind.take());
        *ready(&mut write) += 1;
        assert_eq!(*ready(&mut third), 8);
    }
}

#[test]
fn a_writer_that_becomes_a_reader_before_another_writer_reads_alone() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let (mut write, mut read) = (Box::pin(lock.write()), Box::pin(lock.read()));
    let woken = [wait(&mut write), wait(&mut read)];
    let held = RwLockWriteGuard::downgrade(held);
    assert!(!woken[0].take() && !woken[1].take());
    drop(held);
    assert!(woken[0].take() && !woken[1].take());
}

#[test]
fn an_upgradable_reader_that_becomes_an_ordinary_one_lets_the_next_upgradable_in() {
    let lock = RwLock::new(0);
    let held = lock.try_upgradable_read().unwrap();
    let mut upgradable = Box::pin(lock.upgradable_read());
    let woken = wait(&mut upgradable);
    let read = RwLockUpgradableReadGuard::downgrade(held);
    assert!(woken.take());
    let upgradable = ready(&mut upgradable);
    assert!(RwLockUpgradableReadGuard::try_upgrade(upgradable).is_err());
    drop(read);
}

// With tasks.

type Shared = Arc<Counted<RwLock<u32>>>;

/// Seven without a pause, until the other one has had its turns. In between each of them gets in once at the most.
fn one_beside_seven(
    others: impl Fn(Shared, Arc<AtomicBool>) -> Task,
    one: impl Fn(Shared) -> Pin<Box<dyn Future<Output = usize> + Send>>,
) {
    under_each(|run| {
        let counted = Shared::default();
        let stop = Arc::new(AtomicBool::new(false));
        let mut tasks: Vec<_> = (0..7).map(|_| others(counted.clone(), stop.clone())).collect();
        let (turns, stops) = (one(counted.clone()), stop.clone());
        tasks.push(Box::pin(async move {
            let most = turns.await;
            stops.store(true, SeqCst);
            assert!(most <= 7, "{most} accesses of others");
        }));
        run(tasks);
    });
}

#[test]
fn a_writer_among_readers_without_end_waits_for_each_of_them_once() {
    one_beside_seven(
        |counted, stop| {
            Box::pin(async move {
                while !stop.load(SeqCst) {
                    let (_guard, _) = counted.count(counted.lock.read()).await;
                    yield_now().await;
                }
            })
        },
        |counted| {
            Box::pin(async move {
                let mut most = 0;
                for _ in 0..100 {
                    let (mut guard, accesses_of_others) = counted.count(counted.lock.write()).await;
                    *guard += 1;
                    most = most.max(accesses_of_others);
                }
                most
            })
        },
    );
}

#[test]
fn a_reader_among_writers_without_end_waits_for_each_of_them_once() {
    one_beside_seven(
        |counted, stop| {
            Box::pin(async move {
                while !stop.load(SeqCst) {
                    let (mut guard, _) = counted.count(counted.lock.write()).await;
                    *guard += 1;
                    yield_now().await;
                }
            })
        },
        |counted| {
            Box::pin(async move {
                let mut most = 0;
                for _ in 0..100 {
                    let (_guard, accesses_of_others) = counted.count(counted.lock.read()).await;
                    most = most.max(accesses_of_others);
                }
                most
            })
        },
    );
}

#[test]
fn readers_and_writers_that_await_nothing_else_give_way_to_others_on_their_worker() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let lock = Arc::new(RwLock::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let greedy = [false, true].map(|writes| {
        let (lock, stop) = (lock.clone(), stop.clone());
        runtime.spawn(async move {
            while !stop.load(SeqCst) {
                if writes {
                    *lock.write().await += 1;
                } else {
                    drop(lock.read().await);
                    let upgradable = lock.upgradable_read().await;
                    drop(RwLockUpgradableReadGuard::upgrade(upgradable).await);
                }
            }
        })
    });
    let modest = runtime.spawn(async move {
        for _ in 0..20 {
            drop(lock.read().await);
            drop(lock.write().await);
            yield_now().await;
        }
        stop.store(true, SeqCst);
    });
    runtime.block_on(async {
        modest.await.unwrap();
        for greedy in greedy {
            greedy.await.unwrap();
        }
    });
}
