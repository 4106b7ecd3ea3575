//! What memory locks take, and when: counted by the allocator, for each thread by itself.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "../../channel/tests/common/counting.rs"]
mod counting;
#[path = "common/poll.rs"]
mod poll;

use std::mem::size_of;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use canter_sync::condvar::WaitNotified;
use canter_sync::mutex::Lock;
use canter_sync::rw_lock::{Acquire, Read, Upgrade, Write};
use canter_sync::{
    Condvar, Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
};
use counting::{Counts, allocates_nothing, counted};
use poll::poll;

const WORD: usize = size_of::<usize>();

#[test]
fn a_lock_takes_four_words_at_the_most() {
    assert!(size_of::<Mutex<()>>() <= 4 * WORD);
    assert!(size_of::<RwLock<()>>() <= 4 * WORD);
    assert!(size_of::<Condvar>() <= 4 * WORD);
}

#[test]
fn a_guard_is_a_pointer() {
    assert_eq!(size_of::<MutexGuard<'_, [u8; 100]>>(), WORD);
    assert_eq!(size_of::<Option<MutexGuard<'_, ()>>>(), WORD);
    assert_eq!(size_of::<RwLockReadGuard<'_, [u8; 100]>>(), WORD);
    assert_eq!(size_of::<Option<RwLockUpgradableReadGuard<'_, ()>>>(), WORD);
    assert_eq!(size_of::<RwLockWriteGuard<'_, ()>>(), WORD);
}

#[test]
fn a_future_takes_a_few_words() {
    assert!(size_of::<Lock<&Mutex<()>, ()>>() <= 3 * WORD);
    assert!(size_of::<Acquire<Write, &RwLock<()>, ()>>() <= 3 * WORD);
    assert!(size_of::<Upgrade<&RwLock<()>, ()>>() <= 3 * WORD);
    assert!(size_of::<WaitNotified<'_, &Mutex<()>, ()>>() <= 8 * WORD);
}

#[test]
fn locks_for_which_nobody_waits_allocate_nothing() {
    allocates_nothing(|| {
        let mutex = Mutex::new(1);
        for _ in 0..100 {
            *mutex.try_lock().unwrap() += 1;
            assert!(poll(pin!(mutex.lock())).is_ready());
            let held = mutex.lock_blocking();
            assert!(mutex.try_lock().is_none());
            drop(held);
        }

        let lock = RwLock::new(1);
        for _ in 0..100 {
            let readers = (lock.try_read(), lock.read_blocking(), poll(pin!(lock.read())));
            assert!(readers.2.is_ready() && lock.try_write().is_none());
            drop(readers);
            let upgradable = lock.upgradable_read_blocking();
            let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(upgradable));
            let Poll::Ready(write) = poll(upgrade.as_mut()) else {
                panic!("nobody else reads");
            };
            let upgradable = RwLockWriteGuard::downgrade_to_upgradable(write);
            drop(RwLockUpgradableReadGuard::downgrade(upgradable));
            drop(RwLockWriteGuard::downgrade(lock.write_blocking()));
        }

        let condvar = Condvar::new();
        condvar.notify_one();
        condvar.notify_all();
        drop(condvar.wait(mutex.lock_blocking()));
        assert!(poll(pin!(condvar.wait_while(mutex.lock_blocking(), |_| false))).is_ready());
    });
}

#[test]
fn owned_guards_allocate_nothing() {
    let (mutex, lock) = (Arc::new(Mutex::new(1)), Arc::new(RwLock::new(1)));
    allocates_nothing(|| {
        drop(mutex.try_lock_owned());
        assert!(poll(pin!(mutex.lock_owned())).is_ready());
        drop(lock.try_read_owned());
        assert!(poll(pin!(lock.write_owned())).is_ready());
    });
}

fn every_wait(mutex: &Mutex<u32>, lock: &RwLock<u32>, condvar: &Condvar) {
    let held = mutex.try_lock().unwrap();
    let (mut first, mut second) = (pin!(mutex.lock()), pin!(mutex.lock()));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    {
        let mut dropped = pin!(mutex.lock());
        assert!(poll(dropped.as_mut()).is_pending());
    }
    drop(held);
    assert!(poll(first).is_ready() && poll(second).is_ready());

    let held = lock.try_read().unwrap();
    let upgradable = lock.try_upgradable_read().unwrap();
    let (mut write, mut read) = (pin!(lock.write()), pin!(lock.read()));
    assert!(poll(write.as_mut()).is_pending() && poll(read.as_mut()).is_pending());
    let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(upgradable));
    assert!(poll(upgrade.as_mut()).is_pending());
    drop(held);
    assert!(poll(upgrade).is_ready());
    assert!(poll(write).is_ready());
    assert!(poll(read).is_ready());

    let mut first = pin!(condvar.wait(mutex.try_lock().unwrap()));
    assert!(poll(first.as_mut()).is_pending());
    let mut second = pin!(condvar.wait(mutex.try_lock().unwrap()));
    assert!(poll(second.as_mut()).is_pending());
    condvar.notify_one();
    assert!(poll(first).is_ready());
    condvar.notify_all();
    assert!(poll(second).is_ready());
}

#[test]
fn a_wait_allocates_nothing_once_the_line_has_grown() {
    let (mutex, lock, condvar) = (Mutex::new(1), RwLock::new(1), Condvar::new());
    every_wait(&mutex, &lock, &condvar);
    allocates_nothing(|| (0..100).for_each(|_| every_wait(&mutex, &lock, &condvar)));
}

#[test]
fn a_line_of_an_ordinary_length_is_kept_for_the_next_ones() {
    let mutex = Mutex::new(1);
    let line = || {
        let _held = mutex.try_lock().unwrap();
        let mut line: [_; 64] = std::array::from_fn(|_| mutex.lock());
        for lock in &mut line {
            assert!(poll(Pin::new(lock)).is_pending());
        }
    };
    line();
    allocates_nothing(|| (0..100).for_each(|_| line()));
}

/// Has 100,000 wait, which leave one after the other, and says what memory the line held then and holds now. They come to as much as
/// `most` for each at the most.
fn crowd<F: Future + Unpin>(most: isize, mut make: impl FnMut() -> F, leave: impl FnOnce(Vec<F>)) {
    const WAITERS: usize = 100_000;
    let mut futures = Vec::with_capacity(WAITERS);
    let ((), grown) = counted(|| {
        for _ in 0..WAITERS {
            let mut future = make();
            assert!(poll(Pin::new(&mut future)).is_pending());
            futures.push(future);
        }
    });
    assert!(grown.live_bytes < most * WAITERS as isize, "{grown:?}");
    let own_bytes = (WAITERS * size_of::<F>()) as isize;
    let ((), left) = counted(|| leave(futures));
    let kept = grown.live_bytes + left.live_bytes + own_bytes;
    assert!(
        (0..1000).contains(&kept),
        "{kept} bytes are kept: {grown:?} {left:?}"
    );
}

#[test]
fn the_memory_of_a_crowd_comes_back_when_it_has_left() {
    let mutex = Mutex::new(1);
    let held = mutex.try_lock().unwrap();
    crowd(150, || mutex.lock(), drop);
    crowd(
        150,
        || mutex.lock(),
        |mut locks| {
            drop(held);
            locks
                .drain(..)
                .for_each(|lock| assert!(poll(pin!(lock)).is_ready()));
        },
    );
    drop(mutex.try_lock().unwrap());

    let lock = RwLock::new(1);
    let held = lock.try_write().unwrap();
    crowd(
        150,
        || lock.write(),
        |writes| writes.into_iter().rev().for_each(drop),
    );
    crowd::<Acquire<Read, &RwLock<i32>, i32>>(
        150,
        || lock.read(),
        |mut reads| {
            drop(held);
            reads
                .drain(..)
                .for_each(|read| assert!(poll(pin!(read)).is_ready()));
        },
    );
    drop(lock.try_write().unwrap());

    let condvar = Condvar::new();
    let wait = || condvar.wait(mutex.try_lock().unwrap());
    crowd(150, wait, drop);
    crowd(150, wait, |mut waits| {
        condvar.notify_all();
        waits
            .drain(..)
            .for_each(|wait| assert!(poll(pin!(wait)).is_ready()));
    });
}

#[test]
fn a_lock_that_is_dropped_leaves_nothing() {
    let ((), counts) = counted(|| {
        let (mutex, lock, condvar) = (Mutex::new(1), RwLock::new(1), Condvar::new());
        every_wait(&mutex, &lock, &condvar);
    });
    assert_ne!(counts.allocations, 0);
    assert_eq!(
        counts,
        Counts {
            live_bytes: 0,
            ..counts
        }
    );
}
