//! What the programs have to do.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::program::{Ended, PATIENCE, Program};
use super::programs::PROGRAM;
use super::quiet::wait_until_quiet;

const HEADLINE: &str = "canter: all tasks are asleep: deadlock!";
const SUSPICION: &str = "canter: all tasks are asleep, and no timer";

pub const CASES: &[(&str, fn())] = &[
    ("a_send_that_nobody_receives_is_a_deadlock", || {
        deadlock("send", &["for channel send at"])
    }),
    (
        "a_receive_whose_sender_the_task_itself_holds_is_a_deadlock",
        || {
            deadlock(
                "receive",
                &["thread 'main' waits in `block_on` at", "for channel receive at"],
            );
        },
    ),
    #[cfg(feature = "socket")]
    ("a_program_that_is_being_looked_at_hides_no_deadlock", || {
        deadlock("looked_at", &["for channel receive at"])
    }),
    ("two_mutexes_locked_in_opposite_order_are_a_deadlock", || {
        deadlock(
            "mutexes",
            &["for join at", "2 tasks spawned at", "wait for mutex lock at"],
        );
    }),
    ("a_wait_group_that_is_never_done_is_a_deadlock", || {
        deadlock("wait_group", &["for wait group at"])
    }),
    ("a_task_that_joins_itself_is_a_deadlock", || {
        deadlock(
            "own_join",
            &["for wait group at", "1 task spawned at", "waits for join at"],
        );
    }),
    ("a_select_whose_arms_are_all_dead_is_a_deadlock", || {
        deadlock("select", &["for select at"])
    }),
    ("main_may_come_to_wait_long_after_the_workers_have", || {
        deadlock("late", &["channel receive"])
    }),
    (
        "plain_threads_that_wait_in_operations_of_canter_hide_no_deadlock",
        || {
            deadlock("plain_threads", &["for join at"]);
        },
    ),
    ("idle_threads_of_the_pool_hide_no_deadlock", || {
        deadlock("after_closures", &["channel receive"])
    }),
    ("the_thread_locals_of_an_idle_thread_may_end_the_wait", || {
        goes_on("thread_local")
    }),
    ("a_deadlock_may_span_two_runtimes", || {
        deadlock("two_runtimes", &["for join at", "channel receive"])
    }),
    ("a_local_task_is_told_of", || {
        deadlock("local_tasks", &["1 local task spawned at"])
    }),
    ("the_last_timer_may_leave_a_deadlock", || {
        deadlock("after_a_timer", &["channel receive"])
    }),
    ("a_task_may_wait_in_a_block_on_of_its_own", || {
        deadlock("nested", &["for channel receive", "1 task spawned"])
    }),
    ("a_deadlock_ends_a_traced_program_with_its_trace_written", || {
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deadlock.json");
        let _ = fs::remove_file(&file); // that of an earlier run
        let program = Program::start(command("mutexes").env("CANTER_TRACE", &file));
        assert_eq!(program.end().code, Some(2));
        let written = fs::read(&file).expect("it was made");
        let trace: Value = serde_json::from_slice(&written).expect("it is whole");
        let events = trace["traceEvents"].as_array().expect("it has events");
        let waits = events
            .iter()
            .filter(|event| event["args"]["waits for"] == "mutex lock");
        assert_eq!(waits.count(), 2);
    }),
    ("a_pending_timer_forbids_the_proof", || goes_on("timer")),
    ("a_registered_socket_forbids_the_proof", || stays_silent("socket")),
    ("a_closure_that_runs_forbids_the_proof", || goes_on("closure")),
    ("another_thread_forbids_the_proof", || {
        goes_on("thread_that_sends")
    }),
    ("another_thread_that_takes_its_time_makes_a_warning", || {
        warns_and_goes_on("thread_that_sends_late")
    }),
    ("a_thread_that_waits_for_a_plain_thread_makes_a_warning", || {
        warns_and_goes_on("thread_in_recv_blocking")
    }),
    ("a_signal_that_the_program_waits_for_forbids_the_proof", || {
        let program = started("own_signal", true);
        wait_until_quiet(program.id());
        program.signal("-USR1");
        assert_silent(&program.end());
    }),
    ("a_handler_of_another_library_forbids_the_proof", || {
        stays_silent("other_signal")
    }),
    (
        "a_program_that_wants_the_signal_of_the_dump_forbids_the_proof",
        || stays_silent("quit_signal"),
    ),
    ("another_runtime_that_is_busy_forbids_the_proof", || {
        goes_on("busy_runtime")
    }),
    ("warn_tells_once_and_goes_on", || {
        tells_once_and_stays("warn", HEADLINE)
    }),
    ("ignore_says_nothing", || stays_silent("ignore")),
    ("what_is_called_can_end_each_deadlock", || {
        let ended = started("call", false).end();
        assert_eq!(ended.stdout, ["proven: true, waits for channel receive"; 3]);
        assert_eq!(
            (ended.code, ended.stderr.len()),
            (Some(0), 0),
            "{:?}",
            ended.stderr
        );
    }),
    (
        "a_panic_in_what_is_called_is_told_and_the_program_goes_on",
        || {
            let program = started("call_that_panics", false);
            let told = "canter: the function of `on_deadlock` panicked";
            while program.stderr.recv_timeout(PATIENCE).expect("it tells") != told {}
            wait_until_quiet(program.id());
        },
    ),
    ("a_signal_prints_the_dump_while_every_worker_is_stuck", || {
        let program = started("dump", true);
        for _ in 0..2 {
            let line = || program.stderr.recv_timeout(PATIENCE).expect("the dump comes");
            let first_line_of_dump = || {
                program.signal("-QUIT");
                while line() != "canter: dump of runtime 1 of 1" {} // warnings may come before it
                line()
            };
            // The task that says that it is ready can be ahead of the main thread.
            while !first_line_of_dump().starts_with("thread 'main' waits in `block_on` at ") {}
            let mut tasks = [line(), line()];
            tasks.sort();
            assert!(tasks[0].starts_with("1 closure spawned at "), "{tasks:?}");
            assert!(
                tasks[1].contains(" runs, for ") && tasks[1].ends_with(" (worker 0)"),
                "{tasks:?}"
            );
        }
    }),
    (
        "what_looks_like_a_deadlock_again_and_again_is_never_reported",
        || {
            let ended = started("almost", false).end();
            assert_silent(&ended);
            assert_eq!(ended.stdout, ["many rounds"]);
        },
    ),
];

