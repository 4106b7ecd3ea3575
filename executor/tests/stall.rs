//! A worker that stays in one poll, in code of `std` that blocks, keeps nothing from the others.

#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::future::{pending, poll_fn};
use std::io::{Read, Write};
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};

use std::time::Duration;

use canter_executor::io::{Async, Interest, mio};
use canter_executor::runtime::Runtime;
use canter_executor::{spawn, spawn_blocking, time, yield_now};
use futures::channel::oneshot;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// A flag that threads wait for without a runtime.
#[derive(Clone, Default)]
struct Flag(Arc<(Mutex<bool>, Condvar)>);

impl Flag {
    fn set(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn wait(&self) {
        let mut set = self.0.0.lock().unwrap();
        while !*set {
            set = self.0.1.wait(set).unwrap();
        }
    }
}

/// Comes back when every worker but the one that runs this has fallen asleep at least once since they were all awake.
fn let_the_others_sleep(workers: usize) {
    let all = Arc::new(Barrier::new(workers));
    for _ in 1..workers {
        let all = all.clone();
        drop(spawn(async move { all.wait().is_leader() }));
    }
    all.wait();
    for _ in 0..2000 {
        std::thread::yield_now();
    }
}

#[test]
fn a_worker_that_blocks_until_a_timer_of_its_own_fires_is_released() {
    for workers in [2, 3, 4, 8] {
        let runtime = runtime(workers);
        for _ in 0..3 {
            let flag = Flag::default();
            let blocks = flag.clone();
            let task = runtime.spawn(async move {
                let_the_others_sleep(workers);
                let sets = blocks.clone();
                let (polled, was_polled) = oneshot::channel();
                // The sleep starts on this worker, and then the worker blocks until it has ended.
                let sleeps = spawn(async move {
                    let sleep = time::sleep(Duration::from_millis(5));
                    let mut sleep = std::pin::pin!(sleep);
                    let mut polled = Some(polled);
                    poll_fn(|cx| {
                        let ready = sleep.as_mut().poll(cx);
                        if let Some(polled) = polled.take() {
                            polled.send(()).unwrap();
                        }
                        ready
                    })
                    .await;
                    sets.set();
                });
                was_polled.await.unwrap();
                blocks.wait();
                sleeps.await.unwrap();
            });
            runtime.block_on(task).unwrap();
        }
    }
}

#[test]
fn a_worker_that_blocks_in_the_next_slot_of_which_a_task_waits_is_robbed_of_it() {
    for workers in [2, 3, 4] {
        let runtime = runtime(workers);
        for _ in 0..10 {
            let flag = Flag::default();
            let task = runtime.spawn(async move {
                let sets = flag.clone();
                drop(spawn(async move { sets.set() }));
                flag.wait();
            });
            runtime.block_on(task).unwrap();
        }
    }
}

#[test]
fn a_worker_that_blocks_with_a_full_queue_is_robbed_of_it() {
    for workers in [2, 3] {
        let runtime = runtime(workers);
        let task = runtime.spawn(async move {
            let flags: Vec<_> = (0..200).map(|_| Flag::default()).collect();
            for flag in flags.clone() {
                drop(spawn(async move {
                    yield_now().await;
                    flag.set();
                }));
            }
            flags.iter().for_each(Flag::wait);
        });
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn all_workers_but_one_may_block_until_the_last_one_releases_them() {
    for workers in [2, 3, 5] {
        let runtime = runtime(workers);
        for _ in 0..5 {
            let flag = Flag::default();
            let blocked: Vec<_> = (1..workers)
                .map(|_| {
                    let flag = flag.clone();
                    runtime.spawn(async move { flag.wait() })
                })
                .collect();
            let sets = runtime.spawn(async move {
                time::sleep(Duration::from_millis(2)).await;
                flag.set();
            });
            blocked
                .into_iter()
                .for_each(|task| runtime.block_on(task).unwrap());
            runtime.block_on(sets).unwrap();
        }
    }
}

#[test]
fn a_worker_that_blocks_until_data_arrives_is_released() {
    for workers in [2, 3, 4] {
        let runtime = runtime(workers);
        for _ in 0..5 {
            let flag = Flag::default();
            let (go_on, may_go_on) = mpsc::channel::<()>();
            let (mut ours, theirs) = mio::net::UnixStream::pair().unwrap();
            let task = runtime.spawn(async move {
                let theirs = Async::new(theirs).unwrap();
                let sets = flag.clone();
                let reads = spawn(async move {
                    let mut byte = [0];
                    theirs
                        .async_io(Interest::Readable, |mut io| io.read(&mut byte))
                        .await
                        .unwrap();
                    sets.set();
                    byte[0]
                });
                yield_now().await; // it waits for the byte now
                go_on.send(()).unwrap();
                flag.wait();
                reads.await.unwrap()
            });
            may_go_on.recv().unwrap();
            ours.write_all(&[7]).unwrap();
            assert_eq!(runtime.block_on(task).unwrap(), 7);
        }
    }
}

/// The poller's own worker runs the task that came with an event, and stays in it; the next event is for another one.
#[test]
fn the_worker_that_polled_blocks_until_the_next_event_which_another_takes() {
    for workers in [2, 3] {
        let runtime = runtime(workers);
        let flag = Flag::default();
        let (started, has_started) = mpsc::channel();
        let (mut one, their_one) = mio::net::UnixStream::pair().unwrap();
        let (mut two, their_two) = mio::net::UnixStream::pair().unwrap();
        let read = |stream: mio::net::UnixStream| async move {
            let mut byte = [0];
            let stream = Async::new(stream).unwrap();
            stream
                .async_io(Interest::Readable, |mut io| io.read(&mut byte))
                .await
                .unwrap()
        };
        let (waits, told) = (flag.clone(), started.clone());
        let blocks = runtime.spawn(async move {
            let read = read(their_one);
            told.send(()).unwrap();
            read.await;
            told.send(()).unwrap();
            waits.wait();
        });
        let sets = runtime.spawn(async move {
            let read = read(their_two);
            started.send(()).unwrap();
            read.await;
            flag.set();
        });
        (0..2).for_each(|_| has_started.recv().unwrap());
        one.write_all(&[1]).unwrap();
        has_started.recv().unwrap(); // it blocks now
        two.write_all(&[1]).unwrap();
        runtime.block_on(blocks).unwrap();
        runtime.block_on(sets).unwrap();
    }
}

#[test]
fn a_timer_from_outside_is_not_overslept_beside_a_blocked_worker_and_a_later_deadline() {
    let runtime = runtime(3);
    let later = runtime.spawn(time::sleep(Duration::from_secs(3600)));
    let flag = Flag::default();
    let blocks = flag.clone();
    let (started, has_started) = mpsc::channel();
    let blocked = runtime.spawn(async move {
        started.send(()).unwrap();
        blocks.wait();
    });
    has_started.recv().unwrap();
    for milliseconds in 0..10 {
        runtime.block_on(time::sleep(Duration::from_millis(milliseconds)));
    }
    flag.set();
    runtime.block_on(blocked).unwrap();
    later.abort();
}

/// A hang is the failure: a task that is spawned from outside, at the moment at which the last worker falls asleep, is lost.
#[test]
fn a_spawn_from_outside_while_the_last_worker_falls_asleep_is_seen() {
    let mut random = seed::random("a_spawn_from_outside_while_the_last_worker_falls_asleep_is_seen");
    for workers in [1, 2, 3] {
        let runtime = runtime(workers);
        let (sender, receiver) = mpsc::channel();
        for round in 0..20_000 {
            let sender = sender.clone();
            runtime.go(async move { sender.send(round).unwrap() });
            assert_eq!(receiver.recv(), Ok(round));
            // The worker is on its way to sleep now, a little further each time.
            for _ in 0..random.u32(..200) {
                std::hint::spin_loop();
            }
        }
    }
}

#[test]
fn a_wake_up_from_outside_while_the_last_worker_falls_asleep_is_seen() {
    let mut random = seed::random("a_wake_up_from_outside_while_the_last_worker_falls_asleep_is_seen");
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (mut requests, mut requested) = futures::channel::mpsc::channel(1);
        let (answers, answered) = mpsc::channel();
        let echo = runtime.spawn(async move {
            while let Some(number) = futures::StreamExt::next(&mut requested).await {
                answers.send(number).unwrap();
            }
        });
        for round in 0..20_000 {
            while requests.try_send(round).is_err() {}
            assert_eq!(answered.recv(), Ok(round));
            for _ in 0..random.u32(..200) {
                std::hint::spin_loop();
            }
        }
        drop(requests);
        runtime.block_on(echo).unwrap();
    }
}

/// The same through the kernel, with the poller asleep or about to be.
#[test]
fn a_byte_that_arrives_while_the_last_worker_falls_asleep_is_seen() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
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
        for round in 0..5000 {
            let (sent, mut byte) = ([round as u8], [0]);
            ours.write_all(&sent).unwrap();
            ours.read_exact(&mut byte).unwrap();
            assert_eq!(byte, sent);
        }
        drop(ours);
        runtime.block_on(echo).unwrap();
    }
}

#[test]
fn work_pushed_by_a_worker_that_then_blocks_reaches_a_worker_that_falls_asleep() {
    let runtime = runtime(2);
    for _ in 0..2000 {
        let barrier = Arc::new(Barrier::new(2));
        let task = runtime.spawn(async move {
            let other = barrier.clone();
            drop(spawn(async {})); // leaves the next slot to this one,
            drop(spawn(async move { other.wait().is_leader() }));
            drop(spawn(pending::<()>())); // which this one pushes into the queue
            barrier.wait();
        });
        runtime.block_on(task).unwrap();
    }
}

#[test]
fn a_blocked_worker_keeps_no_closure_and_no_nested_block_on_waiting() {
    let runtime = runtime(2);
    let flag = Flag::default();
    let task = runtime.spawn(async move {
        let sets = flag.clone();
        drop(spawn(async move {
            let number = canter_executor::block_on(spawn_blocking(|| 7)).unwrap();
            assert_eq!(number, 7);
            sets.set();
        }));
        flag.wait();
    });
    runtime.block_on(task).unwrap();
}
