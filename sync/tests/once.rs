//! Things that are done once, and values that know how they are made.

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;
#[path = "common/executors.rs"]
mod executors;

use std::cell::Cell;
use std::fmt::Debug;
use std::future::pending;
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use by_hand::{ready, wait};
use canter_executor::yield_now;
use canter_sync::{LazyCell, Once};
use coop::{takes_part_in_the_budget, waits_for};
use drops::Drops;
use executors::{Task, under_each};
use futures::FutureExt;
use futures::executor::block_on;
use futures::future::BoxFuture;

has!(Send: Once, LazyCell<u8, fn()>, LazyCell<Cell<u8>, Cell<u8>>);
has!(Sync: Once, LazyCell<u8, fn()>);
has!(Unpin: Once, LazyCell<u8, fn()>);
has!(Default: Once);
has!(Debug: Once, LazyCell<u8, fn()>);
lacks!(Send: LazyCell<Rc<u8>, fn()>, LazyCell<u8, Rc<u8>>);
lacks!(Sync: LazyCell<Cell<u8>, fn()>, LazyCell<u8, Cell<u8>>);

static SETUP: Once = Once::new();

#[test]
fn it_is_done_once_and_everybody_waits_for_its_end() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    assert!(!SETUP.is_completed());
    under_each(|run| {
        let tasks = (0..50).map(|own| -> Task {
            Box::pin(async move {
                if own % 2 == 0 {
                    let set_up = async || {
                        yield_now().await;
                        CALLS.fetch_add(1, SeqCst);
                        yield_now().await;
                    };
                    SETUP.call_once(set_up).await;
                } else {
                    SETUP.wait().await;
                }
                assert!(SETUP.is_completed());
                assert_eq!(CALLS.load(SeqCst), 1);
            })
        });
        run(tasks.collect());
    });
}

#[test]
fn what_was_done_is_not_done_again() {
    let once = Once::default();
    let mut calls = 0;
    block_on(once.call_once(async || calls += 1));
    block_on(once.call_once(async || calls += 1));
    ready(&mut Box::pin(once.wait()));
    assert_eq!(calls, 1);
}

#[test]
fn whoever_waits_for_it_does_not_do_it() {
    let once = Once::new();
    let mut waits = Box::pin(once.wait());
    let flag = wait(&mut waits);
    assert!(!once.is_completed());
    ready(&mut Box::pin(once.call_once(async || ())));
    assert!(flag.take());
    ready(&mut waits);
}

#[test]
fn a_once_that_is_asked_by_its_own_function_waits() {
    let once = Once::new();
    let mut outer = Box::pin(once.call_once(async || once.call_once(async || ()).await));
    _ = wait(&mut outer);
    drop(outer);
    assert!(!once.is_completed());
    block_on(once.call_once(async || ()));
}

#[test]
fn the_debug_form_shows_whether_it_was_done() {
    let once = Once::new();
    assert_eq!(format!("{once:?}"), "Once { completed: false }");
    block_on(once.call_once(async || ()));
    assert_eq!(format!("{once:?}"), "Once { completed: true }");
}

#[test]
fn waits_say_why_and_where() {
    let once = Once::new();
    let mut calls = Box::pin(once.call_once(pending));
    _ = wait(&mut calls);
    assert_eq!(waits_for(once.call_once(async || ())), ("once", line!()));
    assert_eq!(waits_for(once.wait()), ("once", line!()));
    let lazy = LazyCell::new(pending::<u8>);
    let mut makes = Box::pin(lazy.get());
    _ = wait(&mut makes);
    assert_eq!(waits_for(lazy.get()), ("once", line!()));
}

#[test]
fn calls_take_part_in_the_budget() {
    takes_part_in_the_budget(Once::new().call_once(async || ()));
    let lazy = LazyCell::new(async || 1);
    assert_eq!(takes_part_in_the_budget(lazy.get()), &1);
}

// Lazy values.

#[test]
fn a_lazy_value_is_made_when_it_is_first_wanted_and_never_again() {
    let calls = AtomicUsize::new(0);
    let lazy = LazyCell::new(async || calls.fetch_add(1, SeqCst));
    assert_eq!(lazy.try_get(), None);
    drop(lazy.get());
    assert_eq!(calls.load(SeqCst), 0, "it was not awaited");
    let value = block_on(lazy.get());
    assert!(ptr::eq(value, block_on(lazy.get())) && ptr::eq(value, lazy.try_get().unwrap()));
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(lazy.into_inner(), Some(0));
    assert_eq!(LazyCell::<u32, _>::new(async || 1).into_inner(), None);
}

#[test]
fn those_who_come_while_a_lazy_value_is_made_share_it() {
    under_each(|run| {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let lazy = Arc::new(LazyCell::new(move || {
            let calls = counted.clone();
            async move {
                yield_now().await;
                calls.fetch_add(1, SeqCst)
            }
        }));
        let tasks = (0..50).map(|_| -> Task {
            let lazy = lazy.clone();
            Box::pin(async move { assert_eq!(*lazy.get().await, 0) })
        });
        run(tasks.collect());
        assert_eq!(calls.load(SeqCst), 1);
    });
}

#[test]
fn a_lazy_value_and_what_made_it_are_dropped_once() {
    let drops = Drops::default();
    let (held, made) = (drops.guard(), drops.clone());
    let lazy = LazyCell::new(move || {
        let (_held, guard) = (&held, made.guard());
        async move { guard }
    });
    block_on(lazy.get());
    block_on(lazy.get());
    assert_eq!(drops.count(), 0);
    let value = lazy.into_inner();
    assert_eq!(drops.count(), 1, "what made it");
    drop(value);
    assert_eq!(drops.count(), 2);
}

static LAZY: LazyCell<String, fn() -> BoxFuture<'static, String>> =
    LazyCell::new(|| async { "made once".to_string() }.boxed());

#[test]
fn a_lazy_value_can_be_a_static() {
    under_each(|run| {
        let tasks = (0..20).map(|_| -> Task {
            Box::pin(async {
                let value: &'static String = LAZY.get().await;
                assert_eq!(value, "made once");
            })
        });
        run(tasks.collect());
    });
}

#[test]
fn the_debug_form_shows_the_lazy_value() {
    let lazy = LazyCell::new(async || 7);
    assert_eq!(format!("{lazy:?}"), "LazyCell(<empty>)");
    block_on(lazy.get());
    assert_eq!(format!("{lazy:?}"), "LazyCell(7)");
}
