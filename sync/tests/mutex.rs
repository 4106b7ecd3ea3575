//! What a mutex offers, form by form.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "common/exclusive.rs"]
mod exclusive;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::fmt::Display;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::{Mutex, MutexGuard, OwnedMutexGuard};
use drops::Drops;
use exclusive::Exclusive;
use executors::{Task, under_each};
use futures::executor::block_on;

#[test]
fn what_one_writes_the_next_one_reads() {
    let mutex = Mutex::new(vec![1]);
    block_on(async {
        mutex.lock().await.push(2);
        mutex.lock().await.push(3);
        assert_eq!(*mutex.lock().await, [1, 2, 3]);
    });
}

#[test]
fn each_form_locks_and_each_guard_unlocks() {
    let mutex = Arc::new(Mutex::new(0));
    type Form = fn(&Arc<Mutex<i32>>, check: &dyn Fn());
    let forms: [Form; 6] = [
        |mutex, check| {
            let _guard = block_on(mutex.lock());
            check();
        },
        |mutex, check| {
            let _guard = block_on(mutex.lock_owned());
            check();
        },
        |mutex, check| {
            let _guard = mutex.lock_blocking();
            check();
        },
        |mutex, check| {
            let _guard = mutex.lock_owned_blocking();
            check();
        },
        |mutex, check| {
            let _guard = mutex.try_lock().unwrap();
            check();
        },
        |mutex, check| {
            let _guard = mutex.try_lock_owned().unwrap();
            check();
        },
    ];
    for form in forms {
        assert!(!mutex.is_locked());
        form(&mutex, &|| {
            assert!(mutex.is_locked());
            assert!(mutex.try_lock().is_none());
            assert!(mutex.try_lock_owned().is_none());
            _ = wait(&mut Box::pin(mutex.lock()));
            _ = wait(&mut Box::pin(mutex.lock_owned()));
        });
        assert!(!mutex.is_locked());
    }
}

#[test]
fn a_lock_does_nothing_until_it_is_polled() {
    let mutex = Mutex::new(0);
    let lock = mutex.lock();
    assert!(!mutex.is_locked());
    drop(lock);
    let mut first = Box::pin(mutex.lock());
    let mut second = Box::pin(mutex.lock());
    let held = ready(&mut second);
    let _woken = wait(&mut first);
    drop(held);
    drop(ready(&mut first));
}

#[test]
fn a_task_that_locks_twice_waits_for_itself() {
    let mutex = Mutex::new(0);
    let mut twice = Box::pin(async {
        let _guard = mutex.lock().await;
        drop(mutex.lock().await);
    });
    let woken = wait(&mut twice);
    assert!(!woken.take());
    drop(twice);
    assert!(!mutex.is_locked());
}

#[test]
fn a_blocked_thread_gets_the_mutex_when_it_is_unlocked_on_another_one() {
    let mutex = Arc::new(Mutex::new(0));
    for is_owned in [false, true] {
        let held = mutex.try_lock_owned().unwrap();
        let inner = mutex.clone();
        let (begins, has_begun) = mpsc::channel();
        let waits = thread::spawn(move || {
            begins.send(()).unwrap();
            if is_owned {
                *inner.lock_owned_blocking() += 1;
            } else {
                *inner.lock_blocking() += 1;
            }
        });
        has_begun.recv().unwrap();
        thread::spawn(move || {
            let mut held = held;
            *held *= 10;
        })
        .join()
        .unwrap();
        waits.join().unwrap();
    }
    assert_eq!(*mutex.lock_blocking(), 11);
}

#[test]
fn a_guard_may_be_used_and_dropped_on_another_thread() {
    let mutex = Mutex::new(1);
    let mut held = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    let woken = wait(&mut lock);
    thread::scope(|scope| {
        scope.spawn(|| assert_eq!(*held, 1));
    });
    thread::scope(|scope| {
        scope.spawn(|| *held = 2);
    });
    thread::scope(|scope| {
        scope.spawn(move || drop(held));
    });
    assert!(woken.take());
    assert_eq!(*ready(&mut lock), 2);
}

#[test]
fn a_lock_that_was_polled_may_end_on_another_thread() {
    let mutex = Mutex::new(1);
    let held = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    let woken = wait(&mut lock);
    drop(held);
    assert!(woken.take());
    thread::scope(|scope| {
        let ends = scope.spawn(move || *block_on(lock));
        assert_eq!(ends.join().unwrap(), 1);
    });
    assert!(!mutex.is_locked());
}

