//! Nobody starves at a mutex, with bounds in sections of others.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/counted.rs"]
mod counted;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

use by_hand::{ready, wait};
use canter_executor::runtime::Runtime;
use canter_executor::yield_now;
use canter_sync::Mutex;
use canter_sync::mutex::Lock;
use counted::Counted;
use executors::{Task, under_each};
use fastrand::Rng;
use flag::Flag;
use futures::executor::block_on;
use seed::random;

/// So many sections of others the first in line lets pass by.
const PATIENCE: usize = 64;

/// So many sections of others one has to let pass by that finds so many in line before it: each of those is passed by, and then has its own
/// section.
const fn bound(before: usize) -> usize {
    before * (PATIENCE + 1) + PATIENCE
}

/// Where eight want the mutex one has it, and six at the most are in line before the last one. The one that has it may have been handed it
/// and not have come to its section yet.
const BOUND_FOR_EIGHT: usize = 1 + bound(6);

type Waiting<'a> = Pin<Box<Lock<&'a Mutex<u32>, u32>>>;

/// One in line.
fn waiter(mutex: &Mutex<u32>) -> (Waiting<'_>, Arc<Flag>) {
    let mut lock = Box::pin(mutex.lock());
    let woken = wait(&mut lock);
    (lock, woken)
}

/// Locks and unlocks as long as others get in. How often that was.
fn barge(mutex: &Mutex<u32>) -> usize {
    (0..=2 * PATIENCE)
        .take_while(|_| mutex.try_lock().is_some())
        .count()
}

// By hand.

#[test]
fn those_that_wait_are_served_in_the_order_of_their_arrival() {
    let mutex = Mutex::new(0);
    let mut held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..20).map(|_| waiter(&mutex)).collect();
    while !line.is_empty() {
        drop(held);
        let woken: Vec<_> = line.iter().map(|(_, woken)| woken.take()).collect();
        assert!(woken[0] && !woken[1..].contains(&true));
        held = ready(&mut line.remove(0).0);
    }
}

#[test]
fn those_that_come_as_others_leave_go_behind_the_line() {
    let mut random = random("those_that_come_as_others_leave_go_behind_the_line");
    let mutex = Mutex::new(0);
    let mut held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..5).map(|_| waiter(&mutex)).collect();
    for _ in 0..200 {
        for _ in 0..random.usize(..3) {
            line.push(waiter(&mutex));
        }
        if line.len() > 2 && random.bool() {
            drop(line.remove(random.usize(1..line.len())));
        }
        drop(held);
        let woken: Vec<_> = line.iter().map(|(_, woken)| woken.take()).collect();
        assert!(woken.iter().skip(1).all(|woken| !woken));
        held = match line.is_empty() {
            true => mutex.try_lock().unwrap(),
            false => ready(&mut line.remove(0).0),
        };
    }
}

#[test]
fn the_first_in_line_is_handed_the_mutex_after_64_sections_of_others() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, woken) = waiter(&mutex);
    drop(held);
    assert!(woken.take());
    assert_eq!(barge(&mutex), PATIENCE);
    assert!(mutex.is_locked());
    drop(ready(&mut first));
    assert!(!mutex.is_locked());
}

#[test]
fn the_first_in_line_is_handed_the_mutex_when_it_came_twice_in_vain() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, mut woken) = waiter(&mutex);
    drop(held);
    for _ in 0..2 {
        assert!(woken.take());
        let newcomer = mutex.try_lock().expect("it is not handed over yet");
        woken = wait(&mut first);
        drop(newcomer);
    }
    assert!(woken.take());
    assert_eq!(barge(&mutex), 0);
    drop(ready(&mut first));
}

#[test]
fn to_come_in_vain_once_counts_as_half_of_the_sections() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, woken) = waiter(&mutex);
    drop(held);
    assert!(woken.take());
    let newcomer = mutex.try_lock().unwrap();
    _ = wait(&mut first);
    drop(newcomer);
    let sections = 1 + barge(&mutex);
    assert_eq!(sections, PATIENCE / 2);
    drop(ready(&mut first));
}

#[test]
fn polls_that_nobody_asked_for_do_not_make_one_impatient() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, _) = waiter(&mutex);
    let (mut second, _) = waiter(&mutex);
    for _ in 0..1000 {
        _ = (wait(&mut first), wait(&mut second));
    }
    let woken = wait(&mut first);
    drop(held);
    assert!(woken.take());
    assert_eq!(barge(&mutex), PATIENCE);
    drop((ready(&mut first), second));
}

#[test]
fn each_in_line_is_as_patient_as_the_one_before_it() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..7).map(|_| waiter(&mutex)).collect();
    drop(held);
    let mut sections_of_others = 0;
    for (before, (lock, woken)) in line.iter_mut().enumerate() {
        assert!(woken.take(), "it is called");
        sections_of_others += barge(&mutex);
        assert_eq!(sections_of_others, bound(before));
        assert!(woken.take() || before == 0 || mutex.is_locked());
        drop(ready(lock));
        sections_of_others += 1;
    }
    assert_eq!(sections_of_others, BOUND_FOR_EIGHT);
}

#[test]
fn one_that_takes_the_mutex_before_it_is_handed_over_leaves_the_next_one_its_patience() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, _) = waiter(&mutex);
    let (mut second, second_woken) = waiter(&mutex);
    drop(held);
    for _ in 0..PATIENCE - 1 {
        drop(mutex.try_lock().unwrap());
    }
    drop(ready(&mut first));
    assert!(second_woken.take());
    assert_eq!(barge(&mutex), PATIENCE);
    drop(ready(&mut second));
}

// With tasks.

