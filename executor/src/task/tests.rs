//! What a registry counts, and the memory of a task.

use std::future::{pending, ready};
use std::panic::{Location, resume_unwind};
use std::sync::Arc;
use std::task::Waker;

use super::registry::Counts;
use super::{JoinHandle, Registry, Runnable, Schedule, Woken, make};
use crate::sync::{Mutex, lock};

#[derive(Default)]
struct Queue(Mutex<Vec<Runnable>>);

impl Schedule for Queue {
    fn schedule(&self, runnable: Runnable, _: Woken) {
        lock(&self.0).push(runnable);
    }
}

impl Queue {
    fn new() -> (Arc<Queue>, Arc<Registry>) {
        let queue = Arc::new(Queue::default());
        (queue.clone(), Registry::new(queue, None))
    }

    fn run_all(&self) {
        while let Some(runnable) = { lock(&self.0).pop() } {
            runnable.run();
        }
    }
}

fn spawn<F>(registry: &Arc<Registry>, future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (fresh, handle) = make::new(registry, future, Location::caller(), ());
    fresh.start();
    handle
}

fn counts(spawned: u64, ended: u64, panicked: u64, leaked: u64) -> Counts {
    Counts {
        spawned,
        ended,
        panicked,
        leaked,
    }
}

#[test]
fn a_registry_counts_what_becomes_of_its_tasks() {
    let (queue, registry) = Queue::new();
    drop(spawn(&registry, ready(())));
    drop(spawn(&registry, async { resume_unwind(Box::new("on purpose")) }));
    let waits = spawn(&registry, pending::<()>());
    assert_eq!(registry.counts(), counts(3, 0, 0, 0));
    queue.run_all();
    assert_eq!(registry.counts(), counts(3, 2, 1, 0));
    drop(waits);
    assert_eq!(registry.counts(), counts(3, 2, 1, 0), "it is dropped by a worker");
    queue.run_all();
    assert_eq!(registry.counts(), counts(3, 3, 1, 1));
    drop(spawn(&registry, pending::<()>()));
    queue.run_all();
    assert_eq!(registry.counts(), counts(4, 4, 1, 2), "at the end of its poll");
}

#[test]
fn an_abort_is_no_leak_and_a_task_that_was_refused_is_not_counted() {
    let (queue, registry) = Queue::new();
    let task = spawn(&registry, pending::<()>());
    queue.run_all();
    task.abort();
    drop(task);
    queue.run_all();
    assert_eq!(registry.counts(), counts(1, 1, 0, 0));
    registry.close();
    drop(spawn(&registry, ready(())));
    assert_eq!(registry.counts(), counts(1, 1, 0, 0));
}

#[test]
fn what_the_end_of_a_runtime_drops_does_not_count_as_leaked() {
    let (queue, registry) = Queue::new();
    let task = spawn(&registry, pending::<()>());
    queue.run_all();
    registry.close();
    registry.wakers().into_iter().for_each(Waker::wake);
    drop(task);
    queue.run_all();
    assert_eq!(registry.counts(), counts(1, 1, 0, 0));
}
