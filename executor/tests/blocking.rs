//! `spawn_blocking`: its limit, its panics, and what becomes of closures that wait.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, mpsc};
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::JoinHandle;
use canter_executor::{block_on, spawn, spawn_blocking, time, yield_now};
use drops::Drops;
use futures::channel::oneshot;

fn runtime(workers: usize, blocking_threads: usize) -> Runtime {
    let builder = Runtime::builder().workers(workers);
    builder
        .blocking_threads(blocking_threads)
        .build()
        .expect("a runtime")
}

/// Starts a closure that blocks until the sender is dropped, and waits until it runs.
fn hold(runtime: &Runtime) -> (mpsc::Sender<()>, JoinHandle<()>) {
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let task = runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let _ = released.recv();
    });
    has_started.recv().unwrap();
    (release, task)
}

#[test]
fn a_closure_gives_its_output_and_may_block() {
    let (give, given) = mpsc::channel();
    let task = spawn_blocking(move || given.recv().unwrap());
    give.send(7).unwrap();
    assert_eq!(block_on(task).unwrap(), 7);
}

#[test]
fn a_closure_is_known_by_the_place_that_started_it() {
    let runtime = runtime(1, 1);
    let _entered = runtime.enter();
    let first_line = line!() + 2;
    let starts = [
        spawn_blocking(|| panic!("1")),
        runtime.spawn_blocking(|| panic!("2")),
        runtime.handle().spawn_blocking(|| panic!("3")),
    ];
    for (line, task) in (first_line..).zip(starts) {
        let place = block_on(task).unwrap_err().spawned_at();
        assert_eq!((place.file(), place.line()), (file!(), line));
    }
}

#[test]
fn a_closure_blocks_no_worker() {
    let runtime = runtime(1, 1);
    let (release, task) = hold(&runtime);
    assert_eq!(runtime.block_on(runtime.spawn(async { 7 })).unwrap(), 7);
    drop(release);
    runtime.block_on(task).unwrap();
}

#[test]
fn as_many_closures_as_the_limit_run_at_once_and_one_more_waits_for_its_turn() {
    for limit in [1, 2, 3, 8] {
        let runtime = runtime(1, limit);
        let (mut releases, tasks): (Vec<_>, Vec<_>) = (0..limit).map(|_| hold(&runtime)).unzip();
        let (started, has_started) = mpsc::channel();
        let more = runtime.spawn_blocking(move || started.send(()).unwrap());
        // Everybody who could start it has a chance to.
        for _ in 0..100 {
            runtime.block_on(runtime.spawn(yield_now())).unwrap();
            std::thread::yield_now();
        }
        assert!(has_started.try_recv().is_err(), "limit {limit}");
        drop(releases.pop());
        has_started.recv().unwrap();
        runtime.block_on(more).unwrap();
        drop(releases);
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    }
}

#[test]
fn one_closure_below_the_limit_does_not_wait() {
    for limit in [2, 3, 8] {
        let runtime = runtime(1, limit);
        let held: Vec<_> = (0..limit - 1).map(|_| hold(&runtime)).collect();
        for number in 0..20 {
            assert_eq!(
                runtime.block_on(runtime.spawn_blocking(move || number)).unwrap(),
                number
            );
        }
        drop(held);
    }
}

#[test]
fn never_more_than_the_limit_run_at_once_and_that_many_do() {
    for limit in [1, 2, 5] {
        let runtime = runtime(2, limit);
        // Nobody passes the barrier unless as many as the limit run at once.
        let barrier = Arc::new(Barrier::new(limit));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..limit * 40)
            .map(|_| {
                let (barrier, running, most) = (barrier.clone(), running.clone(), most.clone());
                runtime.spawn_blocking(move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    barrier.wait();
                    running.fetch_sub(1, SeqCst);
                })
            })
            .collect();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        assert_eq!(most.load(SeqCst), limit);
    }
}

#[test]
fn closures_that_wait_start_in_the_order_in_which_they_came() {
    let runtime = runtime(1, 1);
    let (release, first) = hold(&runtime);
    let (started, order) = mpsc::channel();
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            let started = started.clone();
            runtime.spawn_blocking(move || started.send(number).unwrap())
        })
        .collect();
    drop((release, started));
    runtime.block_on(first).unwrap();
    assert!(order.iter().eq(0..50));
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
}

