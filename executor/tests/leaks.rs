//! Tasks that nothing can wake any more: their futures are dropped, where they may be, and nobody else's are.

#[path = "common/child.rs"]
mod child;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;

use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use canter_executor::runtime::Runtime;
use canter_executor::task::{Group, LocalSet};
use canter_executor::{block_on, go, spawn, spawn_local, time, yield_now};
use child::{child, stderr_of};
use drops::{Drops, Guard};

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// Waits until that many have been dropped.
fn wait_for(drops: &Drops, count: usize) {
    while drops.count() < count {
        thread::yield_now();
    }
    assert_eq!(drops.count(), count);
}

/// Waits for ever, and gives its waker away at the first poll.
async fn wait_with(guard: Guard, waker: mpsc::Sender<Waker>) {
    let _guard = guard;
    poll_fn(|cx| -> Poll<()> {
        // Where nobody takes it, it goes.
        let _ = waker.send(cx.waker().clone());
        Poll::Pending
    })
    .await
}

/// A task of the runtime, which goes to the end of every queue, has run meanwhile.
fn let_others_run(runtime: &Runtime) {
    for _ in 0..100 {
        runtime.block_on(runtime.spawn(yield_now())).unwrap();
    }
}

#[test]
fn a_task_that_gives_its_waker_to_nobody_is_dropped() {
    for workers in [1, 2] {
        let (runtime, drops) = (runtime(workers), Drops::default());
        for _ in 0..100 {
            let guard = drops.guard();
            runtime.go(async move {
                let _guard = guard;
                pending::<()>().await;
            });
        }
        wait_for(&drops, 100);
        runtime.shutdown(Duration::MAX).unwrap();
    }
}

#[test]
fn a_task_whose_last_waker_is_dropped_by_another_thread_is_dropped_on_a_worker() {
    struct Tells(mpsc::Sender<Option<String>>);
    impl Drop for Tells {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().name().map(str::to_owned));
        }
    }
    let (runtime, drops) = (runtime(2), Drops::default());
    let ((give, given), (tell, told)) = (mpsc::channel(), mpsc::channel());
    let (waits, tells) = (wait_with(drops.guard(), give), Tells(tell));
    runtime.go(async move {
        let _tells = tells;
        waits.await;
    });
    let waker = given.recv().unwrap();
    let another = waker.clone();
    drop(waker);
    let_others_run(&runtime);
    assert_eq!(drops.count(), 0, "there is a waker left");
    drop(another);
    wait_for(&drops, 1);
    let name = told.recv().unwrap().expect("a worker has a name");
    assert!(name.starts_with("canter-"), "{name}");
}

#[test]
fn a_waker_that_is_dropped_while_the_task_runs_is_missed_at_the_end_of_the_poll() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let guard = drops.guard();
    runtime.go(async move {
        let _guard = guard;
        poll_fn(|cx| -> Poll<()> {
            let waker = cx.waker().clone();
            thread::spawn(move || drop(waker)).join().unwrap();
            Poll::Pending
        })
        .await;
    });
    wait_for(&drops, 1);
}

#[test]
fn a_task_that_was_woken_runs_on_though_its_waker_is_gone() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let (ended, has_ended) = mpsc::channel();
    for _ in 0..1000 {
        let (guard, ended) = (drops.guard(), ended.clone());
        let (give, given) = mpsc::channel::<Waker>();
        runtime.go(async move {
            let mut first = true;
            poll_fn(|cx| {
                if !std::mem::replace(&mut first, false) {
                    return Poll::Ready(());
                }
                give.send(cx.waker().clone()).unwrap();
                Poll::Pending
            })
            .await;
            ended.send(()).unwrap();
            drop(guard);
        });
        given.recv().unwrap().wake();
    }
    (0..1000).for_each(|_| has_ended.recv().unwrap());
    wait_for(&drops, 1000);
}

#[test]
fn a_task_that_sleeps_or_waits_for_another_is_there_until_it_has_ended() {
    let runtime = runtime(2);
    let (ended, has_ended) = mpsc::channel();
    runtime.go(async move {
        time::sleep(Duration::from_millis(5)).await;
        spawn(time::sleep(Duration::from_millis(5))).await.unwrap();
        ended.send(()).unwrap();
    });
    has_ended.recv().unwrap();
}

#[test]
fn a_task_that_has_a_handle_stays_until_it_goes() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (give, given) = mpsc::channel();
    let task = runtime.spawn(wait_with(drops.guard(), give));
    drop(given.recv().unwrap());
    let_others_run(&runtime);
    assert_eq!((drops.count(), task.is_finished()), (0, false));
    drop(task);
    wait_for(&drops, 1);
}

#[test]
fn a_task_that_has_a_handle_and_no_waker_can_be_aborted() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (give, given) = mpsc::channel();
    let task = runtime.spawn(wait_with(drops.guard(), give));
    drop(given.recv().unwrap());
    task.abort();
    assert!(block_on(task).unwrap_err().is_cancelled());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_task_whose_handle_goes_stays_until_its_waker_does() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (give, given) = mpsc::channel();
    let task = runtime.spawn(wait_with(drops.guard(), give));
    let waker = given.recv().unwrap();
    drop(task);
    let_others_run(&runtime);
    assert_eq!(drops.count(), 0);
    drop(waker);
    wait_for(&drops, 1);
}

/// The handle is in the one that waits, and the waker of that in the one that it waits for: each keeps the other.
#[test]
fn a_task_that_joins_one_that_nothing_can_wake_stays_with_it() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let (first, second) = (drops.guard(), drops.guard());
    runtime.go(async move {
        let _first = first;
        let joined = spawn(async move {
            let _second = second;
            pending::<()>().await;
        });
        let _ = joined.await;
    });
    let_others_run(&runtime);
    assert_eq!(drops.count(), 0);
    let error = runtime.shutdown(Duration::ZERO).unwrap_err();
    assert_eq!((error.unfinished().len(), drops.count()), (2, 2));
}

