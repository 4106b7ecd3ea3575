//! Random uses of a wait group: by hand beside a list of who has to be released when, and by many tasks at once.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::pin::Pin;
use std::sync::Arc;

use by_hand::{ready, wait};
use canter_sync::WaitGroup;
use canter_sync::wait_group::WaitZero;
use executors::{Task, under_each};
use flag::{Flag, poll};
use give_up::give_up_after;
use seed::random;

struct Waiter<'a> {
    future: Pin<Box<WaitZero<'a>>>,
    flag: Arc<Flag>,
    released: bool,
}

/// Those that had to wait and wait no more were woken, and nobody else.
#[track_caller]
fn check(waiters: &mut [Waiter<'_>], released_now: bool) {
    for waiter in waiters {
        let woken_now = released_now && !waiter.released;
        assert_eq!(waiter.flag.take(), woken_now);
        waiter.released |= released_now;
    }
}

#[test]
fn whoever_waits_is_released_at_the_next_zero_and_not_before() {
    let mut random = random("whoever_waits_is_released_at_the_next_zero_and_not_before");
    for _ in 0..300 {
        let group = WaitGroup::new();
        let mut count = 0;
        let mut waiters: Vec<Waiter<'_>> = Vec::new();
        for _ in 0..200 {
            match random.u32(..8) {
                0 | 1 => {
                    let amount = random.usize(..4);
                    group.add(amount);
                    count += amount;
                    check(&mut waiters, false);
                }
                2 | 3 if count > 0 => {
                    group.done();
                    count -= 1;
                    check(&mut waiters, count == 0);
                }
                4 | 5 => {
                    let mut future = Box::pin(group.wait());
                    if count == 0 {
                        ready(&mut future);
                    } else {
                        waiters.push(Waiter {
                            flag: wait(&mut future),
                            future,
                            released: false,
                        });
                    }
                }
                6 if !waiters.is_empty() => {
                    drop(waiters.swap_remove(random.usize(..waiters.len())));
                    check(&mut waiters, false);
                }
                7 if !waiters.is_empty() => {
                    let at = random.usize(..waiters.len());
                    let waiter = &mut waiters[at];
                    assert_eq!(poll(&mut waiter.future, &waiter.flag).is_ready(), waiter.released);
                    if waiter.released {
                        waiters.swap_remove(at);
                    }
                }
                _ => {}
            }
            assert_eq!(group.count(), count);
        }
        (0..count).for_each(|_| group.done());
        waiters.iter_mut().for_each(|waiter| ready(&mut waiter.future));
    }
}

#[test]
fn those_who_give_up_at_random_leave_nobody_waiting() {
    let mut random = random("those_who_give_up_at_random_leave_nobody_waiting");
    let seeds: Vec<_> = (0..200).map(|_| (random.u64(..), random.usize(..4))).collect();
    under_each(|run| {
        let group = WaitGroup::new();
        group.add(100);
        let tasks = seeds.iter().enumerate().map(|(at, &(seed, polls))| -> Task {
            let group = group.clone();
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                for _ in 0..random.usize(..10) {
                    _ = give_up_after(polls, group.wait()).await;
                    _ = give_up_after(random.usize(..3), group.track(group.wait())).await;
                }
                if at % 2 == 0 {
                    group.done();
                } else {
                    group.wait().await;
                }
            })
        });
        run(tasks.collect());
        assert_eq!(group.count(), 0);
    });
}

#[test]
fn rounds_of_random_length_release_their_waiters_and_no_others() {
    let mut random = random("rounds_of_random_length_release_their_waiters_and_no_others");
    let rounds: Arc<Vec<usize>> = Arc::new((0..200).map(|_| random.usize(1..6)).collect());
    under_each(|run| {
        let (begins, ends) = ([WaitGroup::new(), WaitGroup::new()], WaitGroup::new());
        begins[0].add(1);
        ends.add(rounds[0] + 3);
        let leader: Task = {
            let (begins, ends, rounds) = (begins.clone(), ends.clone(), rounds.clone());
            Box::pin(async move {
                for round in 0..rounds.len() {
                    (0..rounds[round]).for_each(|_| ends.done());
                    ends.wait().await; // the three others have come
                    if let Some(next) = rounds.get(round + 1) {
                        ends.add(next + 3);
                        begins[(round + 1) % 2].add(1);
                    }
                    begins[round % 2].done();
                }
            })
        };
        let others = (0..3).map(|_| -> Task {
            let (begins, ends, rounds) = (begins.clone(), ends.clone(), rounds.clone());
            Box::pin(async move {
                for round in 0..rounds.len() {
                    let mut begun = Box::pin(begins[round % 2].wait());
                    assert!(
                        poll(&mut begun, &Flag::new()).is_pending(),
                        "the round has not begun"
                    );
                    ends.done();
                    begun.await;
                }
            })
        });
        run(std::iter::once(leader).chain(others).collect());
        assert_eq!((begins[0].count(), begins[1].count(), ends.count()), (0, 0, 0));
    });
}
