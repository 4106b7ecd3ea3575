//! The spans and events of tasks, as a subscriber of `tracing` sees them.

mod recorder;

use std::future::{Future, pending, poll_fn};
use std::panic::Location;
use std::pin::Pin;
use std::sync::mpsc::channel as std_channel;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use canter_executor::diagnostics::{self, OnTaskPanic, State};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::task::{self, Group, TaskId};
use canter_executor::time::sleep;
use canter_executor::{JoinHandle, block_on, spawn, spawn_blocking, spawn_local, yield_now};
use futures::channel::oneshot;
use tracing::{Instrument, Level, info, info_span};

use recorder::{
    Fields, HAS_NO_SPAN, Record, TRIPS, What, events, of_span, of_task, record, span_of, wait_for_event,
};

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// The fields of a task's span.
fn fields(id: TaskId) -> Fields {
    match &of_task(id)[0].what {
        What::New { fields, .. } => fields.clone(),
        what => panic!("a span begins with {what:?}"),
    }
}

/// Messages of the events in the span of a task.
fn messages(id: TaskId) -> Vec<String> {
    let message = |record: &Record| match &record.what {
        What::Event { target, fields, .. } if *target == "canter::task" => {
            Some(fields.get("message").to_owned())
        }
        _ => None,
    };
    of_task(id).iter().filter_map(message).collect()
}

/// How the task ended. Its span has been closed then.
#[track_caller]
fn outcome(id: TaskId) -> String {
    let of_task = of_task(id);
    assert_eq!(of_task.last().unwrap().what, What::Close);
    let mut ends = of_task.iter().filter_map(|record| record.event("ended"));
    let outcome = ends.next().expect("it has ended").get("outcome").to_owned();
    assert_eq!(ends.next(), None, "it ends once");
    outcome
}

#[test]
fn the_span_of_a_task_tells_who_it_is_and_where_it_was_spawned() {
    record();
    let runtime = runtime(1);
    let _entered = runtime.enter();
    let place = Location::caller();
    let task = task::Builder::new().name("reader").spawn(async {});
    let id = task.id();
    block_on(task).unwrap();
    let What::New {
        name,
        target,
        level,
        parent,
        fields,
    } = of_task(id)[0].what.clone()
    else {
        panic!("it begins with a span");
    };
    assert_eq!(
        (name, target, level, parent),
        ("runtime.spawn", "canter::task", Level::DEBUG, None)
    );
    assert_eq!(
        (fields.get("kind"), fields.get("task.id"), fields.get("task.name")),
        ("task", &*id.to_string(), "reader")
    );
    assert_eq!(
        (fields.get("loc.file"), fields.get("loc.line")),
        (place.file(), &*(place.line() + 1).to_string())
    );
    assert!(fields.get("loc.col").parse::<u32>().is_ok());
}

#[test]
fn every_kind_of_task_has_a_span_and_what_a_block_on_runs_has_none() {
    record();
    let runtime = runtime(1);
    runtime.block_on(async {
        assert_eq!(tracing::Span::current().id(), None);
        let local = spawn_local(async {});
        let blocking = spawn_blocking(|| tracing::Span::current().id().is_some());
        let ids = [local.id(), blocking.id()];
        local.await.unwrap();
        assert!(blocking.await.unwrap());
        let mut group = Group::new();
        let member = group.spawn(async {}).await;
        group.join_next().await.unwrap().unwrap();
        let kinds = [ids[0], ids[1], member].map(|id| fields(id).get("kind").to_owned());
        assert_eq!(kinds, ["local", "blocking", "task"]);
        assert!(!fields(member).0.contains_key("task.name"));
    });
}

/// On the thread of the poll, before it and until after it, and never on two at once.
#[test]
fn the_span_is_entered_around_each_poll_on_whatever_worker() {
    record();
    const POLLS: usize = 50;
    let runtime = runtime(3);
    let polled_on = || {
        spawn(async {
            let mut threads = Vec::new();
            for _ in 1..POLLS {
                threads.push(thread::current().id());
                yield_now().await;
            }
            threads.push(thread::current().id());
            threads
        })
    };
    let tasks: Vec<_> = runtime.block_on(async { (0..10).map(|_| polled_on()).collect() });
    for task in tasks {
        let id = task.id();
        let threads = runtime.block_on(task).unwrap();
        let mut inside = None;
        let mut entered = Vec::new();
        for record in of_task(id) {
            match record.what {
                What::Enter(thread) => {
                    assert_eq!(inside.replace(thread), None);
                    entered.push(thread);
                }
                What::Exit(thread) => assert_eq!(inside.take(), Some(thread)),
                What::Event { .. } => assert_eq!(inside.is_some(), record.event("ended").is_none()),
                _ => assert_eq!(inside, None),
            }
        }
        assert_eq!(entered[..POLLS], threads);
        assert_eq!(entered.len(), POLLS + 1, "and once for the destructor");
        let yields = messages(id).iter().filter(|message| *message == "yields").count();
        assert_eq!(yields, POLLS - 1);
        assert_eq!(outcome(id), "output");
    }
}

