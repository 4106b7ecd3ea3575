//! Waits for a condition that are dropped: before their first poll, while they wait, when they were told, and while they lock again.

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/executors.rs"]
mod executors;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "common/rough.rs"]
mod rough;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;
#[path = "common/shuffle.rs"]
mod shuffle;

use std::pin::Pin;
use std::sync::Arc;

use by_hand::{ready, wait};
use canter_executor::yield_now;
use canter_sync::condvar::WaitNotified;
use canter_sync::{Condvar, Mutex};
use executors::{Task, under_each};
use fastrand::Rng;
use flag::Flag;
use rough::rough;
use seed::random;

type Wait<'a> = Pin<Box<WaitNotified<'a, &'a Mutex<u32>, u32>>>;

/// One that waits.
fn waiter<'a>(mutex: &'a Mutex<u32>, condvar: &'a Condvar) -> (Wait<'a>, Arc<Flag>) {
    let mut waits = Box::pin(condvar.wait(mutex.try_lock().expect("nobody has it")));
    let woken = wait(&mut waits);
    (waits, woken)
}

#[test]
fn a_wait_that_was_never_polled_keeps_the_mutex_until_it_is_dropped() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let waits = condvar.wait(mutex.try_lock().unwrap());
    assert!(mutex.is_locked());
    drop(waits);
    assert!(!mutex.is_locked());
    let (mut other, woken) = waiter(&mutex, &condvar);
    condvar.notify_one();
    assert!(woken.take(), "nobody is before it");
    drop(ready(&mut other));
}

#[test]
fn a_wait_that_is_dropped_while_it_waits_is_not_told() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..3).map(|_| waiter(&mutex, &condvar)).collect();
    drop(all.remove(1));
    for (waits, woken) in &mut all {
        condvar.notify_one();
        assert!(woken.take());
        drop(ready(waits));
    }
    assert!(!mutex.is_locked());
}

#[test]
fn a_wait_that_is_dropped_after_it_was_told_tells_the_next_one() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..5).map(|_| waiter(&mutex, &condvar)).collect();
    condvar.notify_one();
    for _ in 0..4 {
        let (waits, woken) = all.remove(0);
        assert!(woken.take());
        assert!(!all[0].1.take());
        drop(waits);
    }
    let (waits, woken) = &mut all[0];
    assert!(woken.take());
    drop(ready(waits));
}

#[test]
fn a_wait_that_is_dropped_while_it_locks_again_tells_the_next_one() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let mut all: Vec<_> = (0..5).map(|_| waiter(&mutex, &condvar)).collect();
    let held = mutex.try_lock().unwrap();
    condvar.notify_one();
    for _ in 0..4 {
        let (mut waits, woken) = all.remove(0);
        assert!(woken.take());
        _ = wait(&mut waits);
        assert!(!all[0].1.take());
        drop(waits);
    }
    let (waits, woken) = &mut all[0];
    assert!(woken.take());
    let called = wait(waits);
    drop(held);
    assert!(called.take());
    drop(ready(waits));
}

#[test]
fn a_wait_that_is_dropped_as_it_could_lock_again_passes_on_both_its_turns() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let (mut first, first_told) = waiter(&mutex, &condvar);
    let (mut second, second_told) = waiter(&mutex, &condvar);
    let held = mutex.try_lock().unwrap();
    condvar.notify_one();
    assert!(first_told.take());
    let first_called = wait(&mut first);
    let mut lock = Box::pin(mutex.lock());
    let lock_called = wait(&mut lock);
    drop(held);
    assert!(first_called.take() && !lock_called.take());
    drop(first);
    assert!(lock_called.take(), "the turn at the mutex");
    assert!(second_told.take(), "the notification");
    drop(ready(&mut lock));
    drop(ready(&mut second));
}

#[test]
fn a_wait_that_was_told_with_all_others_has_nothing_to_pass_on() {
    for locks_again in [false, true] {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let (mut told, _) = waiter(&mutex, &condvar);
        condvar.notify_all();
        let (mut later, woken) = waiter(&mutex, &condvar);
        let held = mutex.try_lock().unwrap();
        if locks_again {
            _ = wait(&mut told);
        }
        drop(told);
        drop(held);
        assert!(!woken.take());
        condvar.notify_one();
        assert!(woken.take());
        drop(ready(&mut later));
    }
}

#[test]
fn a_wait_that_has_ended_has_nothing_to_pass_on() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let (mut first, _) = waiter(&mutex, &condvar);
    let (_second, woken) = waiter(&mutex, &condvar);
    condvar.notify_one();
    drop(ready(&mut first));
    drop(first);
    assert!(!woken.take());

    let (mut third, third_woken) = waiter(&mutex, &condvar);
    condvar.notify_one();
    condvar.notify_one();
    assert!(woken.take() && third_woken.take());
    let held = mutex.try_lock().unwrap();
    let called = wait(&mut third);
    drop(held);
    assert!(called.take());
    drop(ready(&mut third));
    let (_fourth, fourth_woken) = waiter(&mutex, &condvar);
    drop(third);
    assert!(!fourth_woken.take());
}

