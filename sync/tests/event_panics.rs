//! Wakers of those who wait for an event: that panic, and that use the event themselves. And what memory a wait takes.

#![expect(unsafe_code, reason = "a waker is made of raw parts, and an allocator counts")]

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/counting.rs"]
mod counting;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/hooks.rs"]
mod hooks;
#[path = "common/poll.rs"]
mod poll;
#[path = "common/wakers.rs"]
mod wakers;

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use by_hand::{ready, wait};
use canter_sync::Event;
use counting::{allocates_nothing, counted};
use flag::Flag;
use hooks::hooked;
use poll::poll;
use wakers::{Armed, panicking, panics, poll_with};

/// Nobody was told and nobody waits, and both can be.
#[track_caller]
fn check_usable(event: &Event) {
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    event.notify_one();
    assert!(flags[0].take() && !flags[1].take());
    event.notify_all();
    assert!(flags[1].take() && flags[2].take());
    waits.iter_mut().for_each(ready);
}

#[test]
fn everybody_is_told_although_wakers_panic() {
    let armed = Armed::new(AtomicBool::new(true));
    let event = Event::new();
    let mut waits: Vec<_> = (0..6).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = (0..6).map(|_| Flag::new()).collect();
    for (at, future) in waits.iter_mut().enumerate() {
        let waker = match at % 3 {
            0 => panicking(hooks::Event::Wake, &armed),
            _ => flags[at].waker(),
        };
        assert!(poll_with(future, &waker).is_pending());
    }
    assert!(panics(|| event.notify_all()));
    assert_eq!(flags.iter().filter(|flag| flag.take()).count(), 4);
    waits.iter_mut().for_each(ready);
    check_usable(&event);
}

#[test]
fn whose_waker_panics_was_told_all_the_same() {
    let armed = Armed::new(AtomicBool::new(true));
    let event = Event::new();
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(event.wait())).collect();
    assert!(poll_with(&mut waits[0], &panicking(hooks::Event::Wake, &armed)).is_pending());
    let flag = wait(&mut waits[1]);
    assert!(panics(|| event.notify_one()));
    assert!(!flag.take());
    drop(waits.remove(0));
    assert!(flag.take(), "it is passed on");
    ready(&mut waits[0]);
    check_usable(&event);
}

#[test]
fn one_that_is_dropped_passes_on_what_it_was_told_although_the_next_waker_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let event = Event::new();
    let mut first = Box::pin(event.wait());
    _ = wait(&mut first);
    let mut second = Box::pin(event.wait());
    assert!(poll_with(&mut second, &panicking(hooks::Event::Wake, &armed)).is_pending());
    event.notify_one();
    assert!(panics(|| drop(first)));
    ready(&mut second);
    check_usable(&event);
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_a_wait_that_can_go_on() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(hooks::Event::Clone, &armed);
    let event = Event::new();
    let mut future = Box::pin(event.wait());
    assert!(panics(|| poll_with(&mut future, &waker)));
    check_usable(&event);
    let mut future = Box::pin(event.wait());
    let flag = wait(&mut future);
    assert!(panics(|| poll_with(&mut future, &waker)));
    event.notify_one();
    assert!(flag.take(), "the waker of the poll before stays");
    ready(&mut future);

    let mut dropped = Box::pin(event.wait());
    _ = wait(&mut dropped);
    assert!(panics(|| poll_with(&mut dropped, &waker)));
    drop(dropped);
    check_usable(&event);
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_leaves_the_event_usable() {
    let armed = Armed::default();
    let waker = panicking(hooks::Event::Drop, &armed);
    for renews in [true, false] {
        let event = Event::new();
        let mut future = Box::pin(event.wait());
        assert!(poll_with(&mut future, &waker).is_pending());
        armed.store(true, SeqCst);
        if renews {
            assert!(panics(|| poll_with(&mut future, Waker::noop())));
        }
        assert_eq!(panics(|| drop(future)), !renews);
        armed.store(false, SeqCst);
        check_usable(&event);
    }
}

/// A waker that tells somebody as it is cloned, so that the wait is over before it began.
fn tells_when_cloned(event: &Arc<Event>, armed: &Armed) -> Waker {
    let (event, armed) = (event.clone(), armed.clone());
    hooked(move |happens| match happens {
        hooks::Event::Clone => event.notify_one(),
        hooks::Event::Drop if armed.swap(false, SeqCst) => panic!("a waker that panics"),
        _ => {}
    })
}

