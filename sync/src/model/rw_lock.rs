//! The readers and the writer.

use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;

use super::{block_on, check, poll_once, spawn_on};
use crate::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};

/// Race: writers, and a reader that becomes one, whom nobody must come before.
#[test]
fn model_an_upgrade_goes_before_writers_that_wait() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = |lock: &RwLock<AtomicUsize>| {
            let number = block_on(lock.write());
            number.store(number.load(Relaxed) + 1, Relaxed);
        };
        let threads = [spawn_on(&lock, write), spawn_on(&lock, write)];
        let number = block_on(lock.upgradable_read());
        let seen = number.load(Relaxed);
        let number = block_on(RwLockUpgradableReadGuard::upgrade(number));
        assert_eq!(number.load(Relaxed), seen);
        number.store(seen + 1, Relaxed);
        drop(number);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(block_on(lock.read()).load(Relaxed), 3);
    });
}

/// Race: an upgrade that gives up, against the reader that it waits for, which leaves, with a writer behind it.
#[test]
fn model_a_dropped_upgrade_lets_the_writer_behind_it_in() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let read = block_on(lock.read());
        let threads = [
            spawn_on(&lock, |lock| {
                let upgradable = block_on(lock.upgradable_read());
                drop(poll_once(RwLockUpgradableReadGuard::upgrade(upgradable)));
            }),
            spawn_on(&lock, |lock: &RwLock<AtomicUsize>| {
                block_on(lock.write()).store(1, Relaxed);
            }),
        ];
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_write().expect("nobody has it").load(Relaxed), 1);
    });
}

/// Race: a writer that gives up, and a reader behind it, beside one that reads all the time.
#[test]
fn model_a_dropped_writer_lets_the_reader_behind_it_in() {
    check(3, || {
        let lock = Arc::new(RwLock::new(()));
        let read = block_on(lock.read());
        let threads = [
            spawn_on(&lock, |lock| drop(poll_once(lock.write()))),
            spawn_on(&lock, |lock| drop(block_on(lock.read()))),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        drop(read);
        assert!(lock.try_write().is_some());
    });
}

/// Race: a writer that becomes a reader, against a reader and a writer that come.
#[test]
fn model_a_writer_that_becomes_a_reader_lets_no_writer_in_between() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = block_on(lock.write());
        let threads = [
            spawn_on(&lock, |lock| assert_ne!(block_on(lock.read()).load(Relaxed), 0)),
            spawn_on(&lock, |lock| block_on(lock.write()).store(2, Relaxed)),
        ];
        write.store(1, Relaxed);
        let read = RwLockWriteGuard::downgrade(write);
        assert_eq!(read.load(Relaxed), 1);
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_read().expect("nobody writes").load(Relaxed), 2);
    });
}

/// Race: two readers and a writer.
#[test]
fn model_readers_see_all_or_nothing_of_a_write() {
    check(2, || {
        let lock = Arc::new(RwLock::new([const { 0 }; 2].map(AtomicUsize::new)));
        let read = |lock: &RwLock<[AtomicUsize; 2]>| {
            let numbers = block_on(lock.read());
            assert_eq!(numbers[0].load(Relaxed), numbers[1].load(Relaxed));
        };
        let threads = [spawn_on(&lock, read), spawn_on(&lock, read)];
        let numbers = block_on(lock.write());
        numbers[0].store(1, Relaxed);
        numbers[1].store(1, Relaxed);
        drop(numbers);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
