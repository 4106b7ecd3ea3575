//! What a dump tells of the tasks of a runtime.

use std::future::{pending, poll_fn};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, LazyLock, mpsc};
use std::task::Poll;
use std::time::Duration;

use canter_executor::diagnostics::{Dump, Group, Kind, State};
use canter_executor::runtime::{Builder, Runtime};
use canter_executor::time::sleep;
use canter_executor::{go, spawn_local, yield_now};

/// Longer than any test, and a time that a timer can wait for.
const LONG: Duration = Duration::from_secs(3600);

fn runtime() -> Runtime {
    Builder::new().workers(2).build().expect("a runtime starts")
}

/// Looks until the dump is as it has to be. Whether it ever is shows the test, by ending.
fn dump_when(runtime: &Runtime, fits: impl Fn(&Dump) -> bool) -> Dump {
    loop {
        let dump = runtime.dump();
        if fits(&dump) {
            return dump;
        }
        std::thread::yield_now();
    }
}

/// Never ends, and does not say what it waits for. It keeps its waker: a task that nothing can wake would be dropped.
fn silent() -> impl Future<Output = ()> + Send {
    let mut kept = None;
    poll_fn(move |cx| {
        kept.get_or_insert_with(|| cx.waker().clone());
        Poll::Pending
    })
}

/// The reason, if the tasks of the group wait and said for what.
fn reason(group: &Group) -> Option<&'static str> {
    match group.state() {
        State::Waiting(waiting) => waiting.map(|waiting| waiting.reason.as_str()),
        State::Running | State::Ready => None,
    }
}

#[test]
fn tasks_are_grouped_by_where_they_were_spawned_and_what_they_wait_for() {
    let runtime = runtime();
    for _ in 0..3 {
        runtime.go(sleep(LONG));
    }
    let line = line!() - 2;
    for number in 0..20 {
        runtime.go(async move {
            if number % 2 == 0 {
                sleep(LONG).await;
            }
            silent().await;
        });
    }
    let dump = dump_when(&runtime, |dump| {
        dump.groups().len() == 3
            && dump
                .groups()
                .iter()
                .all(|group| matches!(group.state(), State::Waiting(_)))
    });
    assert_eq!(dump.tasks(), 23);
    let mut groups: Vec<_> = dump
        .groups()
        .iter()
        .map(|group| (group.count(), reason(group)))
        .collect();
    groups.sort_unstable();
    assert_eq!(groups, [(3, Some("sleep")), (10, None), (10, Some("sleep"))]);
    let first = dump
        .groups()
        .iter()
        .find(|group| group.count() == 3)
        .expect("it is there");
    assert_eq!(
        (first.spawned_at().file(), first.spawned_at().line()),
        (file!(), line)
    );
    assert_eq!(first.kind(), Kind::Task);
    assert!(first.longest() >= first.shortest() && first.shortest().is_some());
    let text = dump.to_string();
    assert!(
        text.contains(&format!(
            " 3 tasks spawned at {} wait for sleep at ",
            first.spawned_at()
        )),
        "{text}"
    );
}

#[test]
fn a_group_names_its_oldest_tasks() {
    let runtime = runtime();
    let ids: Vec<_> = (0..50)
        .map(|_| {
            let task = runtime.spawn(silent());
            let waits = |dump: &Dump| {
                dump.groups()
                    .iter()
                    .all(|group| group.state() == State::Waiting(None))
            };
            dump_when(&runtime, waits); // so that the next one waits for no longer
            task.id()
        })
        .collect();
    let dump = runtime.dump();
    let [group] = dump.groups() else {
        panic!("one place, one state: {dump}")
    };
    assert_eq!((group.count(), group.sample().len()), (50, Dump::SAMPLE));
    let ages: Vec<_> = group.sample().iter().map(|task| task.since()).collect();
    assert!(ages.is_sorted_by(|a, b| a >= b), "{ages:?}");
    assert_eq!(group.sample()[0].since(), group.longest());
    assert!(
        group.sample().iter().any(|task| task.id() == ids[0]),
        "the first one waits longest"
    );
}

#[test]
fn a_task_that_runs_is_told_with_its_worker() {
    let runtime = Builder::new().workers(1).build().expect("a runtime starts");
    let meeting = Arc::new(Barrier::new(2));
    let met = meeting.clone();
    runtime.go(async move {
        met.wait();
        met.wait();
    });
    meeting.wait();
    runtime.go(async {});
    let dump = runtime.dump();
    meeting.wait();
    let of = |state| {
        dump.groups()
            .iter()
            .find(|group| group.state() == state)
            .expect("there is one")
    };
    let runs = &of(State::Running).sample()[0];
    assert_eq!(runs.worker(), Some(0));
    assert!(runs.since().is_some());
    assert_eq!((of(State::Ready).count(), of(State::Ready).longest()), (1, None));
    assert!(dump.to_string().contains(" (worker 0)"), "{dump}");
}