#[test]
fn a_wait_is_told_with_its_reason_and_its_place() {
    record();
    let runtime = runtime(2);
    let _entered = runtime.enter();
    let place = Location::caller().line();
    let sleeper = spawn(async { sleep(Duration::MAX).await });
    let waits = wait_for_event(sleeper.id(), "waits");
    assert_eq!(waits.get("reason"), "sleep");
    assert!(
        waits.place().starts_with(&format!("{}:{}:", file!(), place + 1)),
        "{waits:?}"
    );
    let joiner = spawn(sleeper);
    assert_eq!(wait_for_event(joiner.id(), "waits").get("reason"), "join");
    let unknown = spawn(pending::<()>());
    let unknown = wait_for_event(unknown.id(), "waits");
    assert!(!unknown.0.contains_key("reason") && !unknown.0.contains_key("loc.file"));
    let What::Event { level, .. } = events("canter::task", &[("reason", "join")])[0].what else {
        panic!("it is an event");
    };
    assert_eq!(level, Level::TRACE);
}

#[test]
fn a_wake_is_told_in_the_span_of_whoever_wakes() {
    record();
    let runtime = runtime(2);
    let _entered = runtime.enter();
    let (tx, rx) = oneshot::channel();
    let sleeper = spawn(rx);
    let asleep = sleeper.id();
    wait_for_event(asleep, "waits");
    // The poll has ended then.
    let waits = |group: &diagnostics::Group| matches!(group.state(), State::Waiting(_));
    while !runtime.dump().groups().iter().any(waits) {
        thread::yield_now();
    }
    let wakes = spawn(async move { tx.send(()).unwrap() });
    let wakes_it = wakes.id();
    block_on(async { (wakes.await.unwrap(), sleeper.await.unwrap().unwrap()) });
    let number = asleep.to_string();
    let woken = events("canter::task", &[("message", "woken"), ("task.id", &number)]);
    assert_eq!(woken.len(), 1);
    assert_eq!(woken[0].span, Some(span_of(wakes_it)));
}

/// What console-like tools count: the task is named by the number of its span.
#[test]
fn what_is_done_with_wakers_is_told_until_the_task_ends() {
    record();
    let runtime = runtime(1);
    let (tell, told) = std_channel();
    let task = runtime.spawn(async move {
        poll_fn(|cx| {
            cx.waker().wake_by_ref();
            drop(cx.waker().clone());
            tell.send(cx.waker().clone()).unwrap();
            Poll::Ready(())
        })
        .await;
        pending::<()>().await
    });
    let id = task.id();
    let waker = told.recv().unwrap();
    wait_for_event(id, "waits");
    let span = span_of(id).to_string();
    let ops = || -> Vec<String> {
        let op = |record: &Record| match &record.what {
            What::Event { fields, .. } => fields.get("op").to_owned(),
            _ => panic!("it is an event"),
        };
        events("runtime::waker", &[("task.id", &span)])
            .iter()
            .map(op)
            .collect()
    };
    let so_far = ["waker.wake_by_ref", "waker.clone", "waker.drop", "waker.clone"];
    assert_eq!(ops(), so_far);
    let another = waker.clone();
    waker.wake();
    assert_eq!(ops()[4..], ["waker.clone", "waker.wake"]);
    task.abort();
    runtime.block_on(task).unwrap_err();
    let at_the_end = ops();
    drop(another);
    assert_eq!(ops(), at_the_end);
}

#[test]
fn the_end_is_told_with_what_became_of_the_task() {
    record();
    let runtime = runtime(2);
    let _entered = runtime.enter();
    let (panics, aborted, dropped) = (
        spawn(async { panic!("on {}", "purpose") }),
        spawn(pending::<()>()),
        spawn(pending::<()>()),
    );
    let ids = [panics.id(), aborted.id(), dropped.id()];
    aborted.abort();
    block_on(aborted).unwrap_err();
    block_on(panics).unwrap_err();
    let leaks = spawn(pending::<()>());
    let leaked = leaks.id();
    drop(leaks);
    wait_for_event(leaked, "ended");
    let mut group = Group::<()>::new();
    let in_group = group.try_spawn(async { panic!("in a group") }).unwrap();
    block_on(group.join_next()).unwrap().unwrap_err();
    wait_for_event(dropped.id(), "waits");
    drop(_entered);
    drop(runtime);
    assert!(dropped.is_finished());
    assert_eq!(ids.map(outcome), ["panicked", "aborted", "dropped"]);
    assert_eq!([leaked, in_group].map(outcome), ["leaked", "panicked"]);
    for (id, message) in [(ids[0], "on purpose"), (in_group, "in a group")] {
        assert_eq!(messages(id), ["panicked", "ended"]);
        assert_eq!(wait_for_event(id, "panicked").get("panic.message"), message);
    }
}

