//! The keys and values of shared calls: when they are cloned and dropped, and what they may do then.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/caught.rs"]
mod caught;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::cell::RefCell;
use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use by_hand::{ready, wait};
use canter_sync::{Flight, SingleFlight};
use caught::caught;
use drops::{Drops, Guard};
use flag::{Flag, poll};
use futures::channel::oneshot;
use futures::executor::block_on;

/// A value that is counted.
#[derive(Clone)]
struct Value(
    Rc<RefCell<Vec<&'static str>>>,
    #[expect(dead_code, reason = "it is counted")] Rc<Guard>,
);

#[test]
fn each_caller_has_a_clone_of_the_value_and_none_stays_behind() {
    let (flights, drops) = (SingleFlight::new(), Drops::default());
    let log = Rc::new(RefCell::new(Vec::new()));
    let (tx, rx) = oneshot::channel::<()>();
    let mut first = Box::pin(flights.run("key", async || {
        rx.await.unwrap();
        Value(log.clone(), Rc::new(drops.guard()))
    }));
    _ = wait(&mut first);
    let mut others: Vec<_> = (0..3)
        .map(|_| Box::pin(flights.run("key", async || unreachable!())))
        .collect();
    others.iter_mut().for_each(|other| _ = wait(other));
    tx.send(()).unwrap();
    let value = ready(&mut first).value;
    drop(others.pop());
    let values: Vec<_> = others.iter_mut().map(|other| ready(other).value).collect();
    drop((first, others));
    assert_eq!(Rc::strong_count(&value.0), 2 + values.len(), "theirs, and `log`");
    drop(values);
    assert_eq!(drops.count(), 0);
    drop(value);
    assert_eq!(drops.count(), 1);
}

/// A key that uses the flights of its kind when it is dropped, and so does a value.
#[derive(Clone)]
struct Uses {
    name: &'static str,
    flights: SingleFlight<&'static str, u32>,
    own: Option<Rc<SingleFlight<Uses, Uses>>>,
}

impl Drop for Uses {
    fn drop(&mut self) {
        assert!(self.flights.len() < 100);
        if let Some(own) = self.own.take() {
            // A lock that this thread holds would never be free.
            assert!(own.len() < 100);
            own.forget(&Uses {
                name: "another",
                flights: self.flights.clone(),
                own: None,
            });
            let key = Uses {
                name: "inner",
                flights: self.flights.clone(),
                own: None,
            };
            let mut call = pin!(own.run(key, pending));
            assert!(
                call.as_mut()
                    .poll(&mut Context::from_waker(Waker::noop()))
                    .is_pending()
            );
        }
    }
}

impl PartialEq for Uses {
    fn eq(&self, other: &Uses) -> bool {
        self.name == other.name
    }
}

impl Eq for Uses {}

impl std::hash::Hash for Uses {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

#[test]
fn keys_and_values_may_use_the_flights_when_they_are_dropped() {
    let flights = Rc::new(SingleFlight::<Uses, Uses>::new());
    let uses = |name| Uses {
        name,
        flights: SingleFlight::new(),
        own: Some(flights.clone()),
    };
    let (tx, rx) = oneshot::channel::<()>();
    let mut first = Box::pin(flights.run(uses("key"), async || {
        rx.await.unwrap();
        uses("value")
    }));
    _ = wait(&mut first);
    let mut others: Vec<_> = (0..3)
        .map(|_| Box::pin(flights.run(uses("key"), pending)))
        .collect();
    others.iter_mut().for_each(|other| _ = wait(other));
    drop(others.pop());
    tx.send(()).unwrap();
    drop(ready(&mut first));
    drop(block_on(
        flights.run(uses("key"), async || uses("the next value")),
    ));
    others.iter_mut().for_each(|other| drop(ready(other)));
    drop((first, others));
    let mut forgotten = Box::pin(flights.run(uses("key"), pending));
    _ = wait(&mut forgotten);
    flights.forget(&uses("key"));
    drop(forgotten);
    assert!(flights.is_empty());
}

#[test]
fn a_key_that_panics_leaves_the_flights_usable() {
    #[derive(Clone, PartialEq, Eq)]
    struct Key(bool);
    impl std::hash::Hash for Key {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {
            assert!(!self.0, "a key that panics");
        }
    }
    let flights = SingleFlight::new();
    let mut call = Box::pin(flights.run(Key(false), pending));
    _ = wait(&mut call);
    caught(|| poll(&mut Box::pin(flights.run(Key(true), async || 1)), &Flag::new()));
    caught(|| flights.forget(&Key(true)));
    assert_eq!(flights.len(), 1);
    drop(call);
    assert!(flights.is_empty());
    assert_eq!(
        block_on(flights.run(Key(false), async || 2)),
        Flight {
            value: 2,
            shared: false
        }
    );
}

#[test]
fn a_value_that_panics_when_it_is_cloned_leaves_no_call_behind() {
    struct Value;
    impl Clone for Value {
        fn clone(&self) -> Value {
            panic!("a value that panics");
        }
    }
    let flights = SingleFlight::new();
    caught(|| block_on(flights.run("key", async || Value)));
    assert!(flights.is_empty());
}

#[test]
fn a_value_that_calls_again_while_it_is_cloned_begins_the_next_call() {
    struct Again(u32, SingleFlight<&'static str, Again>);
    impl Clone for Again {
        fn clone(&self) -> Again {
            if self.0 < 3 {
                let next = Again(self.0 + 1, self.1.clone());
                let flight = ready(&mut Box::pin(self.1.run("key", async || next)));
                assert!(!flight.shared, "the call whose value this is has ended");
                assert_eq!(flight.value.0, self.0 + 1);
            }
            Again(self.0, self.1.clone())
        }
    }
    let flights = SingleFlight::new();
    let flight = block_on(flights.run("key", async || Again(0, flights.clone())));
    assert_eq!((flight.shared, flight.value.0), (false, 0));
    assert!(flights.is_empty());
}
