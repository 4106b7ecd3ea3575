//! The semaphore.

use std::sync::Arc;

use super::{block_on, check, poll_once, spawn_on};
use crate::Semaphore;

/// Race: a request for two and requests for one, whose permits come back one after the other.
#[test]
fn model_a_semaphore_serves_all_and_loses_no_permit() {
    check(2, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire_many(2)))),
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
        ];
        drop(block_on(semaphore.acquire()));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Race: permits that come back, against the drop of the first in line, who asks for many, with one behind it who asks for few.
#[test]
fn model_a_dropped_acquire_lets_those_behind_it_go() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.try_acquire().unwrap();
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(poll_once(semaphore.acquire_many(2)))),
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
        ];
        drop(held);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Race: the drop of the first in line, who asks for more than there are, against one that comes and finds it there.
#[test]
fn model_a_dropped_acquire_of_too_many_lets_those_behind_it_go() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let small = spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire())));
        assert!(poll_once(semaphore.acquire_many(2)).is_none());
        small.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Race: added permits, and the close, against those that wait and those that come.
#[test]
fn model_a_semaphore_that_closes_leaves_nobody_waiting() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
            spawn_on(&semaphore, |semaphore| semaphore.add_permits(1)),
        ];
        semaphore.close();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 1);
    });
}