#[test]
fn a_closure_that_panics_gives_its_place_to_the_next() {
    let runtime = runtime(1, 1);
    for _ in 0..50 {
        let panics = runtime.spawn_blocking(|| panic!("on purpose"));
        let next = runtime.spawn_blocking(|| 7);
        let error = runtime.block_on(panics).unwrap_err();
        assert!(
            error.is_panic() && error.to_string().contains("blocking.rs"),
            "{error}"
        );
        assert_eq!(runtime.block_on(next).unwrap(), 7);
    }
}

#[test]
fn a_closure_that_is_aborted_before_it_starts_never_runs() {
    let runtime = runtime(1, 1);
    let (release, first) = hold(&runtime);
    let drops = Drops::default();
    let (guard, ran) = (drops.guard(), Arc::new(AtomicUsize::new(0)));
    let runs = ran.clone();
    let task = runtime.spawn_blocking(move || {
        let _guard = guard;
        runs.fetch_add(1, SeqCst);
    });
    task.abort();
    drop(release);
    runtime.block_on(first).unwrap();
    assert!(runtime.block_on(task).unwrap_err().is_cancelled());
    assert_eq!((drops.count(), ran.load(SeqCst)), (1, 0));
}

#[test]
fn a_closure_that_has_begun_can_not_be_aborted() {
    let runtime = runtime(1, 1);
    let (release, task) = hold(&runtime);
    task.abort();
    drop(release);
    runtime.block_on(task).unwrap();
}

#[test]
fn a_closure_that_starts_closures_does_not_need_more_than_one_place() {
    let runtime = runtime(1, 1);
    let inner = runtime
        .block_on(runtime.spawn_blocking(|| spawn_blocking(|| 7)))
        .unwrap();
    assert_eq!(runtime.block_on(inner).unwrap(), 7);
}

#[test]
fn a_closure_is_inside_its_runtime() {
    let runtime = runtime(1, 1);
    let (own, task) = runtime
        .block_on(runtime.spawn_blocking(|| {
            (
                format!("{:?}", canter_executor::runtime::Handle::current()),
                spawn(std::future::pending::<()>()),
            )
        }))
        .unwrap();
    assert_eq!(own, format!("{:?}", runtime.handle()));
    drop(runtime);
    assert!(block_on(task).unwrap_err().is_cancelled());
}

#[test]
fn a_closure_may_run_futures_with_an_executor_that_knows_no_budget() {
    let task = spawn_blocking(|| {
        futures::executor::block_on(async {
            for _ in 0..10_000 {
                time::sleep(Duration::ZERO).await;
            }
        });
    });
    block_on(task).unwrap();
}

/// A thread of the pool that is on its way to a worker's seat is not on its way to the closure.
#[test]
fn a_closure_at_the_limit_is_not_lost_beside_a_nested_block_on() {
    let runtime = runtime(2, 1);
    for _ in 0..1000 {
        let (release, released) = oneshot::channel::<()>();
        let nested = runtime.spawn(async { block_on(released) });
        let closure = runtime.spawn_blocking(|| 7);
        assert_eq!(block_on(closure).unwrap(), 7);
        release.send(()).unwrap();
        block_on(nested).unwrap().unwrap();
    }
}

#[test]
fn random_closures_all_end_under_any_limit() {
    let mut random = seed::random("random_closures_all_end_under_any_limit");
    for limit in [1, 2, 4] {
        let runtime = runtime(2, limit);
        let (mut tasks, mut aborted) = (Vec::new(), 0);
        let drops = Drops::default();
        for _ in 0..2000 {
            let (guard, kind) = (drops.guard(), random.u32(..8));
            let task = runtime.spawn_blocking(move || {
                let _guard = guard;
                match kind {
                    0 => std::thread::yield_now(),
                    1 => panic!("on purpose"),
                    2 => block_on(spawn(yield_now())).unwrap(),
                    _ => {}
                }
            });
            if kind == 7 {
                task.abort();
            }
            tasks.push((kind, task));
        }
        for (kind, task) in tasks {
            match block_on(task) {
                Ok(()) => assert_ne!(kind, 1),
                Err(error) if error.is_panic() => assert_eq!(kind, 1),
                Err(_) => {
                    assert_eq!(kind, 7);
                    aborted += 1;
                }
            }
        }
        assert_eq!(drops.count(), 2000);
        println!("limit {limit}: {aborted} aborted in time");
    }
}
