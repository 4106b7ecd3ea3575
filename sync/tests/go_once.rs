//! What Go's own tests ask of what is done once (`sync/once_test.go` and `sync/oncefunc_test.go` of its distribution).
//!
//! Where a function panics or its goroutine exits Go has done it; here the next one does it, which is tested as such.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/caught.rs"]
mod caught;
#[path = "../../channel/tests/common/counting.rs"]
mod counting;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/poll.rs"]
mod poll;

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{spawn, yield_now};
use canter_sync::{LazyCell, Once};
use caught::caught;
use counting::allocates_nothing;
use drops::Drops;
use futures::executor::block_on;
use poll::poll;

fn runtime() -> Runtime {
    Builder::new().workers(4).build().unwrap()
}

/// `TestOnce`
#[test]
fn everybody_who_comes_sees_that_it_was_done_once() {
    runtime().block_on(async {
        for _ in 0..100 {
            let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
            let tasks: Vec<_> = (0..10)
                .map(|_| {
                    let shared = shared.clone();
                    spawn(async move {
                        let (once, count) = &*shared;
                        once.call_once(async || _ = count.fetch_add(1, SeqCst)).await;
                        count.load(SeqCst)
                    })
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 1);
            }
        }
    });
}

/// `TestOncePanic`, which here is not done when it panicked.
#[test]
fn what_panicked_is_done_by_the_next() {
    let once = Once::new();
    let (message, _) = caught(|| block_on(once.call_once(async || panic!("failed"))));
    assert_eq!(message, "failed");
    let mut called = false;
    block_on(once.call_once(async || called = true));
    assert!(called);
    block_on(once.call_once(async || panic!("it is called twice")));
}

/// `TestOnceFunc`, `TestOnceValue`: one call, and no allocation afterwards.
#[test]
fn a_lazy_value_is_made_by_one_call_and_costs_no_memory_to_read() {
    let calls = AtomicUsize::new(0);
    let value = LazyCell::new(async || calls.fetch_add(1, SeqCst) + 1);
    assert_eq!(calls.load(SeqCst), 0, "nobody wanted it yet");
    for _ in 0..10 {
        assert_eq!(block_on(value.get()), &1);
    }
    allocates_nothing(|| assert!(poll(pin!(value.get())).is_ready()));
    assert_eq!(calls.load(SeqCst), 1);
}

/// `TestOnceValues`
#[test]
fn a_lazy_value_may_be_several() {
    let calls = AtomicUsize::new(0);
    let values = LazyCell::new(async || {
        let call = calls.fetch_add(1, SeqCst) + 1;
        (call, call + 1)
    });
    for _ in 0..10 {
        let (first, second) = block_on(values.get());
        assert_eq!((*first, *second), (1, 2));
    }
    assert_eq!(calls.load(SeqCst), 1);
}

/// `TestOnceFuncPanic`: Go gives the panic to all; here each that comes tries again.
#[test]
fn a_lazy_value_whose_maker_panics_panics_for_each_that_tries() {
    let calls = AtomicUsize::new(0);
    let value = LazyCell::new(async || -> u32 { panic!("call {}", calls.fetch_add(1, SeqCst)) });
    for call in 0..3 {
        let (message, _) = caught(|| block_on(value.get()));
        assert_eq!(message, format!("call {call}"));
    }
    assert_eq!(value.try_get(), None);
}

/// `TestOnceFuncGoexit`: the task ends in the middle of it.
#[test]
fn a_lazy_value_whose_maker_is_aborted_is_made_by_the_next() {
    runtime().block_on(async {
        let calls = Arc::new(AtomicUsize::new(0));
        let counted = calls.clone();
        let value = Arc::new(LazyCell::new(move || {
            let call = counted.fetch_add(1, SeqCst);
            async move {
                if call == 0 {
                    pending::<()>().await;
                }
                call
            }
        }));
        let makes = value.clone();
        let task = spawn(async move { *makes.get().await });
        while calls.load(SeqCst) == 0 {
            yield_now().await;
        }
        task.abort();
        assert_eq!(value.get().await, &1);
        assert!(task.await.unwrap_err().is_cancelled());
    });
}

/// `TestOnceXGC`: what made a value keeps what it captured as long as there is the cell, and no longer.
#[test]
fn what_a_lazy_value_was_made_of_is_dropped_with_the_cell() {
    let drops = Drops::default();
    let guard = drops.guard();
    let value = LazyCell::new(move || {
        let _captured = &guard;
        async { 1 }
    });
    assert_eq!(block_on(value.get()), &1);
    assert_eq!(drops.count(), 0);
    drop(value);
    assert_eq!(drops.count(), 1);
}
