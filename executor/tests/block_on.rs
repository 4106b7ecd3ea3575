//! `block_on`: on plain threads, in one's own runtime, and nested in whatever canter runs.

#![expect(
    clippy::async_yields_async,
    reason = "a handle is what these tests want out of a block_on"
)]

#[path = "common/child.rs"]
mod child;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Barrier, mpsc};
use std::task::Poll;
use std::time::Duration;

use canter_executor::runtime::{Handle, Runtime};
use canter_executor::{block_on, go, spawn, spawn_blocking, spawn_local, time, yield_now};
use child::{child, stderr_of};
use futures::channel::oneshot;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

#[test]
fn plain_threads_need_no_set_up() {
    let output = child("plain_threads_need_no_set_up", || {
        let start = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let start = start.clone();
                std::thread::spawn(move || {
                    start.wait(); // all of them start the default runtime at once
                    let (sender, receiver) = mpsc::channel();
                    go(async move { sender.send(number).unwrap() });
                    let task = spawn(async move {
                        time::sleep(Duration::from_millis(1)).await;
                        spawn_blocking(move || number).await.unwrap()
                    });
                    assert_eq!(block_on(task).unwrap(), number);
                    assert_eq!(receiver.recv(), Ok(number));
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(Handle::try_current().is_none());
        assert_eq!(
            format!("{:?}", Handle::current()),
            format!("{:?}", Handle::default_runtime())
        );
    });
    stderr_of(output);
}

#[test]
fn a_future_may_borrow_and_need_not_be_send() {
    let mut count = 0;
    let shared = Rc::new(Cell::new(1));
    let output = block_on(async {
        count += shared.get();
        yield_now().await;
        count += shared.get();
        Rc::clone(&shared)
    });
    assert_eq!((count, output.get()), (2, 1));
}

#[test]
fn a_panic_comes_through_and_the_thread_can_block_again() {
    for _ in 0..3 {
        assert!(catch_unwind(|| block_on(async { panic!("on purpose") })).is_err());
        assert_eq!(block_on(async { spawn(async { 7 }).await.unwrap() }), 7);
    }
}

/// Whether a task that `start` spawns belongs to `runtime`: it then ends with it.
fn ends_with(runtime: Runtime, start: impl FnOnce(&Runtime) -> canter_executor::JoinHandle<()>) -> bool {
    let task = start(&runtime);
    drop(runtime);
    match task.is_finished() {
        true => block_on(task).unwrap_err().is_cancelled(),
        false => false,
    }
}

#[test]
fn an_own_runtime_takes_precedence_inside() {
    let forever = || spawn(pending::<()>());
    assert!(ends_with(runtime(1), |own| own.block_on(async { forever() })));
    assert!(ends_with(runtime(1), |own| own
        .block_on(own.spawn(async move { forever() }))
        .unwrap()));
    assert!(ends_with(runtime(1), |own| own
        .block_on(own.spawn_blocking(forever))
        .unwrap()));
    assert!(ends_with(runtime(1), |own| own
        .handle()
        .block_on(async { block_on(async { forever() }) })));
    assert!(ends_with(runtime(1), |own| own.block_on(async {
        spawn_local(async move { forever() }).await.unwrap()
    })));
    assert!(!ends_with(runtime(1), |_| forever()));
    let other = runtime(1);
    assert!(!ends_with(runtime(1), |own| own
        .block_on(async { other.block_on(async { forever() }) })));
}

#[test]
fn enter_makes_a_runtime_current_until_the_guard_goes() {
    let forever = || spawn(pending::<()>());
    assert!(ends_with(runtime(1), |own| {
        let _entered = own.enter();
        forever()
    }));
    assert!(ends_with(runtime(1), |own| {
        let handle = own.handle().clone();
        let _entered = handle.enter();
        forever()
    }));
    assert!(!ends_with(runtime(1), |own| {
        drop(own.enter());
        forever()
    }));
    let (one, two) = (runtime(1), runtime(2));
    let outer = one.enter();
    let inner = two.enter();
    assert_eq!(format!("{:?}", Handle::current()), format!("{:?}", two.handle()));
    drop(inner);
    assert_eq!(format!("{:?}", Handle::current()), format!("{:?}", one.handle()));
    drop(outer);
    assert!(Handle::try_current().is_none());
}

#[test]
fn nested_it_runs_what_is_in_the_next_slot_and_the_queue_of_its_worker() {
    let runtime = runtime(1);
    for queued in [1, 2, 10] {
        let sum = runtime.spawn(async move {
            let tasks: Vec<_> = (0..queued).map(|number| spawn(async move { number })).collect();
            block_on(async {
                let mut sum = 0;
                for task in tasks {
                    sum += task.await.unwrap();
                }
                sum
            })
        });
        assert_eq!(runtime.block_on(sum).unwrap(), (0..queued).sum::<i32>());
    }
}

#[test]
fn nested_it_waits_for_timers_and_closures_on_one_worker() {
    let runtime = runtime(1);
    let task = runtime.spawn(async {
        block_on(time::sleep(Duration::from_millis(2)));
        block_on(spawn_blocking(|| 7)).unwrap()
    });
    assert_eq!(runtime.block_on(task).unwrap(), 7);
}

#[test]
fn after_a_nested_one_the_task_goes_on() {
    let runtime = runtime(1);
    let task = runtime.spawn(async {
        let mut sum = 0;
        for number in 0..50 {
            sum += block_on(spawn(async move { number })).unwrap();
            yield_now().await;
            sum += spawn(async move { number }).await.unwrap();
        }
        sum
    });
    assert_eq!(runtime.block_on(task).unwrap(), 2 * (0..50).sum::<i32>());
}

fn nest(depth: usize) -> Pin<Box<dyn Future<Output = usize> + Send>> {
    Box::pin(async move {
        match depth {
            0 => 0,
            _ => 1 + block_on(async { spawn(nest(depth - 1)).await.unwrap() }),
        }
    })
}

#[test]
fn twenty_levels_deep_on_one_worker() {
    let runtime = runtime(1);
    for _ in 0..5 {
        assert_eq!(runtime.block_on(runtime.spawn(nest(20))).unwrap(), 20);
    }
}

#[test]
fn many_at_once_wait_for_each_other() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        const TASKS: usize = 64;
        // Each waits for the one before it, in a block_on of its own.
        let (first, mut before) = oneshot::channel::<usize>();
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            let (sender, receiver) = oneshot::channel();
            let waits_for = std::mem::replace(&mut before, receiver);
            tasks.push(runtime.spawn(async move {
                let number = block_on(waits_for).unwrap();
                sender.send(number + 1).unwrap();
            }));
        }
        first.send(0).unwrap();
        assert_eq!(block_on(before).unwrap(), TASKS);
        tasks.into_iter().for_each(|task| block_on(task).unwrap());
    }
}

