//! What a wait tells its host: why and where, and that it got somewhere.

#[path = "../../channel/tests/common/flag.rs"]
mod flag;

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use canter_coop::host;
use canter_executor::runtime::{Runtime, Unfinished};
use canter_executor::yield_now;
use canter_sync::{Condvar, Mutex, OwnedRwLockUpgradableReadGuard, RwLock, RwLockUpgradableReadGuard};
use flag::{Flag, poll};

/// Polls a future once, with a budget of so many operations. What it gave, and what it said it waits for.
fn poll_hosted<F: Future>(
    budget: u32,
    future: &mut Pin<Box<F>>,
    flag: &Arc<Flag>,
) -> (Poll<F::Output>, Option<(String, u32)>) {
    let (polled, waiting) = host::poll(budget, || poll(future, flag));
    let waiting = waiting.map(|waiting| {
        assert_eq!(waiting.place.file(), Location::caller().file());
        (waiting.reason.to_string(), waiting.place.line())
    });
    (polled, waiting)
}

/// Checks what a future says that has to wait, each time that it is polled.
fn assert_waits<F: Future>(future: &mut Pin<Box<F>>, reason: &str, line: u32) {
    for _ in 0..3 {
        let (polled, waiting) = poll_hosted(64, future, &Flag::new());
        assert!(polled.is_pending());
        assert_eq!(waiting, Some((reason.to_string(), line)));
    }
}

#[test]
fn a_lock_names_the_line_that_made_it() {
    let mutex = Arc::new(Mutex::new(0));
    let _held = mutex.try_lock().unwrap();
    assert_waits(&mut Box::pin(mutex.lock()), "mutex lock", line!());
    assert_waits(&mut Box::pin(mutex.lock_owned()), "mutex lock", line!());
    let (line, lock) = (line!(), async { drop(mutex.lock().await) });
    assert_waits(&mut Box::pin(lock), "mutex lock", line);
}

#[test]
fn an_access_names_its_kind_and_the_line_that_made_it() {
    let lock = Arc::new(RwLock::new(0));
    let held = lock.try_write().unwrap();
    let upgradable = "rwlock upgradable read";
    assert_waits(&mut Box::pin(lock.read()), "rwlock read", line!());
    assert_waits(&mut Box::pin(lock.read_owned()), "rwlock read", line!());
    assert_waits(&mut Box::pin(lock.upgradable_read()), upgradable, line!());
    assert_waits(&mut Box::pin(lock.upgradable_read_owned()), upgradable, line!());
    assert_waits(&mut Box::pin(lock.write()), "rwlock write", line!());
    assert_waits(&mut Box::pin(lock.write_owned()), "rwlock write", line!());
    drop(held);
    let _held = lock.try_read().unwrap();
    let guard = lock.try_upgradable_read().unwrap();
    let (line, upgrade) = (line!(), RwLockUpgradableReadGuard::upgrade(guard));
    assert_waits(&mut Box::pin(upgrade), "rwlock upgrade", line);
    let guard = lock.try_upgradable_read_owned().unwrap();
    let (line, upgrade) = (line!(), OwnedRwLockUpgradableReadGuard::upgrade(guard));
    assert_waits(&mut Box::pin(upgrade), "rwlock upgrade", line);
}

#[test]
fn a_wait_for_a_condition_names_what_it_waits_for_at_the_moment() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let guard = mutex.try_lock().unwrap();
    let (line, told) = (line!(), condvar.wait(guard));
    let mut told = Box::pin(told);
    assert_waits(&mut told, "condvar", line);
    let guard = mutex.try_lock().unwrap();
    let (while_line, while_zero) = (line!(), condvar.wait_while(guard, |number| *number == 0));
    let mut while_zero = Box::pin(while_zero);
    assert_waits(&mut while_zero, "condvar", while_line);
    let _held = mutex.try_lock().unwrap();
    condvar.notify_all();
    assert_waits(&mut told, "mutex lock", line);
    assert_waits(&mut while_zero, "mutex lock", while_line);
}

#[test]
fn what_need_not_wait_says_nothing() {
    let (mutex, lock) = (Mutex::new(0), RwLock::new(0));
    let mut all = Box::pin(async {
        drop(mutex.lock().await);
        drop(lock.read().await);
        drop(lock.write().await);
        drop(RwLockUpgradableReadGuard::upgrade(lock.upgradable_read().await).await);
    });
    assert!(matches!(
        poll_hosted(64, &mut all, &Flag::new()),
        (Poll::Ready(()), None)
    ));
}

#[test]
fn a_runtime_that_ends_tells_what_its_tasks_wait_for() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    let _held = MUTEX.try_lock().unwrap();
    let runtime = Runtime::builder().workers(1).build().unwrap();
    runtime.go(async { drop(MUTEX.lock().await) });
    let line = line!() - 1;
    runtime.block_on(runtime.spawn(yield_now())).unwrap();
    let error = runtime.shutdown(Duration::ZERO).unwrap_err();
    let mut waiting = error.unfinished().iter().filter_map(Unfinished::waiting);
    let waiting = waiting.next().expect("the lock said what it waits for");
    assert_eq!(
        (waiting.reason.as_str(), waiting.place.line()),
        ("mutex lock", line)
    );
}

// The budget.

