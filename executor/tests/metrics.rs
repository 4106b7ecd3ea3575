//! What a runtime counts.

use std::future::pending;
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use canter_executor::diagnostics::{Metrics, PollTiming};
use canter_executor::runtime::Runtime;
use canter_executor::task::LocalSet;
use canter_executor::time::sleep;
use canter_executor::{block_on, spawn, spawn_blocking, spawn_local, yield_now};

fn runtime(workers: usize, timing: PollTiming) -> Runtime {
    let builder = Runtime::builder().workers(workers).blocking_threads(1);
    builder.time_polls(timing).build().expect("a runtime")
}

/// Snapshots until one has what it should: what others do is counted a moment later than it is seen.
fn wait_for(runtime: &Runtime, holds: impl Fn(&Metrics) -> bool) -> Metrics {
    loop {
        let metrics = runtime.metrics();
        if holds(&metrics) {
            return metrics;
        }
        thread::yield_now();
    }
}

/// Nothing but the workers' own going to sleep is counted on a runtime that has done nothing.
#[test]
fn a_runtime_that_did_nothing_has_counted_nothing() {
    let runtime = runtime(3, PollTiming::All);
    let metrics = wait_for(&runtime, |metrics| {
        metrics.total.parks - metrics.total.wakeups == 3
    });
    assert_eq!(metrics.workers.len(), 3);
    assert_eq!((metrics.total.polls, metrics.total.poll_times.count()), (0, 0));
    assert_eq!(metrics.total.poll_times.percentile(99.0), None);
    assert_eq!((metrics.tasks.spawned, metrics.tasks.alive), (0, 0));
    assert_eq!(
        (metrics.injector, metrics.spare_workers, metrics.stalls),
        (0, 0, 0)
    );
}

/// One worker, one task that yields 99 times: 100 polls, each of them timed.
#[test]
fn each_poll_is_counted_once_and_timed_where_that_was_asked_for() {
    let runtime = runtime(1, PollTiming::All);
    let task = runtime.spawn(async {
        for _ in 0..99 {
            yield_now().await;
        }
    });
    runtime.block_on(task).unwrap();
    let metrics = wait_for(&runtime, |metrics| metrics.total.poll_times.count() == 100);
    let metrics = wait_for(&runtime, |now| {
        now.total.polls == 100 && now.total.parks > metrics.total.wakeups
    });
    assert_eq!(metrics.workers[0], metrics.total);
    assert!(metrics.total.poll_times.percentile(100.0) > Some(Duration::ZERO));
}

/// About one poll in 256 is timed. The bounds are ten standard deviations away.
#[test]
fn a_sample_of_the_polls_is_timed_by_default() {
    const POLLS: u64 = 200_000;
    let runtime = runtime(1, PollTiming::default());
    let task = runtime.spawn(async {
        for _ in 1..POLLS {
            yield_now().await;
        }
    });
    runtime.block_on(task).unwrap();
    let timed = runtime.metrics().total.poll_times.count();
    assert!(
        (POLLS / 256 - 162..POLLS / 256 + 162).contains(&timed),
        "{timed} were timed"
    );
}

/// A poll of 20 ms lies in a bucket that begins at 20 ms less a quarter or later, and no bucket holds more than was polled.
#[test]
fn a_long_poll_is_seen_in_the_histogram() {
    let runtime = runtime(1, PollTiming::All);
    let task = runtime.spawn(async { thread::sleep(Duration::from_millis(20)) });
    runtime.block_on(task).unwrap();
    let metrics = wait_for(&runtime, |metrics| metrics.total.poll_times.count() == 1);
    let times = &metrics.total.poll_times;
    assert!(times.percentile(50.0) > Some(Duration::from_millis(20)));
    let bucket = times
        .buckets()
        .find(|bucket| bucket.count > 0)
        .expect("there is one");
    assert!(bucket.below > Duration::from_millis(20) && bucket.from >= Duration::from_millis(15));
    assert_eq!(bucket.count, 1);
}

