//! Who is let through a barrier, when, and who leads.

#![expect(
    unsafe_code,
    reason = "numbers without protection, so that a race detector can see the order"
)]

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;
#[path = "common/executors.rs"]
mod executors;
#[path = "common/plain.rs"]
mod plain;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use by_hand::{ready, wait};
use canter_sync::barrier::Arrival;
use canter_sync::{Barrier, BarrierWaitResult};
use coop::{takes_part_in_the_budget, waits_for};
use executors::{Task, under_each};
use flag::{Flag, poll};
use futures::future::join_all;
use give_up::give_up_after;
use plain::Plain;
use seed::random;

has!(Send: Barrier, Arrival<'static>, BarrierWaitResult);
has!(Sync: Barrier, Arrival<'static>, BarrierWaitResult);
has!(Unpin: Barrier, Arrival<'static>);
has!(UnwindSafe: Barrier);
has!(RefUnwindSafe: Barrier);
has!(Debug: Barrier, Arrival<'static>, BarrierWaitResult);
has!(Copy: BarrierWaitResult);
lacks!(Clone: Barrier, Arrival<'static>);

#[test]
fn nobody_is_let_through_before_the_last_one_who_leads() {
    for parties in 2..10 {
        let barrier = Barrier::new(parties);
        let mut waits: Vec<_> = (1..parties).map(|_| Box::pin(barrier.wait())).collect();
        let flags: Vec<_> = waits.iter_mut().map(wait).collect();
        assert!(!flags.iter().any(|flag| flag.take()));
        let last = ready(&mut Box::pin(barrier.wait()));
        assert!(last.is_leader());
        assert!(flags.iter().all(|flag| flag.take()));
        assert!(waits.iter_mut().all(|future| !ready(future).is_leader()));
    }
}

#[test]
fn at_a_barrier_for_one_or_for_nobody_nobody_waits_and_everybody_leads() {
    for parties in [0, 1] {
        let barrier = Barrier::new(parties);
        for _ in 0..3 {
            assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
            assert!(barrier.wait_blocking().is_leader());
        }
    }
}

#[test]
fn the_next_round_begins_when_one_is_over_also_if_some_of_it_have_not_looked() {
    let barrier = Barrier::new(3);
    let mut late: Vec<(Pin<Box<Arrival<'_>>>, Arc<Flag>)> = Vec::new();
    for _ in 0..5 {
        for _ in 0..2 {
            let mut future = Box::pin(barrier.wait());
            let flag = wait(&mut future);
            late.push((future, flag));
        }
        assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
    }
    for (future, flag) in &mut late {
        assert!(flag.take());
        assert!(!ready(future).is_leader());
    }
}

#[test]
fn the_arrival_is_the_first_poll() {
    let barrier = Barrier::new(2);
    let mut never_polled = Box::pin(barrier.wait());
    let mut first = Box::pin(barrier.wait());
    let flag = wait(&mut first);
    assert!(ready(&mut never_polled).is_leader());
    assert!(flag.take());
}

#[test]
fn one_that_is_dropped_while_it_waits_has_not_come() {
    let barrier = Barrier::new(3);
    for gives_up in 0..2 {
        let mut waits: Vec<_> = (0..2).map(|_| Box::pin(barrier.wait())).collect();
        let flags: Vec<_> = waits.iter_mut().map(wait).collect();
        drop(waits.remove(gives_up));
        let mut instead = Box::pin(barrier.wait());
        let flag = wait(&mut instead);
        assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
        assert!(flag.take() && flags[1 - gives_up].take());
        assert!(!flags[gives_up].take(), "whoever left is not woken");
        assert!(!ready(&mut waits[0]).is_leader() && !ready(&mut instead).is_leader());
    }
}

#[test]
fn one_that_is_dropped_after_it_was_let_through_has_come() {
    let barrier = Barrier::new(2);
    let mut first = Box::pin(barrier.wait());
    _ = wait(&mut first);
    assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
    drop(first);
    let mut next = Box::pin(barrier.wait());
    _ = wait(&mut next);
}

#[test]
fn a_future_that_was_let_through_can_arrive_again() {
    let barrier = Barrier::new(2);
    let mut future = Box::pin(barrier.wait());
    for _ in 0..3 {
        let flag = wait(&mut future);
        assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
        assert!(flag.take());
        assert!(!ready(&mut future).is_leader());
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let barrier = Barrier::new(2);
    let mut future = Box::pin(barrier.wait());
    let [first, second] = [wait(&mut future), wait(&mut future)];
    for _ in 0..10 {
        assert!(poll(&mut future, &second).is_pending());
    }
    assert!(barrier.wait_blocking().is_leader());
    assert!(second.take() && !first.take());
}

static MEETING: Barrier = Barrier::new(4);

#[test]
fn a_barrier_can_be_a_static_and_one_leads_each_round() {
    const ROUNDS: usize = 100;
    under_each(|run| {
        let leaders: Arc<Vec<AtomicUsize>> = Arc::new((0..ROUNDS).map(|_| AtomicUsize::new(0)).collect());
        let tasks = (0..4).map(|_| -> Task {
            let leaders = leaders.clone();
            Box::pin(async move {
                for leaders in leaders.iter() {
                    let result: BarrierWaitResult = MEETING.wait().await;
                    leaders.fetch_add(usize::from(result.is_leader()), SeqCst);
                }
            })
        });
        run(tasks.collect());
        assert!(leaders.iter().all(|leaders| leaders.load(SeqCst) == 1));
    });
}

#[test]
fn what_each_did_before_is_visible_to_all_behind_the_barrier() {
    const PARTIES: usize = 3;
    let barrier = Barrier::new(PARTIES);
    let numbers: [Plain; PARTIES] = Default::default();
    thread::scope(|scope| {
        for own in 0..PARTIES {
            let (barrier, numbers) = (&barrier, &numbers);
            scope.spawn(move || {
                for round in 1..300 {
                    numbers[own].set(round);
                    barrier.wait_blocking();
                    assert!(numbers.iter().all(|number| number.get() == round));
                    barrier.wait_blocking();
                }
            });
        }
    });
}

#[test]
fn ten_thousand_are_let_through_together() {
    let barrier = Barrier::new(10_001);
    let mut waits: Vec<_> = (0..10_000).map(|_| Box::pin(barrier.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    assert!(barrier.wait_blocking().is_leader());
    assert!(flags.iter().all(|flag| flag.take()));
    assert!(waits.iter_mut().all(|future| !ready(future).is_leader()));
}

// At random.

#[test]
fn it_lets_through_whom_a_list_of_arrivals_would() {
    let mut random = random("it_lets_through_whom_a_list_of_arrivals_would");
    for _ in 0..300 {
        let parties = random.usize(..6);
        let barrier = Barrier::new(parties);
        // Each future, its flag, and whether it was let through.
        let mut waits: Vec<(Pin<Box<Arrival<'_>>>, Arc<Flag>, bool)> = Vec::new();
        for _ in 0..100 {
            let arrived = waits.iter().filter(|(_, _, through)| !through).count();
            assert!(format!("{barrier:?}").contains(&format!("arrived: {arrived} }}")));
            match random.u32(..4) {
                0 | 1 => {
                    let mut future = Box::pin(barrier.wait());
                    if arrived + 1 < parties {
                        let flag = wait(&mut future);
                        waits.push((future, flag, false));
                    } else {
                        assert!(ready(&mut future).is_leader());
                        for (_, flag, through) in &mut waits {
                            assert_eq!(flag.take(), !*through);
                            *through = true;
                        }
                    }
                }
                2 if !waits.is_empty() => {
                    let at = random.usize(..waits.len());
                    let (future, flag, through) = &mut waits[at];
                    assert_eq!(poll(future, flag).is_ready(), *through);
                    if *through {
                        drop(waits.swap_remove(at));
                    }
                }
                3 if !waits.is_empty() => drop(waits.swap_remove(random.usize(..waits.len()))),
                _ => {}
            }
            assert!(!waits.iter().any(|(_, flag, _)| flag.take()));
        }
    }
}

#[test]
fn those_who_give_up_at_random_leave_nobody_waiting() {
    const ROUNDS: usize = 50;
    let mut random = random("those_who_give_up_at_random_leave_nobody_waiting");
    let seeds: Vec<_> = (0..5).map(|_| random.u64(..)).collect();
    under_each(|run| {
        let barrier = Arc::new(Barrier::new(seeds.len()));
        let ended = Arc::new(AtomicUsize::new(0));
        let tasks = seeds.iter().map(|&seed| -> Task {
            let (barrier, ended) = (barrier.clone(), ended.clone());
            let mut random = fastrand::Rng::with_seed(seed);
            Box::pin(async move {
                for _ in 0..ROUNDS {
                    while random.bool() {
                        _ = give_up_after(random.usize(..4), barrier.wait()).await;
                    }
                    barrier.wait().await;
                }
                ended.fetch_add(1, SeqCst);
            })
        });
        // Who gives up in the moment in which it is let through has come, so the others need not end together.
        let (barrier, parties) = (barrier.clone(), seeds.len());
        let (meets, all_ended) = (barrier.clone(), ended.clone());
        let fills_up: Task = Box::pin(async move {
            while all_ended.load(SeqCst) < parties {
                join_all((1..parties).map(|_| give_up_after(2, meets.wait()))).await;
                canter_executor::yield_now().await;
            }
        });
        run(tasks.chain([fills_up]).collect());
        assert!(format!("{barrier:?}").contains("arrived: 0 }"), "{barrier:?}");
    });
}

// What it tells others.

#[test]
fn the_debug_form_shows_who_has_come() {
    let barrier = Barrier::new(3);
    let mut future = Box::pin(barrier.wait());
    _ = wait(&mut future);
    assert_eq!(format!("{barrier:?}"), "Barrier { parties: 3, arrived: 1 }");
    assert_eq!(format!("{future:?}"), "Arrival { .. }");
    let leader = Barrier::new(1).wait_blocking();
    assert_eq!(format!("{leader:?}"), "BarrierWaitResult { leader: true }");
}

#[test]
fn a_wait_says_why_and_where() {
    let barrier = Barrier::new(2);
    assert_eq!(waits_for(barrier.wait()), ("barrier", line!()));
}

#[test]
fn a_wait_takes_part_in_the_budget() {
    let barrier = Barrier::new(2);
    let mut first = Box::pin(barrier.wait());
    _ = wait(&mut first);
    assert!(takes_part_in_the_budget(barrier.wait()).is_leader());
    assert!(!takes_part_in_the_budget(first).is_leader());
}
