//! The readers and the writer.

use std::sync::Arc;

use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::Relaxed;

use super::{block_on, check, poll_once, poll_twice, spawn_on};
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

/// Race: the end of a write, against two readers that come: at the door, in line or inside, they all get in, and leave nothing.
#[test]
fn model_readers_that_come_at_the_end_of_a_write_get_in() {
    check(3, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = block_on(lock.write());
        let read = |lock: &RwLock<AtomicUsize>| assert_eq!(block_on(lock.read()).load(Relaxed), 1);
        let threads = [spawn_on(&lock, read), spawn_on(&lock, read)];
        write.store(1, Relaxed);
        drop(write);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(lock.try_write().is_some());
    });
}

/// Race: the last reader leaves while a writer enlists, and one more reader comes, which may keep the writer out until it turns back.
#[test]
fn model_a_reader_that_turns_back_lets_the_writer_in() {
    check(3, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let read = block_on(lock.read());
        let threads = [
            spawn_on(&lock, |lock| block_on(lock.write()).store(1, Relaxed)),
            spawn_on(&lock, |lock| _ = block_on(lock.read()).load(Relaxed)),
        ];
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_write().expect("nobody has it").load(Relaxed), 1);
    });
}

/// Race: readers that give up, at the door, in line or let in, against a writer before them and one behind them.
#[test]
fn model_dropped_readers_let_the_writer_behind_them_in() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = block_on(lock.write());
        let threads = [
            spawn_on(&lock, |lock| _ = poll_once(lock.read())),
            spawn_on(&lock, |lock| {
                _ = poll_twice(lock.read());
                block_on(lock.write()).store(1, Relaxed);
            }),
        ];
        drop(write);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_write().expect("nobody has it").load(Relaxed), 1);
    });
}

/// Race: an upgrade, against a reader that comes and a writer that waits.
#[test]
fn model_an_upgrade_waits_for_readers_inside_and_at_the_door() {
    check(2, || {
        let lock = Arc::new(RwLock::new([const { 0 }; 2].map(AtomicUsize::new)));
        let numbers = block_on(lock.upgradable_read());
        let threads = [
            spawn_on(&lock, |lock| {
                let numbers = block_on(lock.read());
                assert_eq!(numbers[0].load(Relaxed), numbers[1].load(Relaxed));
            }),
            spawn_on(&lock, |lock| {
                let numbers = block_on(lock.write());
                assert_eq!(numbers[0].load(Relaxed), 1);
            }),
        ];
        let numbers = block_on(RwLockUpgradableReadGuard::upgrade(numbers));
        numbers[0].store(1, Relaxed);
        numbers[1].store(1, Relaxed);
        drop(numbers);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(lock.try_write().is_some());
    });
}

/// Race: the upgradable reader becomes an ordinary one, and then leaves, against the next one and a writer.
#[test]
fn model_an_upgradable_reader_that_becomes_an_ordinary_one_lets_the_next_one_in() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = block_on(lock.write());
        let threads = [
            spawn_on(&lock, |lock| {
                let number = block_on(lock.upgradable_read());
                let seen = number.load(Relaxed);
                let number = block_on(RwLockUpgradableReadGuard::upgrade(number));
                assert_eq!(number.load(Relaxed), seen);
                number.store(seen + 1, Relaxed);
            }),
            spawn_on(&lock, |lock| {
                let number = block_on(lock.write());
                number.store(number.load(Relaxed) + 1, Relaxed);
            }),
        ];
        let upgradable = RwLockWriteGuard::downgrade_to_upgradable(write);
        let read = RwLockUpgradableReadGuard::downgrade(upgradable);
        assert!(read.load(Relaxed) < 2);
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_write().expect("nobody has it").load(Relaxed), 2);
    });
}

/// Race: readers, for two of whom a model has room, against one that leaves: the next one need not wait for the other.
#[test]
fn model_a_reader_for_which_there_is_no_room_waits_until_one_leaves() {
    check(3, || {
        let lock = Arc::new(RwLock::new(()));
        let (stays, leaves) = (block_on(lock.read()), block_on(lock.read()));
        assert!(lock.try_read().is_none());
        let threads = [(); 2].map(|()| spawn_on(&lock, |lock| drop(block_on(lock.read()))));
        drop(leaves);
        for thread in threads {
            thread.join().unwrap();
        }
        drop(stays);
        assert!(lock.try_write().is_some());
    });
}

/// Race: a reader that would rather be refused than wait, and a writer of that kind, at a lock that becomes free. One of them gets it.
#[test]
fn model_those_that_do_not_wait_do_not_refuse_each_other() {
    check(3, || {
        let lock = Arc::new(RwLock::new(()));
        let write = block_on(lock.write());
        let reads = Arc::new(AtomicUsize::new(0));
        let counts = reads.clone();
        let reader = spawn_on(&lock, move |lock| {
            counts.store(usize::from(lock.try_read().is_some()), Relaxed);
        });
        drop(write);
        let writes = lock.try_write().is_some();
        drop(poll_once(lock.write()));
        reader.join().unwrap();
        assert!(writes || reads.load(Relaxed) == 1);
        assert!(lock.try_write().is_some());
    });
}
