//! What a trace tells of local tasks.

use std::future::pending;
use std::thread;

use canter_executor::task::LocalSet;
use canter_executor::{block_on, spawn, spawn_local, yield_now};
use futures::channel::oneshot;

use crate::chrome::{Chrome, Event};
use crate::{is_well_formed, runtime};

fn polls_of<'a>(trace: &'a Chrome, task: &str) -> Vec<Event<'a>> {
    let is_of = |poll: &Event| poll.number("task").to_string() == task;
    trace.polls().filter(is_of).collect()
}

fn lies_in(inner: &Event, outer: &Event) -> bool {
    let end = |event: &Event| event.time() + event.length();
    inner.track() == outer.track() && inner.time() >= outer.time() - 1e-6 && end(inner) <= end(outer) + 1e-6
}

/// A local task joins one of the runtime's; another one yields, when it has seen to it that that one ends.
#[test]
fn local_tasks_are_spawned_polled_and_woken_on_the_track_of_their_thread() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    let (joined, joins, yields) = runtime.block_on(async {
        let (end, ends) = oneshot::channel::<()>();
        let joined = spawn(ends);
        let of_joined = joined.id().to_string();
        let joins = spawn_local(async { joined.await.unwrap().unwrap() });
        let yields = spawn_local(async {
            end.send(()).unwrap();
            yield_now().await;
        });
        let ids = (of_joined, joins.id().to_string(), yields.id().to_string());
        joins.await.unwrap();
        yields.await.unwrap();
        ids
    });
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);

    let own = thread::current();
    let own = trace
        .track_named(own.name().expect("a test's thread has a name"))
        .expect("it has a track");
    for task in [&joins, &yields] {
        let polls = polls_of(&trace, task);
        assert!(polls.iter().all(|poll| poll.track() == own), "{polls:?}");
        let thens: Vec<_> = polls.iter().map(|poll| poll.text("then").unwrap()).collect();
        assert_eq!(thens, ["waits", "ended"]);
        let place = polls[0].text("spawned at").unwrap();
        assert!(place.contains("local.rs:"), "{place}");
        let mut spawns = trace.of_category("spawn");
        let spawn = spawns
            .find(|spawn| spawn.number("task").to_string() == *task)
            .expect("its spawn is told");
        assert_eq!(spawn.track(), own);
        assert_eq!(spawn.text("queued"), Some("queue of local tasks"));
        assert_eq!(spawn.text("by"), Some("thread"));
    }
    assert_eq!(
        polls_of(&trace, &joins)[0].text("waits for"),
        Some("join"),
        "the task says what it waits for"
    );

    let wake_of = |task: &str| {
        let marks = trace.of_category("wake").filter(|event| event.phase() == "i");
        let mut wakes = marks.filter(|wake| wake.number("task").to_string() == *task);
        wakes.next().expect("it was woken")
    };
    let wake = wake_of(&joins);
    assert_ne!(wake.track(), own);
    assert_eq!(wake.number("by task").to_string(), joined);
    assert_eq!(wake.text("queued"), Some("queue of local tasks"));
    let yields_again = wake_of(&yields);
    assert_eq!(
        (yields_again.track(), yields_again.number("by task").to_string()),
        (own, yields)
    );
    let ends = trace.arrows("f");
    let leads_here = |(id, from): (&u64, &Event)| from.track() == wake.track() && ends[id].track() == own;
    assert!(
        trace.arrows("s").iter().any(leads_here),
        "no arrow from the worker"
    );
}

/// A closure that may block runs local tasks, whose polls lie in its own; so do those of a set that a local task runs.
#[test]
fn polls_of_local_tasks_lie_in_the_poll_that_runs_them() {
    let runtime = runtime(1);
    let trace = runtime.trace();
    let closure = runtime.spawn_blocking(|| {
        block_on(async {
            let outer = spawn_local(async {
                let set = LocalSet::new();
                let inner = set.spawn_local(yield_now());
                let id = inner.id().to_string();
                set.run_until(async { inner.await.unwrap() }).await;
                let (end, ends) = oneshot::channel::<()>();
                drop(spawn_local(async { end.send(()) }));
                spawn(ends).await.unwrap().unwrap();
                id
            });
            let ids = (outer.id().to_string(), outer.await.unwrap());
            let _waits = spawn_local(pending::<()>());
            yield_now().await; // that one is polled last, and the closure ends
            ids
        })
    });
    let around = closure.id().to_string();
    let (outer, inner) = runtime.block_on(closure).unwrap();
    drop(runtime);
    let trace = Chrome::of(&trace);
    is_well_formed(&trace);
    let around = polls_of(&trace, &around);
    assert_eq!(around.len(), 1);
    assert_eq!(around[0].text("then"), Some("ended"));
    let (outer, inner) = (polls_of(&trace, &outer), polls_of(&trace, &inner));
    assert!(outer.iter().all(|poll| lies_in(poll, &around[0])), "{outer:?}");
    for poll in &inner {
        assert!(outer.iter().any(|outer| lies_in(poll, outer)), "{poll:?}");
    }
    let thens = |polls: &[Event]| {
        let thens = polls.iter().map(|poll| poll.text("then").unwrap().to_owned());
        thens.collect::<Vec<_>>()
    };
    assert_eq!(thens(&inner), ["waits", "ended"]);
    let (last, before) = thens(&outer)
        .split_last()
        .map(|(last, before)| (last.clone(), before.to_vec()))
        .unwrap();
    assert_eq!(last, "ended");
    assert!(
        !before.is_empty() && before.iter().all(|then| then == "waits"),
        "{before:?}"
    );
    assert!(
        outer.iter().any(|poll| poll.text("waits for") == Some("join")),
        "what the inner polls ended with is not the outer one's"
    );
}

/// Local tasks of another runtime, and of a set that a foreign executor runs, are not in the trace.
#[test]
fn a_trace_has_the_local_tasks_of_its_own_runtime_only() {
    let (traced, other) = (runtime(1), runtime(1));
    let trace = traced.trace();
    other.block_on(async { spawn_local(yield_now()).await.unwrap() });
    let set = LocalSet::new();
    drop(set.spawn_local(yield_now()));
    futures::executor::block_on(set);
    assert_eq!(Chrome::of(&trace).polls().count(), 0);

    let set = LocalSet::new();
    drop(set.spawn_local(yield_now()));
    traced.block_on(set);
    let told = Chrome::of(&trace);
    assert_eq!(told.polls().count(), 2);
    assert_eq!(
        told.of_category("spawn").count(),
        0,
        "it was spawned before the set belonged to a runtime"
    );
}
