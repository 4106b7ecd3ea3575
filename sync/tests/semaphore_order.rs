//! Permits are given out in the order of arrival.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::sync::Arc;

use by_hand::{ready, wait};
use canter_sync::{Semaphore, TryAcquireError};
use flag::{Flag, poll};

fn woken(flags: &[Arc<Flag>]) -> Vec<usize> {
    (0..flags.len()).filter(|&at| flags[at].take()).collect()
}

const NOBODY: [usize; 0] = [];

#[test]
fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let semaphore = Semaphore::new(1);
    let mut permit = semaphore.try_acquire().unwrap();
    let mut acquires: Vec<_> = (0..20).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    for (turn, acquire) in acquires.iter_mut().enumerate() {
        drop(permit);
        assert_eq!(woken(&flags), [turn]);
        permit = ready(acquire).unwrap();
    }
}

#[test]
fn the_place_in_line_is_that_of_the_first_poll() {
    let semaphore = Semaphore::new(0);
    let mut acquires: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let second = wait(&mut acquires[2]);
    let first = wait(&mut acquires[0]);
    semaphore.add_permits(1);
    assert!(second.take() && !first.take());
    let mut never_polled = acquires.swap_remove(1);
    semaphore.add_permits(1);
    assert!(first.take());
    _ = wait(&mut never_polled);
}

#[test]
fn a_poll_with_another_waker_keeps_the_place_in_line() {
    let semaphore = Semaphore::new(0);
    let mut acquires: Vec<_> = (0..2).map(|_| Box::pin(semaphore.acquire())).collect();
    let _flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    let flags: Vec<_> = acquires.iter_mut().rev().map(wait).collect();
    semaphore.add_permits(1);
    assert_eq!(woken(&flags), [1]);
}

#[test]
fn a_newcomer_does_not_overtake_those_who_wait() {
    let semaphore = Semaphore::new(1);
    let mut large = Box::pin(semaphore.acquire_many(2));
    let flag = wait(&mut large);
    assert_eq!(semaphore.available_permits(), 1, "there is one");
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    let mut small = Box::pin(semaphore.acquire());
    _ = wait(&mut small);
    semaphore.add_permits(1);
    assert!(flag.take());
    assert!(poll(&mut small, &Flag::new()).is_pending());
    assert_eq!(ready(&mut large).unwrap().permits(), 2);
}

#[test]
fn a_large_request_is_not_starved_by_small_ones() {
    let semaphore = Semaphore::new(3);
    let mut held: Vec<_> = (0..3).map(|_| semaphore.try_acquire().unwrap()).collect();
    let mut large = Box::pin(semaphore.acquire_many(3));
    let large_flag = wait(&mut large);
    let mut small: Vec<_> = (0..100).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = small.iter_mut().map(wait).collect();
    for left in (0..3).rev() {
        assert!(!large_flag.take());
        drop(held.pop());
        assert_eq!(woken(&flags), NOBODY, "{left} permits are still out");
    }
    assert!(large_flag.take());
    drop(ready(&mut large).unwrap());
    assert_eq!(woken(&flags), [0, 1, 2]);
}

#[test]
fn a_large_request_that_is_dropped_lets_those_behind_it_go() {
    let semaphore = Semaphore::new(2);
    let mut large = Box::pin(semaphore.acquire_many(3));
    _ = wait(&mut large);
    let mut small: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = small.iter_mut().map(wait).collect();
    drop(large);
    assert_eq!(woken(&flags), [0, 1]);
    assert_eq!(semaphore.available_permits(), 0);
    drop(ready(&mut small[0]));
    assert_eq!(woken(&flags), [2]);
}

#[test]
fn one_that_is_dropped_behind_the_first_lets_nobody_pass() {
    let semaphore = Semaphore::new(2);
    let mut large = Box::pin(semaphore.acquire_many(3));
    let large_flag = wait(&mut large);
    let mut small: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = small.iter_mut().map(wait).collect();
    drop(small.remove(0));
    drop(small.remove(1));
    assert_eq!(woken(&flags), NOBODY);
    semaphore.add_permits(1);
    assert!(large_flag.take());
    assert_eq!(woken(&flags), NOBODY);
    drop(large);
    assert_eq!(woken(&flags), [1]);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn a_batch_that_comes_back_serves_as_many_as_it_can() {
    let semaphore = Semaphore::new(7);
    let all = semaphore.try_acquire_many(7).unwrap();
    let mut acquires: Vec<_> = [1, 3, 0, 2, 2, 1]
        .map(|permits| Box::pin(semaphore.acquire_many(permits)))
        .into();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    drop(all);
    assert_eq!(
        woken(&flags),
        [0, 1, 2, 3],
        "the fifth asks for more than is left"
    );
    assert_eq!(semaphore.available_permits(), 1);
    drop(ready(&mut acquires[0]));
    assert_eq!(woken(&flags), [4]);
    assert_eq!(semaphore.available_permits(), 0);
    drop(ready(&mut acquires[3]));
    assert_eq!(woken(&flags), [5]);
}

#[test]
fn a_batch_that_is_split_serves_one_after_the_other() {
    let semaphore = Semaphore::new(3);
    let mut all = semaphore.try_acquire_many(3).unwrap();
    let mut acquires: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    for turn in 0..3 {
        drop(all.split(1));
        assert_eq!(woken(&flags), [turn]);
    }
}

#[test]
fn permits_promised_to_one_that_is_dropped_go_down_the_line() {
    let semaphore = Semaphore::new(0);
    let mut acquires: Vec<_> = (0..10).map(|_| Box::pin(semaphore.acquire_many(2))).collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    semaphore.add_permits(2);
    for flag in flags {
        assert!(flag.take());
        assert_eq!(semaphore.available_permits(), 0);
        drop(acquires.remove(0));
    }
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn permits_promised_to_one_that_is_dropped_serve_several_behind_it() {
    let semaphore = Semaphore::new(0);
    let mut large = Box::pin(semaphore.acquire_many(5));
    _ = wait(&mut large);
    let mut small: Vec<_> = (0..6).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = small.iter_mut().map(wait).collect();
    semaphore.add_permits(5);
    assert_eq!(woken(&flags), NOBODY);
    drop(large);
    assert_eq!(woken(&flags), [0, 1, 2, 3, 4]);
}

#[test]
fn when_the_line_is_empty_newcomers_need_not_wait() {
    let semaphore = Semaphore::new(1);
    for served in [true, false] {
        let mut large = Box::pin(semaphore.acquire_many(2));
        _ = wait(&mut large);
        if served {
            semaphore.add_permits(1);
            drop(ready(&mut large).unwrap());
            assert_eq!(semaphore.forget_permits(1), 1);
        }
        drop(large);
        drop(semaphore.try_acquire().unwrap());
        drop(ready(&mut Box::pin(semaphore.acquire())));
    }
}
