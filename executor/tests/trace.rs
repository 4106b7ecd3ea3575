//! What a trace tells of a program whose course is known.

#[path = "common/child.rs"]
mod child;
#[path = "trace_support/chrome.rs"]
mod chrome;
#[path = "trace_support/local.rs"]
mod local;

use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::time::sleep;
use canter_executor::{block_on, go, spawn, spawn_blocking, yield_now};

use chrome::Chrome;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// Runs a child that is traced into a file, and gives what it wrote to standard error.
fn traced(mut command: Command, file: &Path) -> String {
    command.env("CANTER_TRACE", file);
    child::stderr_of(command)
}

/// A tree of tasks that yield, sleep, join and block: something of everything.
async fn known_program() {
    let branches: Vec<_> = (0..4)
        .map(|_| {
            spawn(async {
                let leaf = spawn(async {
                    yield_now().await;
                    sleep(Duration::from_millis(2)).await;
                });
                leaf.await.unwrap();
                spawn_blocking(|| {}).await.unwrap();
            })
        })
        .collect();
    for branch in branches {
        branch.await.unwrap();
    }
}

/// Four branches, four leaves, four closures, and the task around them.
const TASKS: usize = 13;

/// What holds of every trace: its order, its nesting and its arrows.
fn is_well_formed(trace: &Chrome) {
    let times: Vec<f64> = trace.timed().map(|event| event.time()).collect();
    assert!(times.is_sorted());
    for track in trace.tracks() {
        // Polls may lie within one another; the ends of those that go on, the innermost last.
        let mut ends: Vec<f64> = Vec::new();
        for slice in trace.slices().filter(|slice| slice.track() == track) {
            ends.retain(|end| slice.time() < end - 1e-6);
            let end = slice.time() + slice.length();
            assert!(
                ends.iter().all(|outer| end <= outer + 1e-6),
                "{slice:?} ends after {ends:?}"
            );
            ends.push(end);
        }
        assert!(trace.names_track(track), "track {track} has no name");
    }
    let (begins, ends) = (trace.arrows("s"), trace.arrows("f"));
    assert_eq!(begins.keys().collect::<HashSet<_>>(), ends.keys().collect());
    for (id, from) in &begins {
        assert!(from.time() <= ends[id].time());
        for end in [from, &ends[id]] {
            let mut slices = trace.slices().filter(|slice| slice.track() == end.track());
            let holds = |slice: &chrome::Event| {
                let since = end.time() - slice.time();
                since >= -1e-6 && since <= slice.length() + 1e-6
            };
            assert!(slices.any(|slice| holds(&slice)), "{end:?} lies in no slice");
        }
    }
}

#[test]
fn each_task_is_spawned_polled_and_ends_and_its_waits_have_reasons_and_places() {
    let runtime = runtime(2);
    let trace = runtime.trace();
    runtime.block_on(runtime.spawn(known_program())).unwrap();
    drop(runtime); // so that the last poll has ended
    trace.stop();
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    let spawned: HashSet<u64> = trace
        .of_category("spawn")
        .map(|event| event.number("task"))
        .collect();
    assert_eq!(spawned.len(), TASKS);
    for &task in &spawned {
        let polls: Vec<_> = trace.polls().filter(|poll| poll.number("task") == task).collect();
        let ended = polls
            .iter()
            .filter(|poll| poll.text("then") == Some("ended"))
            .count();
        assert_eq!(ended, 1, "task {task}: {polls:?}");
        assert!(
            polls
                .iter()
                .all(|poll| poll.text("spawned at").is_some_and(|at| at.contains("trace.rs:")))
        );
    }
    let reasons: HashSet<_> = trace.polls().filter_map(|poll| poll.text("waits for")).collect();
    assert!(
        reasons.contains("join") && reasons.contains("sleep"),
        "{reasons:?}"
    );
    let waits = trace.polls().filter(|poll| poll.text("waits for").is_some());
    waits.for_each(|poll| assert!(poll.text("at").is_some_and(|at| at.contains("trace.rs:"))));
}

