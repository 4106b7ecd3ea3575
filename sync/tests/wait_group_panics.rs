//! Wakers of those who wait at a group: that panic, and that use the group themselves.
//!
//! A waker that uses its group under the group's lock would never come back.

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
use canter_sync::WaitGroup;
use hooks::{Event, hooked};
use wakers::{Armed, panicking, panics, poll_with};

fn busy_group() -> WaitGroup {
    let group = WaitGroup::new();
    group.add(1);
    group
}

#[track_caller]
fn check_usable(group: &WaitGroup) {
    assert_eq!(group.count(), 0);
    group.add(1);
    let mut waits = Box::pin(group.wait());
    let flag = wait(&mut waits);
    group.done();
    assert!(flag.take());
    ready(&mut waits);
}

#[test]
fn everybody_is_released_although_wakers_panic() {
    let group = busy_group();
    let armed = Armed::new(AtomicBool::new(true));
    let mut waits: Vec<_> = (0..9).map(|_| Box::pin(group.wait())).collect();
    let flags: Vec<_> = (0..9).map(|_| flag::Flag::new()).collect();
    for (at, future) in waits.iter_mut().enumerate() {
        let waker = match at % 3 {
            0 => panicking(Event::Wake, &armed),
            _ => flags[at].waker(),
        };
        assert!(poll_with(future, &waker).is_pending());
    }
    assert!(panics(|| group.done()));
    let woken = flags.iter().filter(|flag| flag.take()).count();
    assert_eq!(woken, 6);
    waits.iter_mut().for_each(ready);
    check_usable(&group);
}

#[test]
fn a_tracked_future_that_panics_releases_those_whose_wakers_panic() {
    let group = WaitGroup::new();
    let armed = Armed::new(AtomicBool::new(true));
    let tracked = group.track(async {});
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(group.wait())).collect();
    let flag = flag::Flag::new();
    assert!(poll_with(&mut waits[0], &panicking(Event::Wake, &armed)).is_pending());
    assert!(poll_with(&mut waits[1], &flag.waker()).is_pending());
    assert!(panics(move || {
        let _tracked = tracked;
        panic!("a task that panics");
    }));
    assert!(flag.take());
    waits.iter_mut().for_each(ready);
    check_usable(&group);
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_wait_as_it_was() {
    let group = busy_group();
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let mut waits = Box::pin(group.wait());
    assert!(panics(|| poll_with(&mut waits, &waker)));
    let flag = wait(&mut waits);
    assert!(panics(|| poll_with(&mut waits, &waker)));
    let mut dropped = Box::pin(group.wait());
    _ = wait(&mut dropped);
    assert!(panics(|| poll_with(&mut dropped, &waker)));
    drop(dropped);
    group.done();
    assert!(flag.take(), "the waker of the poll before stays");
    ready(&mut waits);
    check_usable(&group);
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_leaves_the_group_usable() {
    let armed = Armed::default();
    let waker = panicking(Event::Drop, &armed);
    for renews in [true, false] {
        let group = busy_group();
        let mut waits = Box::pin(group.wait());
        assert!(poll_with(&mut waits, &waker).is_pending());
        armed.store(true, SeqCst);
        assert!(panics(|| {
            if renews {
                _ = poll_with(&mut waits, Waker::noop());
            } else {
                drop(waits);
            }
        }));
        armed.store(false, SeqCst);
        let mut other = Box::pin(group.wait());
        let flag = wait(&mut other);
        group.done();
        assert!(flag.take());
        ready(&mut other);
        check_usable(&group);
    }
}

/// Uses the group each time that something happens to the waker, unless that happens in such a use.
fn busybody(group: &WaitGroup, events: &Arc<AtomicUsize>) -> Waker {
    let (group, events) = (group.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        group.add(2);
        let mut waits = Box::pin(group.wait());
        assert!(poll_with(&mut waits, Waker::noop()).is_pending());
        let mut other = Box::pin(group.wait());
        assert!(poll_with(&mut other, Waker::noop()).is_pending());
        group.done();
        drop((waits, group.track(async {}), format!("{group:?}")));
        group.done();
        drop(other);
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_group_when_it_is_woken_cloned_or_dropped() {
    let group = busy_group();
    let events = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = (0..4).map(|_| busybody(&group, &events)).collect();
    let mut waits: Vec<_> = (0..4).map(|_| Box::pin(group.wait())).collect();
    for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
        for (future, waker) in waits.iter_mut().zip(wakers) {
            assert!(poll_with(future, waker).is_pending());
        }
    }
    drop(waits.pop());
    drop(wakers);
    group.done();
    waits.iter_mut().for_each(ready);
    drop(waits);
    assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
    check_usable(&group);
}

#[test]
fn a_waker_may_hold_the_last_clone_of_its_group() {
    let group = busy_group();
    let done = group.clone();
    let held = std::sync::Mutex::new(Some(group.clone()));
    let waker = hooked(move |event| {
        if event == Event::Wake {
            drop(held.lock().unwrap().take());
        }
    });
    let mut waits = Box::pin(async move { group.wait().await });
    assert!(poll_with(&mut waits, &waker).is_pending());
    drop(waker);
    done.done();
    ready(&mut waits);
}
