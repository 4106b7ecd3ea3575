//! Spare workers stand in for those that tasks block, as many as are allowed, and leave when they are not needed any more.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use canter_executor::runtime::{Builder, Runtime};
use canter_executor::{spawn, time, yield_now};

fn builder(workers: usize) -> Builder {
    Builder::new().workers(workers).warn_of_stalls(false)
}

fn runtime(workers: usize) -> Runtime {
    builder(workers).build().expect("a runtime")
}

/// How many run at once, and how many did at most.
#[derive(Default)]
struct Concurrency {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Concurrency {
    fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
        let result = f();
        self.now.fetch_sub(1, SeqCst);
        result
    }
}

/// A hang is the failure: the tasks wait for each other on their threads, so each of them needs one of its own.
#[test]
fn hundreds_of_tasks_block_at_once_on_two_workers() {
    const TASKS: usize = 400;
    let runtime = runtime(2);
    for _ in 0..2 {
        let all = Arc::new(Barrier::new(TASKS));
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let all = all.clone();
                runtime.spawn(async move { all.wait().is_leader() })
            })
            .collect();
        let leaders = runtime.block_on(async {
            let mut leaders = 0;
            for task in tasks {
                leaders += usize::from(task.await.unwrap());
            }
            leaders
        });
        assert_eq!(leaders, 1);
    }
}

/// Tasks that block spawn others, which block in turn, from a worker's own queue and next slot.
#[test]
fn a_chain_of_tasks_each_of_which_blocks_until_the_next_one_has_run_ends() {
    fn link(left: usize) -> usize {
        if left == 0 {
            return 0;
        }
        let (ran, has_run) = mpsc::channel();
        drop(spawn(async move { ran.send(link(left - 1)).unwrap() }));
        has_run.recv().unwrap() + 1
    }
    let runtime = runtime(1);
    let task = runtime.spawn(async { link(20) });
    assert_eq!(runtime.block_on(task).unwrap(), 20);
}

#[test]
fn no_more_workers_stand_in_than_are_allowed() {
    for (spare, workers) in [(0, 1), (0, 2), (3, 1), (3, 2)] {
        let runtime = builder(workers).spare_threads(spare).build().expect("a runtime");
        let concurrency = Arc::new(Concurrency::default());
        let released = Arc::new((Mutex::new(false), Condvar::new()));
        let (blocks, is_blocked) = mpsc::channel();
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let (concurrency, released, blocks) = (concurrency.clone(), released.clone(), blocks.clone());
                runtime.spawn(async move {
                    concurrency.within(|| {
                        let (released, changed) = &*released;
                        blocks.send(()).unwrap();
                        let mut released = released.lock().unwrap();
                        while !*released {
                            released = changed.wait(released).unwrap();
                        }
                    });
                })
            })
            .collect();
        (0..workers + spare).for_each(|_| is_blocked.recv().unwrap());
        // Time for many looks of the monitor: if one started a worker too many, it would be seen below.
        let _ = is_blocked.recv_timeout(Duration::from_millis(100));
        assert_eq!(concurrency.now.load(SeqCst), workers + spare);
        *released.0.lock().unwrap() = true;
        released.1.notify_all();
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        assert!(concurrency.most.load(SeqCst) <= workers + spare);
    }
}

/// After a crowd of spare workers there are as many tasks at once as there are workers again.
#[test]
fn the_spare_workers_leave_when_the_others_are_back() {
    const TASKS: usize = 100;
    let runtime = runtime(2);
    let all = Arc::new(Barrier::new(TASKS));
    let blocked: Vec<_> = (0..TASKS)
        .map(|_| {
            let all = all.clone();
            runtime.spawn(async move { all.wait().is_leader() })
        })
        .collect();
    for task in blocked {
        runtime.block_on(task).unwrap();
    }
    // Those that are left find that they are too many as soon as they have something to do.
    let all_but_workers_left = || async {
        let concurrency = Arc::new(Concurrency::default());
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let concurrency = concurrency.clone();
                spawn(async move {
                    for _ in 0..20 {
                        concurrency.within(|| {
                            (0..1000).for_each(|_| std::hint::spin_loop());
                        });
                        yield_now().await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        concurrency.most.load(SeqCst) <= 2
    };
    while !runtime.block_on(all_but_workers_left()) {}
}

/// More threads would not help those that compute, so none is started: there are never more of them at once than workers.
#[test]
fn tasks_that_compute_get_no_spare_workers() {
    let runtime = runtime(2);
    let concurrency = Arc::new(Concurrency::default());
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let concurrency = concurrency.clone();
            runtime.spawn(async move {
                concurrency.within(|| {
                    let until = Instant::now() + Duration::from_millis(60);
                    while Instant::now() < until {
                        std::hint::spin_loop();
                    }
                });
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert!(concurrency.most.load(SeqCst) <= 2);
}

/// A hang is the failure: every worker is blocked when the timers come due, one after the other.
#[test]
fn timers_fire_while_every_worker_is_blocked() {
    let runtime = runtime(2);
    for _ in 0..5 {
        let (fired, has_fired) = mpsc::channel();
        let has_fired = Arc::new(Mutex::new(has_fired));
        let ticks = runtime.spawn(async move {
            for tick in 0..10 {
                time::sleep(Duration::from_millis(1)).await;
                fired.send(tick).unwrap();
            }
        });
        let blocked: Vec<_> = (0..10)
            .map(|_| {
                let has_fired = has_fired.clone();
                runtime.spawn(async move { has_fired.lock().unwrap().recv().unwrap() })
            })
            .collect();
        let sum: i32 = blocked
            .into_iter()
            .map(|task| runtime.block_on(task).unwrap())
            .sum();
        assert_eq!(sum, 45);
        runtime.block_on(ticks).unwrap();
    }
}

#[test]
fn a_runtime_ends_while_its_workers_are_blocked_and_spare_ones_start() {
    for round in 0..20 {
        let runtime = runtime(2);
        let started = Arc::new(AtomicUsize::new(0));
        let released = Arc::new((Mutex::new(false), Condvar::new()));
        for _ in 0..64 {
            let (started, released) = (started.clone(), released.clone());
            runtime.go(async move {
                started.fetch_add(1, SeqCst);
                let (released, changed) = &*released;
                let mut released = released.lock().unwrap();
                while !*released {
                    released = changed.wait(released).unwrap();
                }
            });
        }
        while started.load(SeqCst) < 3 * round {
            std::thread::yield_now();
        }
        std::thread::scope(|scope| {
            scope.spawn(|| drop(runtime));
            *released.0.lock().unwrap() = true;
            released.1.notify_all();
        });
    }
}

#[test]
fn thresholds_and_numbers_that_can_not_be_are_refused_with_a_sentence() {
    let refused = |builder: Builder| builder.build().expect_err("it is refused").to_string();
    assert_eq!(
        refused(Builder::new().stall_threshold(Duration::from_micros(10))),
        "a stall threshold is 1ms or longer, and 10µs was asked for"
    );
    assert_eq!(
        refused(Builder::new().spare_threads(1 << 20)),
        "a runtime can have up to 65536 spare threads, and was asked for 1048576"
    );
}
