//! Wakers of those who wait at a barrier: that panic, and that use the barrier themselves. And what memory a wait takes.

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
use canter_sync::Barrier;
use counting::{allocates_nothing, counted};
use flag::Flag;
use hooks::{Event, hooked};
use poll::poll;
use wakers::{Armed, panicking, panics, poll_with};

/// Three meet at a barrier at which nobody is.
#[track_caller]
fn check_usable(barrier: &Barrier) {
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(barrier.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
    assert!(flags.iter().all(|flag| flag.take()));
    assert!(!waits.iter_mut().any(|future| ready(future).is_leader()));
}

#[test]
fn everybody_is_let_through_although_wakers_panic() {
    for panics_at in 0..2 {
        let armed = Armed::new(AtomicBool::new(true));
        let barrier = Barrier::new(3);
        let mut waits: Vec<_> = (0..2).map(|_| Box::pin(barrier.wait())).collect();
        let flag = Flag::new();
        assert!(poll_with(&mut waits[panics_at], &panicking(Event::Wake, &armed)).is_pending());
        assert!(poll_with(&mut waits[1 - panics_at], &flag.waker()).is_pending());
        assert!(panics(|| poll_with(&mut Box::pin(barrier.wait()), Waker::noop())));
        assert!(flag.take());
        assert!(!waits.iter_mut().any(|future| ready(future).is_leader()));
        check_usable(&barrier);
    }
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_has_not_come() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let barrier = Barrier::new(3);
    let mut future = Box::pin(barrier.wait());
    assert!(panics(|| poll_with(&mut future, &waker)));
    check_usable(&barrier);
    let flag = wait(&mut future);
    assert!(panics(|| poll_with(&mut future, &waker)));
    let mut other = Box::pin(barrier.wait());
    _ = wait(&mut other);
    assert!(ready(&mut Box::pin(barrier.wait())).is_leader());
    assert!(flag.take(), "the waker of the poll before stays");
    assert!(!ready(&mut future).is_leader());
    drop(other);
    check_usable(&barrier);
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_leaves_the_barrier_usable() {
    let armed = Armed::default();
    let waker = panicking(Event::Drop, &armed);
    for renews in [true, false] {
        let barrier = Barrier::new(3);
        let mut future = Box::pin(barrier.wait());
        assert!(poll_with(&mut future, &waker).is_pending());
        armed.store(true, SeqCst);
        if renews {
            assert!(panics(|| poll_with(&mut future, Waker::noop())));
        }
        assert_eq!(panics(|| drop(future)), !renews);
        armed.store(false, SeqCst);
        check_usable(&barrier);
    }
}

#[test]
fn the_others_are_let_through_although_the_waker_of_the_last_one_panics_when_it_is_dropped() {
    let armed = Armed::new(AtomicBool::new(true));
    let barrier = Barrier::new(3);
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(barrier.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    let waker = panicking(Event::Drop, &armed);
    _ = panics(|| poll_with(&mut Box::pin(barrier.wait()), &waker));
    armed.store(false, SeqCst);
    assert!(flags.iter().all(|flag| flag.take()));
    assert!(!waits.iter_mut().any(|future| ready(future).is_leader()));
    check_usable(&barrier);
}

/// Uses the barrier each time that something happens to the waker, unless that happens in such a use.
fn busybody(barrier: &Arc<Barrier>, events: &Arc<AtomicUsize>) -> Waker {
    let (barrier, events) = (barrier.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        let mut future = Box::pin(barrier.wait());
        assert!(poll_with(&mut future, Waker::noop()).is_pending());
        drop((future, format!("{barrier:?}")));
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_barrier_when_it_is_woken_cloned_or_dropped() {
    let barrier = Arc::new(Barrier::new(9));
    let events = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = (0..4).map(|_| busybody(&barrier, &events)).collect();
    let mut waits: Vec<_> = (0..4).map(|_| Box::pin(barrier.wait())).collect();
    for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
        for (future, waker) in waits.iter_mut().zip(wakers) {
            assert!(poll_with(future, waker).is_pending());
        }
    }
    drop(waits.pop());
    drop(wakers);
    let mut others: Vec<_> = (0..6).map(|_| Box::pin(barrier.wait())).collect();
    for other in &mut others {
        _ = poll_with(other, Waker::noop());
    }
    assert!(!waits.iter_mut().any(|future| ready(future).is_leader()));
    drop(waits);
    assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
}

// Memory.

#[test]
fn a_barrier_is_four_words_or_less_and_allocates_nothing() {
    assert!(size_of::<Barrier>() <= 4 * size_of::<usize>());
    let barrier = Barrier::new(1);
    _ = barrier.wait_blocking(); // the thread's own waker is made
    allocates_nothing(|| {
        for _ in 0..100 {
            assert!(poll(pin!(barrier.wait())).is_ready());
            assert!(barrier.wait_blocking().is_leader());
            drop(Barrier::new(7));
        }
    });
}

#[test]
fn a_wait_allocates_nothing_once_the_list_has_grown() {
    let barrier = Barrier::new(2);
    let round = || {
        for _ in 0..3 {
            let mut gives_up = pin!(barrier.wait());
            assert!(poll(gives_up.as_mut()).is_pending());
            assert!(poll(gives_up.as_mut()).is_pending());
        }
        let mut first = pin!(barrier.wait());
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(pin!(barrier.wait())).is_ready());
        assert!(poll(first).is_ready());
    };
    round();
    allocates_nothing(|| (0..100).for_each(|_| round()));
}

#[test]
fn memory_comes_back_when_those_who_waited_have_left() {
    const MANY: usize = 100_000;
    let barrier = Barrier::new(MANY + 1);
    for gives_up in [false, true] {
        let ((), counts) = counted(|| {
            let mut waits: Vec<_> = (0..MANY).map(|_| Box::pin(barrier.wait())).collect();
            for future in &mut waits {
                assert!(poll(future.as_mut()).is_pending());
            }
            if !gives_up {
                assert!(poll(pin!(barrier.wait())).is_ready());
                assert!(waits.iter_mut().all(|future| poll(future.as_mut()).is_ready()));
            }
            drop(waits);
        });
        assert!(counts.live_bytes < 4096, "{counts:?}");
    }
}