/// Locks again and again, for sections of all lengths, most of them without a pause. The most sections of others for which it waited.
async fn fight(counted: &Counted<Mutex<u32>>, sections: usize, random: &mut Rng) -> usize {
    let mut most = 0;
    for _ in 0..sections {
        let (mut guard, sections_of_others) = counted.count(counted.lock.lock()).await;
        most = most.max(sections_of_others);
        *guard += 1;
        for _ in 0..random.usize(..3) {
            yield_now().await;
        }
        drop(guard);
        if random.u8(..16) == 0 {
            yield_now().await;
        }
    }
    most
}

#[test]
fn of_eight_tasks_none_waits_longer_than_the_bound() {
    let seed = random("of_eight_tasks_none_waits_longer_than_the_bound");
    under_each(|run| {
        let mut random = seed.clone();
        let counted = Arc::new(Counted::<Mutex<u32>>::default());
        let most = Arc::new(AtomicUsize::new(0));
        let tasks = (0..8).map(|_| {
            let (counted, most, mut random) = (counted.clone(), most.clone(), random.fork());
            Box::pin(async move {
                let waited = fight(&counted, 500, &mut random).await;
                most.fetch_max(waited, SeqCst);
            }) as Task
        });
        run(tasks.collect());
        let most = most.load(SeqCst);
        assert!(most <= BOUND_FOR_EIGHT, "{most} sections of others");
        assert_eq!(*counted.lock.try_lock().unwrap(), 8 * 500);
    });
}

#[test]
fn of_eight_tasks_on_one_worker_none_waits_longer_than_the_bound() {
    let mut random = random("of_eight_tasks_on_one_worker_none_waits_longer_than_the_bound");
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let counted = Arc::new(Counted::<Mutex<u32>>::default());
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (counted, mut random) = (counted.clone(), random.fork());
            runtime.spawn(async move { fight(&counted, 500, &mut random).await })
        })
        .collect();
    for task in tasks {
        let most = runtime.block_on(task).unwrap();
        assert!(most <= BOUND_FOR_EIGHT, "{most} sections of others");
    }
}

#[test]
fn of_eight_tasks_that_run_in_turn_each_comes_in_vain_twice() {
    let counted = Counted::<Mutex<u32>>::default();
    let most = AtomicUsize::new(0);
    let task = async || {
        for _ in 0..100 {
            let (_guard, sections_of_others) = counted.count(counted.lock.lock()).await;
            most.fetch_max(sections_of_others, SeqCst);
            yield_now().await;
        }
    };
    let mut tasks: Vec<_> = (0..8).map(|_| (Box::pin(task()), Flag::new())).collect();
    tasks.iter().for_each(|(_, woken)| woken.waker().wake());
    while !tasks.is_empty() {
        tasks.retain_mut(|(task, woken)| !woken.take() || flag::poll(task, woken).is_pending());
    }
    // Who has it takes it twice more, until the first in line has come in vain twice and is handed it. The one that had it stands in line
    // then, before that one has come to its section, with six others before it.
    assert_eq!(most.load(SeqCst), 1 + 6 * (2 + 1) + 2);
}

/// One that locks, and is asked to stop when the other one got in.
async fn lock_until(counted: &Counted<Mutex<u32>>, stop: &AtomicBool, polls: usize) {
    while !stop.load(SeqCst) {
        let (_guard, _) = counted.count(counted.lock.lock()).await;
        for _ in 0..polls {
            yield_now().await;
        }
    }
}

#[test]
fn a_task_that_locks_without_a_pause_starves_nobody() {
    for polls in 1..4 {
        under_each(|run| {
            let counted = Arc::new(Counted::<Mutex<u32>>::default());
            let stop = Arc::new(AtomicBool::new(false));
            let (greedy, stops) = (counted.clone(), stop.clone());
            let modest = counted.clone();
            run(vec![
                Box::pin(async move {
                    lock_until(&greedy, &stops, polls).await;
                }),
                Box::pin(async move {
                    for _ in 0..20 {
                        let (_guard, sections_of_others) = modest.count(modest.lock.lock()).await;
                        assert!(sections_of_others <= PATIENCE + 1, "{sections_of_others}");
                    }
                    stop.store(true, SeqCst);
                }),
            ]);
        });
    }
}

#[test]
fn a_task_that_locks_without_any_other_await_starves_nobody_on_its_worker() {
    for workers in [1, 2] {
        let runtime = Runtime::builder().workers(workers).build().unwrap();
        let counted = Arc::new(Counted::<Mutex<u32>>::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (greedy, stops) = (counted.clone(), stop.clone());
        let greedy = runtime.spawn(async move { lock_until(&greedy, &stops, 0).await });
        let modest = runtime.spawn(async move {
            for _ in 0..20 {
                let (guard, sections_of_others) = counted.count(counted.lock.lock()).await;
                assert!(sections_of_others <= PATIENCE + 1, "{sections_of_others}");
                drop(guard);
                yield_now().await;
            }
            stop.store(true, SeqCst);
        });
        runtime.block_on(modest).unwrap();
        runtime.block_on(greedy).unwrap();
    }
}

#[test]
fn a_thread_that_locks_without_a_pause_starves_no_thread() {
    let counted = Counted::<Mutex<u32>>::default();
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(SeqCst) {
                let _guard = counted.lock.lock_blocking();
                counted.locked.fetch_add(1, SeqCst);
            }
        });
        scope.spawn(|| {
            for _ in 0..200 {
                let (_guard, sections_of_others) = block_on(counted.count(counted.lock.lock()));
                assert!(sections_of_others <= PATIENCE + 1, "{sections_of_others}");
            }
            stop.store(true, SeqCst);
        });
    });
}