/// Who woke whom: a timer the sleeper, the leaf the branch that joins it, a task itself when it yields, a thread the first task. On one
/// worker, so that nobody but a thread of `spawn_blocking` can wake a task while it runs.
#[test]
fn each_wake_up_tells_who_woke_and_where_the_task_was_queued() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    runtime.block_on(runtime.spawn(known_program())).unwrap();
    drop(runtime);
    let trace = Chrome::of(&trace);
    let wakes = || {
        let marks = trace.of_category("wake").filter(|event| event.phase() == "i");
        marks.inspect(|wake| assert!(wake.text("queued").is_some()))
    };
    // One whose time was over before it was polled does not wait.
    let sleeps = trace
        .polls()
        .filter(|poll| poll.text("waits for") == Some("sleep"))
        .count();
    let by_timer = wakes().filter(|wake| wake.text("by") == Some("timer")).count();
    let fired: u64 = trace
        .of_category("timer")
        .map(|event| event.number("fired"))
        .sum();
    assert_eq!((by_timer, fired), (sleeps, sleeps as u64));
    let (by_itself, by_another): (Vec<_>, Vec<_>) = wakes()
        .filter(|wake| wake.get("by task").is_some())
        .partition(|wake| wake.get("by task") == wake.get("task"));
    assert!((4..=8).contains(&by_itself.len()), "{by_itself:?}");
    assert!(by_another.len() >= 5, "{by_another:?}");
    let spawns = |queued: &'static str| {
        let spawns = trace.of_category("spawn");
        spawns.filter(move |spawn| spawn.text("queued") == Some(queued))
    };
    assert_eq!(spawns("blocking threads").count(), 4);
    assert_eq!(spawns("next slot of worker 0").count(), 8);
    let first: Vec<_> = spawns("injector").map(|spawn| spawn.text("by")).collect();
    assert_eq!(first, [Some("thread")]);
}

/// A datagram that arrives is an event of the poller, and the task that it wakes is woken by I/O.
#[test]
fn io_events_and_sleeps_of_workers_are_told() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    let receiver = runtime
        .block_on(canter_executor::net::UdpSocket::bind("127.0.0.1:0"))
        .unwrap();
    let addr = receiver.local_addr().unwrap();
    let receives = runtime.spawn(async move { receiver.recv_from(&mut [0; 8]).await.unwrap().0 });
    let metrics = || runtime.metrics().total;
    while metrics().polls == 0 || metrics().parks == metrics().wakeups {
        thread::yield_now();
    }
    let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(b"hello", addr).unwrap();
    assert_eq!(runtime.block_on(receives).unwrap(), 5);
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    assert!(trace.of_category("io").any(|event| event.number("events") >= 1));
    assert!(
        trace
            .of_category("wake")
            .any(|event| event.text("by") == Some("I/O"))
    );
    assert!(
        trace
            .of_category("sleep")
            .any(|event| event.name() == "waits for I/O")
    );
}

/// One worker fills its queue and stays in its poll until another one has taken a task from it.
#[test]
fn steals_tell_from_whom_and_how_many() {
    let runtime = runtime(2);
    let trace = runtime.trace();
    let (stolen, is_stolen) = std::sync::mpsc::channel();
    let fills = runtime.spawn(async move {
        for _ in 0..8 {
            let stolen = stolen.clone();
            drop(spawn(async move { stolen.send(()) }));
        }
        is_stolen.recv().unwrap()
    });
    runtime.block_on(fills).unwrap();
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    let steals: Vec<_> = trace.of_category("steal").collect();
    assert!(!steals.is_empty());
    for steal in steals {
        assert_ne!(steal.number("from worker"), steal.track());
        assert!((1..=8).contains(&steal.number("tasks")));
    }
}