#[test]
fn tasks_are_counted_from_spawn_to_end_however_they_end() {
    let runtime = runtime(2, PollTiming::Sampled);
    let (release, released) = channel::<()>();
    let waits = runtime.spawn_blocking(move || released.recv());
    let panics = runtime.spawn(async { panic!("on purpose") });
    assert!(runtime.block_on(panics).unwrap_err().is_panic());
    let aborted = runtime.spawn(std::future::pending::<()>());
    aborted.abort();
    assert!(runtime.block_on(aborted).unwrap_err().is_cancelled());
    for _ in 0..10 {
        runtime.block_on(runtime.spawn(async {})).unwrap();
    }
    let tasks = wait_for(&runtime, |metrics| metrics.tasks.alive == 1).tasks;
    assert_eq!((tasks.spawned, tasks.ended, tasks.panicked), (13, 12, 1));
    drop(release);
    let _ = runtime.block_on(waits).unwrap();
    wait_for(&runtime, |metrics| metrics.tasks.alive == 0);
}

/// A destructor that panics after its task did is one panicked task, not two.
#[test]
fn a_task_that_panics_twice_is_counted_once() {
    struct PanicsTwice;
    impl Future for PanicsTwice {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("on purpose");
        }
    }
    impl Drop for PanicsTwice {
        fn drop(&mut self) {
            panic!("on purpose, again");
        }
    }
    let runtime = runtime(1, PollTiming::Sampled);
    let task = runtime.spawn(PanicsTwice);
    assert!(runtime.block_on(task).unwrap_err().is_panic());
    assert_eq!(runtime.metrics().tasks.panicked, 1);
}

/// A task that waits for what nobody has a waker of is dropped, which is one way to end.
#[test]
fn a_task_that_nothing_can_wake_is_counted_as_leaked() {
    let runtime = runtime(1, PollTiming::Sampled);
    runtime.go(std::future::pending::<()>());
    let tasks = wait_for(&runtime, |metrics| metrics.tasks.leaked == 1).tasks;
    assert_eq!(
        (tasks.alive, tasks.spawned, tasks.ended, tasks.panicked),
        (0, 1, 1, 0)
    );
}

/// A snapshot of the tasks: alive, spawned, ended, panicked, leaked.
fn tasks(runtime: &Runtime) -> [u64; 5] {
    let tasks = runtime.metrics().tasks;
    [
        tasks.alive,
        tasks.spawned,
        tasks.ended,
        tasks.panicked,
        tasks.leaked,
    ]
}

/// The thread that runs local tasks sees each change at once; what is left when the `block_on` ends has ended with it.
#[test]
fn local_tasks_of_a_block_on_are_counted_by_its_runtime() {
    let (runtime, other) = (runtime(1, PollTiming::Sampled), runtime(1, PollTiming::Sampled));
    runtime.block_on(async {
        let ends = spawn_local(yield_now());
        assert_eq!(tasks(&runtime), [1, 1, 0, 0, 0]);
        ends.await.unwrap();
        assert_eq!(tasks(&runtime), [0, 1, 1, 0, 0]);
        let panics = spawn_local(async { panic!("on purpose") });
        assert!(panics.await.unwrap_err().is_panic());
        assert_eq!(tasks(&runtime), [0, 2, 2, 1, 0]);
        drop(spawn_local(pending::<()>()));
        yield_now().await;
        assert_eq!(tasks(&runtime), [0, 3, 3, 1, 1], "it has leaked");
        let waits = spawn_local(pending::<()>());
        let aborted = spawn_local(pending::<()>());
        aborted.abort();
        assert!(aborted.await.unwrap_err().is_cancelled());
        assert_eq!(tasks(&runtime), [1, 5, 4, 1, 1]);
        other.block_on(async { spawn_local(async {}).await.unwrap() });
        assert_eq!(tasks(&other), [0, 1, 1, 0, 0]);
        assert!(!waits.is_finished());
    });
    assert_eq!(tasks(&runtime), [0, 5, 5, 1, 1]);
    assert_eq!(runtime.metrics().total.polls, 0, "no worker polled them");
}

/// Many threads at once, each with local tasks of its own.
#[test]
fn local_tasks_of_many_threads_are_counted_together() {
    let runtime = runtime(1, PollTiming::Sampled);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    runtime.block_on(async {
                        drop(spawn_local(yield_now()));
                        spawn_local(yield_now()).await.unwrap();
                    });
                }
            });
        }
    });
    assert_eq!(tasks(&runtime), [0, 400, 400, 0, 0]);
}

