//! Permits: how they are taken, given back, added, forgotten, split and merged.

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

use std::error::Error;
use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use by_hand::{ready, wait};
use canter_sync::semaphore::Acquire;
use canter_sync::{AcquireError, OwnedSemaphorePermit, Semaphore, SemaphorePermit, TryAcquireError};
use caught::caught;
use coop::{takes_part_in_the_budget, waits_for};
use executors::{Task, under_each};
use flag::{Flag, poll};
use futures::executor::block_on;

has!(Send: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<&'static Semaphore>, Acquire<Arc<Semaphore>>);
has!(Sync: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<&'static Semaphore>, Acquire<Arc<Semaphore>>);
has!(Unpin: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<&'static Semaphore>, Acquire<Arc<Semaphore>>);
has!(UnwindSafe: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit);
has!(RefUnwindSafe: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit);
has!(Debug: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<&'static Semaphore>, Acquire<Arc<Semaphore>>);
has!(Error: AcquireError, TryAcquireError);
has!(Copy: AcquireError, TryAcquireError);
lacks!(Clone: Semaphore, SemaphorePermit<'static>, OwnedSemaphorePermit, Acquire<&'static Semaphore>);

const MAX: usize = Semaphore::MAX_PERMITS;

#[test]
fn a_permit_is_taken_and_comes_back_when_it_is_dropped() {
    let semaphore = Semaphore::new(2);
    let first = ready(&mut Box::pin(semaphore.acquire())).unwrap();
    let second = ready(&mut Box::pin(semaphore.acquire())).unwrap();
    assert_eq!((first.permits(), semaphore.available_permits()), (1, 0));
    let mut acquire = Box::pin(semaphore.acquire());
    let flag = wait(&mut acquire);
    drop(first);
    assert!(flag.take());
    assert_eq!(semaphore.available_permits(), 0, "it is for the one that waited");
    let third = ready(&mut acquire).unwrap();
    drop((second, third));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn many_permits_are_taken_together_or_not_at_all() {
    let semaphore = Semaphore::new(5);
    let four = ready(&mut Box::pin(semaphore.acquire_many(4))).unwrap();
    assert_eq!((four.permits(), semaphore.available_permits()), (4, 1));
    let mut acquire = Box::pin(semaphore.acquire_many(3));
    let flag = wait(&mut acquire);
    assert_eq!(semaphore.available_permits(), 1, "it has taken none yet");
    drop(four);
    assert!(flag.take());
    assert_eq!(ready(&mut acquire).unwrap().permits(), 3);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn no_permits_are_had_at_once_if_nobody_waits() {
    let semaphore = Semaphore::new(0);
    let none = ready(&mut Box::pin(semaphore.acquire_many(0))).unwrap();
    assert_eq!(none.permits(), 0);
    drop((none, semaphore.try_acquire_many(0).unwrap()));
    assert_eq!(semaphore.available_permits(), 0);

    let mut first = Box::pin(semaphore.acquire());
    let mut none = Box::pin(semaphore.acquire_many(0));
    let flags = [wait(&mut first), wait(&mut none)];
    assert_eq!(
        semaphore.try_acquire_many(0).unwrap_err(),
        TryAcquireError::NoPermits
    );
    semaphore.add_permits(1);
    assert!(
        flags.iter().all(|flag| flag.take()),
        "nobody has to wait for none"
    );
    assert_eq!(
        (
            ready(&mut first).unwrap().permits(),
            ready(&mut none).unwrap().permits()
        ),
        (1, 0)
    );
}

#[test]
fn more_permits_than_there_are_can_be_waited_for() {
    let semaphore = Semaphore::new(1);
    let mut acquire = Box::pin(semaphore.acquire_many(3));
    let flag = wait(&mut acquire);
    semaphore.add_permits(1);
    assert!(!flag.take());
    semaphore.add_permits(1);
    assert!(flag.take());
    ready(&mut acquire).unwrap().forget();
    for too_many in [MAX, MAX + 1, usize::MAX] {
        let mut acquire = Box::pin(semaphore.acquire_many(too_many));
        let flag = wait(&mut acquire);
        semaphore.add_permits(1);
        assert!(!flag.take());
        assert_eq!(
            semaphore.try_acquire_many(too_many).unwrap_err(),
            TryAcquireError::NoPermits
        );
        drop(acquire);
    }
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn owned_permits_keep_their_semaphore_alive() {
    let semaphore = Arc::new(Semaphore::new(4));
    let waiting = semaphore.clone();
    let one = ready(&mut Box::pin(semaphore.acquire_owned())).unwrap();
    let two = ready(&mut Box::pin(semaphore.acquire_many_owned(2))).unwrap();
    let tried = semaphore.try_acquire_owned().unwrap();
    assert_eq!(
        semaphore.try_acquire_owned().unwrap_err(),
        TryAcquireError::NoPermits
    );
    let mut acquire = Box::pin(waiting.acquire_many_owned(3));
    let flag = wait(&mut acquire);
    let weak = Arc::downgrade(&semaphore);
    drop((semaphore, waiting));
    drop((one, two));
    assert!(flag.take());
    let three = ready(&mut acquire).unwrap();
    assert_eq!(three.permits(), 3);
    drop(acquire);
    assert!(Arc::ptr_eq(three.semaphore(), tried.semaphore()));
    drop(tried);
    assert_eq!(three.semaphore().available_permits(), 1);
    let one = three.semaphore().try_acquire_many_owned(1).unwrap();
    drop((three, one));
    assert!(weak.upgrade().is_none());
}

#[test]
fn owned_permits_travel_to_other_tasks() {
    under_each(|run| {
        let semaphore = Arc::new(Semaphore::new(3));
        let inside = Arc::new(AtomicUsize::new(0));
        let tasks = (0..100).map(|_| -> Task {
            let (semaphore, inside) = (semaphore.clone(), inside.clone());
            Box::pin(async move {
                let permit = semaphore.acquire_owned().await.unwrap();
                assert!(inside.fetch_add(1, SeqCst) < 3);
                canter_executor::yield_now().await;
                inside.fetch_sub(1, SeqCst);
                drop(permit);
            })
        });
        run(tasks.collect());
        assert_eq!(semaphore.available_permits(), 3);
    });
}

#[test]
fn threads_may_block_for_permits() {
    let semaphore = Semaphore::new(3);
    let inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for permits in [1, 2, 3, 1, 2, 3] {
            let (semaphore, inside) = (&semaphore, &inside);
            scope.spawn(move || {
                for _ in 0..500 {
                    let permit = match permits {
                        1 => semaphore.acquire_blocking(),
                        _ => semaphore.acquire_many_blocking(permits),
                    };
                    assert!(inside.fetch_add(permits, SeqCst) + permits <= 3);
                    inside.fetch_sub(permits, SeqCst);
                    drop(permit.unwrap());
                }
            });
        }
    });
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn a_try_takes_what_is_there_and_never_waits() {
    let semaphore = Semaphore::new(3);
    let two = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(
        semaphore.try_acquire_many(2).unwrap_err(),
        TryAcquireError::NoPermits
    );
    let one = semaphore.try_acquire().unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    drop((one, two));
    assert_eq!(semaphore.try_acquire_many(3).unwrap().permits(), 3);
}

// Permits that are added and taken away.

#[test]
fn added_permits_are_for_those_who_wait_first_of_all() {
    let semaphore = Semaphore::new(0);
    let mut acquires: Vec<_> = (0..3).map(|_| Box::pin(semaphore.acquire())).collect();
    let flags: Vec<_> = acquires.iter_mut().map(wait).collect();
    semaphore.add_permits(0);
    assert!(!flags[0].take());
    semaphore.add_permits(2);
    let woken: Vec<_> = flags.iter().map(|flag| flag.take()).collect();
    assert_eq!(
        (woken, semaphore.available_permits()),
        (vec![true, true, false], 0)
    );
    semaphore.add_permits(5);
    assert!(flags[2].take());
    assert_eq!(semaphore.available_permits(), 4);
    acquires
        .iter_mut()
        .for_each(|acquire| ready(acquire).unwrap().forget());
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn more_permits_than_can_be_counted_are_a_panic_that_says_so_at_the_callers_place() {
    let (message, _) = caught(|| Semaphore::new(MAX + 1));
    assert_eq!(message, "`Semaphore::new` was asked for more than `MAX_PERMITS`");
    caught(|| Semaphore::new(usize::MAX));

    let semaphore = Semaphore::new(MAX);
    assert_eq!(semaphore.available_permits(), MAX);
    for permits in [1, 2, MAX, MAX + 1, usize::MAX] {
        let (message, line) = caught(|| semaphore.add_permits(permits));
        assert_eq!(line, line!() - 1);
        let expected =
            format!("`Semaphore::add_permits` would take the permits above {MAX}, which it can't count");
        assert_eq!(message, expected);
        assert_eq!(semaphore.available_permits(), MAX, "the number is as it was");
    }
    drop(semaphore.try_acquire_many(MAX).unwrap());
    assert_eq!(semaphore.forget_permits(1), 1);
    semaphore.add_permits(1);
}

#[test]
fn a_permit_that_is_forgotten_never_comes_back() {
    let semaphore = Semaphore::new(3);
    semaphore.try_acquire_many(2).unwrap().forget();
    assert_eq!(semaphore.available_permits(), 1);
    let owned = Arc::new(Semaphore::new(1));
    owned.try_acquire_owned().unwrap().forget();
    assert_eq!(owned.available_permits(), 0);
    assert!(
        Arc::into_inner(owned).is_some(),
        "the permit's share of the semaphore is gone"
    );
}

#[test]
fn free_permits_can_be_taken_away_for_ever() {
    let semaphore = Semaphore::new(5);
    let held = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(semaphore.forget_permits(0), 0);
    assert_eq!(semaphore.forget_permits(2), 2);
    assert_eq!(semaphore.available_permits(), 1);
    assert_eq!(semaphore.forget_permits(usize::MAX), 1);
    assert_eq!(semaphore.forget_permits(1), 0);
    drop(held);
    assert_eq!(semaphore.available_permits(), 2, "what somebody had comes back");
    let mut acquire = Box::pin(semaphore.acquire_many(3));
    let flag = wait(&mut acquire);
    assert_eq!(semaphore.forget_permits(5), 2, "also while somebody waits");
    semaphore.add_permits(3);
    assert!(flag.take());
}

// Permits that are split and merged.

#[test]
fn permits_are_split_and_come_back_separately() {
    let semaphore = Semaphore::new(5);
    let mut permit = semaphore.try_acquire_many(5).unwrap();
    let two = permit.split(2).unwrap();
    assert_eq!((permit.permits(), two.permits()), (3, 2));
    assert!(permit.split(4).is_none());
    assert_eq!(permit.permits(), 3, "a split that fails takes none");
    let none = permit.split(0).unwrap();
    let all = permit.split(3).unwrap();
    assert_eq!((permit.permits(), none.permits(), all.permits()), (0, 0, 3));
    drop((permit, none));
    assert_eq!(semaphore.available_permits(), 0);
    drop(two);
    assert_eq!(semaphore.available_permits(), 2);
    all.forget();
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn permits_of_one_semaphore_are_merged_and_come_back_together() {
    let semaphore = Arc::new(Semaphore::new(5));
    let mut permit = semaphore.try_acquire_many(1).unwrap();
    permit.merge(semaphore.try_acquire_many(3).unwrap());
    assert_eq!((permit.permits(), semaphore.available_permits()), (4, 1));
    drop(permit);
    let mut owned = semaphore.try_acquire_owned().unwrap();
    let part = owned.split(1).unwrap();
    owned.merge(part);
    owned.merge(semaphore.try_acquire_many_owned(4).unwrap());
    assert_eq!((owned.permits(), semaphore.available_permits()), (5, 0));
    drop(owned);
    assert_eq!(semaphore.available_permits(), 5);
}

#[test]
fn permits_of_another_semaphore_are_not_merged_and_none_are_lost() {
    let [one, other] = [1, 2].map(|permits| Arc::new(Semaphore::new(permits)));
    let mut permit = one.try_acquire().unwrap();
    let others = other.try_acquire_many(2).unwrap();
    let (message, line) = caught(|| permit.merge(others));
    assert_eq!(line, line!() - 1);
    assert_eq!(
        message,
        "`Permit::merge` was asked to add permits of another semaphore"
    );
    assert_eq!((permit.permits(), other.available_permits()), (1, 2));
    drop(permit);
    let mut permit = one.try_acquire_owned().unwrap();
    let others = other.try_acquire_owned().unwrap();
    caught(|| permit.merge(others));
    drop(permit);
    assert_eq!((one.available_permits(), other.available_permits()), (1, 2));
}

// Where it can stand, and what it tells.

static LIMIT: Semaphore = Semaphore::new(2);

#[test]
fn a_semaphore_can_be_a_static_and_its_permits_travel_with_tasks() {
    under_each(|run| {
        let tasks = (0..50).map(|_| -> Task {
            Box::pin(async {
                let permit: SemaphorePermit<'static> = LIMIT.acquire().await.unwrap();
                canter_executor::yield_now().await;
                drop(permit);
            })
        });
        run(tasks.collect());
        assert_eq!(LIMIT.available_permits(), 2);
    });
}

#[test]
fn errors_say_what_happened_and_what_to_do() {
    let closed = "the semaphore is closed and gives out no more permits";
    assert_eq!(AcquireError.to_string(), closed);
    assert_eq!(TryAcquireError::Closed.to_string(), closed);
    assert_eq!(
        TryAcquireError::NoPermits.to_string(),
        "too few permits are free, or others wait for some already; `acquire` waits"
    );
    let error: Box<dyn Error + Send + Sync> = TryAcquireError::NoPermits.into();
    assert!(error.source().is_none());
}

#[test]
fn the_debug_form_shows_the_permits() {
    let semaphore = Semaphore::new(3);
    let permit = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(
        format!("{semaphore:?}"),
        "Semaphore { available_permits: 1, closed: false }"
    );
    assert!(format!("{permit:?}").contains("permits: 2"), "{permit:?}");
    assert_eq!(
        format!("{:?}", semaphore.acquire_many(7)),
        "Acquire { permits: 7, .. }"
    );
    semaphore.close();
    assert!(format!("{semaphore:?}").contains("closed: true"));
}

#[test]
fn a_wait_says_why_and_where() {
    let semaphore = Arc::new(Semaphore::new(0));
    assert_eq!(waits_for(semaphore.acquire()), ("semaphore", line!()));
    assert_eq!(waits_for(semaphore.acquire_many(2)), ("semaphore", line!()));
    assert_eq!(waits_for(semaphore.acquire_owned()), ("semaphore", line!()));
    assert_eq!(waits_for(semaphore.acquire_many_owned(2)), ("semaphore", line!()));
}

#[test]
fn an_acquire_takes_part_in_the_budget() {
    let semaphore = Arc::new(Semaphore::new(1));
    drop(takes_part_in_the_budget(semaphore.acquire()).unwrap());
    drop(takes_part_in_the_budget(semaphore.acquire_owned()).unwrap());
    let mut acquire = Box::pin(semaphore.acquire_many(2));
    _ = wait(&mut acquire);
    semaphore.add_permits(1);
    drop(takes_part_in_the_budget(acquire).unwrap());
    semaphore.close();
    assert!(takes_part_in_the_budget(semaphore.acquire()).is_err());
}

#[test]
fn a_task_that_always_gets_its_permit_gives_way_to_others_under_canter() {
    let runtime = canter_executor::runtime::Builder::new()
        .workers(1)
        .build()
        .unwrap();
    let ended = Arc::new(AtomicUsize::new(0));
    let (busy_ended, other_ended) = (ended.clone(), ended);
    runtime.block_on(async {
        let busy = runtime.spawn(async move {
            let semaphore = Semaphore::new(1);
            let mut acquired = 0;
            while busy_ended.load(SeqCst) == 0 && acquired < 1_000_000 {
                drop(semaphore.acquire().await);
                acquired += 1;
            }
            acquired
        });
        let other = runtime.spawn(async move { other_ended.store(1, SeqCst) });
        other.await.unwrap();
        assert!(
            busy.await.unwrap() < 1_000_000,
            "the other task had its turn before"
        );
    });
}

#[test]
fn a_poll_after_the_end_is_a_panic_that_says_so() {
    let semaphore = Semaphore::new(1);
    let mut acquire = Box::pin(semaphore.acquire());
    let permit = ready(&mut acquire).unwrap();
    let (message, _) = caught(|| poll(&mut acquire, &Flag::new()));
    assert_eq!(message, "`Acquire` was polled again after it ended");
    drop((acquire, permit));
    assert_eq!(semaphore.available_permits(), 1);
    drop(block_on(semaphore.acquire()));
}
