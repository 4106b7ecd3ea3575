//! The locks under loom: the code that ships, with loom's locks and atomics.
//!
//! ```sh
//! RUSTFLAGS="--cfg canter_loom" cargo test -p canter-sync --release --lib --target-dir target/loom -- model
//! ```
//!
//! What a lock guards is a cell of loom's, which reports two that use it at once, and those whose uses are not ordered.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::Cell;
use loom::sync::Notify;
use loom::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

use crate::raw::{Counter, Wait};
use crate::{
    Barrier, Condvar, Event, Mutex, MutexGuard, OnceCell, RwLock, RwLockUpgradableReadGuard,
    RwLockWriteGuard, Semaphore, WaitGroup,
};

struct Unpark(Notify);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Polls a future on this thread of the model until it ends.
fn block_on<F: Future>(future: F) -> F::Output {
    let unpark = Arc::new(Unpark(Notify::new()));
    let waker = Waker::from(unpark.clone());
    let mut cx = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return output;
        }
        unpark.0.wait();
    }
}

/// Polls once and drops what has not ended by then.
fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls twice and drops what has not ended by then.
fn poll_twice<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            return Some(output);
        }
    }
    None
}

fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

fn spawn_on<L: Send + Sync + 'static>(
    lock: &Arc<L>,
    run: impl FnOnce(&L) + Send + 'static,
) -> thread::JoinHandle<()> {
    let lock = lock.clone();
    thread::spawn(move || run(&lock))
}

fn count_up(number: &Cell<usize>) {
    number.set(number.get() + 1);
}

fn locked_once(mutex: &Mutex<Cell<usize>>) {
    count_up(&block_on(mutex.lock()));
}

fn locked_twice(mutex: &Mutex<Cell<usize>>) {
    locked_once(mutex);
    locked_once(mutex);
}

/// Race: three threads lock, one of them twice in a row, so that it passes by the others until they are handed the mutex.
#[test]
fn model_a_mutex_admits_one_at_a_time_and_everybody_in_the_end() {
    check(2, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let threads = [spawn_on(&mutex, locked_once), spawn_on(&mutex, locked_once)];
        locked_twice(&mutex);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(block_on(mutex.lock()).get(), 4);
    });
}

/// Race: one that passes by, again and again, against one that waits, with all the preemptions that there can be.
#[test]
fn model_a_mutex_is_handed_over_when_patience_is_over() {
    check(4, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let other = spawn_on(&mutex, locked_twice);
        locked_twice(&mutex);
        locked_twice(&mutex);
        other.join().unwrap();
        assert_eq!(block_on(mutex.lock()).get(), 6);
    });
}

/// Race: an unlock that calls or hands over, against the drop of the waiter that it means, with another one behind that.
#[test]
fn model_a_dropped_lock_passes_its_turn_on() {
    check(3, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let held = mutex.try_lock().unwrap();
        let threads = [
            spawn_on(&mutex, |mutex| {
                poll_once(mutex.lock());
                poll_once(mutex.lock());
            }),
            spawn_on(&mutex, locked_once),
        ];
        count_up(&held);
        drop(held);
        drop(mutex.try_lock());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(mutex.try_lock().expect("nobody has it").get(), 2);
    });
}

/// Race: an unlock that takes the waker, against a poll that brings another one.
#[test]
fn model_a_lock_that_moves_to_another_task_is_woken_there() {
    check(3, || {
        let mutex = Arc::new(Mutex::new(Cell::new(0)));
        let held = mutex.try_lock().unwrap();
        let other = spawn_on(&mutex, |mutex| {
            let mut lock = mutex.lock();
            let mut cx = Context::from_waker(Waker::noop());
            match std::pin::Pin::new(&mut lock).poll(&mut cx) {
                Poll::Ready(number) => count_up(&number),
                Poll::Pending => count_up(&block_on(lock)),
            }
        });
        drop(held);
        other.join().unwrap();
        assert_eq!(mutex.try_lock().expect("nobody has it").get(), 1);
    });
}