#[test]
fn a_task_of_a_group_stays_until_the_group_lets_go_of_it() {
    let (runtime, drops) = (runtime(1), Drops::default());
    let mut group = Group::new();
    for _ in 0..10 {
        let (give, given) = mpsc::channel();
        block_on(group.spawn_on(wait_with(drops.guard(), give), runtime.handle()));
        drop(given.recv().unwrap());
    }
    let_others_run(&runtime);
    assert_eq!((drops.count(), group.len()), (0, 10));
    group.detach_all();
    wait_for(&drops, 10);
}

/// A destructor that tells its thread.
struct OnThread(Arc<Mutex<Vec<ThreadId>>>, Rc<()>);

impl Drop for OnThread {
    fn drop(&mut self) {
        assert_eq!(Rc::strong_count(&self.1), 2);
        self.0.lock().unwrap().push(thread::current().id());
    }
}

#[test]
fn a_local_task_is_dropped_on_its_own_thread() {
    let threads = Arc::new(Mutex::new(Vec::new()));
    let mine = Rc::new(());
    block_on(async {
        let (give, given) = mpsc::channel();
        let (on_thread, drops) = (OnThread(threads.clone(), mine.clone()), Drops::default());
        let waits = wait_with(drops.guard(), give);
        drop(spawn_local(async move {
            let _on_thread = on_thread;
            waits.await;
        }));
        yield_now().await;
        let waker = given.recv().unwrap();
        thread::spawn(move || drop(waker)).join().unwrap();
        while drops.count() == 0 {
            yield_now().await;
        }
    });
    assert_eq!(*threads.lock().unwrap(), [thread::current().id()]);
}

/// The set waits in the kernel while the last waker goes, and has to be woken to drop the task.
#[test]
fn a_local_set_is_woken_to_drop_a_task_that_nothing_else_can_wake() {
    let (set, drops) = (LocalSet::new(), Drops::default());
    let (give, given) = mpsc::channel();
    drop(set.spawn_local(wait_with(drops.guard(), give)));
    let drops_it = thread::spawn(move || drop(given.recv().unwrap()));
    block_on(set); // ends when no task is left
    assert_eq!(drops.count(), 1);
    drops_it.join().unwrap();
}

#[test]
fn wakers_that_outlive_their_runtime_wake_and_leak_nothing() {
    let (runtime, drops) = (runtime(2), Drops::default());
    let (give, given) = mpsc::channel();
    for _ in 0..10 {
        runtime.go(wait_with(drops.guard(), give.clone()));
    }
    let wakers: Vec<_> = (0..10).map(|_| given.recv().unwrap()).collect();
    drop(runtime);
    assert_eq!(drops.count(), 10);
    for (number, waker) in wakers.into_iter().enumerate() {
        match number % 3 {
            0 => waker.wake(),
            1 => waker.clone().wake_by_ref(),
            _ => drop(waker),
        }
    }
    assert_eq!(drops.count(), 10);
}

#[test]
fn the_future_of_a_block_on_waits_without_a_waker() {
    let (give, given) = mpsc::channel::<Waker>();
    let (release, released) = mpsc::channel();
    let wakes = thread::spawn(move || {
        let waker: Waker = given.recv().unwrap();
        release.send(()).unwrap();
        waker.wake();
    });
    let mut give = Some(give);
    block_on(poll_fn(|cx| {
        if let Some(give) = give.take() {
            drop(cx.waker().clone());
            give.send(cx.waker().clone()).unwrap();
        }
        match released.try_recv() {
            Ok(()) => Poll::Ready(()),
            Err(_) => Poll::Pending,
        }
    }));
    wakes.join().unwrap();
}

/// A destructor that starts a task, which leaks too, and panics.
struct Spawns(Option<Guard>, usize);

impl Drop for Spawns {
    fn drop(&mut self) {
        let guard = self.0.take();
        if let Some(left) = self.1.checked_sub(1) {
            let next = Spawns(guard, left);
            go(async move {
                let _next = next;
                pending::<()>().await;
            });
        }
        panic!("on purpose: {}", self.1);
    }
}

#[test]
fn what_a_leaked_task_does_in_its_destructor_is_its_own_affair() {
    let command = child(
        "what_a_leaked_task_does_in_its_destructor_is_its_own_affair",
        || {
            let (runtime, drops) = (runtime(1), Drops::default());
            let spawns = Spawns(Some(drops.guard()), 5);
            runtime.go(async move {
                let _spawns = spawns;
                pending::<()>().await;
            });
            wait_for(&drops, 1);
            runtime.shutdown(Duration::MAX).unwrap();
        },
    );
    let stderr = stderr_of(command);
    for number in 0..=5 {
        let told = format!("panicked and nobody joins it: on purpose: {number}");
        assert_eq!(stderr.matches(&told).count(), 1, "{stderr}");
    }
}

/// Each wakes the next when it is dropped, by dropping the only waker of it.
#[test]
fn a_leak_that_leads_to_others_ends_them_all() {
    const LENGTH: usize = 10_000;
    let (runtime, drops) = (runtime(2), Drops::default());
    let mut held = None;
    for _ in 0..LENGTH {
        let (give, given) = mpsc::channel();
        let (waits, holds) = (wait_with(drops.guard(), give), held.take());
        runtime.go(async move {
            let _holds = holds;
            waits.await;
        });
        held = Some(given.recv().unwrap());
    }
    let_others_run(&runtime);
    assert_eq!(drops.count(), 0);
    drop(held);
    wait_for(&drops, LENGTH);
}
