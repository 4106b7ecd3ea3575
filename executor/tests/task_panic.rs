//! What happens when a task panics: `Builder::on_task_panic`, and what is printed.

#[path = "common/child.rs"]
mod child;

use std::future::pending;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, panic_any, resume_unwind};
use std::pin::Pin;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};
use std::time::Duration;

use canter_executor::diagnostics::{OnTaskPanic, TaskPanic};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::task::{self, Group, LocalSet, TaskId};
use canter_executor::{JoinHandle, block_on, spawn, spawn_blocking, spawn_local, yield_now};
use child::{child, stderr_of};

/// What the function was told.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    id: TaskId,
    name: Option<String>,
    line: u32,
    message: String,
    text: String,
    thread: ThreadId,
    current: Option<TaskId>,
}

impl Told {
    fn of(panic: &TaskPanic<'_>) -> Told {
        assert!(panic.spawned_at().file().ends_with("task_panic.rs"));
        Told {
            id: panic.id(),
            name: panic.name().map(str::to_owned),
            line: panic.spawned_at().line(),
            message: panic.message().to_owned(),
            text: panic.to_string(),
            thread: thread::current().id(),
            current: task::id(),
        }
    }
}

fn runtime_with(on_task_panic: OnTaskPanic) -> Runtime {
    let builder = Builder::new().workers(2).on_task_panic(on_task_panic);
    builder.build().unwrap()
}

/// A runtime that tells of each panic here.
fn told_runtime() -> (Runtime, Receiver<Told>) {
    let (tell, told): (Sender<Told>, _) = channel();
    let call = OnTaskPanic::call(move |panic| tell.send(Told::of(panic)).unwrap());
    (runtime_with(call), told)
}

/// What was told of one panic, which was the last one of its runtime.
fn only(runtime: Runtime, told: &Receiver<Told>) -> Told {
    runtime.shutdown(Duration::MAX).unwrap();
    let only = told.try_recv().expect("the function was called");
    assert_eq!(told.try_recv().ok(), None, "it was called once");
    only
}

#[track_caller]
fn line() -> u32 {
    Location::caller().line()
}

/// The lines that canter printed.
fn ours(stderr: &str) -> Vec<&str> {
    stderr
        .lines()
        .filter(|line| line.starts_with("canter: "))
        .collect()
}

/// Panics when it is dropped.
struct PanicsOnDrop(&'static str);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn the_function_is_told_who_panicked_where_and_why() {
    let (runtime, told) = told_runtime();
    let (task, place) = runtime.block_on(async {
        let reader = task::Builder::new().name("reader");
        (reader.spawn(async { panic!("no more {}", "paper") }), line())
    });
    let id = task.id();
    let error = runtime.block_on(task).unwrap_err();
    let told = only(runtime, &told);
    assert_eq!((told.id, told.current), (id, Some(id)));
    assert_eq!(told.name.as_deref(), Some("reader"));
    assert_eq!((told.line, &*told.message), (place, "no more paper"));
    assert_eq!(told.text, error.to_string());
    assert!(
        told.text
            .starts_with(&format!("task {id} \"reader\" (spawned at ")),
        "{told:?}"
    );
    assert!(told.text.ends_with(") panicked: no more paper"), "{told:?}");
    assert_ne!(told.thread, thread::current().id());
}

/// Panics when it is polled. A variable of an `async` block would be dropped as the panic unwinds; what a future holds itself stays.
struct Panics<T>(T);

impl<T> Future for Panics<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        panic_any(7)
    }
}