#[test]
fn closures_run_or_wait_for_a_thread() {
    let runtime = Builder::new()
        .blocking_threads(1)
        .build()
        .expect("a runtime starts");
    let (end, ends) = mpsc::channel::<()>();
    let ends = Arc::new(std::sync::Mutex::new(ends));
    let closures: Vec<_> = (0..3)
        .map(|_| {
            let ends = ends.clone();
            runtime.spawn_blocking(move || ends.lock().unwrap().recv().is_err())
        })
        .collect();
    let dump = dump_when(&runtime, |dump| dump.groups().len() == 2);
    drop(end);
    let mut told: Vec<_> = dump.groups().iter().map(ToString::to_string).collect();
    told.sort();
    assert!(
        told[0].starts_with("closure spawned at") && told[0].contains(" runs: task "),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("closures spawned at") && told[1].contains(" wait for a thread: tasks "),
        "{told:?}"
    );
    assert!(dump.groups().iter().all(|group| group.kind() == Kind::Closure));
    for closure in closures {
        assert!(runtime.block_on(closure).expect("no panic"));
    }
}

#[test]
fn a_thread_in_block_on_is_told_with_what_it_waits_for_and_its_local_tasks() {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(runtime); // it can't end while the thread waits
    let (runtime, handle) = (&*RUNTIME, RUNTIME.handle().clone());
    let (tells, told) = mpsc::channel();
    let waits = std::thread::Builder::new()
        .name("waits".to_owned())
        .spawn(move || {
            handle.block_on(async {
                let local = spawn_local(pending::<()>());
                tells.send((Location::caller().file(), local.id())).unwrap();
                sleep(LONG).await;
            });
        });
    drop(waits.expect("a thread starts")); // it waits for as long as the process lives
    let (file, id) = told.recv().expect("it runs");
    let dump = dump_when(runtime, |dump| !dump.threads().is_empty());
    let thread = &dump.threads()[0];
    assert_eq!((thread.name(), thread.called_at().file()), (Some("waits"), file));
    assert_eq!(thread.waiting().expect("it says").reason.as_str(), "sleep");
    let [group] = dump.groups() else { panic!("{dump}") };
    assert_eq!((group.kind(), group.sample()[0].id()), (Kind::LocalTask, id));
    assert!(
        dump.to_string()
            .starts_with("thread 'waits' waits in `block_on` at "),
        "{dump}"
    );
}

#[test]
fn an_empty_runtime_has_no_tasks_to_tell_of() {
    assert_eq!(runtime().dump().to_string(), "no tasks");
}

/// A million tasks are counted while others go on, in one line.
#[test]
fn a_million_tasks_are_a_group() {
    const TASKS: usize = 1_000_000;
    let runtime = runtime();
    let parked = Arc::new(AtomicUsize::new(0));
    let spawned = parked.clone();
    let spawner = runtime.spawn(async move {
        for number in 0..TASKS {
            let parked = spawned.clone();
            go(async move {
                parked.fetch_add(1, Relaxed);
                silent().await;
            });
            if number % 10_000 == 0 {
                yield_now().await;
            }
        }
        while spawned.load(Relaxed) < TASKS {
            yield_now().await;
        }
    });
    runtime.block_on(spawner).expect("no panic");
    let (goes_on, polls) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (until, counted) = (goes_on.clone(), polls.clone());
    let busy = runtime.spawn(async move {
        while until.load(Relaxed) {
            counted.fetch_add(1, Relaxed);
            yield_now().await;
        }
    });
    while polls.load(Relaxed) == 0 {
        std::thread::yield_now();
    }
    let before = polls.load(Relaxed);
    let dump = dump_when(&runtime, |dump| {
        dump.groups()
            .iter()
            .any(|group| group.state() == State::Waiting(None) && group.count() == TASKS)
    });
    assert!(polls.load(Relaxed) > before, "the workers go on meanwhile");
    goes_on.store(false, Relaxed);
    runtime.block_on(busy).expect("no panic");
    assert_eq!((dump.groups().len(), dump.tasks()), (2, TASKS + 1));
    assert!(dump.to_string().contains("1,000,000 tasks spawned at "), "{dump}");
}

#[cfg(feature = "serde")]
#[test]
fn a_dump_can_be_serialised() {
    let runtime = runtime();
    runtime.go(sleep(LONG));
    let dump = dump_when(&runtime, |dump| {
        dump.groups().iter().any(|group| reason(group).is_some())
    });
    let json = serde_json::to_value(&dump).expect("it has nothing that JSON lacks");
    let group = &json["groups"][0];
    assert_eq!(
        (json["tasks"].as_u64(), group["count"].as_u64()),
        (Some(1), Some(1))
    );
    assert_eq!(
        (&group["kind"], &group["state"]),
        (&"task".into(), &"waiting".into())
    );
    assert_eq!(group["waiting"]["reason"], "sleep");
    let spawned_at = dump.groups()[0].spawned_at().to_string();
    assert_eq!(group["spawned_at"], spawned_at);
    assert_eq!(
        group["sample"][0]["id"],
        group["sample"][0]["id"].as_u64().expect("a number")
    );
    assert!(group["longest_ms"].is_u64());
}