#[test]
fn an_owned_guard_keeps_its_mutex_alive() {
    let drops = Drops::default();
    let mutex = Arc::new(Mutex::new(drops.guard()));
    let held: OwnedMutexGuard<_> = mutex.try_lock_owned().unwrap();
    let mut lock = Box::pin(mutex.lock_owned());
    _ = wait(&mut lock);
    drop(mutex);
    drop(held);
    let held = ready(&mut lock);
    drop(lock);
    assert_eq!(drops.count(), 0);
    drop(held);
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_guard_knows_its_mutex() {
    let mutex = Arc::new(Mutex::new(0));
    let guard = mutex.try_lock_owned().unwrap();
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    drop(guard);
    let guard = mutex.try_lock().unwrap();
    assert!(ptr::eq(*MutexGuard::mutex(&guard), &*mutex));
}

#[test]
fn a_guard_that_is_forgotten_keeps_the_mutex_locked() {
    let mut mutex = Mutex::new(1);
    mem::forget(mutex.try_lock().unwrap());
    assert!(mutex.is_locked() && mutex.try_lock().is_none());
    *mutex.get_mut() += 1;
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn the_value_is_reached_without_locking_by_its_only_owner() {
    let mut mutex = Mutex::from("a".to_string());
    mutex.get_mut().push('b');
    assert_eq!(mutex.into_inner(), "ab");
    assert_eq!(Mutex::<u32>::default().into_inner(), 0);
    let mut slice = Mutex::new([1, 2, 3]);
    let slice: &mut Mutex<[i32]> = &mut slice;
    slice.get_mut().reverse();
    assert_eq!(*slice.lock_blocking(), [3, 2, 1]);
}

#[test]
fn the_value_is_dropped_once_with_the_mutex_or_after_it() {
    let drops = Drops::default();
    drop(Mutex::new(drops.guard()));
    assert_eq!(drops.count(), 1);
    let value = Mutex::new(drops.guard()).into_inner();
    assert_eq!(drops.count(), 1);
    drop(value);
    assert_eq!(drops.count(), 2);
    let mutex = Mutex::new(drops.guard());
    *mutex.lock_blocking() = drops.guard();
    assert_eq!(drops.count(), 3);
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let mutex = Mutex::new(Some(1));
    assert_eq!(format!("{mutex:?}"), "Mutex(Some(1))");
    assert_eq!(format!("{mutex:#?}"), "Mutex(\n    Some(\n        1,\n    ),\n)");
    assert!(!mutex.is_locked());
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{mutex:?} {guard:?}"), "Mutex(<locked>) Some(1)");
    let mut lock = Box::pin(mutex.lock());
    assert_eq!(format!("{lock:?}"), "Lock { waits: false, .. }");
    _ = wait(&mut lock);
    assert_eq!(format!("{lock:?}"), "Lock { waits: true, .. }");
    let unsized_mutex: &Mutex<dyn std::fmt::Debug> = &Mutex::new(1);
    assert_eq!(format!("{unsized_mutex:?}"), "Mutex(1)");
}

#[test]
fn a_guard_is_displayed_as_its_value() {
    let mutex: Arc<Mutex<dyn Display + Send>> = Arc::new(Mutex::new(1.5));
    assert_eq!(mutex.lock_blocking().to_string(), "1.5");
    assert_eq!(format!("{:>5}", mutex.lock_owned_blocking()), "  1.5");
}

static COUNTER: Mutex<u32> = Mutex::new(0);

#[test]
fn a_mutex_may_be_a_static() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                for _ in 0..1000 {
                    *COUNTER.lock_blocking() += 1;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(*COUNTER.lock_blocking(), 4000);
}

#[test]
fn a_mutex_may_hold_a_value_whose_size_is_not_known() {
    let numbers: Arc<Mutex<[u8]>> = Arc::new(Mutex::new([1, 2, 3]));
    numbers.lock_blocking()[1] = 7;
    assert_eq!(*block_on(numbers.lock_owned()), [1, 7, 3]);
    assert_eq!(numbers.try_lock().unwrap().len(), 3);

    let next: Arc<Mutex<dyn FnMut() -> u32 + Send>> = {
        let mut last = 0;
        Arc::new(Mutex::new(move || {
            last += 1;
            last
        }))
    };
    let held = next.try_lock_owned().unwrap();
    let mut lock = Box::pin(next.lock());
    let woken = wait(&mut lock);
    drop(held);
    assert!(woken.take());
    assert_eq!(ready(&mut lock)(), 1);
    assert_eq!(next.lock_owned_blocking()(), 2);
}

#[test]
fn a_mutex_may_hold_nothing_or_something_with_an_alignment() {
    #[repr(align(128))]
    struct Aligned(u8);

    let nothing = Mutex::new(());
    let () = *nothing.lock_blocking();
    let aligned = Mutex::new(Aligned(7));
    let guard = aligned.lock_blocking();
    assert_eq!((&raw const *guard).addr() % 128, 0);
    assert_eq!(guard.0, 7);
}

#[test]
fn one_at_a_time_is_inside_under_any_executor() {
    const TASKS: usize = 8;
    const SECTIONS: usize = 200;
    under_each(|run| {
        let mutex = Arc::new(Mutex::new(Exclusive::default()));
        let tasks = (0..TASKS).map(|task| {
            let mutex = mutex.clone();
            Box::pin(async move {
                for section in 0..SECTIONS {
                    let polls = (task + section) % 3;
                    if section % 2 == 0 {
                        mutex.lock().await.hold(polls).await;
                    } else {
                        mutex.lock_owned().await.hold(polls).await;
                    }
                }
            }) as Task
        });
        run(tasks.collect());
        assert_eq!(mutex.try_lock().unwrap().sections(), TASKS * SECTIONS);
    });
}

#[test]
fn tasks_and_blocked_threads_share_a_mutex() {
    let runtime = canter_executor::runtime::Runtime::builder()
        .workers(2)
        .build()
        .unwrap();
    let mutex = Arc::new(Mutex::new(Exclusive::default()));
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let mutex = mutex.clone();
            thread::spawn(move || (0..300).for_each(|_| block_on(mutex.lock_blocking().hold(1))))
        })
        .collect();
    let tasks: Vec<_> = (0..3)
        .map(|_| {
            let mutex = mutex.clone();
            runtime.spawn(async move {
                for _ in 0..300 {
                    mutex.lock().await.hold(1).await;
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
    assert_eq!(mutex.try_lock().unwrap().sections(), 1800);
}