/// Nobody who waits for the task goes on meanwhile, and its future has not been dropped.
#[test]
fn the_function_comes_before_the_end_and_the_payload_after_it() {
    let handle: Arc<Mutex<Option<JoinHandle<()>>>> = Arc::default();
    let held_by_the_future = Arc::new(());
    let (tell, told) = channel();
    let runtime = runtime_with({
        let (handle, future) = (handle.clone(), Arc::downgrade(&held_by_the_future));
        OnTaskPanic::call(move |panic| {
            let payload = panic.payload().downcast_ref() == Some(&7);
            let handle = handle.lock().unwrap();
            let finished = handle.as_ref().map(JoinHandle::is_finished);
            tell.send((payload, finished, future.strong_count())).unwrap();
        })
    });
    let mut held = handle.lock().unwrap();
    *held = Some(runtime.spawn(Panics(held_by_the_future)));
    drop(held);
    assert_eq!(told.recv(), Ok((true, Some(false), 1)));
    let task = handle.lock().unwrap().take().unwrap();
    let payload = runtime.block_on(task).unwrap_err().into_panic();
    assert_eq!(payload.downcast_ref(), Some(&7));
}

/// Each kind of task, whoever joins it: the function is called once for it, and canter prints nothing.
#[test]
fn every_kind_of_task_is_told_of_once_and_nothing_is_printed_besides() {
    let command = child(
        "every_kind_of_task_is_told_of_once_and_nothing_is_printed_besides",
        || {
            let kinds: [fn() -> u32; 9] = [
                || {
                    canter_executor::go(async { panic!("on purpose") });
                    line() - 1
                },
                || {
                    drop(block_on(spawn(async { panic!("on purpose") })).unwrap_err());
                    line() - 1
                },
                || {
                    drop(block_on(spawn_blocking(|| panic!("on purpose"))).unwrap_err());
                    line() - 1
                },
                || {
                    block_on(async { drop(spawn_local(async { panic!("on purpose") }).await.unwrap_err()) });
                    line() - 1
                },
                || {
                    let set = LocalSet::new();
                    drop(set.spawn_local(async { panic!("on purpose") }));
                    let place = line() - 1;
                    block_on(set);
                    place
                },
                || {
                    let mut group = Group::<()>::new();
                    group.try_spawn(async { panic!("on purpose") }).unwrap();
                    drop(block_on(group.join_next()).unwrap().unwrap_err());
                    line() - 2
                },
                || {
                    let mut group = Group::<()>::new();
                    let (go, gone) = channel();
                    let panics = async move { gone.recv().unwrap() };
                    let panics = async move {
                        panics.await;
                        panic!("on purpose");
                    };
                    group.try_spawn(panics).unwrap();
                    let place = line() - 1;
                    group.detach_all();
                    go.send(()).unwrap();
                    place
                },
                || {
                    let mut group = Group::new();
                    let guard = PanicsOnDrop("on purpose");
                    let panics = async move {
                        let _guard = guard;
                        pending::<()>().await;
                    };
                    group.try_spawn(panics).unwrap();
                    group.abort_all();
                    drop(block_on(group.join_next()).unwrap().unwrap_err());
                    line() - 3
                },
                || {
                    let guard = PanicsOnDrop("on purpose");
                    let panics = async move {
                        let _guard = guard;
                        yield_now().await;
                    };
                    drop(spawn(panics));
                    line() - 1
                },
            ];
            for (number, kind) in kinds.into_iter().enumerate() {
                let (runtime, told) = told_runtime();
                let place = {
                    let _entered = runtime.enter();
                    kind()
                };
                let told = only(runtime, &told);
                assert_eq!((told.line, &*told.message), (place, "on purpose"), "{number}");
                assert_eq!(told.current, Some(told.id), "{number}");
            }
        },
    );
    let stderr = stderr_of(command);
    assert_eq!(ours(&stderr), [""; 0], "{stderr}");
}

#[test]
fn a_panic_in_the_destructor_after_one_in_the_poll_is_told_too() {
    for in_group in [false, true] {
        let (runtime, told) = told_runtime();
        let guard = PanicsOnDrop("second");
        let error = runtime.block_on(async {
            if !in_group {
                return spawn(Panics(guard)).await.unwrap_err();
            }
            let mut group = Group::new();
            group.try_spawn(Panics(guard)).unwrap();
            group.join_next().await.unwrap().unwrap_err()
        });
        assert_eq!(error.into_panic().downcast_ref(), Some(&7));
        runtime.shutdown(Duration::MAX).unwrap();
        let messages: Vec<_> = told.try_iter().map(|told| told.message).collect();
        assert_eq!(
            messages,
            ["(a payload that is no string)", "second"],
            "{in_group}"
        );
    }
}