#[test]
fn nested_in_a_blocking_closure() {
    let runtime = runtime(1);
    let task =
        runtime.spawn_blocking(|| block_on(async { spawn(async { block_on(spawn(async { 7 })) }).await }));
    assert_eq!(runtime.block_on(task).unwrap().unwrap().unwrap(), 7);
}

#[test]
fn nested_in_a_local_task_it_has_local_tasks_of_its_own() {
    let output = block_on(async {
        let outer = spawn_local(async {
            let inner = Rc::new(7);
            block_on(async { spawn_local(async move { *inner }).await.unwrap() })
        });
        outer.await.unwrap()
    });
    assert_eq!(output, 7);
}

#[test]
fn directly_within_another_one() {
    assert_eq!(
        block_on(async { block_on(async { block_on(spawn(async { 7 })) }) }).unwrap(),
        7
    );
}

#[test]
fn in_a_destructor_at_the_end_of_a_task() {
    struct Blocks(Option<oneshot::Sender<i32>>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            let answer = block_on(spawn(async { 7 })).unwrap();
            self.0.take().unwrap().send(answer).unwrap();
        }
    }
    let runtime = runtime(1);
    let (sender, receiver) = oneshot::channel();
    runtime.go(async move {
        let _blocks = Blocks(Some(sender));
        yield_now().await;
    });
    assert_eq!(block_on(receiver).unwrap(), 7);
}

#[test]
fn a_wake_up_from_an_earlier_one_does_no_harm() {
    let kept = block_on(poll_fn(|cx| Poll::Ready(cx.waker().clone())));
    for number in 0..1000 {
        kept.wake_by_ref();
        assert_eq!(block_on(spawn(async move { number })).unwrap(), number);
    }
}

#[test]
fn a_wake_up_from_another_thread_is_never_lost() {
    let (threads, runtime) = (2, runtime(2));
    let workers: Vec<_> = (0..threads)
        .map(|_| {
            let handle = runtime.handle().clone();
            std::thread::spawn(move || {
                for number in 0..20_000 {
                    assert_eq!(
                        handle.block_on(handle.spawn(async move { number })).unwrap(),
                        number
                    );
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}

#[test]
fn many_threads_block_nested_on_a_few_workers() {
    let runtime = Arc::new(runtime(2));
    let tasks: Vec<_> = (0..50)
        .map(|number| {
            runtime.spawn(async move {
                for _ in 0..20 {
                    block_on(async {
                        spawn(yield_now()).await.unwrap();
                        yield_now().await;
                    });
                    yield_now().await;
                }
                number
            })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        assert_eq!(runtime.block_on(task).unwrap(), number);
    }
}

#[test]
fn it_gives_its_local_tasks_a_turn_beside_a_future_that_is_always_ready() {
    block_on(async {
        let ended = Rc::new(Cell::new(false));
        let (ends, mut polls) = (ended.clone(), 0);
        drop(spawn_local(async move { ends.set(true) }));
        while !ended.get() {
            time::sleep(Duration::ZERO).await; // spends the budget
            polls += 1;
            assert!(polls < 1000, "the local task starves");
        }
    });
}