#[test]
fn a_notification_that_nobody_is_left_to_see_is_gone() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let (told, _) = waiter(&mutex, &condvar);
    condvar.notify_one();
    drop(told);
    let (_later, woken) = waiter(&mutex, &condvar);
    assert!(!woken.take());
}

#[test]
fn a_wait_for_a_condition_that_is_dropped_at_any_step_passes_its_notification_on() {
    for step in 0..3 {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let guard = mutex.try_lock().unwrap();
        let mut first = Box::pin(condvar.wait_while(guard, |number| *number == 0));
        let first_woken = wait(&mut first);
        let guard = mutex.try_lock().unwrap();
        let mut second = Box::pin(condvar.wait_while(guard, |number| *number == 0));
        let second_woken = wait(&mut second);
        let mut held = mutex.try_lock().unwrap();
        *held = 1;
        if step > 0 {
            condvar.notify_one();
            assert!(first_woken.take());
        }
        if step > 1 {
            _ = wait(&mut first);
        }
        drop(first);
        drop(held);
        if step == 0 {
            condvar.notify_one();
        }
        assert!(second_woken.take(), "step {step}");
        assert_eq!(*ready(&mut second), 1);
    }
}

/// Things, and those who want some.
struct Stock {
    shelf: Mutex<Shelf>,
    changed: Condvar,
}

struct Shelf {
    things: usize,
    /// How many tasks still rely on each notification. Without them nobody needs to wait any more.
    patient: usize,
}

impl Stock {
    fn new(patient: usize) -> Stock {
        Stock {
            shelf: Mutex::new(Shelf { things: 0, patient }),
            changed: Condvar::new(),
        }
    }

    /// Adds one. Those that it tells find the mutex locked.
    async fn add(&self, random: &mut Rng) {
        let mut shelf = self.shelf.lock().await;
        shelf.things += 1;
        self.changed.notify_one();
        for _ in 0..random.u8(..3) {
            yield_now().await;
        }
    }

    /// Takes one, if there will be one.
    async fn take(&self) -> bool {
        let guard = self.shelf.lock().await;
        let nothing = |shelf: &mut Shelf| shelf.things == 0 && shelf.patient > 0;
        let mut shelf = self.changed.wait_while(guard, nothing).await;
        let is_filled = shelf.things > 0;
        shelf.things -= usize::from(is_filled);
        is_filled
    }

    async fn take_patiently(&self, things: usize) {
        for _ in 0..things {
            assert!(self.take().await);
        }
        self.shelf.lock().await.patient -= 1;
        self.changed.notify_all();
    }

    /// Takes some, in attempts most of which are dropped, and puts them back.
    async fn take_roughly(&self, attempts: usize, random: &mut Rng) {
        for _ in 0..attempts {
            if rough(random, self.take()).await == Some(true) {
                self.add(random).await;
            }
            yield_now().await;
        }
    }

    async fn fill(&self, things: usize, random: &mut Rng) {
        for _ in 0..things {
            self.add(random).await;
            for _ in 0..random.u8(..3) {
                yield_now().await;
            }
        }
    }

    fn things(&self) -> usize {
        self.shelf.try_lock().expect("nobody has it").things
    }
}

#[test]
fn no_notification_is_lost_to_waits_that_are_dropped() {
    let mut random = random("no_notification_is_lost_to_waits_that_are_dropped");
    for _ in 0..300 {
        let (takers, things) = (random.usize(1..6), random.usize(1..6));
        let stock = &Stock::new(takers);
        let mut tasks: Vec<Pin<Box<dyn Future<Output = ()>>>> = Vec::new();
        for _ in 0..takers {
            let (mut for_attempts, mut for_fill) = (random.fork(), random.fork());
            tasks.push(Box::pin(stock.take_patiently(things)));
            tasks.push(Box::pin(async move {
                stock.take_roughly(things, &mut for_attempts).await
            }));
            tasks.push(Box::pin(async move { stock.fill(things, &mut for_fill).await }));
        }
        shuffle::run(&mut random, tasks);
        assert_eq!(stock.things(), 0);
    }
}

#[test]
fn no_notification_is_lost_to_waits_that_are_dropped_under_any_executor() {
    let seed = random("no_notification_is_lost_to_waits_that_are_dropped_under_any_executor");
    const THINGS: usize = 300;
    under_each(|run| {
        let mut random = seed.clone();
        let stock = Arc::new(Stock::new(2));
        let mut tasks: Vec<Task> = Vec::new();
        for at in 0..6 {
            let (stock, mut random) = (stock.clone(), random.fork());
            tasks.push(Box::pin(async move {
                match at % 3 {
                    0 => stock.take_patiently(THINGS).await,
                    1 => stock.take_roughly(THINGS, &mut random).await,
                    _ => stock.fill(THINGS, &mut random).await,
                }
            }));
        }
        run(tasks);
        assert_eq!(stock.things(), 0);
    });
}