/// Race: a request for two and requests for one, whose permits come back one after the other.
#[test]
fn model_a_semaphore_serves_all_and_loses_no_permit() {
    check(2, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire_many(2)))),
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
        ];
        drop(block_on(semaphore.acquire()));
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Race: permits that come back, against the drop of the first in line, who asks for many, with one behind it who asks for few.
#[test]
fn model_a_dropped_acquire_lets_those_behind_it_go() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(2));
        let held = semaphore.try_acquire().unwrap();
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(poll_once(semaphore.acquire_many(2)))),
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
        ];
        drop(held);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 2);
    });
}

/// Race: the drop of the first in line, who asks for more than there are, against one that comes and finds it there.
#[test]
fn model_a_dropped_acquire_of_too_many_lets_those_behind_it_go() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(1));
        let small = spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire())));
        assert!(poll_once(semaphore.acquire_many(2)).is_none());
        small.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Race: added permits, and the close, against those that wait and those that come.
#[test]
fn model_a_semaphore_that_closes_leaves_nobody_waiting() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let threads = [
            spawn_on(&semaphore, |semaphore| drop(block_on(semaphore.acquire()))),
            spawn_on(&semaphore, |semaphore| semaphore.add_permits(1)),
        ];
        semaphore.close();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// Race: the last two `done`s, against one that begins to wait, and one that gives up.
