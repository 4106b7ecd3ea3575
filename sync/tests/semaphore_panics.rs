//! Wakers of those who wait at a semaphore: that panic, and that use the semaphore themselves.
//!
//! A waker that uses its semaphore under the semaphore's lock would never come back.

#![expect(unsafe_code, reason = "a waker is made of raw parts")]

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/hooks.rs"]
mod hooks;
#[path = "common/wakers.rs"]
mod wakers;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use by_hand::{ready, wait};
use canter_sync::Semaphore;
use flag::Flag;
use hooks::{Event, hooked};
use wakers::{Armed, panicking, panics, poll_with};

/// All of so many permits are there, can be taken, and are handed on.
#[track_caller]
fn check_usable(semaphore: &Semaphore, permits: usize) {
    assert_eq!(semaphore.available_permits(), permits);
    let all = semaphore.try_acquire_many(permits).unwrap();
    let mut acquire = Box::pin(semaphore.acquire_many(permits));
    let flag = wait(&mut acquire);
    drop(all);
    assert!(flag.take());
    drop(ready(&mut acquire).unwrap());
    assert_eq!(semaphore.available_permits(), permits);
}

#[test]
fn everybody_is_served_although_wakers_panic() {
    let armed = Armed::new(AtomicBool::new(true));
    let semaphore = Semaphore::new(6);
    for gives_back in [
        |semaphore: &Semaphore| semaphore.add_permits(6),
        |semaphore: &Semaphore| semaphore.close(),
    ] {
        let all = semaphore.try_acquire_many(6).unwrap();
        let mut acquires: Vec<_> = (0..6).map(|_| Box::pin(semaphore.acquire())).collect();
        let flags: Vec<_> = (0..6).map(|_| Flag::new()).collect();
        for (at, acquire) in acquires.iter_mut().enumerate() {
            let waker = match at % 3 {
                0 => panicking(Event::Wake, &armed),
                _ => flags[at].waker(),
            };
            assert!(poll_with(acquire, &waker).is_pending());
        }
        assert!(panics(|| gives_back(&semaphore)));
        assert_eq!(flags.iter().filter(|flag| flag.take()).count(), 4);
        acquires.iter_mut().for_each(|acquire| drop(ready(acquire)));
        if semaphore.is_closed() {
            drop(all);
        } else {
            all.forget();
            check_usable(&semaphore, 6);
        }
    }
    assert_eq!(semaphore.available_permits(), 6);
}

#[test]
fn a_permit_comes_back_although_the_next_waker_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let semaphore = Semaphore::new(2);
    let permit = semaphore.try_acquire_many(2).unwrap();
    let mut acquires: Vec<_> = (0..2).map(|_| Box::pin(semaphore.acquire())).collect();
    let flag = Flag::new();
    assert!(poll_with(&mut acquires[0], &panicking(Event::Wake, &armed)).is_pending());
    assert!(poll_with(&mut acquires[1], &flag.waker()).is_pending());
    assert!(panics(|| drop(permit)));
    assert!(flag.take());
    drop(acquires);
    check_usable(&semaphore, 2);
}

#[test]
fn a_panic_with_a_permit_gives_it_back_although_the_next_waker_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    let mut acquire = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut acquire, &panicking(Event::Wake, &armed)).is_pending());
    assert!(panics(move || {
        let _permit = permit;
        panic!("a task that panics");
    }));
    drop(ready(&mut acquire).unwrap());
    check_usable(&semaphore, 1);
}

#[test]
fn one_that_is_dropped_lets_those_behind_it_go_although_wakers_panic() {
    for (at, promised) in [(Event::Wake, false), (Event::Wake, true), (Event::Drop, false)] {
        let armed = Armed::default();
        let semaphore = Semaphore::new(0);
        let mut first = Box::pin(semaphore.acquire_many(3));
        let others_armed = Armed::default();
        assert!(poll_with(&mut first, &panicking(at, &armed)).is_pending());
        let mut acquires: Vec<_> = (0..2).map(|_| Box::pin(semaphore.acquire())).collect();
        assert!(poll_with(&mut acquires[0], &panicking(Event::Wake, &others_armed)).is_pending());
        let flag = wait(&mut acquires[1]);
        semaphore.add_permits(if promised { 3 } else { 2 });
        armed.store(true, SeqCst);
        others_armed.store(true, SeqCst);
        assert!(panics(|| drop(first)));
        armed.store(false, SeqCst);
        assert!(flag.take());
        acquires
            .iter_mut()
            .for_each(|acquire| drop(ready(acquire).unwrap()));
        check_usable(&semaphore, if promised { 3 } else { 2 });
    }
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_semaphore_as_it_was() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let semaphore = Semaphore::new(1);
    let held = semaphore.try_acquire().unwrap();
    let mut acquire = Box::pin(semaphore.acquire());
    assert!(panics(|| poll_with(&mut acquire, &waker)));
    drop(acquire);
    drop(held);
    check_usable(&semaphore, 1);
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_a_wait_that_can_go_on() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let semaphore = Arc::new(Semaphore::new(0));
    let mut first = Box::pin(semaphore.acquire());
    assert!(panics(|| poll_with(&mut first, &waker)));
    let flag = wait(&mut first);
    assert!(panics(|| poll_with(&mut first, &waker)));
    let mut owned = Box::pin(semaphore.acquire_owned());
    let owned_flag = wait(&mut owned);
    assert!(panics(|| poll_with(&mut owned, &waker)));
    semaphore.add_permits(1);
    assert!(flag.take(), "the waker of the poll before stays");
    drop(ready(&mut first).unwrap());
    assert!(owned_flag.take());
    drop(ready(&mut owned).unwrap());
    check_usable(&semaphore, 1);
}

