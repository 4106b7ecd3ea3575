//! No task starves, and neither do timers, I/O or what comes from outside. Bounds are counted in polls.

use std::future::{pending, poll_fn};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use canter_executor::io::{Async, Interest, mio};
use canter_executor::runtime::Runtime;
use canter_executor::{block_on, spawn, time, yield_now};

/// After so many polls a worker looks outside, however much is in its queue.
const POLLS_BETWEEN_LOOKS: usize = 61;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// Tasks that yield in a loop until they are told to stop.
struct Busy {
    tasks: Vec<canter_executor::JoinHandle<()>>,
    stop: Arc<AtomicBool>,
}

impl Busy {
    /// Calls `each_poll` in every poll of every task.
    fn start(runtime: &Runtime, tasks: usize, each_poll: impl Fn() + Send + Sync + Clone + 'static) -> Busy {
        let stop = Arc::new(AtomicBool::new(false));
        let stops = stop.clone();
        let tasks = runtime.spawn(async move {
            let start = |_| {
                let (stop, each_poll) = (stops.clone(), each_poll.clone());
                spawn(async move {
                    while !stop.load(SeqCst) {
                        each_poll();
                        yield_now().await;
                    }
                })
            };
            (0..tasks).map(start).collect()
        });
        let tasks = runtime.block_on(tasks).unwrap();
        Busy { tasks, stop }
    }

    fn end(self) {
        self.stop.store(true, SeqCst);
        self.tasks.into_iter().for_each(|task| block_on(task).unwrap());
    }
}

