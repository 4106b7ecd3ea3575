//! Tasks and their handles: joining, detaching, aborting, panics.

#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;

use std::any::Any;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::{JoinError, JoinHandle};
use canter_executor::{block_on, spawn, time, yield_now};
use child::{child, stderr_of};
use drops::Drops;
use futures::channel::oneshot;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// Keeps the only worker of a runtime in one poll until the sender is used or dropped.
fn occupy(runtime: &Runtime) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let task = runtime.spawn(async move {
        started.send(()).expect("the test waits");
        let _ = released.recv();
    });
    has_started.recv().expect("the task starts");
    (release, task)
}

fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .unwrap_or("another payload")
}

/// A value whose destructor panics.
struct PanicsOnDrop(&'static str);

impl Drop for PanicsOnDrop {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

#[test]
fn a_join_gives_the_output() {
    assert_eq!(block_on(spawn(async { 7 })).unwrap(), 7);
    assert_eq!(block_on(spawn(async { vec![1u8; 3000] })).unwrap().len(), 3000);
    block_on(spawn(async {})).unwrap();
}

#[test]
fn a_join_in_a_task_on_another_runtime_gives_the_output() {
    let (one, other) = (runtime(1), runtime(1));
    let task = one.spawn(async {
        yield_now().await;
        "from one to the other"
    });
    let joined = other.spawn(task);
    assert_eq!(one.block_on(joined).unwrap().unwrap(), "from one to the other");
}

#[test]
fn a_dropped_handle_detaches_the_task() {
    let (release, released) = oneshot::channel::<()>();
    let (ended, has_ended) = mpsc::channel();
    drop(spawn(async move {
        released.await.expect("the sender is used");
        ended.send(7).expect("the test waits");
    }));
    release.send(()).expect("the task still waits");
    assert_eq!(has_ended.recv(), Ok(7));
}

#[test]
fn is_finished_says_so_after_the_end_and_not_before() {
    let (release, released) = oneshot::channel::<()>();
    let task = spawn(released);
    assert!(!task.is_finished());
    release.send(()).expect("the task waits");
    while !task.is_finished() {
        std::thread::yield_now();
    }
    block_on(task).unwrap().unwrap();
}

#[test]
fn identities_are_unique_and_the_error_names_the_same_one() {
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..1000).map(|_| runtime.spawn(pending::<()>())).collect();
    let mut ids: Vec<_> = tasks.iter().map(JoinHandle::id).collect();
    for task in tasks {
        let id = task.id();
        task.abort();
        let error = block_on(task).unwrap_err();
        assert_eq!(error.id(), id);
        assert!(error.to_string().contains(&format!("task {id} ")), "{error}");
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1000);
}

#[test]
fn a_handle_that_gave_its_output_panics_when_asked_again() {
    let mut task = spawn(async {});
    block_on(&mut task).unwrap();
    assert!(task.is_finished());
    task.abort();
    assert!(catch_unwind(AssertUnwindSafe(|| task.id())).is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(&mut task))).is_err());
}

#[test]
fn a_join_that_is_given_up_loses_nothing() {
    let (release, released) = oneshot::channel();
    let mut task = spawn(async move { released.await.unwrap() });
    block_on(async {
        assert!(time::timeout(Duration::ZERO, &mut task).await.is_err());
        release.send(7).unwrap();
        assert_eq!(task.await.unwrap(), 7);
    });
}

#[test]
fn a_handle_follows_the_waker_of_whoever_polls_it_last() {
    let (release, released) = oneshot::channel::<()>();
    let mut task = spawn(released);
    let runtime = runtime(1);
    block_on(async { assert!(futures::poll!(&mut task).is_pending()) });
    let (polled, was_polled) = mpsc::channel();
    let joined = runtime.spawn(async move {
        assert!(futures::poll!(&mut task).is_pending());
        polled.send(()).unwrap();
        task.await
    });
    was_polled.recv().unwrap();
    release.send(()).unwrap();
    block_on(joined).unwrap().unwrap().unwrap();
}

#[test]
fn a_task_aborted_before_its_first_poll_is_never_polled() {
    let runtime = runtime(1);
    let (release, _occupied) = occupy(&runtime);
    let (drops, polled) = (Drops::default(), Arc::new(AtomicBool::new(false)));
    let task = runtime.spawn({
        let (guard, polled) = (drops.guard(), polled.clone());
        async move {
            let _guard = guard;
            polled.store(true, SeqCst);
        }
    });
    task.abort();
    task.abort();
    drop(release);
    assert!(block_on(task).unwrap_err().is_cancelled());
    assert_eq!((drops.count(), polled.load(SeqCst)), (1, false));
}

