//! The condvar.

use std::sync::Arc;

use loom::cell::Cell;

use super::{block_on, check, count_up, locked_once, poll_once, poll_twice, spawn_on};
use crate::{Condvar, Mutex, MutexGuard};

/// Race: a change and its notification, against one that looks, unlocks and waits, and one that gives up.
#[test]
fn model_a_condvar_misses_no_change() {
    check(2, || {
        let shared = Arc::new((Mutex::new(Cell::new(0)), Condvar::new()));
        let wait = |(mutex, changed): &(Mutex<Cell<usize>>, Condvar)| {
            let number: MutexGuard<'_, _> = block_on(async {
                changed
                    .wait_while(mutex.lock().await, |number| number.get() == 0)
                    .await
            });
            assert_eq!(number.get(), 1);
        };
        let threads = [
            spawn_on(&shared, wait),
            spawn_on(&shared, |(mutex, changed)| {
                poll_once(async { changed.wait(mutex.lock().await).await });
            }),
        ];
        locked_once(&shared.0);
        shared.1.notify_one();
        shared.1.notify_one();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: a change and its notification, against the one that is told and gives up while it locks again, with another one behind it.
#[test]
fn model_a_condvar_tells_the_next_when_one_gives_up_while_it_locks_again() {
    check(3, || {
        let shared = Arc::new((Mutex::new(Cell::new(0)), Condvar::new()));
        let threads = [
            spawn_on(&shared, |(mutex, changed): &(Mutex<Cell<usize>>, Condvar)| {
                let gives_up = poll_twice(async {
                    changed
                        .wait_while(mutex.lock().await, |number| number.get() == 0)
                        .await
                });
                if gives_up.is_some() {
                    changed.notify_one();
                }
            }),
            spawn_on(&shared, |(mutex, changed)| {
                let number = block_on(async {
                    changed
                        .wait_while(mutex.lock().await, |number| number.get() == 0)
                        .await
                });
                assert_eq!(number.get(), 1);
            }),
        ];
        let number = block_on(shared.0.lock());
        count_up(&number);
        shared.1.notify_one();
        drop(number);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(shared.0.try_lock().is_some());
    });
}
