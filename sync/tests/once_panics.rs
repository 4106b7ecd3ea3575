//! The user's code around a cell: wakers that panic, or that use the cell themselves, and destructors that do. And what memory it takes.

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
use canter_sync::{LazyCell, Once, OnceCell};
use counting::{allocates_nothing, counted};
use flag::Flag;
use hooks::{Event, hooked};
use poll::poll;
use wakers::{Armed, panicking, panics, poll_with};

#[test]
fn everybody_is_released_although_the_waker_of_one_that_waits_to_make_it_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    for sets in [false, true] {
        let cell = OnceCell::new();
        let (tx, rx) = futures::channel::oneshot::channel();
        let mut makes = Box::pin(cell.get_or_try_init(async || rx.await.unwrap()));
        _ = wait(&mut makes);
        let mut others: Vec<_> = (0..3).map(|_| Box::pin(cell.get_or_init(async || 2))).collect();
        let flags: Vec<_> = (0..3).map(|_| Flag::new()).collect();
        let mut waits = Box::pin(cell.wait());
        let waits_flag = wait(&mut waits);
        let alarm = panicking(Event::Wake, &armed);
        for (at, waker) in [flags[0].waker(), alarm, flags[2].waker()].iter().enumerate() {
            assert!(poll_with(&mut others[at], waker).is_pending());
        }
        if sets {
            tx.send(Err("it fails")).unwrap();
            assert_eq!(ready(&mut makes), Err("it fails"));
            assert!(flags[0].take());
            assert!(
                panics(|| poll_with(&mut others[0], Waker::noop())),
                "it makes the value"
            );
            drop(others.remove(0));
        } else {
            tx.send(Ok(2)).unwrap();
            assert!(panics(|| poll_with(&mut makes, Waker::noop())));
            assert!(flags[0].take());
        }
        assert!(flags[2].take());
        assert!(waits_flag.take(), "those who only wait are released too");
        assert_eq!(ready(&mut waits), &2);
        assert!(others.iter_mut().all(|other| ready(other) == &2));
        assert_eq!(cell.get(), Some(&2));
    }
}

#[test]
fn everybody_is_released_although_the_waker_of_one_that_only_waits_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let cell = OnceCell::new();
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(cell.wait())).collect();
    let flags: Vec<_> = (0..3).map(|_| Flag::new()).collect();
    let alarm = panicking(Event::Wake, &armed);
    for (at, waker) in [flags[0].waker(), alarm, flags[2].waker()].iter().enumerate() {
        assert!(poll_with(&mut waits[at], waker).is_pending());
    }
    assert!(panics(|| cell.set(1)));
    assert!(flags[0].take() && flags[2].take());
    assert!(waits.iter_mut().all(|future| ready(future) == &1));
}

