//! Wakers of those who share a call: that panic, and that use the flights themselves. And what is left in memory.

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

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use by_hand::{ready, wait};
use canter_sync::SingleFlight;
use counting::{allocates_nothing, counted};
use flag::Flag;
use futures::channel::oneshot;
use hooks::{Event, hooked};
use poll::poll;
use wakers::{Armed, panicking, panics, poll_with};

#[test]
fn everybody_shares_the_result_although_a_waker_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let flights = SingleFlight::new();
    let (tx, rx) = oneshot::channel();
    let mut first = Box::pin(flights.run("key", async || rx.await.unwrap()));
    _ = wait(&mut first);
    let mut others: Vec<_> = (0..3)
        .map(|_| Box::pin(flights.run("key", async || unreachable!())))
        .collect();
    let flags: Vec<_> = (0..3).map(|_| Flag::new()).collect();
    let alarm = panicking(Event::Wake, &armed);
    for (at, waker) in [flags[0].waker(), alarm, flags[2].waker()].iter().enumerate() {
        assert!(poll_with(&mut others[at], waker).is_pending());
    }
    tx.send(1).unwrap();
    assert!(panics(|| poll_with(&mut first, Waker::noop())));
    assert!(flags[0].take() && flags[2].take());
    assert!(
        flights.is_empty(),
        "the call is over, and the next one is another"
    );
    assert!(others.iter_mut().all(|other| ready(other).value == 1));
}

#[test]
fn one_that_is_dropped_leaves_it_to_the_next_although_that_ones_waker_panics() {
    for at in [Event::Wake, Event::Clone, Event::Drop] {
        let armed = Armed::default();
        let flights = SingleFlight::new();
        let mut first = Box::pin(flights.run("key", pending));
        _ = wait(&mut first);
        let mut second = Box::pin(flights.run("key", async || 2));
        armed.store(at == Event::Clone, SeqCst);
        let waker = panicking(at, &armed);
        assert_eq!(panics(|| poll_with(&mut second, &waker)), at == Event::Clone);
        let mut third = Box::pin(flights.run("key", async || 3));
        _ = wait(&mut third);
        armed.store(at == Event::Wake, SeqCst);
        assert_eq!(panics(|| drop(first)), at == Event::Wake);
        armed.store(true, SeqCst);
        _ = panics(|| drop(second));
        armed.store(false, SeqCst);
        assert_eq!(ready(&mut third).value, 3);
        assert!(flights.is_empty());
    }
}

/// Uses the flights each time that something happens to the waker, unless that happens in such a use.
fn busybody(flights: &SingleFlight<u32, u32>, events: &Arc<AtomicUsize>) -> Waker {
    let (flights, events) = (flights.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        for key in 0..3 {
            _ = poll_with(&mut Box::pin(flights.run(key, pending)), Waker::noop());
        }
        flights.forget(&2);
        drop((flights.len(), format!("{flights:?}")));
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_flights_when_it_is_woken_cloned_or_dropped() {
    let flights = SingleFlight::new();
    let events = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = (0..4).map(|_| busybody(&flights, &events)).collect();
    let mut first = Box::pin(flights.run(1, pending));
    assert!(poll_with(&mut first, &wakers[0]).is_pending());
    let mut others: Vec<_> = (0..4).map(|_| Box::pin(flights.run(1, async || 1))).collect();
    for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
        for (other, waker) in others.iter_mut().zip(wakers) {
            assert!(poll_with(other, waker).is_pending());
        }
    }
    drop((others.pop(), wakers));
    drop(first);
    assert!(others.iter_mut().all(|other| ready(other).value == 1));
    drop(others);
    assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
    assert!(flights.is_empty());
}

#[test]
fn memory_comes_back_when_those_who_shared_a_call_have_left() {
    let flights = SingleFlight::<u32, u32>::new();
    for gives_up in [false, true] {
        let ((), counts) = counted(|| {
            let (tx, rx) = oneshot::channel();
            let mut first = Box::pin(flights.run(1, async || rx.await.unwrap()));
            assert!(poll(first.as_mut()).is_pending());
            let mut others: Vec<_> = (0..100_000)
                .map(|_| Box::pin(flights.run(1, async || 2)))
                .collect();
            for other in &mut others {
                assert!(poll(other.as_mut()).is_pending());
            }
            if !gives_up {
                tx.send(1).unwrap();
                assert!(poll(first.as_mut()).is_ready());
                assert!(others.iter_mut().all(|other| poll(other.as_mut()).is_ready()));
            }
            drop((first, others));
        });
        assert!(flights.is_empty());
        assert!(counts.live_bytes < 4096, "{counts:?}");
    }
}

#[test]
fn calls_of_one_key_after_the_other_leave_nothing() {
    let flights = SingleFlight::<u32, u32>::new();
    assert!(poll(pin!(flights.run(0, async || 0))).is_ready());
    let ((), counts) = counted(|| {
        for key in 0..10_000 {
            assert!(poll(pin!(flights.run(key, async || key))).is_ready());
            assert!(poll(pin!(flights.run(key, pending))).is_pending());
        }
    });
    assert!(counts.live_bytes < 4096, "{counts:?}");
    allocates_nothing(|| {
        flights.forget(&1);
        assert!(flights.clone().is_empty());
    });
}