/// A task that blocks its worker in a nested `block_on` goes on on a track of its thread; the worker's track is another thread's.
#[test]
fn a_poll_whose_thread_leaves_its_seat_goes_on_elsewhere() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    let blocks = runtime.spawn(async { block_on(spawn(async {})) });
    runtime.block_on(blocks).unwrap().unwrap();
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    let left: Vec<_> = trace
        .polls()
        .filter(|poll| {
            poll.text("then")
                .is_some_and(|then| then.contains("left the worker's seat"))
        })
        .collect();
    assert_eq!(left.len(), 1);
    let task = left[0].number("task");
    let ended = trace
        .polls()
        .find(|poll| poll.number("task") == task && poll.text("then") == Some("ended"))
        .expect("it ended");
    assert_ne!(ended.track(), left[0].track());
}

/// A task that is woken while it is polled, waits, and is aborted; and one that panics.
#[test]
fn each_poll_tells_how_it_left_the_task() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    let yields = runtime.spawn(async {
        yield_now().await;
        yield_now().await;
        sleep(Duration::from_secs(3600)).await;
    });
    let panics = runtime.spawn(async {
        yield_now().await;
        panic!("on purpose")
    });
    while runtime.metrics().timers_pending == 0 {
        thread::yield_now();
    }
    yields.abort();
    let (yielding, panicking) = (yields.id().to_string(), panics.id().to_string());
    assert!(runtime.block_on(yields).unwrap_err().is_cancelled());
    assert!(runtime.block_on(panics).unwrap_err().is_panic());
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    let told = |task: String| -> Vec<_> {
        let polls = trace
            .polls()
            .filter(|poll| poll.number("task").to_string() == task);
        polls
            .map(|poll| (poll.text("then").unwrap(), poll.text("waits for")))
            .collect()
    };
    let (woken, ended) = (("waits", None), ("ended", None));
    assert_eq!(told(yielding), [woken, woken, ("waits", Some("sleep")), ended]);
    assert_eq!(told(panicking), [woken, ended]);
}

#[test]
fn a_ring_that_overflows_keeps_the_newest_and_says_how_many_were_lost() {
    let runtime = Runtime::builder().workers(1).trace_events(64).build().unwrap();
    let trace = runtime.trace();
    let task = runtime.spawn(async {
        for _ in 0..1000 {
            yield_now().await;
        }
    });
    let id = task.id();
    runtime.block_on(task).unwrap();
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    // Begin, wake, wait and end of each yield, and a few more.
    let lost = trace.lost();
    assert!((4000 - 64..4200).contains(&lost), "{lost} were lost");
    let told = trace.of_category("lost").find(|event| event.track() == 0);
    assert!(
        told.expect("the track says so")
            .name()
            .starts_with(&lost.to_string())
    );
    let last = trace.polls().last().expect("polls were kept");
    assert_eq!(
        (last.number("task").to_string(), last.text("then")),
        (id.to_string(), Some("ended"))
    );
    assert!(trace.polls().count() <= 17);
}

/// A trace has what happened while it was under way: not before, not after, and whether or not another one is.
#[test]
fn a_trace_begins_and_ends_where_it_was_told_to() {
    let runtime = runtime(1);
    let run = |name: &str| {
        let task = runtime.spawn(yield_now());
        let id = task.id();
        runtime.block_on(task).unwrap();
        (name.to_owned(), id.to_string())
    };
    let (_, before) = run("before");
    let whole = runtime.trace();
    let (_, first) = run("first");
    let part = runtime.trace();
    let (_, second) = run("second");
    part.stop();
    part.stop();
    let (_, third) = run("third");
    let spawned = |trace: &canter_executor::diagnostics::Trace| {
        let events = Chrome::of(trace);
        let spawns = events.of_category("spawn");
        spawns
            .map(|spawn| spawn.number("task").to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(spawned(&part), std::slice::from_ref(&second));
    assert_eq!(spawned(&whole), [first, second, third]);
    assert!(!spawned(&whole).contains(&before));
}

/// Written again and again while the workers overwrite their rings: what comes out is whole each time.
#[test]
fn a_trace_can_be_written_while_the_workers_go_on() {
    let runtime = Runtime::builder().workers(2).trace_events(256).build().unwrap();
    let trace = runtime.trace();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            runtime.spawn(async {
                for _ in 0..20_000 {
                    yield_now().await;
                }
            })
        })
        .collect();
    while !tasks.iter().all(|task| task.is_finished()) {
        is_well_formed(&Chrome::of(&trace));
    }
}

