//! Calls of one key that are one call: who computes, who shares, and what is left of it.

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;

use std::cell::Cell;
use std::fmt::Debug;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;

use by_hand::{ready, wait};
use canter_sync::{Flight, SingleFlight};
use caught::caught;
use coop::{takes_part_in_the_budget, waits_for};
use drops::Drops;
use flag::{Flag, poll};
use futures::channel::oneshot;
use futures::executor::block_on;

has!(Send: SingleFlight<String, u8>, SingleFlight<Cell<u8>, u8>, Flight<Cell<u8>>);
has!(Sync: SingleFlight<String, u8>, SingleFlight<Cell<u8>, u8>);
has!(Unpin: SingleFlight<String, u8>);
has!(Default: SingleFlight<String, u8>);
has!(Clone: SingleFlight<Vec<Rc<u8>>, Rc<u8>>);
has!(Debug: SingleFlight<Rc<u8>, Rc<u8>>, Flight<u8>);
has!(Copy: Flight<u8>);
lacks!(Send: SingleFlight<Rc<u8>, u8>, SingleFlight<u8, Rc<u8>>, SingleFlight<u8, Cell<u8>>);

/// A call that can be ended from outside.
struct Call {
    end: oneshot::Sender<u32>,
    result: oneshot::Receiver<u32>,
}

fn call() -> Call {
    let (end, result) = oneshot::channel();
    Call { end, result }
}

fn computed(value: u32) -> Flight<u32> {
    Flight { value, shared: false }
}

fn shared(value: u32) -> Flight<u32> {
    Flight { value, shared: true }
}

#[test]
fn one_computes_and_the_others_share_its_result() {
    let flights = SingleFlight::new();
    let Call { end, result } = call();
    let mut first = Box::pin(flights.run("key", async || result.await.unwrap()));
    let leader = wait(&mut first);
    let mut others: Vec<_> = (0..5)
        .map(|_| Box::pin(flights.run("key", async || unreachable!())))
        .collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    assert_eq!(flights.len(), 1);
    end.send(7).unwrap();
    assert!(leader.take());
    assert_eq!(ready(&mut first), computed(7));
    assert!(flags.iter().all(|flag| flag.take()));
    assert!(others.iter_mut().all(|other| ready(other) == shared(7)));
    assert!(flights.is_empty());
}

#[test]
fn a_result_is_not_kept() {
    let flights = SingleFlight::new();
    for number in 0..3 {
        assert_eq!(block_on(flights.run("key", async || number)), computed(number));
        assert!(flights.is_empty());
    }
}

#[test]
fn who_comes_after_the_end_of_a_call_begins_the_next_although_some_have_not_looked() {
    let flights = SingleFlight::new();
    let Call { end, result } = call();
    let mut first = Box::pin(flights.run("key", async || result.await.unwrap()));
    _ = wait(&mut first);
    let mut late = Box::pin(flights.run("key", async || unreachable!()));
    _ = wait(&mut late);
    end.send(1).unwrap();
    assert_eq!(ready(&mut first), computed(1));
    assert!(flights.is_empty());
    assert_eq!(block_on(flights.run("key", async || 2)), computed(2));
    let mut third = Box::pin(flights.run("key", pending));
    _ = wait(&mut third);
    assert_eq!(ready(&mut late), shared(1), "it took part in the first call");
    assert_eq!(
        flights.len(),
        1,
        "the end of the first call is not that of the third"
    );
    drop(third);
    assert!(flights.is_empty());
}

#[test]
fn different_keys_are_different_calls() {
    let flights = SingleFlight::new();
    let (a, b) = (call(), call());
    let mut first = Box::pin(flights.run('a', async || a.result.await.unwrap()));
    let mut second = Box::pin(flights.run('b', async || b.result.await.unwrap()));
    _ = (wait(&mut first), wait(&mut second));
    assert_eq!(flights.len(), 2);
    b.end.send(2).unwrap();
    assert_eq!(ready(&mut second), computed(2));
    assert_eq!(flights.len(), 1);
    a.end.send(1).unwrap();
    assert_eq!(ready(&mut first), computed(1));
}

