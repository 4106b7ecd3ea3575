//! Whoever makes a value and is dropped, fails or panics leaves that to the next one that waits.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::future::pending;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use by_hand::{ready, wait};
use canter_executor::yield_now;
use canter_sync::{LazyCell, Once, OnceCell};
use caught::caught;
use drops::Drops;
use executors::{Task, under_each};
use flag::{Flag, poll};
use futures::FutureExt;
use futures::channel::oneshot;
use futures::executor::block_on;
use give_up::give_up_after;
use seed::random;

#[test]
fn one_that_is_dropped_while_it_makes_the_value_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let mut first = Box::pin(cell.get_or_init(async || {
        let _guard = guard;
        pending().await
    }));
    _ = wait(&mut first);
    let gone = AtomicUsize::new(usize::MAX);
    let mut others: Vec<_> = (1..4)
        .map(|own| {
            let (gone, drops) = (&gone, &drops);
            Box::pin(cell.get_or_init(async move || {
                gone.store(drops.count(), SeqCst);
                own
            }))
        })
        .collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    drop(first);
    assert!(flags[0].take());
    assert!(!flags[1].take() && !flags[2].take(), "one makes it");
    assert_eq!(ready(&mut others[0]), &1);
    assert_eq!(gone.load(SeqCst), 1, "what the one before held was gone");
    assert!(flags[1].take() && flags[2].take());
    assert!(others[1..].iter_mut().all(|other| ready(other) == &1));
}

#[test]
fn one_that_fails_gets_its_error_and_the_next_calls_its_own() {
    let cell = OnceCell::new();
    let (tx, rx) = oneshot::channel();
    let mut first = Box::pin(cell.get_or_try_init(async || rx.await.unwrap()));
    _ = wait(&mut first);
    let mut second = Box::pin(cell.get_or_try_init(async || Err("the second fails")));
    let mut third = Box::pin(cell.get_or_try_init(async || Ok::<_, &str>(3)));
    let flags = [wait(&mut second), wait(&mut third)];
    tx.send(Err::<u32, _>("the first fails")).unwrap();
    assert_eq!(ready(&mut first), Err("the first fails"));
    assert!(flags[0].take() && !flags[1].take());
    assert_eq!(cell.get(), None);
    assert_eq!(ready(&mut second), Err("the second fails"));
    assert!(flags[1].take());
    assert_eq!(ready(&mut third), Ok(&3));
}

#[test]
fn one_that_panics_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    let (tx, rx) = oneshot::channel::<()>();
    let mut first = Box::pin(cell.get_or_init(async || {
        rx.await.unwrap();
        panic!("an initialiser that panics")
    }));
    _ = wait(&mut first);
    let mut second = Box::pin(cell.get_or_init(async || 2));
    let flag = wait(&mut second);
    tx.send(()).unwrap();
    let (message, _) = caught(|| poll(&mut first, &Flag::new()));
    assert_eq!(message, "an initialiser that panics");
    assert!(flag.take(), "also before the one that panicked is dropped");
    assert_eq!(ready(&mut second), &2);
    drop(first);
    assert_eq!(cell.get(), Some(&2));
}

#[test]
fn a_function_that_panics_before_it_gives_a_future_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    let panics = || -> std::future::Ready<u32> { panic!("a function that panics") };
    let mut first = Box::pin(cell.get_or_init(panics));
    let (message, _) = caught(|| poll(&mut first, &Flag::new()));
    assert_eq!(message, "a function that panics");
    assert_eq!(block_on(cell.get_or_init(async || 2)), &2);
}

#[test]
fn one_whose_turn_has_come_and_is_dropped_before_it_saw_that_leaves_it_to_the_next() {
    let cell = OnceCell::new();
    let mut first = Box::pin(cell.get_or_init(pending));
    _ = wait(&mut first);
    let mut others: Vec<_> = (1..10)
        .map(|own| Box::pin(cell.get_or_init(async move || own)))
        .collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    drop(first);
    for flag in &flags[..8] {
        assert!(flag.take());
        drop(others.remove(0));
    }
    assert!(flags[8].take());
    assert_eq!(ready(&mut others[0]), &9);
}

#[test]
fn one_that_is_dropped_while_it_waits_changes_nothing() {
    let cell = OnceCell::new();
    let (tx, rx) = oneshot::channel();
    let mut makes = Box::pin(cell.get_or_init(async || rx.await.unwrap()));
    _ = wait(&mut makes);
    let mut leaves = Box::pin(cell.get_or_init(async || 2));
    let mut waits = Box::pin(cell.wait());
    let flags = [wait(&mut leaves), wait(&mut waits)];
    drop((leaves, waits));
    tx.send(1).unwrap();
    assert_eq!(ready(&mut makes), &1);
    assert!(!flags[0].take() && !flags[1].take());
}