fn command(name: &str) -> Command {
    let mut command = Command::new(env::current_exe().expect("a test knows its own path"));
    command.env(PROGRAM, name).env("RUST_BACKTRACE", "0");
    command
}

/// The program, and that it has said that it is ready if it does so.
fn started(name: &str, says_ready: bool) -> Program {
    let program = Program::start(&mut command(name));
    if says_ready {
        assert_eq!(
            program.stdout.recv_timeout(PATIENCE).expect("it says so"),
            "ready"
        );
    }
    program
}

/// It has to end with the report, which has these parts.
fn deadlock(name: &str, parts: &[&str]) {
    let ended = started(name, false).end();
    assert_eq!(ended.code, Some(2), "{:?}", ended.stderr);
    assert_eq!(ended.stderr[0], HEADLINE);
    for part in parts {
        assert!(
            ended.stderr.iter().any(|line| line.contains(part)),
            "{part}: {:?}",
            ended.stderr
        );
    }
}

fn assert_silent(ended: &Ended) {
    assert_eq!(
        (ended.code, ended.stderr.len()),
        (Some(0), 0),
        "{:?}",
        ended.stderr
    );
}

/// It has to end well and say nothing.
fn goes_on(name: &str) {
    assert_silent(&started(name, false).end());
}

/// It has to come to rest, with nothing said. Everything is idle then: no system call is made.
fn stays_silent(name: &str) {
    let program = started(name, false);
    wait_until_quiet(program.id());
    assert!(program.stderr.try_recv().is_err(), "nothing is said");
}

fn tells_once_and_stays(name: &str, headline: &str) {
    let program = started(name, false);
    let told = program.stderr.recv_timeout(PATIENCE).expect("it tells");
    assert!(told.starts_with(headline), "{told}");
    wait_until_quiet(program.id());
    let more: Vec<_> = program.stderr.try_iter().collect();
    assert!(more.iter().all(|line| !line.starts_with(headline)), "{more:?}");
}

/// It has to give one warning, and to end well when it is told to.
fn warns_and_goes_on(name: &str) {
    let mut program = Program::spawn(command(name).stdin(Stdio::piped()));
    let told = program.stderr.recv_timeout(PATIENCE).expect("it warns");
    assert!(told.starts_with(SUSPICION), "{told}");
    wait_until_quiet(program.id());
    let mut input = program.child.stdin.take().expect("it was piped");
    input.write_all(b"send\n").expect("it reads");
    let ended = program.end();
    assert_eq!(ended.code, Some(0));
    assert!(
        ended.stderr.iter().all(|line| !line.starts_with("canter:")),
        "{:?}",
        ended.stderr
    );
}