#[test]
fn clones_share_the_calls() {
    let flights = SingleFlight::default();
    let clone = flights.clone();
    let Call { end, result } = call();
    let mut first = Box::pin(flights.run(1, async || result.await.unwrap()));
    _ = wait(&mut first);
    let mut second = Box::pin(clone.run(1, async || unreachable!()));
    _ = wait(&mut second);
    assert_eq!(clone.len(), 1);
    end.send(3).unwrap();
    assert_eq!((ready(&mut first), ready(&mut second)), (computed(3), shared(3)));
}

#[test]
fn a_caller_takes_part_from_its_first_poll() {
    let flights = SingleFlight::new();
    let mut not_polled = Box::pin(flights.run("key", async || 1));
    assert!(flights.is_empty());
    let mut first = Box::pin(flights.run("key", pending));
    _ = wait(&mut first);
    _ = wait(&mut not_polled);
    drop(first);
    assert_eq!(ready(&mut not_polled), computed(1));
    drop(flights.run("key", async || 2));
    assert!(flights.is_empty());
}

// Callers that are dropped, or panic.

#[test]
fn one_that_is_dropped_while_it_computes_leaves_it_to_one_that_shares_the_call() {
    let flights = SingleFlight::new();
    let drops = Drops::default();
    let guard = drops.guard();
    let mut first = Box::pin(flights.run("key", async || {
        let _guard = guard;
        pending().await
    }));
    _ = wait(&mut first);
    let Call { end, result } = call();
    let mut second = Box::pin(flights.run("key", async || {
        assert_eq!(drops.count(), 1, "what the one before held is gone");
        result.await.unwrap()
    }));
    let mut third = Box::pin(flights.run("key", async || unreachable!()));
    let flags = [wait(&mut second), wait(&mut third)];
    drop(first);
    assert!(flags[0].take() && !flags[1].take());
    assert!(poll(&mut second, &flags[0]).is_pending());
    end.send(2).unwrap();
    assert_eq!(ready(&mut second), computed(2));
    assert_eq!(ready(&mut third), shared(2));
    assert!(flights.is_empty());
}

#[test]
fn one_that_panics_leaves_it_to_one_that_shares_the_call() {
    let flights = SingleFlight::new();
    let (tx, rx) = oneshot::channel::<()>();
    let mut first = Box::pin(flights.run("key", async || {
        rx.await.unwrap();
        panic!("a computation that panics")
    }));
    _ = wait(&mut first);
    let mut second = Box::pin(flights.run("key", async || 2));
    let flag = wait(&mut second);
    tx.send(()).unwrap();
    let (message, _) = caught(|| poll(&mut first, &Flag::new()));
    assert_eq!(message, "a computation that panics");
    assert!(flag.take());
    assert_eq!(ready(&mut second), computed(2));
    drop(first);
    assert!(flights.is_empty());
}

#[test]
fn one_that_is_dropped_while_it_shares_changes_nothing() {
    let flights = SingleFlight::new();
    let Call { end, result } = call();
    let mut first = Box::pin(flights.run("key", async || result.await.unwrap()));
    _ = wait(&mut first);
    let mut others: Vec<_> = (0..3)
        .map(|_| Box::pin(flights.run("key", async || unreachable!())))
        .collect();
    let flags: Vec<_> = others.iter_mut().map(wait).collect();
    drop(others.remove(1));
    assert_eq!(flights.len(), 1);
    end.send(1).unwrap();
    assert_eq!(ready(&mut first), computed(1));
    assert!(flags[0].take() && !flags[1].take() && flags[2].take());
    assert!(others.iter_mut().all(|other| ready(other) == shared(1)));
}