#[test]
fn those_who_only_wait_go_on_when_a_maker_gives_up() {
    let cell = OnceCell::new();
    let mut first = Box::pin(cell.get_or_init(pending));
    _ = wait(&mut first);
    let mut waits = Box::pin(cell.wait());
    let flag = wait(&mut waits);
    drop(first);
    assert!(!flag.take(), "it makes none");
    assert!(poll(&mut waits, &flag).is_pending());
    cell.set(1).unwrap();
    assert!(flag.take());
    assert_eq!(ready(&mut waits), &1);
}

#[test]
fn a_once_is_done_when_it_was_done_to_the_end() {
    let once = Once::new();
    let mut dropped = Box::pin(once.call_once(pending));
    _ = wait(&mut dropped);
    let mut waits = Box::pin(once.wait());
    let waits_flag = wait(&mut waits);
    let mut panics = Box::pin(once.call_once(async || panic!("a function that panics")));
    let flag = wait(&mut panics);
    drop(dropped);
    assert!(flag.take() && !once.is_completed());
    caught(|| poll(&mut panics, &flag));
    assert!(!once.is_completed() && !waits_flag.take());
    let mut called = false;
    block_on(once.call_once(async || called = true));
    assert!(called && once.is_completed() && waits_flag.take());
    ready(&mut waits);
}

#[test]
fn a_lazy_value_is_made_again_if_its_maker_is_dropped_or_panics() {
    let calls = AtomicUsize::new(0);
    let lazy = LazyCell::new(async || match calls.fetch_add(1, SeqCst) {
        0 => pending().await,
        1 => panic!("a function that panics"),
        call => call,
    });
    let mut dropped = Box::pin(lazy.get());
    _ = wait(&mut dropped);
    let mut panics = Box::pin(lazy.get());
    let mut last = Box::pin(lazy.get());
    let flags = [wait(&mut panics), wait(&mut last)];
    drop(dropped);
    assert!(flags[0].take());
    caught(|| poll(&mut panics, &flags[0]));
    assert!(flags[1].take());
    assert_eq!(lazy.try_get(), None);
    assert_eq!(ready(&mut last), &2);
    drop((panics, last));
    assert_eq!(lazy.into_inner(), Some(2));
}

// At random.

#[test]
fn makers_that_are_dropped_fail_or_panic_at_random_leave_nobody_waiting() {
    let mut random = random("makers_that_are_dropped_fail_or_panic_at_random_leave_nobody_waiting");
    for _ in 0..20 {
        let seeds: Vec<_> = (0..40).map(|_| random.u64(..)).collect();
        under_each(|run| {
            let cell = Arc::new(OnceCell::new());
            let (making, made) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let tasks = seeds.iter().map(|&seed| -> Task {
                let (cell, making, made) = (cell.clone(), making.clone(), made.clone());
                let mut random = fastrand::Rng::with_seed(seed);
                Box::pin(async move {
                    let one = Counted(making.clone());
                    let init = async || {
                        let _one = one.count();
                        let how = random.u32(..10);
                        for _ in 0..random.u32(..3) {
                            yield_now().await;
                        }
                        match how {
                            0..4 => Err("it fails"),
                            4..6 => resume_unwind(Box::new("an initialiser of this test panics")),
                            _ => Ok(made.fetch_add(1, SeqCst)),
                        }
                    };
                    let polls = fastrand::Rng::with_seed(seed).usize(..6);
                    let tried = AssertUnwindSafe(give_up_after(polls, cell.get_or_try_init(init)));
                    if let Ok(Some(Ok(value))) = tried.catch_unwind().await {
                        assert_eq!(*value, 0);
                    }
                })
            });
            let waits: Task = {
                let cell = cell.clone();
                Box::pin(async move { assert_eq!(*cell.wait().await, 0) })
            };
            let last: Task = {
                let (cell, made) = (cell.clone(), made.clone());
                Box::pin(async move {
                    _ = cell.get_or_init(async || made.fetch_add(1, SeqCst)).await;
                })
            };
            run(tasks.chain([waits, last]).collect());
            assert_eq!((making.load(SeqCst), made.load(SeqCst)), (0, 1));
        });
    }
}

/// Counts those who make the value, of whom there may be one at a time.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn count(&self) -> CountedDown<'_> {
        assert_eq!(self.0.fetch_add(1, SeqCst), 0, "one makes it at a time");
        CountedDown(&self.0)
    }
}

struct CountedDown<'a>(&'a AtomicUsize);

impl Drop for CountedDown<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
