//! The end of a runtime: by drop, by shutdown, inside itself; and what may still be used afterwards.

#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::future::{pending, poll_fn};
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

use canter_executor::io::{Async, Interest, mio};
use canter_executor::runtime::{Builder, Handle, Runtime};
use canter_executor::task::JoinHandle;
use canter_executor::{block_on, go, spawn, spawn_blocking, spawn_local, time, yield_now};
use child::{child, stderr_of};
use drops::{Drops, Guard};

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().expect("a runtime")
}

fn entries(path: &str) -> usize {
    std::fs::read_dir(path).expect("Linux").count()
}

/// Waits until the system shows that many. A thread that was joined is still listed for a moment.
fn shows(path: &str, wanted: usize) -> bool {
    (0..100_000).any(|_| {
        thread::yield_now();
        entries(path) == wanted
    })
}

/// Runs `use_and_end` a few times in a process of its own, and sees whether a thread or a descriptor remains.
fn leaves_nothing(test: &str, use_and_end: impl Fn()) {
    let command = child(test, || {
        let threads = entries("/proc/self/task");
        use_and_end(); // whatever the process opens once for all
        assert!(
            shows("/proc/self/task", threads),
            "{} threads, not {threads}",
            entries("/proc/self/task")
        );
        let descriptors = entries("/proc/self/fd");
        for _ in 0..3 {
            use_and_end();
            assert!(
                shows("/proc/self/task", threads),
                "{} threads, not {threads}",
                entries("/proc/self/task")
            );
            assert!(
                shows("/proc/self/fd", descriptors),
                "{} descriptors, not {descriptors}",
                entries("/proc/self/fd")
            );
        }
    });
    stderr_of(command);
}

#[test]
fn a_runtime_that_is_dropped_unused_leaves_nothing() {
    leaves_nothing("a_runtime_that_is_dropped_unused_leaves_nothing", || {
        drop(runtime(3));
        runtime(3).shutdown(Duration::ZERO).unwrap();
    });
}

#[test]
fn a_runtime_that_is_dropped_in_use_leaves_nothing() {
    leaves_nothing("a_runtime_that_is_dropped_in_use_leaves_nothing", || {
        let runtime = runtime(2);
        let (_peer, stream) = mio::net::UnixStream::pair().unwrap();
        runtime.go(time::sleep(Duration::from_secs(3600)));
        runtime.go(async move {
            let stream = Async::new(stream).unwrap();
            let mut byte = [0];
            stream
                .async_io(Interest::Readable, |mut io| io.read(&mut byte))
                .await
                .unwrap();
        });
        let nested = runtime.spawn(async { block_on(async { spawn(yield_now()).await.unwrap() }) });
        runtime.block_on(nested).unwrap();
        for _ in 0..10 {
            drop(runtime.spawn_blocking(thread::yield_now));
            runtime.go(async {
                loop {
                    yield_now().await;
                }
            });
        }
        runtime.block_on(runtime.spawn_blocking(|| ())).unwrap();
        drop(runtime);
    });
}

#[test]
fn a_shutdown_leaves_nothing_whether_or_not_all_has_ended() {
    leaves_nothing("a_shutdown_leaves_nothing_whether_or_not_all_has_ended", || {
        let one = runtime(2);
        (0..100).for_each(|_| one.go(yield_now()));
        one.shutdown(Duration::MAX).unwrap();
        let two = runtime(2);
        let _waits = two.spawn(pending::<()>());
        two.shutdown(Duration::from_millis(1)).unwrap_err();
    });
}

#[test]
fn a_runtime_that_ends_inside_itself_leaves_nothing() {
    leaves_nothing("a_runtime_that_ends_inside_itself_leaves_nothing", || {
        for ends_by_drop in [true, false] {
            let runtime = runtime(2);
            let handle = runtime.handle().clone();
            let (told, tells) = mpsc::channel();
            handle.go(async move {
                if ends_by_drop {
                    assert!(catch_unwind(AssertUnwindSafe(|| drop(runtime))).is_err());
                } else {
                    assert!(runtime.shutdown(Duration::MAX).unwrap_err().is_inside());
                }
                told.send(()).unwrap();
            });
            tells.recv().unwrap();
        }
    });
}