#[test]
fn a_waiting_task_that_is_aborted_is_dropped_where_it_stands() {
    let drops = Drops::default();
    let (started, has_started) = mpsc::channel();
    let guard = drops.guard();
    let task = spawn(async move {
        let _guard = guard;
        started.send(()).unwrap();
        pending::<()>().await;
    });
    has_started.recv().unwrap();
    assert_eq!(drops.count(), 0);
    task.abort();
    assert!(block_on(task).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_running_task_that_is_aborted_goes_on_to_its_next_await() {
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = steps.clone();
    let runtime = runtime(1);
    let task = runtime.spawn(async move {
        started.send(()).unwrap();
        released.recv().unwrap();
        counted.fetch_add(1, SeqCst);
        yield_now().await;
        counted.fetch_add(10, SeqCst);
    });
    has_started.recv().unwrap();
    task.abort();
    release.send(()).unwrap();
    assert!(block_on(task).unwrap_err().is_cancelled());
    assert_eq!(steps.load(SeqCst), 1);
}

#[test]
fn a_running_task_that_is_aborted_and_ends_by_itself_keeps_its_output() {
    let runtime = runtime(1);
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        started.send(()).unwrap();
        released.recv().unwrap();
        7
    });
    has_started.recv().unwrap();
    task.abort();
    release.send(()).unwrap();
    assert_eq!(block_on(task).unwrap(), 7);
}

#[test]
fn an_abort_after_the_end_does_nothing() {
    let task = spawn(async { 7 });
    while !task.is_finished() {
        std::thread::yield_now();
    }
    task.abort();
    assert_eq!(block_on(task).unwrap(), 7);
}

#[test]
fn a_task_can_abort_itself() {
    let (give, given) = oneshot::channel::<JoinHandle<()>>();
    let (ended, has_ended) = mpsc::channel();
    let drops = Drops::default();
    let guard = drops.guard();
    let task = spawn(async move {
        let _guard = guard;
        let own = given.await.unwrap();
        own.abort();
        ended.send(own).unwrap();
        yield_now().await;
        unreachable!("the task was aborted");
    });
    assert!(give.send(task).is_ok());
    let own = has_ended.recv().unwrap();
    assert!(block_on(own).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn aborts_from_many_threads_end_a_task_once() {
    for _ in 0..200 {
        let drops = Drops::default();
        let guard = drops.guard();
        let task = spawn(async move {
            let _guard = guard;
            loop {
                yield_now().await;
            }
        });
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| task.abort());
            }
        });
        assert!(block_on(task).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn the_join_error_says_what_happened_and_where_the_task_was_spawned() {
    let line = line!() + 1;
    let error = block_on(spawn(async { panic!("the number is {}", std::process::id()) })).unwrap_err();
    assert!(error.is_panic() && !error.is_cancelled());
    assert_eq!(error.spawned_at().line(), line);
    let said = error.to_string();
    let words = format!("the number is {}", std::process::id());
    assert!(said.contains(&format!("panicked: {words}")), "{said}");
    assert!(said.contains(&format!("task.rs:{line}:")), "{said}");
    assert!(format!("{error:?}").contains(&said));
    let payload = error.into_panic();
    assert_eq!(payload.downcast_ref::<String>(), Some(&words));

    let task = spawn(pending::<()>());
    task.abort();
    let error = block_on(task).unwrap_err();
    assert!(error.is_cancelled() && !error.is_panic());
    assert!(error.to_string().ends_with("was cancelled"), "{error}");
    let error: JoinError = error.try_into_panic().unwrap_err();
    assert!(catch_unwind(AssertUnwindSafe(|| error.into_panic())).is_err());
}

#[test]
fn the_join_error_carries_any_payload() {
    let error = block_on(spawn(async { std::panic::panic_any(7u32) })).unwrap_err();
    assert!(error.to_string().contains("no string"), "{error}");
    assert_eq!(error.try_into_panic().unwrap().downcast_ref::<u32>(), Some(&7));
    let error = block_on(spawn(async { panic!("words") })).unwrap_err();
    let error = std::io::Error::from(error);
    assert!(error.to_string().contains("words"), "{error}");
}

#[test]
fn a_panic_reaches_only_whoever_joins() {
    let runtime = runtime(1);
    let (release, released) = oneshot::channel::<()>();
    let bystander = runtime.spawn(async move {
        released.await.unwrap();
        7
    });
    for _ in 0..100 {
        let error = runtime
            .block_on(runtime.spawn(async { panic!("on purpose") }))
            .unwrap_err();
        assert_eq!(words(&*error.into_panic()), "on purpose");
    }
    release.send(()).unwrap();
    assert_eq!(runtime.block_on(bystander).unwrap(), 7);
}

/// The lines that canter itself printed with that word in them.
fn printed<'a>(stderr: &'a str, word: &str) -> Vec<&'a str> {
    let ours = stderr.lines().filter(|line| line.starts_with("canter:"));
    ours.filter(|line| line.contains(word)).collect()
}