/// A set is counted where it is run first, with all that it has seen, and stays there; one that no runtime runs is not counted.
#[test]
fn a_local_set_belongs_to_the_runtime_that_runs_it_first() {
    let (first, second) = (runtime(1, PollTiming::Sampled), runtime(1, PollTiming::Sampled));
    let mut set = LocalSet::new();
    let early = set.spawn_local(yield_now());
    let waits = set.spawn_local(pending::<()>());
    assert_eq!(tasks(&first), [0; 5]);
    first.block_on(set.run_until(early)).unwrap();
    assert_eq!(tasks(&first), [1, 2, 1, 0, 0]);
    let late = set.spawn_local(yield_now());
    assert_eq!(tasks(&first), [2, 3, 1, 0, 0]);
    second.block_on(set.run_until(late)).unwrap();
    waits.abort();
    second.block_on(&mut set);
    drop(set.spawn_local(async {}));
    drop(set);
    assert_eq!(tasks(&first), [0, 4, 4, 0, 0]);
    assert_eq!(tasks(&second), [0; 5]);

    let set = LocalSet::new();
    let task = set.spawn_local(async {});
    futures::executor::block_on(set.run_until(task)).unwrap();
    let within = LocalSet::new();
    let task = within.spawn_local(async {});
    second.block_on(second.spawn_blocking(move || ())).unwrap();
    {
        let _entered = second.enter();
        futures::executor::block_on(within.run_until(task)).unwrap();
    }
    assert_eq!(tasks(&first), [0, 4, 4, 0, 0]);
    assert_eq!(
        tasks(&second),
        [0, 2, 2, 0, 0],
        "the closure, and the task of the set that ran where it was entered"
    );
}

/// The one worker is stuck until another task has run, so a spare one runs that, and leaves when the first is back.
#[test]
fn a_stall_and_the_spare_worker_for_it_are_counted() {
    let builder = Runtime::builder().workers(1).warn_of_stalls(false);
    let runtime = builder.build().expect("a runtime");
    let (release, released) = channel::<()>();
    let (ready, is_ready) = channel();
    let stuck = runtime.spawn(async move {
        ready.send(()).unwrap();
        released.recv()
    });
    is_ready.recv().unwrap();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    let metrics = wait_for(&runtime, |metrics| metrics.spare_workers == 1);
    assert!(metrics.stalls >= 1);
    assert_eq!(metrics.workers.len(), 2);
    assert_eq!((metrics.workers[0].polls, metrics.workers[1].polls), (1, 1));
    drop(release);
    let _ = runtime.block_on(stuck).unwrap();
    let metrics = wait_for(&runtime, |metrics| metrics.spare_workers == 0);
    assert_eq!((metrics.workers.len(), metrics.total.polls), (2, 2));
}

/// Closures beyond the bound wait, and the one that runs is seen running.
#[test]
fn closures_that_block_are_counted_as_running_and_waiting() {
    let runtime = runtime(1, PollTiming::Sampled);
    let (release, released) = channel::<()>();
    let first = runtime.spawn_blocking(move || released.recv());
    let others: Vec<_> = (0..4).map(|_| runtime.spawn_blocking(|| {})).collect();
    let blocking = runtime.metrics().blocking;
    assert_eq!((blocking.running, blocking.waiting), (1, 4));
    drop(release);
    runtime.block_on(async {
        let _ = first.await.unwrap();
        for other in others {
            other.await.unwrap();
        }
    });
    let metrics = wait_for(&runtime, |metrics| metrics.blocking.running == 0);
    assert_eq!(metrics.blocking.waiting, 0);
    wait_for(&runtime, |metrics| metrics.blocking.idle_threads == 1);
}

#[test]
fn timers_are_pending_until_they_fire_or_are_cancelled() {
    let runtime = runtime(1, PollTiming::Sampled);
    let long: Vec<_> = (0..5)
        .map(|_| runtime.spawn(sleep(Duration::from_secs(3600))))
        .collect();
    let metrics = wait_for(&runtime, |metrics| metrics.timers_pending == 5);
    assert_eq!(metrics.timers_fired, 0);
    runtime
        .block_on(runtime.spawn(sleep(Duration::from_millis(1))))
        .unwrap();
    assert_eq!(runtime.metrics().timers_fired, 1);
    long.iter().for_each(|task| task.abort());
    let metrics = wait_for(&runtime, |metrics| metrics.timers_pending == 0);
    assert_eq!(metrics.timers_fired, 1);
}