/// How many times a future does something in one poll with a budget of so many operations. The task has to be woken then.
fn rounds(budget: u32, future: impl Future<Output = ()>) {
    let woken = Flag::new();
    let mut future = Box::pin(future);
    let (polled, waiting) = poll_hosted(budget, &mut future, &woken);
    assert!(polled.is_pending(), "it gives way");
    assert!(woken.take(), "it goes on later");
    assert_eq!(waiting, None, "it does not wait");
}

#[test]
fn each_lock_that_was_got_is_one_operation() {
    let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
    let mut done = 0;
    rounds(10, async {
        loop {
            *mutex.lock().await += 1;
            done += 1;
        }
    });
    assert_eq!(done, 10);
    rounds(10, async {
        loop {
            *mutex.lock_owned().await += 1;
        }
    });
    assert_eq!(*mutex.try_lock().unwrap(), 20);
    done = 0;
    rounds(10, async {
        loop {
            drop(lock.read().await);
            drop(lock.write().await);
            done += 1;
        }
    });
    assert_eq!(done, 5);
    rounds(9, async {
        loop {
            let upgradable = lock.upgradable_read_owned().await;
            done += 1;
            drop(OwnedRwLockUpgradableReadGuard::upgrade(upgradable).await);
        }
    });
    assert_eq!(done, 10);
    assert!(lock.try_write().is_some());
}

#[test]
fn a_lock_that_has_to_wait_spends_nothing() {
    let (free, locked) = (Mutex::new(0), Mutex::new(0));
    let _held = locked.try_lock().unwrap();
    let mut lock = Box::pin(locked.lock());
    let mut both = Box::pin(std::future::poll_fn(|cx| {
        assert!(lock.as_mut().poll(cx).is_pending());
        assert!(lock.as_mut().poll(cx).is_pending());
        Pin::new(&mut free.lock()).poll(cx).map(drop)
    }));
    let (polled, _) = poll_hosted(1, &mut both, &Flag::new());
    assert!(polled.is_ready());
}

#[test]
fn a_lock_without_budget_does_not_stand_in_line() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let woken = Flag::new();
    let mut lock = Box::pin(mutex.lock());
    assert!(poll_hosted(0, &mut lock, &woken).0.is_pending());
    assert!(woken.take());
    drop(held);
    assert!(!woken.take());
    assert!(
        poll_hosted(0, &mut lock, &woken).0.is_pending(),
        "although it is free"
    );
    assert!(mutex.try_lock().is_some());
    assert!(poll_hosted(1, &mut lock, &woken).0.is_ready());
}

#[test]
fn a_lock_that_was_called_and_has_no_budget_keeps_its_turn() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let woken = Flag::new();
    let mut lock = Box::pin(mutex.lock());
    assert!(poll_hosted(1, &mut lock, &woken).0.is_pending());
    drop(held);
    assert!(woken.take());
    assert!(poll_hosted(0, &mut lock, &woken).0.is_pending());
    assert!(woken.take(), "it goes on later");
    assert!(poll_hosted(1, &mut lock, &woken).0.is_ready());
}

#[test]
fn a_wait_that_was_told_and_has_no_budget_passes_it_on_when_it_is_dropped() {
    let (mutex, condvar) = (Mutex::new(0), Condvar::new());
    let flags = [Flag::new(), Flag::new()];
    let mut first = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    assert!(poll_hosted(1, &mut first, &flags[0]).0.is_pending());
    let mut second = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
    assert!(poll_hosted(1, &mut second, &flags[1]).0.is_pending());
    condvar.notify_one();
    assert!(flags[0].take());
    assert!(poll_hosted(0, &mut first, &flags[0]).0.is_pending());
    assert!(flags[0].take());
    drop(first);
    assert!(flags[1].take());
    assert!(poll_hosted(1, &mut second, &flags[1]).0.is_ready());
}

#[test]
fn blocking_forms_need_no_budget() {
    let mutex = Mutex::new(0);
    let ((), waiting) = host::poll(0, || {
        for _ in 0..100 {
            *mutex.lock_blocking() += 1;
        }
    });
    assert_eq!((waiting, mutex.into_inner()), (None, 100));
}

/// Whether a task that does this for ever gives way to another one on its worker.
fn gives_way<F: Future<Output = ()> + Send + 'static>(again: impl Fn() -> F + Send + 'static) {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let busy = runtime.spawn(async move {
        while !stopped.load(SeqCst) {
            again().await;
        }
    });
    let other = runtime.spawn(async move { stop.store(true, SeqCst) });
    runtime.block_on(async {
        other.await.unwrap();
        busy.await.unwrap();
    });
}

#[test]
fn a_task_that_locks_what_is_free_for_ever_gives_way() {
    static MUTEX: Mutex<u32> = Mutex::new(0);
    static LOCK: RwLock<u32> = RwLock::new(0);
    static CONDVAR: Condvar = Condvar::new();
    gives_way(|| async { drop(MUTEX.lock().await) });
    gives_way(|| async { drop(LOCK.read().await) });
    gives_way(|| async { drop(LOCK.write().await) });
    gives_way(|| async { drop(LOCK.upgradable_read().await) });
    gives_way(|| async { drop(CONDVAR.wait_while(MUTEX.lock().await, |_| false).await) });
}