/// Tasks in every place in which a task can be: next slot, local queue, injector, timers, I/O, blocking queue, nested.
fn everywhere(runtime: &Runtime, drops: &Drops) -> (mpsc::Sender<()>, Vec<JoinHandle<()>>) {
    let (release, released) = mpsc::channel::<()>();
    let (started, has_started) = mpsc::channel();
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let guard = drops.guard();
        tasks.push(runtime.spawn(async move {
            let _guard = guard;
            time::sleep(Duration::from_secs(3600)).await;
        }));
        let (guard, (peer, stream)) = (drops.guard(), mio::net::UnixStream::pair().unwrap());
        tasks.push(runtime.spawn(async move {
            let (_guard, stream) = ((guard, peer), Async::new(stream).unwrap());
            let _ = stream.readable().await;
            pending::<()>().await;
        }));
    }
    for _ in 0..2 {
        let (guard, joined) = (drops.guard(), runtime.spawn(pending::<()>()));
        tasks.push(runtime.spawn(async move {
            let _guard = guard;
            let _ = block_on(joined); // ends when the other one is dropped
        }));
    }
    // One blocks its worker, with a task in the next slot and some in the queue.
    let (guard, more) = (drops.guard(), [drops.guard(), drops.guard(), drops.guard()]);
    tasks.push(runtime.spawn(async move {
        let _guard = guard;
        for guard in more {
            drop(spawn(async move {
                let _guard = guard;
                pending::<()>().await;
            }));
        }
        started.send(()).unwrap();
        let _ = released.recv();
    }));
    has_started.recv().unwrap();
    for _ in 0..5 {
        let guard = drops.guard();
        tasks.push(runtime.spawn(async move { drop(guard) })); // into the injector
    }
    (release, tasks)
}

#[test]
fn a_dropped_runtime_has_run_every_destructor_when_the_drop_returns() {
    for workers in [1, 2, 4] {
        let runtime = runtime(workers);
        let drops = Drops::default();
        let (release, tasks) = everywhere(&runtime, &drops);
        let ends = thread::spawn(move || drop(runtime));
        drop(release); // the worker that blocks has to come to an end by itself
        ends.join().unwrap();
        assert_eq!(drops.count(), 3 * 2 + 2 + 1 + 3 + 5); // as `everywhere` makes them
        for task in tasks {
            assert!(task.is_finished());
            let _ = block_on(task);
        }
    }
}

#[test]
fn closures_that_wait_are_dropped_and_one_that_runs_is_waited_for() {
    let runtime = Builder::new().workers(1).blocking_threads(1).build().unwrap();
    let drops = Drops::default();
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let guard = drops.guard();
    let runs = runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let _ = released.recv();
        drop(guard);
        7
    });
    has_started.recv().unwrap();
    let waiting: Vec<_> = (0..10)
        .map(|_| {
            let guard = drops.guard();
            runtime.spawn_blocking(move || drop(guard))
        })
        .collect();
    let ends = thread::spawn(move || drop(runtime));
    for task in waiting {
        assert!(block_on(task).unwrap_err().is_cancelled());
    }
    assert_eq!(drops.count(), 10);
    drop(release);
    assert_eq!(block_on(runs).unwrap(), 7);
    ends.join().unwrap();
    assert_eq!(drops.count(), 11);
}

/// Does something with the runtime that is just ending, in its destructor.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        self.0();
    }
}

/// Drops a runtime in which a task with that destructor waits.
fn end_with_destructor(destructor: impl FnMut() + Send + 'static) {
    let runtime = runtime(1);
    let destructor = OnDrop(destructor);
    // Without its handle it could be found to have leaked, and be dropped before the end.
    let _handle = runtime.spawn(async move {
        let _destructor = destructor;
        pending::<()>().await;
    });
    drop(runtime);
}