/// While the one worker is in a poll, what is spawned from outside stays in the injector, and what it spawns in its own queue.
#[test]
fn queues_are_as_long_as_the_tasks_in_them() {
    let runtime = runtime(1, PollTiming::Sampled);
    let (release, released) = channel::<()>();
    let (ready, is_ready) = channel();
    let holds = runtime.spawn(async move {
        (0..3).for_each(|_| drop(spawn(async {})));
        ready.send(()).unwrap();
        released.recv()
    });
    is_ready.recv().unwrap();
    (0..7).for_each(|_| runtime.go(async {}));
    let metrics = runtime.metrics();
    assert_eq!(metrics.injector, 7);
    assert_eq!((metrics.total.next_slot, metrics.total.local_queue), (1, 2));
    drop(release);
    let _ = runtime.block_on(holds).unwrap();
    wait_for(&runtime, |metrics| metrics.tasks.alive == 0);
    let metrics = runtime.metrics(); // one in which the queues were read after the tasks had ended
    assert_eq!(
        (
            metrics.injector,
            metrics.total.next_slot,
            metrics.total.local_queue
        ),
        (0, 0, 0)
    );
}

/// One worker fills its queue and stays in its poll until another one has taken a task from it.
#[test]
fn steals_and_the_wake_ups_for_them_are_counted() {
    let runtime = runtime(2, PollTiming::Sampled);
    wait_for(&runtime, |metrics| {
        metrics.total.parks - metrics.total.wakeups == 2
    });
    let (stolen, is_stolen) = channel();
    let fills = runtime.spawn(async move {
        for _ in 0..8 {
            let stolen = stolen.clone();
            drop(spawn(async move { stolen.send(thread::current().id()) }));
        }
        is_stolen.recv().unwrap()
    });
    runtime.block_on(fills).unwrap();
    let metrics = runtime.metrics();
    assert!(metrics.total.steals >= 1 && metrics.total.stolen >= metrics.total.steals);
    assert!(metrics.total.notified >= 1 && metrics.total.wakeups >= metrics.total.notified);
}

/// A socket that becomes readable is an event, and it takes a turn of the poller to see it.
#[test]
fn io_events_are_counted() {
    let runtime = runtime(1, PollTiming::Sampled);
    runtime.block_on(async {
        use canter_executor::net::UdpSocket;
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let addr = receiver.local_addr().unwrap();
        let receives = spawn(async move { receiver.recv_from(&mut [0; 8]).await.unwrap().0 });
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"hello", addr).unwrap();
        assert_eq!(receives.await.unwrap(), 5);
    });
    let metrics = runtime.metrics();
    assert!(metrics.io_events >= 1 && metrics.poller_turns >= 1);
}

/// Tasks in the middle of everything read the counts: nothing is locked, and no count ever goes down.
#[test]
fn counts_only_go_up_while_everybody_works() {
    let runtime = runtime(2, PollTiming::All);
    let work: Vec<_> = (0..4)
        .map(|_| {
            runtime.spawn(async {
                for _ in 0..500 {
                    spawn(yield_now()).await.unwrap();
                    spawn_blocking(|| {}).await.unwrap();
                }
            })
        })
        .collect();
    let mut last = runtime.metrics();
    while !work.iter().all(|task| task.is_finished()) {
        let now = runtime.metrics();
        assert!(now.tasks.spawned >= last.tasks.spawned && now.tasks.ended >= last.tasks.ended);
        assert!(now.tasks.spawned >= now.tasks.ended);
        assert!(now.total.poll_times.count() >= last.total.poll_times.count());
        assert!(now.total.wakeups <= now.total.parks);
        last = now;
    }
    block_on(async {
        for task in work {
            task.await.unwrap();
        }
    });
    let metrics = wait_for(&runtime, |metrics| metrics.tasks.alive == 0);
    assert_eq!(metrics.tasks.spawned, 4 + 4 * 1000);
}