#[test]
fn a_payload_without_words_is_told_as_such() {
    let (runtime, told) = told_runtime();
    runtime.go(async { resume_unwind(Box::new(7)) });
    assert_eq!(only(runtime, &told).message, "(a payload that is no string)");
}

#[test]
fn a_task_that_an_ended_runtime_refuses_is_told_of() {
    let (runtime, told) = told_runtime();
    let handle = runtime.handle().clone();
    runtime.shutdown(Duration::MAX).unwrap();
    let guard = PanicsOnDrop("refused");
    let task = handle.spawn(async move { drop(guard) });
    let id = task.id();
    assert!(block_on(task).unwrap_err().is_panic());
    let told = told.try_recv().unwrap();
    assert_eq!((told.id, &*told.message), (id, "refused"));
    assert_eq!(told.thread, thread::current().id());
}

#[test]
fn the_panic_of_what_a_block_on_runs_goes_to_its_caller_alone() {
    let (runtime, told) = told_runtime();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async { panic!("on purpose") })
    }));
    assert!(caught.is_err());
    runtime.shutdown(Duration::MAX).unwrap();
    assert_eq!(told.try_recv().ok(), None);
}

#[test]
fn a_local_task_is_told_of_by_the_runtime_in_which_it_runs() {
    let ((one, told_one), (other, told_other)) = (told_runtime(), told_runtime());
    let set = LocalSet::new();
    one.block_on(async { drop(set.spawn_local(async { panic!("on purpose") })) });
    other.block_on(set);
    assert_eq!(only(other, &told_other).message, "on purpose");
    one.shutdown(Duration::MAX).unwrap();
    assert_eq!(told_one.try_recv().ok(), None);
}

/// It does in there what a task may do, and more.
#[test]
fn the_function_may_start_tasks_and_wait_for_them() {
    let (tell, told) = channel();
    let runtime = runtime_with(OnTaskPanic::call(move |panic| {
        let before = task::id();
        let local = block_on(async { spawn_local(async { 2 }).await.unwrap() });
        let spawned = block_on(spawn(async { 1 })).unwrap();
        assert_eq!(task::id(), before);
        tell.send((panic.id(), local + spawned)).unwrap();
    }));
    let task = runtime.spawn(async { panic!("on purpose") });
    let id = task.id();
    runtime.block_on(task).unwrap_err();
    assert_eq!(told.try_recv().unwrap(), (id, 3));
}

#[test]
fn a_panic_in_the_function_is_told_and_that_of_the_task_is_kept() {
    let command = child(
        "a_panic_in_the_function_is_told_and_that_of_the_task_is_kept",
        || {
            let runtime = runtime_with(OnTaskPanic::call(|_| panic!("in the function")));
            let task = runtime.spawn(async { panic!("joined") });
            let error = runtime.block_on(task).unwrap_err();
            assert!(error.to_string().ends_with(" panicked: joined"));
            runtime.go(async { panic!("not joined") });
            assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
            runtime.shutdown(Duration::MAX).unwrap();
        },
    );
    let stderr = stderr_of(command);
    let ours = ours(&stderr);
    assert_eq!(ours.len(), 3, "{stderr}");
    assert_eq!(ours[..2], ["canter: the function of `on_task_panic` panicked"; 2]);
    assert!(
        ours[2].ends_with(") panicked and nobody joins it: not joined"),
        "{stderr}"
    );
}

