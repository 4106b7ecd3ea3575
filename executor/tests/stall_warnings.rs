//! What a program that stalls its workers prints. It is this test program itself, started once more.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use canter_executor::runtime::{Builder, Runtime};

const PART: &str = "CANTER_TEST_PART";

/// Runs `part` of this program, and gives what it printed on standard error.
fn run(part: &str) -> String {
    let program = std::env::current_exe().expect("a test knows its program");
    let Output { status, stderr, .. } = Command::new(program)
        .args(["--exact", "plays_its_part", "--nocapture"])
        .env(PART, part)
        .output()
        .expect("the program starts");
    assert!(
        status.success(),
        "{part} failed: {}",
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stderr).expect("the messages are text")
}

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

/// Does what the environment asks for, and nothing otherwise.
#[test]
fn plays_its_part() {
    match std::env::var(PART).as_deref() {
        Ok("blocks") => {
            let runtime = runtime(Builder::new());
            (0..3).for_each(|_| block(&runtime));
        }
        Ok("blocks in silence") => {
            block(&runtime(Builder::new().warn_of_stalls(false)));
        }
        Ok("computes") => {
            let runtime = runtime(Builder::new().stall_threshold(Duration::from_millis(1)));
            let computes = runtime.spawn(async {
                let until = Instant::now() + Duration::from_millis(200);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            });
            let waits = runtime.spawn(async {});
            runtime.block_on(computes).expect("the task ends");
            runtime.block_on(waits).expect("the task ends");
        }
        Ok("computes alone") => {
            let runtime = runtime(Builder::new());
            let computes = runtime.spawn(async {
                let until = Instant::now() + Duration::from_millis(200);
                while Instant::now() < until {
                    std::hint::spin_loop();
                }
            });
            runtime.block_on(computes).expect("the task ends");
        }
        _ => {}
    }
}

#[test]
fn a_stall_is_reported_once_for_a_place_with_what_to_do() {
    let messages = run("blocks");
    let stalls = stalls(&messages);
    let [(place, advice)] = stalls[..] else {
        panic!("one warning was expected: {messages}");
    };
    assert!(place.starts_with("executor/tests/stall_warnings.rs:"), "{place}");
    assert_eq!(advice, "use spawn_blocking");
}

#[test]
fn a_stall_on_the_processor_is_reported_as_that() {
    let messages = run("computes");
    let advice: Vec<_> = stalls(&messages).into_iter().map(|(_, advice)| advice).collect();
    let expected = "it computes: let it `yield_now().await` in between, or use spawn_blocking";
    assert_eq!(advice, [expected], "{messages}");
}

#[test]
fn a_poll_that_keeps_nobody_waiting_is_no_stall() {
    assert!(stalls(&run("computes alone")).is_empty());
}

#[test]
fn the_warnings_can_be_switched_off() {
    assert!(stalls(&run("blocks in silence")).is_empty());
}