#[test]
fn a_call_that_everybody_left_is_over() {
    let flights = SingleFlight::new();
    for order in [[0, 0, 0], [2, 1, 0], [1, 0, 0]] {
        let mut callers: Vec<_> = (0..3)
            .map(|_| Box::pin(flights.run("key", pending::<u32>)))
            .collect();
        callers.iter_mut().for_each(|caller| _ = wait(caller));
        for at in order {
            assert_eq!(flights.len(), 1);
            drop(callers.remove(at));
        }
        assert_eq!(flights.len(), 0);
    }
    assert_eq!(block_on(flights.run("key", async || 9)), computed(9));
}

// Forgetting.

#[test]
fn who_comes_after_a_call_was_forgotten_begins_another() {
    let flights = SingleFlight::new();
    flights.forget(&"key");
    let calls = [call(), call()];
    let [first_call, second_call] = calls;
    let mut first = Box::pin(flights.run("key", async || first_call.result.await.unwrap()));
    _ = wait(&mut first);
    let mut shares = Box::pin(flights.run("key", async || unreachable!()));
    _ = wait(&mut shares);
    flights.forget(&"another key");
    assert_eq!(flights.len(), 1);
    flights.forget(&"key");
    assert_eq!(flights.len(), 0);
    let mut second = Box::pin(flights.run("key", async || second_call.result.await.unwrap()));
    _ = wait(&mut second);
    first_call.end.send(1).unwrap();
    assert_eq!((ready(&mut first), ready(&mut shares)), (computed(1), shared(1)));
    assert_eq!(
        flights.len(),
        1,
        "the end of the first call is not that of the second"
    );
    let mut shares = Box::pin(flights.run("key", async || unreachable!()));
    _ = wait(&mut shares);
    second_call.end.send(2).unwrap();
    assert_eq!((ready(&mut second), ready(&mut shares)), (computed(2), shared(2)));
    assert!(flights.is_empty());
}

#[test]
fn a_call_that_was_forgotten_is_still_handed_over() {
    let flights = SingleFlight::new();
    let mut first = Box::pin(flights.run("key", pending));
    _ = wait(&mut first);
    let mut shares = Box::pin(flights.run("key", async || 2));
    let flag = wait(&mut shares);
    flights.forget(&"key");
    drop(first);
    assert!(flag.take());
    assert_eq!(ready(&mut shares), computed(2));
    assert!(flights.is_empty());
}

#[test]
fn a_computation_may_forget_its_own_call_and_begin_another() {
    let flights = SingleFlight::new();
    let outer = flights.run("key", async || {
        flights.forget(&"key");
        flights.run("key", async || 1).await.value + 1
    });
    assert_eq!(block_on(outer), computed(2));
    assert!(flights.is_empty());
}

#[test]
fn a_computation_that_asks_for_its_own_key_waits_and_leaves_nothing_when_it_is_dropped() {
    let flights = SingleFlight::new();
    let mut outer = Box::pin(flights.run("key", async || flights.run("key", async || 1).await.value));
    _ = wait(&mut outer);
    assert_eq!(flights.len(), 1);
    drop(outer);
    assert!(flights.is_empty());
}

// What it tells others.

#[test]
fn the_debug_form_shows_the_number_of_calls() {
    let flights = SingleFlight::new();
    let mut call = Box::pin(flights.run("key", pending::<Arc<u32>>));
    _ = wait(&mut call);
    assert_eq!(format!("{flights:?}"), "SingleFlight { calls: 1 }");
}

#[test]
fn one_that_shares_a_call_says_why_and_where() {
    let flights = SingleFlight::new();
    let mut call = Box::pin(flights.run("key", pending));
    _ = wait(&mut call);
    let (reason, line) = waits_for(flights.run("key", async || 1));
    assert_eq!(line, line!() - 1);
    assert_eq!(reason, "once");
}

#[test]
fn a_call_takes_part_in_the_budget() {
    let flights = SingleFlight::new();
    assert_eq!(
        takes_part_in_the_budget(flights.run("key", async || 1)),
        computed(1)
    );
    assert!(flights.is_empty());
}