/// No parent: a parent would stay open for as long as whatever it started.
#[test]
fn a_task_follows_from_the_span_in_which_it_was_spawned() {
    record();
    let runtime = runtime(1);
    let (outer, inner, alone) = runtime.block_on(async {
        let outer = spawn(async {
            let inner = spawn(async {}).id();
            let in_span = info_span!("follows_from").in_scope(|| spawn(async {}).id());
            (inner, in_span)
        });
        let id = outer.id();
        (id, outer.await.unwrap(), spawn(async {}).id())
    });
    let follows = |id| -> Vec<u64> {
        let follows = |record: &Record| match record.what {
            What::Follows(span) => Some(span),
            _ => None,
        };
        of_task(id).iter().filter_map(follows).collect()
    };
    assert_eq!(follows(inner.0), [span_of(outer)]);
    assert_eq!(follows(inner.1), [of_span("follows_from")[0].span.unwrap()]);
    assert_eq!(follows(alone), [0; 0]);
    for id in [outer, inner.0, inner.1, alone] {
        assert!(matches!(of_task(id)[0].what, What::New { parent: None, .. }));
    }
}

/// Two tasks take turns on one worker; each has a span of its own around an await.
#[test]
fn spans_of_the_program_lie_in_those_of_their_tasks() {
    record();
    let runtime = runtime(1);
    let steps = async || {
        for _ in 0..3 {
            info!("a step");
            yield_now().await;
        }
    };
    let tasks = runtime.block_on(async {
        [
            spawn(steps().instrument(info_span!("one"))),
            spawn(steps().instrument(info_span!("other"))),
        ]
    });
    let ids = [&tasks[0], &tasks[1]].map(JoinHandle::id);
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    // They were made outside of the tasks.
    for name in ["one", "other"] {
        assert_eq!(
            of_span(name)
                .iter()
                .filter_map(|record| record.event("a step"))
                .count(),
            3
        );
    }
    for id in ids {
        assert_eq!(messages(id), ["yields", "yields", "yields", "ended"]);
    }

    let task = runtime.spawn(async {
        let own = info_span!("within");
        own.in_scope(|| info!("inside"));
        yield_now().await;
        info!("beside");
    });
    let id = task.id();
    runtime.block_on(task).unwrap();
    let within = of_span("within");
    assert!(matches!(within[0].what, What::New { parent, .. } if parent == Some(span_of(id))));
    assert_eq!(
        within.iter().filter_map(|record| record.event("inside")).count(),
        1
    );
    assert_eq!(
        of_task(id)
            .iter()
            .filter_map(|record| record.event("beside"))
            .count(),
        1
    );
}

/// What the program does in a destructor or in the function of `on_task_panic` is told in the task's span.
#[test]
fn destructors_and_the_function_for_panics_run_in_the_span() {
    record();
    struct Tells;
    impl Drop for Tells {
        fn drop(&mut self) {
            info!("dropped");
        }
    }
    struct Panics(Tells);
    impl Future for Panics {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            let Panics(Tells) = &*self;
            panic!("on purpose")
        }
    }
    let call = OnTaskPanic::call(|panic| info!("{} panicked", panic.id()));
    let runtime = Builder::new().workers(1).on_task_panic(call).build().unwrap();
    let task = runtime.spawn(Panics(Tells));
    let id = task.id();
    runtime.block_on(task).unwrap_err();
    let told: Vec<_> = of_task(id)
        .iter()
        .filter_map(|record| match &record.what {
            What::Event { fields, .. } => Some(fields.get("message").to_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(told, ["panicked", &*format!("{id} panicked"), "dropped", "ended"]);
}

#[test]
fn a_subscriber_that_panics_stops_no_task() {
    record();
    let runtime = runtime(1);
    let _entered = runtime.enter();
    let task = task::Builder::new().name(TRIPS).spawn(async {
        yield_now().await;
        spawn(yield_now()).await.unwrap(); // which the only worker runs when this one waits
        7
    });
    let id = task.id();
    assert_eq!(block_on(task).unwrap(), 7);
    assert_eq!(messages(id), ["yields", "waits", "ended"]);
    assert_eq!(outcome(id), "output");

    let task = task::Builder::new().name(HAS_NO_SPAN).spawn(async { 8 });
    let id = task.id();
    assert_eq!(block_on(task).unwrap(), 8);
    assert_eq!(of_task(id), []);
}
