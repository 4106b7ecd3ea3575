//! The wait group and its counter.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Waker;

use loom::cell::Cell;

use super::{block_on, check, locked_once, poll_once, spawn_on};
use crate::raw::{Counter, Wait};
use crate::{Mutex, WaitGroup};

/// Race: the last two `done`s, against one that begins to wait, and one that gives up.
#[test]
fn model_a_wait_group_releases_those_that_wait() {
    check(3, || {
        let group = Arc::new(WaitGroup::new());
        let number = Arc::new(Mutex::new(Cell::new(0)));
        group.add(2);
        let counted = number.clone();
        let threads = [
            spawn_on(&group, move |group| {
                locked_once(&counted);
                group.done();
            }),
            spawn_on(&group, |group| {
                poll_once(group.wait());
                group.done();
            }),
        ];
        block_on(group.wait());
        assert_eq!(number.try_lock().expect("it is done").get(), 1);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: the release of the first round, against somebody who adds and waits for the second one.
#[test]
fn model_a_wait_group_that_is_used_again_releases_nobody_too_early() {
    check(3, || {
        let group = Arc::new(WaitGroup::new());
        group.add(1);
        let first = spawn_on(&group, |group| block_on(group.wait()));
        let ends = spawn_on(&group, WaitGroup::done);
        // One more of the first round, or the whole of a second one.
        group.add(1);
        let waited = poll_once(group.wait());
        assert!(waited.is_none(), "one is not done yet");
        group.done();
        block_on(group.wait());
        ends.join().unwrap();
        first.join().unwrap();
    });
}

/// Race: a `done` that finds itself the last one, against an `add` that comes before it has taken effect.
#[test]
fn model_a_done_that_is_no_longer_the_last_releases_nobody() {
    check(3, || {
        let counter = Arc::new(Counter::new());
        counter.add(1).unwrap();
        let mut wait = Wait::new();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_pending());
        let other = spawn_on(&counter, |counter| counter.done().unwrap());
        counter.add(1).unwrap();
        let was_not_done = counter.count() == 2;
        other.join().unwrap();
        let released = counter.poll_zero(&mut wait, Waker::noop()).is_ready();
        assert!(!(was_not_done && released), "the number was never zero");
        counter.done().unwrap();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_ready());
    });
}

/// Race: the last `done`, against an `add` that is refused, and must not keep those that wait from being released.
#[test]
fn model_an_add_that_is_refused_hides_no_zero() {
    check(3, || {
        let counter = Arc::new(Counter::new());
        counter.add(1).unwrap();
        let mut wait = Wait::new();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_pending());
        let threads = [
            spawn_on(&counter, |counter| counter.done().unwrap()),
            // It is taken if the other one came first.
            spawn_on(&counter, |counter| _ = counter.add(Counter::MAX)),
        ];
        block_on(poll_fn(|cx| counter.poll_zero(&mut wait, cx.waker())));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