#[test]
fn the_environment_asks_for_a_trace_of_a_runtime_that_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a trace.json");
    let child = child::child("the_environment_asks_for_a_trace_of_a_runtime_that_ends", || {
        let runtime = runtime(2);
        runtime.block_on(runtime.spawn(known_program())).unwrap();
        drop(runtime);
        assert!(
            std::fs::metadata(std::env::var("CANTER_TRACE").unwrap())
                .unwrap()
                .len()
                > 0
        );
        let second = self::runtime(1);
        second.block_on(second.spawn(async {})).unwrap();
    });
    traced(child, &file);
    let trace = Chrome::read(&file);
    is_well_formed(&trace);
    assert_eq!(trace.of_category("spawn").count(), TASKS);
    let second = Chrome::read(&folder.path().join("a trace.2.json"));
    assert_eq!(second.of_category("spawn").count(), 1);
}

/// The default runtime never ends, nor does one whose owner calls `exit`: the end of the thread that built it writes the file.
#[cfg(any(target_os = "linux", target_os = "macos"))]
#[test]
fn a_runtime_that_never_ends_is_traced_up_to_the_end_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trace.json");
    let child = child::child(
        "a_runtime_that_never_ends_is_traced_up_to_the_end_of_the_process",
        || {
            block_on(async {
                go(std::future::pending::<()>());
                spawn(known_program()).await.unwrap();
            });
            // `child` ends the process on this thread.
        },
    );
    traced(child, &file);
    let trace = Chrome::read(&file);
    is_well_formed(&trace);
    assert_eq!(trace.of_category("spawn").count(), TASKS + 1);
}

#[test]
fn a_trace_file_that_cannot_be_made_is_an_error_of_build_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nowhere").join("trace.json");
    let child = child::child(
        "a_trace_file_that_cannot_be_made_is_an_error_of_build_that_names_it",
        || {
            let error = Runtime::new().expect_err("there is no such folder");
            assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
            eprintln!("{error}");
        },
    );
    let told = traced(child, &file);
    assert!(
        told.contains("nowhere") && told.contains("CANTER_TRACE"),
        "{told}"
    );
}

#[test]
fn sizes_that_cannot_be_are_errors_of_build() {
    for events in [0, usize::MAX] {
        let error = Runtime::builder()
            .trace_events(events)
            .build()
            .expect_err("out of bounds");
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(error.to_string().contains("events of a trace"), "{error}");
    }
    let mut child = child::child("sizes_that_cannot_be_are_errors_of_build", || {
        let error = Runtime::new().expect_err("it is no number");
        assert!(error.to_string().contains("CANTER_TRACE_EVENTS"), "{error}");
        assert!(error.to_string().contains("many"), "{error}");
    });
    assert!(
        child
            .env("CANTER_TRACE_EVENTS", "many")
            .output()
            .unwrap()
            .status
            .success()
    );
}

#[test]
fn nothing_is_written_where_nobody_asked_for_a_trace() {
    for value in [None, Some("")] {
        let folder = tempfile::tempdir().unwrap();
        let mut child = child::child("nothing_is_written_where_nobody_asked_for_a_trace", || {
            let runtime = runtime(2);
            runtime.block_on(runtime.spawn(known_program())).unwrap();
        });
        child.env_remove("CANTER_TRACE").current_dir(folder.path());
        if let Some(value) = value {
            child.env("CANTER_TRACE", value);
        }
        let output = child.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success());
        assert_eq!(output.stderr, b"");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
