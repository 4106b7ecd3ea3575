//! Models of the state word and of what is done in its states: the real tasks and the real registry, with a queue for a scheduler.
//!
//! Nothing but the state word orders what the threads do. The content of a task and the slot of its joiner are loom's cells, so that loom
//! sees it when somebody is at them out of turn. That a task is freed once is told by its name, of which each task has one reference.

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::thread;

use crate::sync::atomic::{AtomicBool, AtomicUsize, Ordering::*};
use crate::sync::{Mutex, lock};
use crate::task::make;
use crate::task::{JoinHandle, Registry, Runnable, Schedule, Woken};

/// The tasks that are ready.
struct Queue(Mutex<Vec<Runnable>>);

impl Schedule for Queue {
    fn schedule(&self, runnable: Runnable, _: Woken) {
        lock(&self.0).push(runnable);
    }
}

/// What has been dropped, counted without anything that would order it.
#[derive(Clone, Default)]
struct Drops(Arc<std::sync::atomic::AtomicUsize>);

struct Guard(Drops);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_add(1, Relaxed);
    }
}

impl Drops {
    fn guard(&self) -> Guard {
        Guard(self.clone())
    }

    fn count(&self) -> usize {
        self.0.load(Relaxed)
    }
}

/// Ends with a guard when enough has been added; waits until then, with no waker of its own.
struct Sum {
    sum: Arc<AtomicUsize>,
    enough: usize,
    outputs: Drops,
    _future: Guard,
}

impl Future for Sum {
    type Output = Guard;

    fn poll(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Guard> {
        if self.sum.load(Relaxed) >= self.enough {
            Poll::Ready(self.outputs.guard())
        } else {
            Poll::Pending
        }
    }
}

/// One task, and what it leaves behind.
struct World {
    queue: Arc<Queue>,
    registry: Arc<Registry>,
    sum: Arc<AtomicUsize>,
    futures: Drops,
    outputs: Drops,
    name: Arc<str>,
}

impl World {
    /// A task that ends when `enough` has been added to the sum. It is ready.
    fn new(enough: usize) -> (World, JoinHandle<Guard>) {
        let queue = Arc::new(Queue(Mutex::new(Vec::new())));
        let world = World {
            registry: Registry::new(queue.clone(), None),
            queue,
            sum: Arc::new(AtomicUsize::new(0)),
            futures: Drops::default(),
            outputs: Drops::default(),
            name: Arc::from("task"),
        };
        let future = Sum {
            sum: world.sum.clone(),
            enough,
            outputs: world.outputs.clone(),
            _future: world.futures.guard(),
        };
        let place = std::panic::Location::caller();
        let (fresh, handle) = make::new(&world.registry, future, place, world.name.clone());
        fresh.start();
        (world, handle)
    }

    /// One that waits, with that many wakers.
    fn waiting(enough: usize, wakers: usize) -> (World, JoinHandle<Guard>, Vec<Waker>) {
        let (world, handle) = World::new(enough);
        let wakers = (0..wakers).map(|_| world.waker()).collect();
        assert_eq!(world.run_all(), 1);
        (world, handle, wakers)
    }

    fn waker(&self) -> Waker {
        self.registry.wakers().pop().expect("the task is listed")
    }

    fn take(&self) -> Option<Runnable> {
        lock(&self.queue.0).pop()
    }

    /// Runs what is ready until nothing is, and says how often something was.
    fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.take().map(Runnable::run)).count()
    }

    /// Wakes the task after something was added, which the poll has to see.
    fn add(&self) -> impl FnOnce(Waker) + use<> {
        let sum = self.sum.clone();
        move |waker| {
            sum.fetch_add(1, Relaxed);
            waker.wake();
        }
    }

    /// The task has gone, with all that it had; that many outputs came to be.
    fn assert_gone(&self, outputs: usize, leaked: u64) {
        assert!(self.take().is_none(), "the task is ready after its end");
        assert_eq!((self.futures.count(), self.outputs.count()), (1, outputs));
        let counts = self.registry.counts();
        assert_eq!((counts.spawned, counts.ended, counts.leaked), (1, 1, leaked));
        assert_eq!(Arc::strong_count(&self.name), 1, "the allocation was not freed");
    }
}

/// Whether it was woken.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Flag>) {
        self.0.store(true, Relaxed);
    }
}

impl Flag {
    fn new() -> Arc<Flag> {
        Arc::new(Flag(AtomicBool::new(false)))
    }

