//! Models of the sleeping and waking protocol: the real `Idle` and `Parker`, under loom, in a worker loop cut down to them.
//!
//! The queue is a bare relaxed counter, so that nothing but the protocol's own fences orders a push before a look. A lost
//! wake-up leaves every thread blocked, which loom reports as a deadlock. Those of the [`census`] have a queue that orders what the real
//! ones do, since who looks for a deadlock looks at it with no fence.

use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, Ordering::*};
use loom::sync::{Arc, Condvar, Mutex, Notify};
use loom::thread;

use super::idle::{Idle, Search};
use super::park::Parker;
use super::watch::Watch;

mod census;

struct World {
    idle: Idle,
    parkers: Vec<Parker>,
    queue: AtomicUsize,
    orders: Orders,
    right_to_poll: Mutex<()>,
    poller: Notify,
    stopping: AtomicBool,
    arrived: Mutex<usize>,
    arrival: Condvar,
}

/// What the steps at the queue order.
struct Orders {
    push: Ordering,
    take: Ordering,
    look: Ordering,
}

impl World {
    fn new(workers: usize) -> Arc<World> {
        let orders = Orders {
            push: Relaxed,
            take: Relaxed,
            look: Relaxed,
        };
        World::with(orders, workers)
    }

    fn with(orders: Orders, workers: usize) -> Arc<World> {
        Arc::new(World {
            idle: Idle::new(),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            queue: AtomicUsize::new(0),
            orders,
            right_to_poll: Mutex::new(()),
            poller: Notify::new(),
            stopping: AtomicBool::new(false),
            arrived: Mutex::new(0),
            arrival: Condvar::new(),
        })
    }

    fn push(&self) {
        self.queue.fetch_add(1, self.orders.push);
        self.notify();
    }

    fn notify(&self) {
        if let Some(seat) = self.idle.notify() {
            self.unpark(seat);
        }
    }

    fn unpark(&self, seat: usize) {
        self.parkers[seat].unpark(|| self.poller.notify());
    }

    fn stop(&self) {
        self.stopping.store(true, SeqCst);
        (0..self.parkers.len()).for_each(|seat| self.unpark(seat));
    }

    fn take(&self) -> bool {
        let Orders { take, look, .. } = self.orders;
        let mut left = self.queue.load(look);
        while left > 0 {
            match self.queue.compare_exchange(left, left - 1, take, look) {
                Ok(_) => return true,
                Err(now) => left = now,
            }
        }
        false
    }

    fn has_work(&self) -> bool {
        self.queue.load(self.orders.look) > 0
    }

    /// A worker's loop; `run` is what a task does.
    fn work(&self, seat: usize, run: impl Fn(&World)) {
        let mut search = Search::No;
        while !self.stopping.load(Relaxed) {
            let found = self.take() || {
                if search == Search::No {
                    search = self.idle.start_search(self.parkers.len());
                }
                search == Search::Yes && self.take()
            };
            if !found {
                search = self.sleep(seat, search);
                continue;
            }
            if std::mem::replace(&mut search, Search::No) == Search::Yes
                && self.idle.stop_search()
                && self.has_work()
            {
                self.notify();
            }
            run(self);
        }
    }

    fn sleep(&self, seat: usize, search: Search) -> Search {
        self.idle.sleep(seat, search);
        if self.has_work() {
            self.idle.resume(seat);
            return Search::Yes;
        }
        if !self.stopping.load(Relaxed) {
            match self.right_to_poll.try_lock() {
                Ok(_right) => {
                    self.parkers[seat].poll(|| self.poller.wait());
                }
                Err(_) => self.parkers[seat].park(None),
            }
        }
        self.idle.wake(seat)
    }

    /// A task that keeps its worker until that many tasks run at once.
    fn meet(&self, number: usize) {
        let mut arrived = self.arrived.lock().unwrap();
        *arrived += 1;
        if *arrived == number {
            self.stop();
            self.arrival.notify_all();
        }
        while *arrived < number {
            arrived = self.arrival.wait(arrived).unwrap();
        }
    }
}

fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Race: a task is pushed from outside at the moment at which the last worker falls asleep.
#[test]
fn a_push_while_the_last_worker_falls_asleep_is_seen() {
    check(4, || {
        let world = World::new(1);
        let worker = world.clone();
        let worker = thread::spawn(move || worker.work(0, World::stop));
        world.push();
        worker.join().unwrap();
    });
}

/// Race: the same with two workers, one of which parks while the other is in the poller.
#[test]
fn a_push_while_two_workers_fall_asleep_is_seen() {
    check(2, || {
        let world = World::new(2);
        let workers: Vec<_> = (0..2)
            .map(|seat| {
                let worker = world.clone();
                thread::spawn(move || worker.work(seat, World::stop))
            })
            .collect();
        world.push();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// Race: two tasks are pushed, and the second push wakes nobody because a worker searches. The one who finds the first task
/// and stays in it has to have called another worker for the second.
#[test]
fn work_pushed_while_one_searches_does_not_wait_for_the_searcher() {
    check(2, || {
        let world = World::new(2);
        let workers: Vec<_> = (0..2)
            .map(|seat| {
                let worker = world.clone();
                thread::spawn(move || worker.work(seat, |world| world.meet(2)))
            })
            .collect();
        world.push();
        world.push();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// Race: a worker that runs a task pushes another one while its only colleague falls asleep, and then blocks.
#[test]
fn a_push_from_a_worker_that_then_blocks_reaches_the_other_one() {
    check(3, || {
        let world = World::new(2);
        let other = world.clone();
        let other = thread::spawn(move || other.work(1, |world| world.meet(2)));
        // This thread is the worker in seat 0, in the middle of a task.
        world.push();
        world.meet(2);
        other.join().unwrap();
    });
}

/// Race: the scheduler stops while both workers fall asleep.
#[test]
fn a_stop_ends_the_sleep_of_every_worker() {
    check(2, || {
        let world = World::new(2);
        let workers: Vec<_> = (0..2)
            .map(|seat| {
                let worker = world.clone();
                thread::spawn(move || worker.work(seat, |_| ()))
            })
            .collect();
        world.stop();
        workers.into_iter().for_each(|worker| worker.join().unwrap());
    });
}

/// Race: a worker gets up, and then stays in its task, while the monitor falls asleep.
#[test]
fn a_worker_that_gets_up_while_the_monitor_falls_asleep_is_watched() {
    check(4, || {
        let world = Arc::new((Idle::new(), Watch::new(), Notify::new()));
        world.0.sleep(0, Search::No);
        let monitor = world.clone();
        let monitor = thread::spawn(move || {
            let (idle, watch, seen) = &*monitor;
            while idle.sleeping() == 1 {
                let seen = watch.stirs();
                watch.sleep_while(seen, None, || idle.sleeping() == 1);
            }
            seen.notify();
        });
        let (idle, watch, seen) = &*world;
        assert_eq!(idle.wake(0), Search::No);
        watch.stir();
        seen.wait(); // the task that keeps the worker
        monitor.join().unwrap();
    });
}
