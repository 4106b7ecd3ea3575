//! A semaphore that is closed.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::sync::Arc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::{AcquireError, Semaphore, TryAcquireError};
use executors::{Task, under_each};
use flag::{Flag, poll};

#[test]
fn those_who_wait_get_an_error_and_so_do_all_who_come_later() {
    let semaphore = Arc::new(Semaphore::new(1));
    assert!(!semaphore.is_closed());
    let mut acquires: Vec<_> = (2..5)
        .map(|many| Box::pin(semaphore.acquire_many(many)))
        .collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    semaphore.close();
    assert!(semaphore.is_closed());
    assert!(flags.iter().all(|flag| flag.take()));
    for acquire in &mut acquires {
        assert_eq!(ready(acquire).unwrap_err(), AcquireError);
    }
    for many in 0..3 {
        assert_eq!(
            ready(&mut Box::pin(semaphore.acquire_many(many))).unwrap_err(),
            AcquireError
        );
        assert_eq!(
            ready(&mut Box::pin(semaphore.acquire_many_owned(many))).unwrap_err(),
            AcquireError
        );
        assert_eq!(semaphore.acquire_many_blocking(many).unwrap_err(), AcquireError);
        assert_eq!(
            semaphore.try_acquire_many(many).unwrap_err(),
            TryAcquireError::Closed
        );
        assert_eq!(
            semaphore.try_acquire_many_owned(many).unwrap_err(),
            TryAcquireError::Closed
        );
    }
    assert_eq!(semaphore.acquire_blocking().unwrap_err(), AcquireError);
    assert_eq!(semaphore.available_permits(), 1, "nobody took it");
}

#[test]
fn closing_again_changes_nothing() {
    let semaphore = Semaphore::new(1);
    semaphore.close();
    semaphore.close();
    assert!(semaphore.is_closed());
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn permits_that_somebody_has_remain_valid() {
    let semaphore = Semaphore::new(3);
    let mut permit = semaphore.try_acquire_many(3).unwrap();
    semaphore.close();
    let part = permit.split(1).unwrap();
    permit.merge(part);
    assert_eq!(permit.permits(), 3);
    drop(permit);
    assert_eq!(semaphore.available_permits(), 3);
    semaphore.add_permits(2);
    assert_eq!(semaphore.forget_permits(1), 1);
    assert_eq!(semaphore.available_permits(), 4);
    assert!(semaphore.try_acquire().is_err(), "it stays closed");
}

#[test]
fn whoever_was_given_a_permit_before_the_close_has_it() {
    let semaphore = Semaphore::new(0);
    let mut acquires: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    semaphore.add_permits(2);
    semaphore.close();
    assert!(flags.iter().all(|flag| flag.take()));
    let permit = ready(&mut acquires[0]).unwrap();
    assert!(ready(&mut acquires[2]).is_err());
    drop(acquires);
    assert_eq!(
        semaphore.available_permits(),
        1,
        "the one that nobody looked at came back"
    );
    drop(permit);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn an_error_that_nobody_looked_at_gives_no_permits_back() {
    let semaphore = Semaphore::new(1);
    let mut acquire = Box::pin(semaphore.acquire_many(5));
    _ = wait(&mut acquire);
    semaphore.close();
    drop(acquire);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn the_close_ends_a_poll_that_was_not_the_first() {
    let semaphore = Semaphore::new(0);
    let mut acquire = Box::pin(semaphore.acquire());
    let flags = [wait(&mut acquire), wait(&mut acquire)];
    semaphore.close();
    assert!(flags[1].take() && !flags[0].take());
    assert!(poll(&mut acquire, &Flag::new()).is_ready());
}

#[test]
fn a_close_from_another_thread_leaves_nobody_waiting() {
    for round in 0..300 {
        let semaphore = Semaphore::new(round % 3);
        thread::scope(|scope| {
            for permits in 1..4 {
                let semaphore = &semaphore;
                scope.spawn(move || while semaphore.acquire_many_blocking(permits).is_ok() {});
            }
            scope.spawn(|| semaphore.close());
        });
        assert_eq!(semaphore.available_permits(), round % 3);
    }
}

#[test]
fn a_close_among_tasks_leaves_nobody_waiting_and_no_permit_lost() {
    under_each(|run| {
        let semaphore = Arc::new(Semaphore::new(4));
        let users = (0..40).map(|at| -> Task {
            let semaphore = semaphore.clone();
            Box::pin(async move {
                while let Ok(permit) = semaphore.acquire_many(1 + at % 4).await {
                    canter_executor::yield_now().await;
                    drop(permit);
                }
            })
        });
        let closer: Task = {
            let semaphore = semaphore.clone();
            Box::pin(async move {
                for _ in 0..50 {
                    canter_executor::yield_now().await;
                }
                semaphore.close();
            })
        };
        run(users.chain([closer]).collect());
        assert_eq!(semaphore.available_permits(), 4);
    });
}