#[test]
fn a_maker_that_is_dropped_leaves_it_to_the_next_although_that_ones_waker_panics() {
    let armed = Armed::new(AtomicBool::new(true));
    let once = Once::new();
    let mut makes = Box::pin(once.call_once(pending));
    _ = wait(&mut makes);
    let mut next = Box::pin(once.call_once(async || ()));
    assert!(poll_with(&mut next, &panicking(Event::Wake, &armed)).is_pending());
    assert!(panics(|| drop(makes)));
    ready(&mut next);
    assert!(once.is_completed());
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_making_to_others() {
    let armed = Armed::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    let cell = OnceCell::new();
    let mut makes = Box::pin(cell.get_or_init(pending));
    _ = wait(&mut makes);
    let mut first = Box::pin(cell.get_or_init(async || 1));
    assert!(panics(|| poll_with(&mut first, &waker)));
    let mut second = Box::pin(cell.get_or_init(async || 2));
    _ = wait(&mut second);
    assert!(panics(|| poll_with(&mut second, &waker)));
    drop(makes);
    let mut third = Box::pin(cell.get_or_init(async || 3));
    assert!(
        flag::poll(&mut third, &Flag::new()).is_ready(),
        "the two have left the line"
    );
    assert_eq!(cell.get(), Some(&3));
}

/// Uses the cell each time that something happens to the waker, unless that happens in such a use.
fn busybody(cell: &Arc<OnceCell<u32>>, events: &Arc<AtomicUsize>) -> Waker {
    let (cell, events) = (cell.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        _ = poll_with(&mut Box::pin(cell.wait()), Waker::noop());
        _ = poll_with(&mut Box::pin(cell.get_or_init(pending)), Waker::noop());
        _ = poll_with(
            &mut Box::pin(cell.get_or_try_init(async || Err(()))),
            Waker::noop(),
        );
        drop((cell.get(), format!("{cell:?}")));
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_cell_when_it_is_woken_cloned_or_dropped() {
    let cell = Arc::new(OnceCell::new());
    let events = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = (0..4).map(|_| busybody(&cell, &events)).collect();
    let mut makes = Box::pin(cell.get_or_init(pending));
    assert!(poll_with(&mut makes, &wakers[0]).is_pending());
    let mut waits: Vec<_> = (0..4).map(|_| Box::pin(cell.wait())).collect();
    let mut others: Vec<_> = (0..4).map(|_| Box::pin(cell.get_or_init(async || 1))).collect();
    for wakers in [[0, 1, 2, 3], [3, 2, 1, 0]].map(|order| order.map(|at| &wakers[at])) {
        for at in 0..4 {
            assert!(poll_with(&mut waits[at], wakers[at]).is_pending());
            assert!(poll_with(&mut others[at], wakers[at]).is_pending());
        }
    }
    drop((waits.pop(), others.pop()));
    drop(wakers);
    drop(makes);
    assert!(others.iter_mut().all(|other| ready(other) == &1));
    assert!(waits.iter_mut().all(|future| ready(future) == &1));
    drop((waits, others));
    assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
}

/// Uses a cell of its own kind when it is dropped.
#[derive(Clone)]
struct Uses {
    cell: Arc<OnceCell<Uses>>,
    dropped: Arc<AtomicUsize>,
}

impl Drop for Uses {
    fn drop(&mut self) {
        if self.dropped.fetch_add(1, SeqCst) < 10 {
            assert!(self.cell.set(self.clone()).is_err(), "somebody makes the value");
        }
        assert!(self.cell.get().is_none());
        assert!(poll(pin!(self.cell.wait())).is_pending());
        assert!(poll(pin!(self.cell.get_or_init(pending))).is_pending());
    }
}

#[test]
fn a_value_that_the_cell_did_not_take_may_use_it_when_it_is_dropped() {
    let cell = Arc::new(OnceCell::new());
    let uses = Uses {
        cell: cell.clone(),
        dropped: Arc::default(),
    };
    let (dropped, held) = (uses.dropped.clone(), uses.clone());
    let mut makes = Box::pin(cell.get_or_init(async move || {
        let _held = held;
        pending().await
    }));
    assert!(poll_with(&mut makes, Waker::noop()).is_pending());
    drop(cell.set(uses).map(drop));
    assert_eq!(dropped.load(SeqCst), 11, "each of the first ten made another one");
    drop(makes);
    assert_eq!(dropped.load(SeqCst), 12);
    assert!(cell.get().is_none());
}

// Memory.

#[test]
fn making_setting_and_reading_allocate_nothing() {
    allocates_nothing(|| {
        for number in 0..100 {
            let mut cell = OnceCell::new();
            assert!(poll(pin!(cell.get_or_init(async || number))).is_ready());
            assert!(poll(pin!(cell.get_or_init(async || 0))).is_ready());
            assert!(poll(pin!(cell.wait())).is_ready());
            assert_eq!((cell.get(), cell.set(1).is_err()), (Some(&number), true));
            assert_eq!(cell.take(), Some(number));
            assert!(poll(pin!(cell.get_or_try_init(async || Err(())))).is_ready());
            cell.set(number).unwrap();
            let once = Once::new();
            assert!(poll(pin!(once.call_once(async || ()))).is_ready());
            let lazy = LazyCell::new(async || number);
            assert!(poll(pin!(lazy.get())).is_ready());
            assert_eq!(lazy.into_inner(), Some(number));
        }
    });
}

#[test]
fn a_wait_allocates_nothing_once_the_lists_have_grown() {
    let cell = OnceCell::<u32>::new();
    let round = || {
        let mut makes = pin!(cell.get_or_init(pending));
        assert!(poll(makes.as_mut()).is_pending());
        let (mut other, mut waits) = (pin!(cell.get_or_init(pending)), pin!(cell.wait()));
        assert!(poll(other.as_mut()).is_pending());
        assert!(poll(waits.as_mut()).is_pending());
    };
    round();
    allocates_nothing(|| (0..100).for_each(|_| round()));
}

#[test]
fn memory_comes_back_when_those_who_waited_have_left() {
    const MANY: usize = 50_000;
    let (cell, counts) = counted(|| {
        let cell = OnceCell::new();
        let mut waits: Vec<_> = (0..MANY).map(|_| Box::pin(cell.wait())).collect();
        let mut makes = Box::pin(cell.get_or_try_init(pending::<Result<u32, ()>>));
        assert!(poll(makes.as_mut()).is_pending());
        let mut others: Vec<_> = (0..MANY)
            .map(|_| Box::pin(cell.get_or_init(async || 1)))
            .collect();
        for (waits, other) in waits.iter_mut().zip(&mut others) {
            assert!(poll(waits.as_mut()).is_pending());
            assert!(poll(other.as_mut()).is_pending());
        }
        drop(makes);
        assert!(others.iter_mut().all(|other| poll(other.as_mut()).is_ready()));
        assert!(waits.iter_mut().all(|waits| poll(waits.as_mut()).is_ready()));
        drop((waits, others));
        cell
    });
    assert!(counts.live_bytes < 4096, "{counts:?}");
    assert_eq!(cell.get(), Some(&1));
}
