//! What Go's own tests ask of calls that are shared (`singleflight_test.go` of `golang.org/x/sync/singleflight`).
//!
//! A flight that panics or ends half-way takes down all its callers in Go; here one of the others computes, which is tested as such.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/give_up.rs"]
mod give_up;

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use by_hand::{ready, wait};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{spawn, yield_now};
use canter_sync::{Flight, SingleFlight, WaitGroup};
use futures::channel::oneshot;
use futures::executor::block_on;
use give_up::give_up_after;

fn runtime() -> Runtime {
    Builder::new().workers(4).build().unwrap()
}

/// `TestDo`
#[test]
fn a_call_gives_what_its_function_gives() {
    let flights = SingleFlight::new();
    let flight = block_on(flights.run("key", async || "bar".to_string()));
    assert_eq!(
        flight,
        Flight {
            value: "bar".to_string(),
            shared: false
        }
    );
}

/// `TestDoErr`
#[test]
fn a_call_gives_the_error_that_its_function_gives() {
    let flights = SingleFlight::<&str, Result<u32, &str>>::new();
    let flight = block_on(flights.run("key", async || Err("some error")));
    assert_eq!(flight.value, Err("some error"));
    assert!(flights.is_empty());
}

/// `TestDoDupSuppress`
#[test]
fn duplicates_are_suppressed_while_a_call_is_under_way() {
    const CALLERS: usize = 10;
    runtime().block_on(async {
        let flights = SingleFlight::<&str, String>::new();
        let calls = Arc::new(AtomicUsize::new(0));
        let have_come = WaitGroup::new();
        have_come.add(CALLERS);
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (flights, calls, have_come) = (flights.clone(), calls.clone(), have_come.clone());
                spawn(async move {
                    have_come.done();
                    let compute = async || {
                        calls.fetch_add(1, SeqCst);
                        have_come.wait().await;
                        yield_now().await;
                        "bar".to_string()
                    };
                    flights.run("key", compute).await
                })
            })
            .collect();
        let mut computed = 0;
        for caller in callers {
            let flight = caller.await.unwrap();
            assert_eq!(flight.value, "bar");
            computed += usize::from(!flight.shared);
        }
        let calls = calls.load(SeqCst);
        assert!((1..=CALLERS).contains(&calls), "{calls}");
        assert_eq!(computed, calls, "each that computed says so, and nobody else");
    });
}

/// `TestForget`
#[test]
fn a_call_that_was_forgotten_ends_beside_the_next_one() {
    let flights = SingleFlight::new();
    let [(first_end, first_result), (second_end, second_result)] = [oneshot::channel(), oneshot::channel()];
    let mut first = Box::pin(flights.run("key", async || first_result.await.unwrap()));
    _ = wait(&mut first);
    flights.forget(&"key");
    let mut second = Box::pin(flights.run("key", async || second_result.await.unwrap()));
    _ = wait(&mut second);
    let mut third = Box::pin(flights.run("key", async || unreachable!()));
    _ = wait(&mut third);
    first_end.send(1).unwrap();
    assert_eq!(ready(&mut first).value, 1);
    second_end.send(2).unwrap();
    assert_eq!(
        ready(&mut second),
        Flight {
            value: 2,
            shared: false
        }
    );
    assert_eq!(
        ready(&mut third),
        Flight {
            value: 2,
            shared: true
        }
    );
}

/// `TestDoTimeout`, `TestDoChan`: a caller that gives up, and one that looks elsewhere meanwhile.
#[test]
fn a_caller_that_gives_up_leaves_the_call_to_the_others() {
    runtime().block_on(async {
        let flights = SingleFlight::<&str, u32>::new();
        let (end, result) = oneshot::channel();
        let (begun, has_begun) = oneshot::channel();
        let other = flights.clone();
        let computes = spawn(async move {
            let compute = async || {
                begun.send(()).unwrap();
                result.await.unwrap()
            };
            other.run("key", compute).await
        });
        has_begun.await.unwrap();
        assert!(
            give_up_after(3, flights.run("key", async || unreachable!()))
                .await
                .is_none()
        );
        let mut shares = Box::pin(flights.run("key", async || unreachable!()));
        assert!(give_up_after(3, &mut shares).await.is_none(), "it goes on");
        end.send(5).unwrap();
        assert_eq!(
            shares.await,
            Flight {
                value: 5,
                shared: true
            }
        );
        assert_eq!(
            computes.await.unwrap(),
            Flight {
                value: 5,
                shared: false
            }
        );
    });
}

/// `TestPanicDo`: each caller whose function panics panics itself, one after the other.
#[test]
fn a_panic_takes_down_the_caller_whose_function_panicked_and_no_other() {
    const CALLERS: usize = 5;
    runtime().block_on(async {
        for good in [None, Some(3)] {
            let flights = SingleFlight::<&str, usize>::new();
            let have_come = WaitGroup::new();
            have_come.add(CALLERS);
            let callers: Vec<_> = (0..CALLERS)
                .map(|own| {
                    let (flights, have_come) = (flights.clone(), have_come.clone());
                    spawn(async move {
                        have_come.done();
                        have_come.wait().await;
                        let compute = async || {
                            yield_now().await;
                            if good != Some(own) {
                                resume_unwind(Box::new("invalid memory address"));
                            }
                            own
                        };
                        flights.run("key", compute).await.value
                    })
                })
                .collect();
            let mut values = Vec::new();
            for caller in callers {
                match caller.await {
                    Ok(value) => values.push(value),
                    Err(error) => assert!(error.is_panic()),
                }
            }
            assert!(values.iter().all(|&value| Some(value) == good), "{values:?}");
            assert_eq!(values.is_empty(), good.is_none());
            assert!(flights.is_empty());
        }
    });
}

/// `TestGoexitDo`: the task that computes ends in the middle of it.
#[test]
fn a_task_that_is_aborted_while_it_computes_leaves_that_to_another() {
    runtime().block_on(async {
        let flights = SingleFlight::<&str, u32>::new();
        let (begun, has_begun) = oneshot::channel();
        let other = flights.clone();
        let computes = spawn(async move {
            let compute = async || {
                begun.send(()).unwrap();
                pending().await
            };
            other.run("key", compute).await
        });
        has_begun.await.unwrap();
        let shares = spawn({
            let flights = flights.clone();
            async move { flights.run("key", async || 2).await }
        });
        yield_now().await;
        computes.abort();
        assert!(computes.await.unwrap_err().is_cancelled());
        assert_eq!(
            shares.await.unwrap(),
            Flight {
                value: 2,
                shared: false
            }
        );
        assert!(flights.is_empty());
    });
}