#[test]
fn a_wait_that_is_dropped_after_its_waker_panicked_has_left_the_line() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let semaphore = Semaphore::new(0);
    let mut acquire = Box::pin(semaphore.acquire());
    _ = wait(&mut acquire);
    assert!(panics(|| poll_with(&mut acquire, &waker)));
    drop(acquire);
    semaphore.add_permits(1);
    check_usable(&semaphore, 1);
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_leaves_the_semaphore_usable() {
    let armed = Armed::default();
    let waker = panicking(Event::Drop, &armed);
    for renews in [true, false] {
        let semaphore = Semaphore::new(0);
        let mut acquire = Box::pin(semaphore.acquire());
        assert!(poll_with(&mut acquire, &waker).is_pending());
        armed.store(true, SeqCst);
        if renews {
            assert!(panics(|| poll_with(&mut acquire, Waker::noop())));
        }
        assert_eq!(panics(|| drop(acquire)), !renews);
        armed.store(false, SeqCst);
        semaphore.add_permits(1);
        check_usable(&semaphore, 1);
    }
}

#[test]
fn polls_with_one_waker_clone_it_once() {
    let clones = Arc::new(AtomicUsize::new(0));
    let counted = clones.clone();
    let waker = hooked(move |event| {
        if event == Event::Clone {
            counted.fetch_add(1, SeqCst);
        }
    });
    let semaphore = Semaphore::new(0);
    let mut acquire = Box::pin(semaphore.acquire());
    for _ in 0..10 {
        assert!(poll_with(&mut acquire, &waker).is_pending());
    }
    assert_eq!(clones.load(SeqCst), 1);
}

/// A waker that gives permits as it is cloned, so that the wait is over before it began.
fn gives_when_cloned(semaphore: &Arc<Semaphore>, armed: &Armed) -> Waker {
    let (semaphore, armed) = (semaphore.clone(), armed.clone());
    hooked(move |event| match event {
        Event::Clone => semaphore.add_permits(1),
        Event::Drop if armed.swap(false, SeqCst) => panic!("a waker that panics"),
        _ => {}
    })
}

#[test]
fn a_permit_that_comes_as_the_wait_begins_is_taken() {
    let semaphore = Arc::new(Semaphore::new(0));
    let waker = gives_when_cloned(&semaphore, &Armed::default());
    let mut acquire = Box::pin(semaphore.acquire());
    assert!(poll_with(&mut acquire, &waker).is_ready());
    check_usable(&semaphore, 1);
}

#[test]
fn a_permit_that_comes_as_the_wait_begins_is_not_lost_although_the_waker_panics_when_it_is_dropped() {
    let semaphore = Arc::new(Semaphore::new(0));
    let armed = Armed::new(AtomicBool::new(true));
    let waker = gives_when_cloned(&semaphore, &armed);
    let mut acquire = Box::pin(semaphore.acquire());
    assert!(panics(|| poll_with(&mut acquire, &waker)));
    drop(acquire);
    check_usable(&semaphore, 1);
}

/// Uses the semaphore each time that something happens to the waker, unless that happens in such a use.
fn busybody(semaphore: &Arc<Semaphore>, events: &Arc<AtomicUsize>) -> Waker {
    let (semaphore, events) = (semaphore.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        drop((semaphore.try_acquire(), format!("{semaphore:?}")));
        let mut acquires: Vec<_> = (0..3)
            .map(|many| Box::pin(semaphore.acquire_many(many)))
            .collect();
        for acquire in &mut acquires {
            drop(poll_with(acquire, Waker::noop()));
        }
        semaphore.add_permits(2);
        drop(acquires);
        let forgotten = semaphore.forget_permits(2);
        semaphore.add_permits(forgotten);
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_semaphore_when_it_is_woken_cloned_or_dropped() {
    for closes in [false, true] {
        let semaphore = Arc::new(Semaphore::new(0));
        let events = Arc::new(AtomicUsize::new(0));
        let wakers: Vec<_> = (0..4).map(|_| busybody(&semaphore, &events)).collect();
        let mut acquires: Vec<_> = (0..4).map(|_| Box::pin(semaphore.acquire_many(99))).collect();
        for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
            for (acquire, waker) in acquires.iter_mut().zip(wakers) {
                assert!(poll_with(acquire, waker).is_pending());
            }
        }
        drop((acquires.pop(), acquires.remove(0)));
        drop(wakers);
        if closes {
            semaphore.close();
        } else {
            semaphore.add_permits(1000);
        }
        acquires
            .iter_mut()
            .for_each(|acquire| assert_eq!(ready(acquire).is_err(), closes));
        drop(acquires);
        assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
        if !closes {
            check_usable(&semaphore, semaphore.available_permits());
        }
    }
}

#[test]
fn a_waker_may_hold_the_last_reference_to_its_semaphore() {
    let semaphore = Arc::new(Semaphore::new(1));
    let permit = semaphore.clone().try_acquire_owned().unwrap();
    let held = std::sync::Mutex::new(Some(semaphore.clone()));
    let waker = hooked(move |event| {
        if event == Event::Wake {
            drop(held.lock().unwrap().take());
        }
    });
    let mut acquire = Box::pin(semaphore.acquire_owned());
    assert!(poll_with(&mut acquire, &waker).is_pending());
    drop((semaphore, waker));
    drop(permit);
    drop(ready(&mut acquire).unwrap());
}