#[test]
fn model_a_wait_group_releases_those_that_wait() {
    check(3, || {
        let group = Arc::new(WaitGroup::new());
        let number = Arc::new(Mutex::new(Cell::new(0)));
        group.add(2);
        let counted = number.clone();
        let threads = [
            spawn_on(&group, move |group| {
                locked_once(&counted);
                group.done();
            }),
            spawn_on(&group, |group| {
                poll_once(group.wait());
                group.done();
            }),
        ];
        block_on(group.wait());
        assert_eq!(number.try_lock().expect("it is done").get(), 1);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: the release of the first round, against somebody who adds and waits for the second one.
#[test]
fn model_a_wait_group_that_is_used_again_releases_nobody_too_early() {
    check(3, || {
        let group = Arc::new(WaitGroup::new());
        group.add(1);
        let first = spawn_on(&group, |group| block_on(group.wait()));
        let ends = spawn_on(&group, WaitGroup::done);
        // One more of the first round, or the whole of a second one.
        group.add(1);
        let waited = poll_once(group.wait());
        assert!(waited.is_none(), "one is not done yet");
        group.done();
        block_on(group.wait());
        ends.join().unwrap();
        first.join().unwrap();
    });
}

/// Race: a `done` that finds itself the last one, against an `add` that comes before it has taken effect.
#[test]
fn model_a_done_that_is_no_longer_the_last_releases_nobody() {
    check(3, || {
        let counter = Arc::new(Counter::new());
        counter.add(1).unwrap();
        let mut wait = Wait::new();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_pending());
        let other = spawn_on(&counter, |counter| counter.done().unwrap());
        counter.add(1).unwrap();
        let was_not_done = counter.count() == 2;
        other.join().unwrap();
        let released = counter.poll_zero(&mut wait, Waker::noop()).is_ready();
        assert!(!(was_not_done && released), "the number was never zero");
        counter.done().unwrap();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_ready());
    });
}

/// Race: the last `done`, against an `add` that is refused, and must not keep those that wait from being released.
#[test]
fn model_an_add_that_is_refused_hides_no_zero() {
    check(3, || {
        let counter = Arc::new(Counter::new());
        counter.add(1).unwrap();
        let mut wait = Wait::new();
        assert!(counter.poll_zero(&mut wait, Waker::noop()).is_pending());
        let threads = [
            spawn_on(&counter, |counter| counter.done().unwrap()),
            // It is taken if the other one came first.
            spawn_on(&counter, |counter| _ = counter.add(Counter::MAX)),
        ];
        block_on(poll_fn(|cx| counter.poll_zero(&mut wait, cx.waker())));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: two that make the value, one of which is dropped half-way, and one that waits for it.
#[test]
fn model_a_once_cell_is_filled_once_also_when_the_first_gives_up() {
    check(2, || {
        let cell = Arc::new(OnceCell::new());
        let threads = [
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                poll_once(cell.get_or_init(async || std::future::pending().await));
            }),
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                assert_eq!(*block_on(cell.wait()), 2);
            }),
        ];
        assert_eq!(*block_on(cell.get_or_init(async || 2)), 2);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: two that make the value, and one that sets it.
#[test]
fn model_a_once_cell_has_one_value() {
    check(3, || {
        let cell = Arc::new(OnceCell::new());
        let made = Arc::new(Mutex::new(Cell::new(0)));
        let make = |made: Arc<Mutex<Cell<usize>>>| {
            async move || {
                count_up(&made.try_lock().expect("one makes it"));
                7
            }
        };
        let (first, second) = (make(made.clone()), make(made.clone()));
        let threads = [
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                assert_eq!(*block_on(cell.get_or_init(first)), 7);
            }),
            spawn_on(&cell, |cell: &OnceCell<usize>| {
                if cell.set(7).is_err() {
                    assert!(cell.get().is_none_or(|value| *value == 7));
                }
            }),
        ];
        assert_eq!(*block_on(cell.get_or_init(second)), 7);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(made.try_lock().unwrap().get() <= 1);
    });
}

/// Race: a notification for one, against the drop of the one that it means, with another one behind that.
#[test]
fn model_a_notification_that_was_not_seen_goes_to_the_next() {
    check(3, || {
        let event = Arc::new(Event::new());
        let threads = [
            spawn_on(&event, |event| {
                if poll_once(event.wait()).is_some() {
                    event.notify_one();
                }
            }),
            spawn_on(&event, |event| block_on(event.wait())),
        ];
        event.notify_one();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: a notification of all, against one that looks between its call of `wait` and its first poll.
#[test]
fn model_a_notification_of_all_reaches_whoever_looked_before() {
    check(3, || {
        let event = Arc::new(Event::new());
        let open = Arc::new(AtomicBool::new(false));
        let opened = open.clone();
        let guests = [0, 1].map(|_| {
            let opened = opened.clone();
            spawn_on(&event, move |event| {
                let told = event.wait();
                if !opened.load(Acquire) {
                    block_on(told);
                }
            })
        });
        open.store(true, Release);
        event.notify_all();
        for guest in guests {
            guest.join().unwrap();
        }
    });
}

/// Race: a change and its notification, against one that looks, unlocks and waits, and one that gives up.
#[test]
fn model_a_condvar_misses_no_change() {
    check(2, || {
        let shared = Arc::new((Mutex::new(Cell::new(0)), Condvar::new()));
        let wait = |(mutex, changed): &(Mutex<Cell<usize>>, Condvar)| {
            let number: MutexGuard<'_, _> = block_on(async {
                changed
                    .wait_while(mutex.lock().await, |number| number.get() == 0)
                    .await
            });
            assert_eq!(number.get(), 1);
        };
        let threads = [
            spawn_on(&shared, wait),
            spawn_on(&shared, |(mutex, changed)| {
                poll_once(async { changed.wait(mutex.lock().await).await });
            }),
        ];
        locked_once(&shared.0);
        shared.1.notify_one();
        shared.1.notify_one();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: a change and its notification, against the one that is told and gives up while it locks again, with another one behind it.
#[test]
fn model_a_condvar_tells_the_next_when_one_gives_up_while_it_locks_again() {
    check(3, || {
        let shared = Arc::new((Mutex::new(Cell::new(0)), Condvar::new()));
        let threads = [
            spawn_on(&shared, |(mutex, changed): &(Mutex<Cell<usize>>, Condvar)| {
                let gives_up = poll_twice(async {
                    changed
                        .wait_while(mutex.lock().await, |number| number.get() == 0)
                        .await
                });
                if gives_up.is_some() {
                    changed.notify_one();
                }
            }),
            spawn_on(&shared, |(mutex, changed)| {
                let number = block_on(async {
                    changed
                        .wait_while(mutex.lock().await, |number| number.get() == 0)
                        .await
                });
                assert_eq!(number.get(), 1);
            }),
        ];
        let number = block_on(shared.0.lock());
        count_up(&number);
        shared.1.notify_one();
        drop(number);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(shared.0.try_lock().is_some());
    });
}

/// Race: writers, and a reader that becomes one, whom nobody must come before.
#[test]
fn model_an_upgrade_goes_before_writers_that_wait() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = |lock: &RwLock<AtomicUsize>| {
            let number = block_on(lock.write());
            number.store(number.load(Relaxed) + 1, Relaxed);
        };
        let threads = [spawn_on(&lock, write), spawn_on(&lock, write)];
        let number = block_on(lock.upgradable_read());
        let seen = number.load(Relaxed);
        let number = block_on(RwLockUpgradableReadGuard::upgrade(number));
        assert_eq!(number.load(Relaxed), seen);
        number.store(seen + 1, Relaxed);
        drop(number);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(block_on(lock.read()).load(Relaxed), 3);
    });
}

/// Race: an upgrade that gives up, against the reader that it waits for, which leaves, with a writer behind it.
#[test]
fn model_a_dropped_upgrade_lets_the_writer_behind_it_in() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let read = block_on(lock.read());
        let threads = [
            spawn_on(&lock, |lock| {
                let upgradable = block_on(lock.upgradable_read());
                drop(poll_once(RwLockUpgradableReadGuard::upgrade(upgradable)));
            }),
            spawn_on(&lock, |lock: &RwLock<AtomicUsize>| {
                block_on(lock.write()).store(1, Relaxed);
            }),
        ];
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_write().expect("nobody has it").load(Relaxed), 1);
    });
}