    fn poll<T>(self: &Arc<Flag>, handle: &mut JoinHandle<T>) -> Poll<T> {
        let waker = Waker::from(self.clone());
        let polled = std::pin::Pin::new(handle).poll(&mut Context::from_waker(&waker));
        polled.map(|result| result.expect("nobody aborts or panics"))
    }
}

/// Race: a task is woken while its poll ends.
#[test]
fn a_wake_up_at_the_end_of_a_poll_is_not_lost() {
    for by_reference in [false, true] {
        loom::model(move || {
            let (world, handle) = World::new(1);
            let (sum, waker) = (world.sum.clone(), world.waker());
            let wakes = thread::spawn(move || {
                sum.fetch_add(1, Relaxed);
                if by_reference {
                    waker.wake_by_ref()
                } else {
                    waker.wake()
                }
            });
            world.run_all();
            wakes.join().unwrap();
            world.run_all();
            assert!(handle.is_finished());
            drop(handle);
            world.assert_gone(1, 0);
        });
    }
}

/// Race: two wakers of a task that waits, one of which stays.
#[test]
fn two_wake_ups_at_once_make_one_poll_that_sees_both() {
    loom::model(|| {
        let (world, handle, mut wakers) = World::waiting(2, 2);
        let (add, waker) = (world.add(), wakers.pop().unwrap());
        let wakes = thread::spawn(move || add(waker));
        world.sum.fetch_add(1, Relaxed);
        wakers[0].wake_by_ref();
        wakes.join().unwrap();
        assert_eq!(world.run_all(), 1);
        drop((handle, wakers));
        world.assert_gone(1, 0);
    });
}

/// Race: two wakers of a task that runs meanwhile.
#[test]
fn two_wake_ups_during_a_poll_are_both_seen() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let (world, handle) = World::new(2);
        let threads = [(); 2].map(|()| {
            let (add, waker) = (world.add(), world.waker());
            thread::spawn(move || add(waker))
        });
        world.run_all();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        world.run_all();
        assert!(handle.is_finished());
        drop(handle);
        world.assert_gone(1, 0);
    });
}

/// Race: a handle is polled for the first time while the task ends.
#[test]
fn a_join_while_the_task_ends_finds_the_output_or_is_woken() {
    loom::model(|| {
        let (world, mut handle) = World::new(0);
        let runnable = world.take().unwrap();
        let runs = thread::spawn(move || runnable.run());
        let flag = Flag::new();
        let polled = flag.poll(&mut handle);
        runs.join().unwrap();
        match polled {
            Poll::Ready(output) => drop(output),
            Poll::Pending => {
                assert!(flag.0.load(Relaxed));
                assert!(flag.poll(&mut handle).is_ready());
            }
        }
        drop(handle);
        assert_eq!(Arc::strong_count(&flag), 1);
        world.assert_gone(1, 0);
    });
}

/// Race: a handle is polled with another waker than before while the task ends.
#[test]
fn a_join_that_goes_to_another_waker_while_the_task_ends_is_woken_there() {
    loom::model(|| {
        let (world, mut handle) = World::new(0);
        let runnable = world.take().unwrap();
        let (earlier, flag) = (Flag::new(), Flag::new());
        assert!(earlier.poll(&mut handle).is_pending());
        let runs = thread::spawn(move || runnable.run());
        let polled = flag.poll(&mut handle);
        let same = polled.is_pending().then(|| flag.poll(&mut handle));
        runs.join().unwrap();
        match same.unwrap_or(polled) {
            Poll::Ready(output) => drop(output),
            Poll::Pending => {
                assert!(flag.0.load(Relaxed));
                assert!(flag.poll(&mut handle).is_ready());
            }
        }
        drop(handle);
        assert_eq!((Arc::strong_count(&earlier), Arc::strong_count(&flag)), (1, 1));
        world.assert_gone(1, 0);
    });
}

/// Race: a handle that somebody waited with goes while the task ends.
#[test]
fn a_handle_that_goes_while_the_task_ends_leaves_nothing_behind() {
    for joined in [false, true] {
        loom::model(move || {
            let (world, mut handle) = World::new(0);
            let runnable = world.take().unwrap();
            let flag = Flag::new();
            assert!(!joined || flag.poll(&mut handle).is_pending());
            let runs = thread::spawn(move || runnable.run());
            drop(handle);
            runs.join().unwrap();
            assert_eq!(Arc::strong_count(&flag), 1);
            world.assert_gone(1, 0);
        });
    }
}