#[test]
fn a_panic_that_nobody_joins_is_printed_with_its_spawn_place() {
    let command = child(
        "a_panic_that_nobody_joins_is_printed_with_its_spawn_place",
        || {
            let runtime = runtime(2);
            runtime.go(async { panic!("one") });
            let (release, released) = oneshot::channel::<()>();
            drop(runtime.spawn(async move {
                let _ = released.await;
                panic!("two: the handle goes before the panic");
            }));
            drop(release);
            let task = runtime.spawn(async { panic!("three: the handle goes after the panic") });
            while !task.is_finished() {
                std::thread::yield_now();
            }
            drop(task);
            drop(runtime.spawn_blocking(|| panic!("four")));
            drop(block_on(runtime.spawn(async { panic!("five: somebody joins") })).unwrap_err());
            runtime.shutdown(Duration::MAX).unwrap();
        },
    );
    let stderr = stderr_of(command);
    for word in ["one", "two", "three", "four"] {
        let lines = printed(&stderr, &format!("nobody joins it: {word}"));
        assert_eq!(lines.len(), 1, "{word}: {stderr}");
        assert!(lines[0].contains("task.rs:"), "{}", lines[0]);
    }
    assert!(printed(&stderr, "five").is_empty(), "{stderr}");
}

#[test]
fn a_panic_that_nobody_joins_does_not_need_standard_error() {
    let mut command = child("a_panic_that_nobody_joins_does_not_need_standard_error", || {
        let runtime = runtime(1);
        runtime.go(async { panic!("on purpose") });
        assert_eq!(block_on(runtime.spawn(async { 7 })).unwrap(), 7);
        runtime.shutdown(Duration::MAX).unwrap();
    });
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(ours); // whatever is written to standard error fails
    command.stderr(std::os::fd::OwnedFd::from(theirs));
    stderr_of(command);
}

#[test]
fn a_panic_in_the_destructor_of_a_future_is_the_join_error() {
    let guard = PanicsOnDrop("destructor");
    let error = block_on(spawn(async move {
        let _guard = guard;
        yield_now().await;
    }));
    assert!(error.unwrap_err().to_string().contains("panicked: destructor"));

    let guard = PanicsOnDrop("destructor");
    let task = spawn(async move {
        let _guard = guard;
        pending::<()>().await;
    });
    task.abort();
    assert!(block_on(task).unwrap_err().is_panic());
}

#[test]
fn of_a_panic_and_one_in_the_destructor_the_first_is_the_join_error() {
    struct Panics(PanicsOnDrop);
    impl Future for Panics {
        type Output = ();
        fn poll(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>) -> Poll<()> {
            panic!("poll, before {}", self.0.0)
        }
    }
    let error = block_on(spawn(Panics(PanicsOnDrop("destructor")))).unwrap_err();
    assert!(error.to_string().contains("poll, before destructor"), "{error}");
}

#[test]
fn a_panic_in_the_destructor_of_an_output_reaches_nobody() {
    let command = child("a_panic_in_the_destructor_of_an_output_reaches_nobody", || {
        let runtime = runtime(1);
        runtime.go(async { PanicsOnDrop("one: detached") });
        let task = runtime.spawn(async { PanicsOnDrop("two: the handle goes after the end") });
        while !task.is_finished() {
            std::thread::yield_now();
        }
        drop(task);
        drop(runtime.spawn_blocking(|| PanicsOnDrop("three")));
        assert_eq!(block_on(runtime.spawn(async { 7 })).unwrap(), 7);
        runtime.shutdown(Duration::MAX).unwrap();
    });
    let stderr = stderr_of(command);
    for word in ["one", "two", "three"] {
        let lines = printed(&stderr, word);
        assert_eq!(lines.len(), 1, "{word}: {stderr}");
        assert!(lines[0].contains("task.rs:"), "{}", lines[0]);
    }
}

#[test]
fn a_join_ends_after_the_destructors_of_the_task() {
    let runtime = runtime(2);
    for round in 0..2000 {
        let (drops, captured) = (Drops::default(), Drops::default());
        let (guard, also) = (drops.guard(), captured.guard());
        let task = runtime.spawn(async move {
            let _guard = guard;
            if round % 2 == 0 {
                yield_now().await;
            }
            let _in_the_future = poll_fn(move |_| {
                let _ = &also;
                Poll::Ready(())
            });
        });
        if round % 3 == 0 {
            task.abort();
        }
        let _ = block_on(task);
        assert_eq!((drops.count(), captured.count()), (1, 1));
    }
}

#[test]
fn an_output_that_nobody_takes_is_dropped() {
    let runtime = runtime(1);
    let drops = Drops::default();
    let guard = drops.guard();
    runtime.go(async move { guard });
    let guard = drops.guard();
    let task = runtime.spawn(async move { guard });
    while !task.is_finished() {
        std::thread::yield_now();
    }
    drop(task);
    runtime.shutdown(Duration::MAX).unwrap();
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_spawn_after_the_end_of_the_runtime_is_cancelled() {
    let runtime = runtime(1);
    let handle = runtime.handle().clone();
    runtime.shutdown(Duration::ZERO).unwrap();
    let drops = Drops::default();
    let guard = drops.guard();
    let task = handle.spawn(async move { drop(guard) });
    assert!(task.is_finished());
    let error = block_on(task).unwrap_err();
    assert!(error.is_cancelled());
    assert!(error.to_string().contains("task.rs"), "{error}");
    let guard = drops.guard();
    assert!(
        block_on(handle.spawn_blocking(move || drop(guard)))
            .unwrap_err()
            .is_cancelled()
    );
    handle.go(async {});
    assert_eq!(drops.count(), 2);
    assert_eq!(handle.block_on(async { 7 }), 7);
}
