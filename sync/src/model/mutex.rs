//! The mutex.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use loom::cell::Cell;

use super::{block_on, check, count_up, locked_once, locked_twice, poll_once, spawn_on};
use crate::Mutex;

/// Race: three threads lock, one of them twice in a row, so that it passes by the others until they are handed the mutex.
#[test]
fn model_a_mutex_admits_one_at_a_time_and_everybody_in_the_end() {
    check(2, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let threads = [spawn_on(&mutex, locked_once), spawn_on(&mutex, locked_once)];
        locked_twice(&mutex);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(block_on(mutex.lock()).get(), 4);
    });
}

/// Race: one that passes by, again and again, against one that waits, with all the preemptions that there can be.
#[test]
fn model_a_mutex_is_handed_over_when_patience_is_over() {
    check(4, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let other = spawn_on(&mutex, locked_twice);
        locked_twice(&mutex);
        locked_twice(&mutex);
        other.join().unwrap();
        assert_eq!(block_on(mutex.lock()).get(), 6);
    });
}

/// Race: an unlock that calls or hands over, against the drop of the waiter that it means, with another one behind that.
#[test]
fn model_a_dropped_lock_passes_its_turn_on() {
    check(3, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let held = mutex.try_lock().unwrap();
        let threads = [
            spawn_on(&mutex, |mutex| {
                poll_once(mutex.lock());
                poll_once(mutex.lock());
            }),
            spawn_on(&mutex, locked_once),
        ];
        count_up(&held);
        drop(held);
        drop(mutex.try_lock());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(mutex.try_lock().expect("nobody has it").get(), 2);
    });
}

/// Race: an unlock that takes the waker, against a poll that brings another one.
#[test]
fn model_a_lock_that_moves_to_another_task_is_woken_there() {
    check(3, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let held = mutex.try_lock().unwrap();
        let other = spawn_on(&mutex, |mutex| {
            let mut lock = mutex.lock();
            let mut cx = Context::from_waker(Waker::noop());
            match Pin::new(&mut lock).poll(&mut cx) {
                Poll::Ready(number) => count_up(&number),
                Poll::Pending => count_up(&block_on(lock)),
            }
        });
        drop(held);
        other.join().unwrap();
        assert_eq!(mutex.try_lock().expect("nobody has it").get(), 1);
    });
}