#[test]
fn a_notification_that_comes_as_the_wait_begins_is_taken() {
    let event = Arc::new(Event::new());
    let waker = tells_when_cloned(&event, &Armed::default());
    let mut future = Box::pin(event.wait());
    assert!(poll_with(&mut future, &waker).is_ready());
    check_usable(&event);
}

#[test]
fn a_notification_that_comes_as_the_wait_begins_is_not_lost_although_the_waker_panics_when_it_is_dropped() {
    let event = Arc::new(Event::new());
    let armed = Armed::new(AtomicBool::new(true));
    let waker = tells_when_cloned(&event, &armed);
    let mut future = Box::pin(event.wait());
    assert!(panics(|| poll_with(&mut future, &waker)));
    drop(future);
    ready(&mut Box::pin(event.wait()));
    check_usable(&event);
}

/// Uses the event when this happens to the waker, unless that happens in such a use.
fn busybody(event: &Arc<Event>, when: hooks::Event, uses: &Arc<AtomicUsize>) -> Waker {
    let (event, uses) = (event.clone(), uses.clone());
    let inside = AtomicBool::new(false);
    hooked(move |happens| {
        if happens != when || inside.swap(true, SeqCst) {
            return;
        }
        uses.fetch_add(1, SeqCst);
        let mut future = Box::pin(event.wait());
        _ = poll_with(&mut future, Waker::noop());
        event.notify_one();
        event.notify_one();
        event.notify_all();
        drop((future, format!("{event:?}")));
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_event_when_it_is_woken_cloned_or_dropped() {
    for when in [hooks::Event::Wake, hooks::Event::Clone, hooks::Event::Drop] {
        for all in [false, true] {
            let event = Arc::new(Event::new());
            let uses = Arc::default();
            let wakers: Vec<_> = (0..4).map(|_| busybody(&event, when, &uses)).collect();
            let mut waits: Vec<_> = (0..4).map(|_| Box::pin(event.wait())).collect();
            for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
                for (future, waker) in waits.iter_mut().zip(wakers) {
                    _ = poll_with(future, waker);
                }
            }
            drop((waits.pop(), wakers));
            if all {
                event.notify_all();
            } else {
                event.notify_one();
            }
            drop(waits);
            assert!(uses.load(SeqCst) > 0);
            _ = poll(pin!(event.wait())); // what is kept
            check_usable(&event);
        }
    }
}

// Memory.

#[test]
fn an_event_is_four_words_or_less_and_allocates_nothing() {
    assert!(size_of::<Event>() <= 4 * size_of::<usize>());
    let event = Event::new();
    event.notify_one();
    event.wait_blocking(); // the thread's own waker is made
    allocates_nothing(|| {
        for _ in 0..100 {
            event.notify_one();
            event.wait_blocking();
            let not_polled = event.wait();
            event.notify_all();
            assert!(poll(pin!(not_polled)).is_ready());
            drop(Event::new());
        }
    });
}

#[test]
fn a_wait_allocates_nothing_once_the_list_has_grown() {
    let event = Event::new();
    let round = || {
        let (mut first, mut second) = (pin!(event.wait()), pin!(event.wait()));
        assert!(poll(first.as_mut()).is_pending());
        {
            let mut gives_up = pin!(event.wait());
            assert!(!gives_up.as_mut().enable());
            assert!(poll(second.as_mut()).is_pending());
            assert!(poll(first.as_mut()).is_pending());
            event.notify_one();
            assert!(poll(gives_up.as_mut()).is_pending());
        }
        assert!(poll(first).is_ready());
        event.notify_all();
        assert!(poll(second).is_ready());
    };
    round();
    allocates_nothing(|| (0..100).for_each(|_| round()));
}

#[test]
fn memory_comes_back_when_those_who_waited_have_left() {
    let event = Event::new();
    for gives_up in [false, true] {
        let ((), counts) = counted(|| {
            let mut waits: Vec<_> = (0..100_000).map(|_| Box::pin(event.wait())).collect();
            for future in &mut waits {
                assert!(poll(future.as_mut()).is_pending());
            }
            if !gives_up {
                event.notify_all();
                assert!(waits.iter_mut().all(|future| poll(future.as_mut()).is_ready()));
            }
            drop(waits);
        });
        assert!(counts.live_bytes < 4096, "{counts:?}");
    }
}
