//! Handles that are used while the runtime of their tasks ends, and after it has.

use std::future::pending;
use std::thread;

use canter_executor::runtime::Builder;
use canter_executor::task::{JoinHandle, LocalSet};

const ROUNDS: usize = 100;

/// A task is aborted while its runtime goes: whichever comes first, the join says that it was cancelled.
#[test]
fn an_abort_may_meet_the_end_of_the_runtime() {
    for round in 0..ROUNDS {
        let runtime = Builder::new()
            .workers(1 + round % 2)
            .build()
            .expect("a runtime starts");
        let handles: Vec<JoinHandle<()>> = (0..16).map(|_| runtime.spawn(pending())).collect();
        let aborts = thread::spawn(move || {
            handles.iter().for_each(JoinHandle::abort);
            handles
        });
        drop(runtime);
        for handle in aborts.join().expect("no panic") {
            handle.abort(); // nothing is left to do
            let ended = futures::executor::block_on(handle);
            assert!(ended.expect_err("it never ends by itself").is_cancelled());
        }
    }
}

/// Handles outlive the local set, and the memory in which their tasks were listed.
#[test]
fn an_abort_after_the_end_of_a_local_set_does_nothing() {
    for _ in 0..ROUNDS {
        let set = LocalSet::new();
        let handles: Vec<JoinHandle<()>> = (0..16).map(|_| set.spawn_local(pending())).collect();
        handles.iter().step_by(2).for_each(JoinHandle::abort);
        drop(set);
        for handle in handles {
            handle.abort();
            let ended = futures::executor::block_on(handle);
            assert!(ended.expect_err("it never ends by itself").is_cancelled());
        }
    }
}