/// Beside what Rust's hook prints there is one line for a panic that nobody joins, and none for one that somebody does.
#[test]
fn a_panic_that_is_kept_is_printed_only_if_nobody_joins() {
    let command = child("a_panic_that_is_kept_is_printed_only_if_nobody_joins", || {
        let runtime = runtime_with(OnTaskPanic::Keep);
        let joined = runtime.spawn(async { panic!("joined") });
        drop(runtime.block_on(joined).unwrap_err());
        runtime.block_on(async {
            let reader = task::Builder::new().name("reader");
            reader.go(async { panic!("no more paper") });
        });
        runtime.shutdown(Duration::MAX).unwrap();
    });
    let stderr = stderr_of(command);
    for message in ["joined", "no more paper"] {
        let by_the_hook = stderr.lines().filter(|line| *line == message).count();
        assert_eq!(by_the_hook, 1, "{stderr}");
    }
    let ours = ours(&stderr);
    assert_eq!(ours.len(), 1, "{stderr}");
    let rest = ours[0].strip_prefix("canter: task ").expect(&stderr);
    let (id, rest) = rest.split_once(' ').expect(&stderr);
    assert!(id.parse::<u64>().is_ok(), "{stderr}");
    assert!(
        rest.starts_with("\"reader\" (spawned at ") && rest.contains("task_panic.rs:"),
        "{stderr}"
    );
    assert!(
        rest.ends_with(") panicked and nobody joins it: no more paper"),
        "{stderr}"
    );
}

/// Runs the command, which has to be aborted, and gives the last line that it wrote to standard error.
fn last_line_of_the_aborted(mut command: Command) -> String {
    let output = command.output().expect("the test can be started again");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{stderr}");
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        const SIGABRT: i32 = 6;
        assert_eq!(output.status.signal(), Some(SIGABRT), "{stderr}");
    }
    assert!(!stderr.contains("went on"), "{stderr}");
    assert_eq!(ours(&stderr).len(), 1, "{stderr}");
    stderr.lines().last().expect("it said something").to_owned()
}

#[test]
fn an_abort_ends_the_process_with_a_line_that_names_the_task() {
    let test = "an_abort_ends_the_process_with_a_line_that_names_the_task";
    let command = child(test, || {
        let runtime = runtime_with(OnTaskPanic::Abort);
        runtime.block_on(async {
            let reader = task::Builder::new().name("reader");
            // The hook is not called, so that only canter says something.
            let reader = reader.spawn(async { resume_unwind(Box::new("no more paper")) });
            drop(reader.await.unwrap_err());
            eprintln!("it went on: a join");
        });
    });
    let line = last_line_of_the_aborted(command);
    assert!(line.contains(" \"reader\" (spawned at "), "{line}");
    assert!(
        line.ends_with(") panicked, and the process is aborted: no more paper"),
        "{line}"
    );
}

#[test]
fn an_abort_comes_after_the_words_of_the_hook_and_for_a_closure_too() {
    let test = "an_abort_comes_after_the_words_of_the_hook_and_for_a_closure_too";
    let command = child(test, || {
        let runtime = runtime_with(OnTaskPanic::Abort);
        drop(runtime.block_on(runtime.spawn_blocking(|| panic!("in a closure"))));
        eprintln!("it went on: a join");
    });
    let line = last_line_of_the_aborted(command);
    assert!(line.starts_with("canter: task "), "{line}");
    assert!(line.ends_with(" aborted: in a closure"), "{line}");
}

#[test]
fn an_abort_comes_for_a_task_of_a_group_too() {
    let command = child("an_abort_comes_for_a_task_of_a_group_too", || {
        let runtime = runtime_with(OnTaskPanic::Abort);
        let error = runtime.block_on(async {
            let mut group = Group::<()>::new();
            group.try_spawn(async { panic!("in a group") }).unwrap();
            group.join_next().await
        });
        eprintln!("it went on: {error:?}");
    });
    let line = last_line_of_the_aborted(command);
    assert!(line.ends_with(" aborted: in a group"), "{line}");
}
