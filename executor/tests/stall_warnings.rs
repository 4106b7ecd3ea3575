//! What a program that stalls its workers prints. It is this test program itself, started once more.

#[path = "common/child.rs"]
mod child;

use std::time::{Duration, Instant};

use canter_executor::runtime::{Builder, Runtime};
use child::{child, stderr_of};

/// The stalls in the lines of a program: for each the place of the spawn and the advice.
fn stalls(messages: &str) -> Vec<(&str, &str)> {
    messages
        .lines()
        .filter_map(|line| {
            let (task, rest) = line.strip_prefix("canter: task ")?.split_once(" (spawned at ")?;
            task.parse::<u64>().expect("an identity is a number");
            let (place, rest) = rest.split_once(") kept its worker for ")?;
            let (time, advice) = rest.split_once(" ms; ")?;
            time.parse::<u64>().expect("the time is a number");
            Some((place, advice))
        })
        .collect()
}

fn runtime(builder: Builder) -> Runtime {
    builder.workers(1).build().expect("a runtime starts")
}

/// Three tasks on one worker that block for longer than a report needs.
fn block(runtime: &Runtime) {
    let tasks: Vec<_> = (0..3)
        .map(|_| runtime.spawn(async { std::thread::sleep(Duration::from_millis(200)) }))
        .collect();
    for task in tasks {
        runtime.block_on(task).expect("the task ends");
    }
}

/// Computes for longer than a report needs.
async fn compute() {
    let until = Instant::now() + Duration::from_millis(200);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

#[test]
fn a_stall_is_reported_once_for_a_place_with_what_to_do() {
    let blocks = child("a_stall_is_reported_once_for_a_place_with_what_to_do", || {
        let runtime = runtime(Builder::new());
        (0..3).for_each(|_| block(&runtime));
    });
    let messages = stderr_of(blocks);
    let stalls = stalls(&messages);
    let [(place, advice)] = stalls[..] else {
        panic!("one warning was expected: {messages}");
    };
    assert!(place.starts_with("executor/tests/stall_warnings.rs:"), "{place}");
    assert_eq!(advice, "use spawn_blocking");
}

#[test]
fn a_stall_on_the_processor_is_reported_as_that() {
    let computes = child("a_stall_on_the_processor_is_reported_as_that", || {
        let runtime = runtime(Builder::new().stall_threshold(Duration::from_millis(1)));
        let computes = runtime.spawn(compute());
        let waits = runtime.spawn(async {});
        runtime.block_on(computes).expect("the task ends");
        runtime.block_on(waits).expect("the task ends");
    });
    let messages = stderr_of(computes);
    let advice: Vec<_> = stalls(&messages).into_iter().map(|(_, advice)| advice).collect();
    let expected = "it computes: let it `yield_now().await` in between, or use spawn_blocking";
    assert_eq!(advice, [expected], "{messages}");
}

#[test]
fn a_poll_that_keeps_nobody_waiting_is_no_stall() {
    let computes = child("a_poll_that_keeps_nobody_waiting_is_no_stall", || {
        let runtime = runtime(Builder::new());
        runtime.block_on(runtime.spawn(compute())).expect("the task ends");
    });
    assert!(stalls(&stderr_of(computes)).is_empty());
}

#[test]
fn the_warnings_can_be_switched_off() {
    let blocks = child("the_warnings_can_be_switched_off", || {
        block(&runtime(Builder::new().warn_of_stalls(false)));
    });
    assert!(stalls(&stderr_of(blocks)).is_empty());
}