#[test]
fn a_destructor_may_spawn_while_the_runtime_ends_and_what_it_spawns_is_cancelled() {
    let (told, tells) = mpsc::channel();
    let drops = Drops::default();
    let counted = drops.clone();
    end_with_destructor(move || {
        let guard = counted.guard();
        told.send(spawn(async move { drop(guard) })).unwrap();
        let guard = counted.guard();
        drop(spawn_blocking(move || drop(guard)));
        go(async {});
    });
    assert!(block_on(tells.recv().unwrap()).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_destructor_may_block_on_a_future_of_its_own_while_the_runtime_ends() {
    let (told, tells) = mpsc::channel();
    end_with_destructor(move || {
        let output = block_on(async {
            yield_now().await;
            spawn_local(async { 7 }).await.unwrap()
        });
        told.send(output).unwrap();
    });
    assert_eq!(tells.recv(), Ok(7));
}

#[test]
fn a_destructor_may_sleep_while_the_runtime_ends() {
    let (told, tells) = mpsc::channel();
    end_with_destructor(move || {
        block_on(time::sleep(Duration::from_millis(1)));
        told.send(()).unwrap();
    });
    tells.recv().unwrap();
}

#[test]
fn a_destructor_may_join_another_task_while_the_runtime_ends() {
    for _ in 0..20 {
        let runtime = runtime(2);
        let (told, tells) = mpsc::channel();
        // Each waits for the next one in its destructor.
        let mut next = runtime.spawn(pending::<()>());
        for _ in 0..5 {
            let mut joins = Some(next);
            let told = told.clone();
            let destructor = OnDrop(move || {
                told.send(block_on(joins.take().unwrap()).unwrap_err().is_cancelled())
                    .unwrap();
            });
            next = runtime.spawn(async move {
                let _destructor = destructor;
                pending::<()>().await;
            });
        }
        drop((told, runtime));
        assert!(tells.iter().eq([true; 5]));
    }
}

/// A task in a nested `block_on` can't be dropped with the others. It waits again afterwards, and somebody for it.
#[test]
fn a_task_that_runs_while_the_others_are_dropped_is_dropped_when_it_waits_again() {
    for round in 0..100 {
        let runtime = runtime(1 + round % 2);
        let (started, has_started) = mpsc::channel();
        let dropped_first = runtime.spawn(pending::<()>());
        let told = started.clone();
        let waits_again = runtime.spawn(async move {
            told.send(()).unwrap();
            assert!(block_on(dropped_first).unwrap_err().is_cancelled());
            pending::<()>().await;
        });
        let joins = runtime.spawn(async move {
            started.send(()).unwrap();
            block_on(waits_again).unwrap_err().is_cancelled()
        });
        (0..2).for_each(|_| has_started.recv().unwrap());
        drop(runtime);
        assert!(block_on(joins).unwrap());
    }
}

#[test]
fn a_panic_in_a_destructor_does_not_keep_the_runtime_from_ending() {
    let runtime = runtime(1);
    let drops = Drops::default();
    let wait = |number| {
        let (guard, destructor) = (
            drops.guard(),
            OnDrop(move || assert!(number % 2 == 0, "on purpose")),
        );
        runtime.spawn(async move {
            let _both = (destructor, guard);
            pending::<()>().await;
        })
    };
    let _handles: Vec<_> = (0..10).map(wait).collect();
    drop(runtime);
    assert_eq!(drops.count(), 10);
}

#[test]
fn handles_and_wakers_may_be_used_after_the_end() {
    let runtime = runtime(2);
    let handle = runtime.handle().clone();
    let (give, given) = mpsc::channel();
    let task = runtime.spawn(poll_fn(move |cx| {
        give.send(cx.waker().clone()).unwrap();
        Poll::<()>::Pending
    }));
    let waker: Waker = given.recv().unwrap();
    drop(runtime);
    waker.wake_by_ref();
    task.abort();
    assert!(task.is_finished());
    assert!(block_on(task).unwrap_err().is_cancelled());
    waker.wake();
    assert!(block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
    assert_eq!(
        handle.block_on(async { spawn_local(async { 7 }).await.unwrap() }),
        7
    );
    let _entered = handle.enter();
    assert!(block_on(spawn_blocking(|| ())).unwrap_err().is_cancelled());
    let (_, stream) = mio::net::UnixStream::pair().unwrap();
    assert!(Async::new(stream).unwrap_err().to_string().contains("has ended"));
}

#[test]
fn a_sleep_and_a_source_that_outlive_their_runtime_do_not_hang() {
    let (sleeps, reads) = {
        let runtime = runtime(1);
        let (_, stream) = mio::net::UnixStream::pair().unwrap();
        let mut sleep = Box::pin(time::sleep(Duration::from_millis(2)));
        runtime.block_on(async {
            assert!(futures::poll!(&mut sleep).is_pending());
            (sleep, Async::new(stream).unwrap())
        })
    };
    block_on(sleeps);
    let error = block_on(reads.readable()).unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
    // One whose deadline is further away, and which is waited for while its runtime ends.
    let (polled, was_polled) = mpsc::channel();
    let own = runtime(1);
    let handle = own.handle().clone();
    let waits = thread::spawn(move || {
        let mut sleep = std::pin::pin!(time::sleep(Duration::from_millis(20)));
        let mut polled = Some(polled);
        handle.block_on(poll_fn(|cx| {
            let ready = sleep.as_mut().poll(cx);
            if let Some(polled) = polled.take() {
                polled.send(()).unwrap();
            }
            ready
        }));
    });
    was_polled.recv().unwrap();
    drop(own);
    waits.join().unwrap();
}

#[test]
fn a_thread_that_waits_for_a_task_is_told_when_the_runtime_ends() {
    let runtime = runtime(1);
    let joins: Vec<_> = (0..4)
        .map(|_| {
            let task = runtime.spawn(pending::<()>());
            let blocking = runtime.handle().clone();
            thread::spawn(move || blocking.block_on(task))
        })
        .collect();
    drop(runtime);
    for join in joins {
        assert!(join.join().unwrap().unwrap_err().is_cancelled());
    }
}

#[test]
fn a_drop_inside_a_task_or_a_closure_is_a_clear_error_and_the_runtime_ends_all_the_same() {
    for in_closure in [false, true] {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let drops = Drops::default();
        let guard = drops.guard();
        let bystander = runtime.spawn(async move {
            let _guard = guard;
            pending::<()>().await;
        });
        let (give, given) = mpsc::channel();
        let ends = move || {
            let runtime: Runtime = given.recv().unwrap();
            drop(runtime);
        };
        let task = if in_closure {
            handle.spawn_blocking(ends)
        } else {
            handle.spawn(async move { ends() })
        };
        give.send(runtime).unwrap();
        let error = block_on(task).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("was dropped on one of its own threads"),
            "{error}"
        );
        assert!(block_on(bystander).unwrap_err().is_cancelled());
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn a_shutdown_inside_a_task_or_a_closure_is_a_clear_error_and_the_runtime_ends_all_the_same() {
    for round in 0..100 {
        let runtime = runtime(2);
        let handle = runtime.handle().clone();
        let bystander = runtime.spawn(pending::<()>());
        let ends = move || runtime.shutdown(Duration::MAX).unwrap_err();
        let task = match round % 3 {
            0 => handle.spawn_blocking(ends),
            1 => handle.spawn(async move { ends() }),
            _ => handle.spawn(async move { block_on(async { ends() }) }),
        };
        let error = block_on(task).unwrap();
        assert!(error.is_inside() && error.unfinished().is_empty());
        assert!(error.to_string().contains("outside of its tasks"), "{error}");
        assert!(block_on(bystander).unwrap_err().is_cancelled());
    }
}

#[test]
fn a_runtime_dropped_in_a_task_of_another_one_ends() {
    let (outer, inner) = (runtime(1), runtime(1));
    let waits = inner.spawn(pending::<()>());
    outer.block_on(outer.spawn(async move { drop(inner) })).unwrap();
    assert!(outer.block_on(waits).unwrap_err().is_cancelled());
}

/// The closure that the inner runtime waits for needs the worker that waits for the inner runtime.
#[test]
fn a_runtime_that_waits_for_the_end_of_another_one_gives_its_seat_away() {
    let (outer, inner) = (runtime(1), runtime(1));
    let handle = outer.handle().clone();
    let (started, has_started) = mpsc::channel();
    drop(inner.spawn_blocking(move || {
        let task = handle.spawn(async {});
        started.send(()).unwrap();
        block_on(task).unwrap();
    }));
    outer
        .block_on(outer.spawn(async move {
            has_started.recv().unwrap();
            drop(inner);
        }))
        .unwrap();
}

#[test]
fn a_runtime_may_be_dropped_in_its_own_block_on() {
    let runtime = runtime(1);
    let handle = runtime.handle().clone();
    handle.block_on(async move {
        let task = spawn(pending::<()>());
        drop(runtime);
        assert!(task.await.unwrap_err().is_cancelled());
        time::sleep(Duration::from_millis(1)).await; // on the default runtime
        assert_eq!(spawn_local(async { 7 }).await.unwrap(), 7);
    });
}

#[test]
fn a_shutdown_waits_for_the_tasks_and_for_those_that_they_start() {
    let runtime = runtime(2);
    let drops = Drops::default();
    fn start(guards: Arc<Mutex<Vec<Guard>>>) {
        let Some(guard) = guards.lock().unwrap().pop() else {
            return;
        };
        go(async move {
            let _guard = guard;
            time::sleep(Duration::from_millis(1)).await;
            start(guards.clone());
            start(guards);
        });
    }
    let guards: Vec<_> = (0..31).map(|_| drops.guard()).collect();
    runtime.block_on(async { start(Arc::new(Mutex::new(guards))) });
    drop(runtime.spawn_blocking(|| {
        go(async {});
    }));
    runtime.shutdown(Duration::MAX).unwrap();
    assert_eq!(drops.count(), 31);
}

#[test]
fn a_shutdown_names_the_unfinished_with_place_and_wait_reason() {
    let runtime = runtime(2);
    let (release, released) = mpsc::channel::<()>();
    let spawned = line!() + 1;
    drop(runtime.spawn(async {
        time::sleep(Duration::from_secs(3600)).await // line spawned + 1
    }));
    let joined = runtime.spawn(pending::<()>());
    drop(runtime.spawn(async {
        let _ = joined.await; // line spawned + 5
    }));
    let (started, has_started) = mpsc::channel();
    drop(runtime.spawn_blocking(move || {
        started.send(()).unwrap();
        let _ = released.recv();
    }));
    has_started.recv().unwrap();
    let (_peer, stream) = mio::net::UnixStream::pair().unwrap();
    drop(runtime.spawn(async move {
        let stream = Async::new(stream).unwrap();
        let _ = stream.readable().await;
    }));
    drop(runtime.spawn(async { time::timeout(Duration::from_secs(3600), pending::<()>()).await }));
    let error = runtime.shutdown(Duration::from_millis(50)).unwrap_err();
    drop(release);
    assert!(!error.is_inside());
    assert_eq!(error.unfinished().len(), 6);
    let said = error.to_string();
    println!("{said}");
    let at = |line: u32| format!("runtime_end.rs:{line}:");
    let sleeps = &error.unfinished()[0];
    assert_eq!(sleeps.spawned_at().line(), spawned);
    let waiting = sleeps.waiting().unwrap();
    assert_eq!(
        (waiting.reason.as_str(), waiting.place.line()),
        ("sleep", spawned + 1)
    );
    for part in [
        at(spawned),
        "waiting for sleep at".to_owned(),
        at(spawned + 1),
        "waiting for join at".to_owned(),
        at(spawned + 5),
        "I/O read at".to_owned(),
    ] {
        assert!(said.contains(&part), "no {part:?} in {said}");
    }
    assert!(said.starts_with("6 tasks had not ended"), "{said}");
    let mut ids: Vec<_> = error.unfinished().iter().map(|task| task.id()).collect();
    ids.dedup();
    assert!(ids.is_sorted() && ids.len() == 6);
}

#[test]
fn a_shutdown_of_a_crowd_names_some_and_counts_the_rest() {
    let runtime = runtime(1);
    let _tasks: Vec<_> = (0..25).map(|_| runtime.spawn(pending::<()>())).collect();
    let error = runtime.shutdown(Duration::ZERO).unwrap_err();
    assert_eq!(error.unfinished().len(), 25);
    assert!(error.to_string().ends_with("and 15 more"), "{error}");
}

#[test]
fn a_shutdown_leaves_a_task_behind_that_never_ends_its_poll() {
    let runtime = runtime(1);
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let task = runtime.spawn(async move {
        started.send(()).unwrap();
        let _ = released.recv();
    });
    has_started.recv().unwrap();
    let error = runtime.shutdown(Duration::ZERO).unwrap_err();
    assert_eq!(error.unfinished().len(), 1);
    assert!(error.unfinished()[0].waiting().is_none());
    drop(release);
    block_on(task).unwrap(); // it ended by itself
}

#[test]
fn wakers_that_others_fire_while_the_runtime_ends_do_no_harm() {
    let mut random = seed::random("wakers_that_others_fire_while_the_runtime_ends_do_no_harm");
    for round in 0..150 {
        const TASKS: usize = 16;
        let runtime = runtime(1 + round % 3);
        let drops = Drops::default();
        let (give, given) = mpsc::channel();
        let mut handles: Vec<_> = (0..TASKS)
            .map(|_| {
                let (give, guard) = (give.clone(), drops.guard());
                runtime.spawn(async move {
                    let _guard = guard;
                    poll_fn(|cx| {
                        let _ = give.send(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                })
            })
            .collect();
        let wakers: Vec<Waker> = given.iter().take(TASKS).collect();
        let (ready, is_ready) = mpsc::channel();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let (wakers, ready, seed) = (wakers.clone(), ready.clone(), random.u64(..));
                let handles = handles.split_off(handles.len() - 4);
                let outside = runtime.handle().clone();
                thread::spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed);
                    ready.send(()).unwrap();
                    for step in 0..200 {
                        random.choice(&wakers).unwrap().wake_by_ref();
                        if step % 50 == 0 {
                            handles[step / 50].abort();
                            outside.go(yield_now());
                            drop(outside.spawn_blocking(|| ()));
                        }
                    }
                })
            })
            .collect();
        is_ready.iter().take(2).for_each(drop);
        for _ in 0..random.u32(..2000) {
            std::hint::spin_loop();
        }
        drop(runtime);
        assert_eq!(drops.count(), TASKS);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn numbers_that_can_not_be_are_refused_with_a_sentence() {
    for workers in [0, 1025, usize::MAX] {
        let error = Builder::new().workers(workers).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let said = error.to_string();
        assert!(
            said.contains("1 to 1024 workers") && said.contains(&workers.to_string()),
            "{said}"
        );
    }
    let error = Builder::new().workers(1).blocking_threads(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("blocking threads"), "{error}");
    drop(
        Builder::new()
            .workers(1)
            .blocking_threads(usize::MAX)
            .build()
            .unwrap(),
    );
}

#[test]
fn the_environment_sets_the_number_of_workers() {
    let test = "the_environment_sets_the_number_of_workers";
    let mut command = child(test, || match std::env::var("CANTER_WORKERS").as_deref() {
        Ok("3") => {
            assert!(format!("{:?}", Runtime::new().unwrap()).contains("workers: 3"));
            assert!(format!("{:?}", Handle::default_runtime()).contains("workers: 3"));
            assert!(format!("{:?}", runtime(2)).contains("workers: 2"));
        }
        _ => {
            let error = Runtime::new().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().contains("CANTER_WORKERS"), "{error}");
            let panic = catch_unwind(|| go(async {})).unwrap_err();
            let said = panic.downcast_ref::<String>().unwrap();
            assert!(
                said.contains("CANTER_WORKERS") && said.contains("default runtime"),
                "{said}"
            );
            let (_, stream) = mio::net::UnixStream::pair().unwrap();
            assert!(
                Async::new(stream)
                    .unwrap_err()
                    .to_string()
                    .contains("CANTER_WORKERS")
            );
            assert_eq!(
                runtime(1).block_on(async { spawn(async { 7 }).await.unwrap() }),
                7
            );
        }
    });
    command.env("CANTER_WORKERS", "3");
    stderr_of(command);
    for bad in ["0", "1025", "many", "", "-1", "99999999999999999999999"] {
        let mut command = child(test, || ());
        command.env("CANTER_WORKERS", bad);
        stderr_of(command);
    }
}
