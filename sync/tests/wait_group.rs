//! What a wait group counts, and whom it releases when.

#![expect(
    unsafe_code,
    reason = "numbers without protection, so that a race detector can see the order"
)]

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;
#[path = "common/executors.rs"]
mod executors;
#[path = "common/plain.rs"]
mod plain;

use std::cell::Cell;
use std::fmt::Debug;
use std::future::Ready;
use std::marker::PhantomPinned;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::WaitGroup;
use canter_sync::wait_group::{Tracked, WaitZero};
use caught::caught;
use coop::{takes_part_in_the_budget, waits_for};
use executors::{Task, under_each};
use flag::{Flag, poll};
use futures::executor::block_on;
use futures::future::join_all;
use plain::Plain;

has!(Send: WaitGroup, WaitZero<'static>, Tracked<Ready<Cell<u8>>>);
has!(Sync: WaitGroup, WaitZero<'static>, Tracked<Ready<u8>>);
has!(Unpin: WaitGroup, WaitZero<'static>, Tracked<Ready<u8>>);
has!(UnwindSafe: WaitGroup);
has!(RefUnwindSafe: WaitGroup);
has!(Clone: WaitGroup);
has!(Default: WaitGroup);
has!(Debug: WaitGroup, WaitZero<'static>, Tracked<PhantomPinned>);
lacks!(Send: Tracked<Ready<Rc<u8>>>);
lacks!(Sync: Tracked<Ready<Cell<u8>>>);
lacks!(Unpin: Tracked<PhantomPinned>);
lacks!(Clone: WaitZero<'static>, Tracked<Ready<u8>>);

/// As the docs say.
const MAX: usize = usize::MAX / 4;

#[test]
fn nobody_waits_at_a_fresh_group() {
    let group = WaitGroup::new();
    assert_eq!(group.count(), 0);
    ready(&mut Box::pin(group.wait()));
    group.wait_blocking();
    WaitGroup::default().wait_blocking();
}

#[test]
fn adding_nothing_changes_nothing() {
    let group = WaitGroup::new();
    group.add(0);
    ready(&mut Box::pin(group.wait()));
    group.add(1);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    group.add(0);
    assert!(!flag.take());
    assert_eq!(group.count(), 1);
}

#[test]
fn as_many_have_to_be_done_as_were_added() {
    let group = WaitGroup::new();
    group.add(2);
    group.add(3);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    for left in (1..5).rev() {
        group.done();
        assert_eq!(group.count(), left);
        assert!(!flag.take(), "{left} are not done");
    }
    group.done();
    assert!(flag.take());
    ready(&mut waits);
    ready(&mut Box::pin(group.wait()));
}

#[test]
fn clones_share_the_number() {
    let group = WaitGroup::new();
    let clone = group.clone();
    group.add(1);
    let mut waits = Box::pin(clone.wait());
    let flag = wait(&mut waits);
    drop(group.clone());
    assert_eq!(clone.count(), 1);
    clone.done();
    assert!(flag.take());
    assert_eq!(group.count(), 0);
    ready(&mut Box::pin(group.wait()));
}

#[test]
fn a_group_can_be_used_again_and_again() {
    let group = WaitGroup::new();
    for round in 1..100 {
        group.add(round);
        let mut waits = Box::pin(group.wait());
        let flag = wait(&mut waits);
        (0..round).for_each(|_| group.done());
        assert!(flag.take());
        ready(&mut waits);
    }
}

#[test]
fn those_who_waited_for_zero_are_released_although_the_number_went_up_again() {
    let group = WaitGroup::new();
    group.add(1);
    let mut first = Box::pin(group.wait());
    let first_flag = wait(&mut first);
    group.done();
    group.add(1);
    let mut second = Box::pin(group.wait());
    let second_flag = wait(&mut second);
    assert!(first_flag.take());
    ready(&mut first);
    assert!(!second_flag.take());
    assert!(
        poll(&mut second, &second_flag).is_pending(),
        "the second round goes on"
    );
    group.done();
    assert!(second_flag.take() && !first_flag.take());
    ready(&mut second);
}

#[test]
fn the_wait_begins_with_the_first_poll() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = Box::pin(group.wait());
    group.done();
    group.add(1);
    let flag = wait(&mut waits);
    group.done();
    assert!(flag.take());
    ready(&mut waits);
}

#[test]
fn whoever_waited_can_wait_again_with_the_same_future() {
    let group = WaitGroup::new();
    let mut waits = Box::pin(group.wait());
    for _ in 0..3 {
        ready(&mut waits);
        group.add(1);
        let flag = wait(&mut waits);
        group.done();
        assert!(flag.take());
        ready(&mut waits);
    }
}

#[test]
fn ten_thousand_wait_and_all_are_released() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits: Vec<_> = (0..10_000).map(|_| Box::pin(group.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    group.done();
    assert!(flags.iter().all(|flag| flag.take()));
    waits.iter_mut().for_each(ready);
}

#[test]
fn those_who_gave_up_are_not_woken_and_the_others_are() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits: Vec<_> = (0..10).map(|_| Some(Box::pin(group.wait()))).collect();
    let flags: Vec<_> = waits.iter_mut().flatten().map(wait).collect();
    for gives_up in [0, 4, 5, 9] {
        waits[gives_up] = None;
    }
    group.done();
    let woken: Vec<_> = (0..10).filter(|&at| flags[at].take()).collect();
    assert_eq!(woken, [1, 2, 3, 6, 7, 8]);
    waits.iter_mut().flatten().for_each(ready);
}

#[test]
fn a_group_at_which_everybody_gave_up_goes_on() {
    let group = WaitGroup::new();
    group.add(2);
    for _ in 0..3 {
        let mut waits = Box::pin(group.wait());
        let flag = wait(&mut waits);
        drop(waits);
        assert!(!flag.take());
    }
    group.done();
    group.done();
    ready(&mut Box::pin(group.wait()));
}

#[test]
fn a_wait_that_is_dropped_after_its_release_changes_nothing() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = Box::pin(group.wait());
    let _flag = wait(&mut waits);
    group.done();
    group.add(1);
    drop(waits);
    assert_eq!(group.count(), 1);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    group.done();
    assert!(flag.take());
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = Box::pin(group.wait());
    let [first, second] = [wait(&mut waits), wait(&mut waits)];
    for _ in 0..10 {
        assert!(poll(&mut waits, &second).is_pending());
    }
    group.done();
    assert!(second.take() && !first.take());
    ready(&mut waits);
}

// Misuse.

#[test]
fn below_zero_is_a_panic_that_says_so_at_the_callers_place() {
    let group = WaitGroup::new();
    let (message, line) = caught(|| group.done());
    assert_eq!(line, line!() - 1);
    assert_eq!(
        message,
        "`WaitGroup::done` was called more often than was added: the number is zero already"
    );
    group.add(1);
    group.done();
    caught(|| group.done());
    assert_eq!(group.count(), 0, "the number is as it was");
    ready(&mut Box::pin(group.wait()));
}

#[test]
fn above_the_maximum_is_a_panic_that_says_so_at_the_callers_place() {
    let group = WaitGroup::new();
    group.add(MAX);
    assert_eq!(group.count(), MAX);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    for amount in [1, 2, MAX, MAX + 1, usize::MAX / 2 + 1, usize::MAX] {
        let (message, line) = caught(|| group.add(amount));
        assert_eq!(line, line!() - 1);
        assert_eq!(
            message,
            format!("`WaitGroup::add` would take the number above {MAX}, which it can't count")
        );
        assert_eq!(group.count(), MAX, "the number is as it was");
    }
    let (message, line) = caught(|| group.track(async {}));
    assert_eq!(line, line!() - 1);
    assert!(message.contains("above"), "{message}");
    group.done();
    group.add(1);
    assert!(!flag.take());
    assert!(poll(&mut waits, &flag).is_pending());
}

// Everywhere.

fn task(future: impl Future<Output = ()> + Send + 'static) -> Task {
    Box::pin(future)
}

#[test]
fn workers_and_waiters_of_many_tasks_meet_under_each_executor() {
    under_each(|run| {
        let group = WaitGroup::new();
        group.add(500);
        let workers = (0..500).map(|_| {
            let group = group.clone();
            task(async move { group.done() })
        });
        let waiters = (0..20).map(|_| {
            let group = group.clone();
            task(async move {
                group.wait().await;
                assert_eq!(group.count(), 0);
            })
        });
        run(waiters.chain(workers).collect());
    });
}

#[test]
fn a_hundred_thousand_tasks_are_waited_for() {
    for workers in [1, 4] {
        let runtime = canter_executor::runtime::Builder::new()
            .workers(workers)
            .build()
            .unwrap();
        let group = WaitGroup::new();
        for _ in 0..100_000 {
            runtime.go(group.track(async {}));
        }
        runtime.block_on(group.wait());
        assert_eq!(group.count(), 0);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    let group = WaitGroup::new();
    for _ in 0..100_000 {
        runtime.spawn(group.track(async {}));
    }
    group.wait_blocking();
}

#[test]
fn threads_may_block_until_others_are_done() {
    let group = WaitGroup::new();
    group.add(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| group.wait_blocking());
            scope.spawn(|| group.done());
        }
    });
    assert_eq!(group.count(), 0);
}

#[test]
fn what_was_done_before_is_visible_to_whoever_waited() {
    const WORKERS: usize = 3;
    for _ in 0..200 {
        let group = WaitGroup::new();
        group.add(WORKERS);
        let results: Arc<[Plain; WORKERS]> = Arc::default();
        thread::scope(|scope| {
            for worker in 0..WORKERS {
                let (group, results) = (&group, &results);
                scope.spawn(move || {
                    results[worker].set(worker + 1);
                    group.done();
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    block_on(group.wait());
                    assert_eq!(results.iter().map(Plain::get).sum::<usize>(), 6);
                });
            }
        });
    }
}

#[test]
fn rounds_follow_each_other_on_several_threads() {
    const ROUNDS: usize = 300;
    let (begins, ends) = (WaitGroup::new(), WaitGroup::new());
    for round in 0..ROUNDS {
        begins.add(1);
        ends.add(2);
        let number = Plain::default();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    begins.wait_blocking();
                    assert_eq!(number.get(), round);
                    ends.done();
                });
            }
            number.set(round);
            begins.done();
            block_on(join_all([ends.wait(), ends.wait()]));
            number.set(0);
        });
    }
}

// What it tells others.

#[test]
fn the_debug_form_shows_the_number() {
    let group = WaitGroup::new();
    group.add(3);
    assert_eq!(format!("{group:?}"), "WaitGroup { count: 3 }");
    assert_eq!(format!("{:?}", group.wait()), "WaitZero { count: 3, .. }");
}

#[test]
fn a_wait_says_why_and_where() {
    let group = WaitGroup::new();
    group.add(1);
    assert_eq!(waits_for(group.wait()), ("wait group", line!()));
}

#[test]
fn a_wait_takes_part_in_the_budget() {
    takes_part_in_the_budget(WaitGroup::new().wait());
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = Box::pin(group.wait());
    _ = wait(&mut waits);
    group.done();
    takes_part_in_the_budget(waits);
}

#[test]
fn a_poll_without_budget_keeps_the_place() {
    let group = WaitGroup::new();
    group.add(1);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    let (polled, _) = canter_coop::host::poll(0, || poll(&mut waits, &Flag::new()));
    assert!(polled.is_pending());
    group.done();
    assert!(flag.take());
}