#[test]
fn yielding_tasks_take_turns_in_a_fixed_order() {
    let runtime = runtime(1);
    const TASKS: usize = 20;
    let order: Arc<Mutex<Vec<usize>>> = Arc::default();
    let recorded = order.clone();
    let all = runtime.spawn(async move {
        let record = |number: usize| {
            let order = order.clone();
            spawn(async move {
                for _ in 0..200 {
                    order.lock().unwrap().push(number);
                    yield_now().await;
                }
            })
        };
        let tasks: Vec<_> = (0..TASKS).map(record).collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
    runtime.block_on(all).unwrap();
    let order = recorded.lock().unwrap();
    assert_eq!(order.len(), TASKS * 200);
    assert!(order.iter().zip(&order[TASKS..]).all(|(turn, next)| turn == next));
}

/// Two tasks that wake each other, always into the next slot, and the polls that they have had.
fn ping_pong(polls: &Arc<AtomicUsize>, stop: &Arc<AtomicBool>) {
    let wakers: Arc<Mutex<[Option<Waker>; 2]>> = Arc::default();
    for own in 0..2 {
        let (wakers, polls, stop) = (wakers.clone(), polls.clone(), stop.clone());
        drop(spawn(poll_fn(move |cx| {
            polls.fetch_add(1, SeqCst);
            let other = {
                let mut wakers = wakers.lock().unwrap();
                wakers[own] = Some(cx.waker().clone());
                wakers[1 - own].take()
            };
            if let Some(other) = other {
                other.wake();
            }
            match stop.load(SeqCst) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })));
    }
}

#[test]
fn a_pair_that_wakes_each_other_into_the_next_slot_does_not_starve_the_queue() {
    let runtime = runtime(1);
    let (polls, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let most = runtime.spawn(async move {
        ping_pong(&polls, &stop);
        let mut most = 0;
        for _ in 0..200 {
            let before = polls.load(SeqCst);
            yield_now().await;
            most = most.max(polls.load(SeqCst) - before);
        }
        stop.store(true, SeqCst);
        (most, polls.load(SeqCst))
    });
    let (most, polls) = runtime.block_on(most).unwrap();
    assert!(polls >= 200, "the pair had {polls} polls only, and shows nothing");
    // Sixteen from the next slot, and one or both of the pair may stand in the queue.
    assert!(
        most <= 18,
        "{most} polls of the pair between two turns of a task in the queue"
    );
}

/// Starts `tasks` busy tasks on one worker, makes something happen, and gives the polls between the moment from which it was
/// there to be seen and the one at which a task saw it.
fn polls_until_seen<F>(tasks: usize, happens: impl FnOnce(&Runtime, Arc<Between>) -> F) -> usize
where
    F: FnOnce(),
{
    let runtime = runtime(1);
    let between = Arc::new(Between::default());
    let counts = between.clone();
    let busy = Busy::start(&runtime, tasks, move || counts.poll());
    happens(&runtime, between.clone())();
    busy.end();
    between.polls.load(SeqCst)
}

#[derive(Default)]
struct Between {
    there: AtomicBool,
    seen: AtomicBool,
    polls: AtomicUsize,
}

impl Between {
    fn poll(&self) {
        if self.there.load(SeqCst) && !self.seen.load(SeqCst) {
            self.polls.fetch_add(1, SeqCst);
        }
    }
}

#[test]
fn a_task_from_outside_waits_no_longer_than_to_the_next_look_and_behind_the_queue() {
    for tasks in [1, 10, 100] {
        for _ in 0..20 {
            let polls = polls_until_seen(tasks, |runtime, between| {
                let sees = between.clone();
                let task = runtime.spawn(async move { sees.seen.store(true, SeqCst) });
                between.there.store(true, SeqCst);
                move || block_on(task).unwrap()
            });
            assert!(
                polls <= POLLS_BETWEEN_LOOKS + tasks + 1,
                "{polls} polls beside {tasks} tasks"
            );
        }
    }
}

#[test]
fn a_timer_waits_no_longer_than_to_the_next_look_and_behind_the_queue() {
    for tasks in [1, 10, 100] {
        let runtime = runtime(1);
        let deadline = Instant::now() + Duration::from_millis(10);
        // The clock's resolution is a millisecond, so from the one after that the timer is there to be seen.
        let due = deadline + Duration::from_millis(2);
        let (polls, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, was_seen) = (polls.clone(), seen.clone());
        let sleeps = runtime.spawn(async move {
            time::sleep_until(deadline).await;
            seen.store(true, SeqCst);
        });
        let busy = Busy::start(&runtime, tasks, move || {
            if Instant::now() >= due && !was_seen.load(SeqCst) {
                counted.fetch_add(1, SeqCst);
            }
        });
        block_on(sleeps).unwrap();
        busy.end();
        let polls = polls.load(SeqCst);
        assert!(
            polls <= POLLS_BETWEEN_LOOKS + tasks + 1,
            "{polls} polls beside {tasks} tasks"
        );
    }
}

#[test]
fn data_waits_no_longer_than_to_the_next_look_and_behind_the_queue() {
    for tasks in [1, 10, 100] {
        for _ in 0..10 {
            let polls = polls_until_seen(tasks, |runtime, between| {
                let (mut ours, theirs) = mio::net::UnixStream::pair().unwrap();
                let sees = between.clone();
                let reads = runtime.spawn(async move {
                    let stream = Async::new(theirs).unwrap();
                    let mut byte = [0];
                    stream
                        .async_io(Interest::Readable, |mut io| io.read(&mut byte))
                        .await
                        .unwrap();
                    sees.seen.store(true, SeqCst);
                });
                ours.write_all(&[1]).unwrap();
                between.there.store(true, SeqCst);
                move || {
                    block_on(reads).unwrap();
                    drop(ours);
                }
            });
            // It is spawned from outside first, and then it waits: two looks, and twice behind the queue.
            assert!(
                polls <= 2 * (POLLS_BETWEEN_LOOKS + tasks + 1),
                "{polls} polls beside {tasks} tasks"
            );
        }
    }
}

#[test]
fn an_echo_and_timers_go_on_while_all_workers_are_busy() {
    let runtime = runtime(2);
    let busy = Busy::start(&runtime, 16, || ());
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let echo = runtime.spawn(async move {
        let stream = Async::new(mio::net::UnixStream::from_std(theirs)).unwrap();
        let mut byte = [0];
        while stream
            .async_io(Interest::Readable, |mut io| io.read(&mut byte))
            .await
            .unwrap()
            > 0
        {
            stream
                .async_io(Interest::Writable, |mut io| io.write(&byte))
                .await
                .unwrap();
        }
    });
    for number in 0..100 {
        let mut byte = [0];
        ours.write_all(&[number]).unwrap();
        ours.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [number]);
    }
    for _ in 0..5 {
        runtime
            .block_on(runtime.spawn(time::sleep(Duration::from_millis(1))))
            .unwrap();
        runtime.block_on(time::sleep(Duration::from_millis(1)));
    }
    drop(ours);
    runtime.block_on(echo).unwrap();
    busy.end();
}

#[test]
fn a_task_whose_leaves_are_always_ready_gives_way_within_its_budget() {
    let runtime = runtime(1);
    let most = runtime.spawn(async {
        let (operations, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counts, stops) = (operations.clone(), stop.clone());
        let greedy = spawn(async move {
            while !stops.load(SeqCst) {
                time::sleep(Duration::ZERO).await;
                counts.fetch_add(1, SeqCst);
            }
        });
        let mut most = 0;
        for _ in 0..100 {
            let before = operations.load(SeqCst);
            yield_now().await;
            most = most.max(operations.load(SeqCst) - before);
        }
        stop.store(true, SeqCst);
        greedy.await.unwrap();
        most
    });
    let most = runtime.block_on(most).unwrap();
    assert!((1..=128).contains(&most), "{most} operations in one poll");
}

#[test]
fn a_bounce_between_two_tasks_runs_on_beside_parked_ones() {
    let runtime = runtime(2);
    let _parked: Vec<_> = (0..1000).map(|_| runtime.spawn(pending::<()>())).collect();
    let (polls, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counted, stops) = (polls.clone(), stop.clone());
    runtime
        .block_on(runtime.spawn(async move { ping_pong(&polls, &stop) }))
        .unwrap();
    while counted.load(SeqCst) < 10_000 {
        std::thread::yield_now();
    }
    stops.store(true, SeqCst);
}