/// Race: a writer that gives up, and a reader behind it, beside one that reads all the time.
#[test]
fn model_a_dropped_writer_lets_the_reader_behind_it_in() {
    check(3, || {
        let lock = Arc::new(RwLock::new(()));
        let read = block_on(lock.read());
        let threads = [
            spawn_on(&lock, |lock| drop(poll_once(lock.write()))),
            spawn_on(&lock, |lock| drop(block_on(lock.read()))),
        ];
        for thread in threads {
            thread.join().unwrap();
        }
        drop(read);
        assert!(lock.try_write().is_some());
    });
}

/// Race: a writer that becomes a reader, against a reader and a writer that come.
#[test]
fn model_a_writer_that_becomes_a_reader_lets_no_writer_in_between() {
    check(2, || {
        let lock = Arc::new(RwLock::new(AtomicUsize::new(0)));
        let write = block_on(lock.write());
        let threads = [
            spawn_on(&lock, |lock| assert_ne!(block_on(lock.read()).load(Relaxed), 0)),
            spawn_on(&lock, |lock| block_on(lock.write()).store(2, Relaxed)),
        ];
        write.store(1, Relaxed);
        let read = RwLockWriteGuard::downgrade(write);
        assert_eq!(read.load(Relaxed), 1);
        drop(read);
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(lock.try_read().expect("nobody writes").load(Relaxed), 2);
    });
}

/// Race: two readers and a writer.
#[test]
fn model_readers_see_all_or_nothing_of_a_write() {
    check(2, || {
        let lock = Arc::new(RwLock::new([const { 0 }; 2].map(AtomicUsize::new)));
        let read = |lock: &RwLock<[AtomicUsize; 2]>| {
            let numbers = block_on(lock.read());
            assert_eq!(numbers[0].load(Relaxed), numbers[1].load(Relaxed));
        };
        let threads = [spawn_on(&lock, read), spawn_on(&lock, read)];
        let numbers = block_on(lock.write());
        numbers[0].store(1, Relaxed);
        numbers[1].store(1, Relaxed);
        drop(numbers);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: the last one at a barrier, against those that it lets through, which give up.
#[test]
fn model_a_barrier_counts_nobody_who_gave_up() {
    check(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let come = |barrier: &Barrier| {
            poll_once(barrier.wait());
        };
        let threads = [spawn_on(&barrier, come), spawn_on(&barrier, come)];
        come(&barrier);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(format!("{barrier:?}").contains("arrived: 0"), "{barrier:?}");
        let other = spawn_on(&barrier, |barrier| {
            block_on(barrier.wait());
        });
        block_on(barrier.wait());
        other.join().unwrap();
    });
}