/// Race: the handle and the last waker of a task that has ended go at once.
#[test]
fn a_task_that_has_ended_is_freed_by_whoever_goes_last() {
    loom::model(|| {
        let (world, handle) = World::new(0);
        let waker = world.waker();
        world.run_all();
        let drops = thread::spawn(move || drop(waker));
        drop(handle);
        drops.join().unwrap();
        world.assert_gone(1, 0);
    });
}

/// Race: a waker goes while a task ends that nobody joins.
#[test]
fn a_waker_that_goes_while_the_task_ends_leaves_it_to_be_freed_once() {
    for wakes in [false, true] {
        loom::model(move || {
            let (world, handle) = World::new(0);
            let (waker, name) = (world.waker(), Arc::downgrade(&world.name));
            drop(handle);
            let goes = thread::spawn(move || {
                assert_eq!(name.strong_count(), 2, "the allocation was freed beside a waker");
                if wakes { waker.wake() } else { drop(waker) }
            });
            world.run_all();
            goes.join().unwrap();
            world.run_all();
            world.assert_gone(1, 0);
        });
    }
}

/// Race: the last waker goes while the poll ends that leaves the task pending.
#[test]
fn a_leak_at_the_end_of_a_poll_is_found_once() {
    loom::model(|| {
        let (world, handle) = World::new(1);
        drop(handle);
        let waker = world.waker();
        let drops = thread::spawn(move || drop(waker));
        world.run_all();
        drops.join().unwrap();
        world.run_all();
        world.assert_gone(0, 1);
    });
}

/// Race: two wakers go, and the handle.
#[test]
fn a_leak_is_found_by_whoever_goes_last_and_by_nobody_else() {
    loom::model(|| {
        let (world, handle, mut wakers) = World::waiting(1, 2);
        let waker = wakers.pop().unwrap();
        let (one, other) = (
            thread::spawn(move || drop(waker)),
            thread::spawn(move || drop(wakers)),
        );
        drop(handle);
        one.join().unwrap();
        other.join().unwrap();
        assert_eq!(world.run_all(), 1);
        world.assert_gone(0, 1);
    });
}

/// Race: the last waker goes, and the registry wakes all that it lists, as at the end of a runtime.
#[test]
fn a_registry_that_asks_for_a_waker_while_the_last_one_goes_makes_no_second_end() {
    loom::model(|| {
        let (world, handle, mut wakers) = World::waiting(1, 1);
        drop(handle);
        let waker = wakers.pop().unwrap();
        let drops = thread::spawn(move || drop(waker));
        world.registry.wakers().into_iter().for_each(Waker::wake);
        drops.join().unwrap();
        world.run_all();
        world.assert_gone(0, 1);
    });
}

/// Race: the handle of a task without wakers goes, and the registry wakes all that it lists.
#[test]
fn a_registry_that_asks_for_a_waker_while_the_handle_goes_makes_no_second_end() {
    loom::model(|| {
        let (world, handle, _) = World::waiting(1, 0);
        let drops = thread::spawn(move || drop(handle));
        world.registry.wakers().into_iter().for_each(Waker::wake);
        drops.join().unwrap();
        world.run_all();
        world.assert_gone(0, 1);
    });
}

/// Race: the registry asks for a waker while the task ends and is taken off.
#[test]
fn a_registry_that_asks_for_a_waker_while_the_task_ends_gets_one_of_a_task_that_is_there() {
    loom::model(|| {
        let (world, handle) = World::new(0);
        drop(handle);
        let runnable = world.take().unwrap();
        let runs = thread::spawn(move || runnable.run());
        world.registry.wakers().into_iter().for_each(Waker::wake);
        runs.join().unwrap();
        world.assert_gone(1, 0);
    });
}

/// Race: a task is aborted while it is woken, and while it runs.
#[test]
fn an_abort_beside_a_wake_up_ends_the_task_once() {
    for runs in [false, true] {
        loom::model(move || {
            let (world, handle) = World::new(1);
            let (add, waker) = (world.add(), world.waker());
            if !runs {
                world.run_all();
            }
            let wakes = thread::spawn(move || add(waker));
            handle.abort();
            world.run_all();
            wakes.join().unwrap();
            world.run_all();
            assert!(handle.is_finished());
            drop(handle);
            assert!(world.outputs.count() <= 1);
            world.assert_gone(world.outputs.count(), 0);
        });
    }
}
