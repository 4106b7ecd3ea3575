//! Wakers that panic when they are cloned or dropped, and wakers that use the lock at which they wait.
//!
//! A waker that uses a lock beside one of its inner locks would never come back.

#![expect(unsafe_code, reason = "a waker is made of raw parts")]

#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[path = "../../channel/tests/common/hooks.rs"]
mod hooks;
#[path = "common/kinds.rs"]
mod kinds;
#[path = "common/usable.rs"]
mod usable;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Waker;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::{Condvar, Mutex, RwLock, RwLockUpgradableReadGuard};
use hooks::{Event, hooked};
use kinds::{Crowd, KINDS, Locks};
use usable::{check_usable, panics, poll_with, with_a_crowd};

/// Runs what may panic.
fn may_panic<R>(code: impl FnOnce() -> R) {
    _ = catch_unwind(AssertUnwindSafe(code));
}

/// A waker that panics at this event, as long as it is armed.
fn panicking(at: Event, armed: &Arc<AtomicBool>) -> Waker {
    let armed = armed.clone();
    hooked(move |event| {
        if event == at && armed.load(SeqCst) && !thread::panicking() {
            panic!("a waker that panics");
        }
    })
}

// Wakers that panic when they are cloned.

#[test]
fn a_first_poll_whose_waker_panics_when_it_is_cloned_waits_for_nothing() {
    let waker = panicking(Event::Clone, &Arc::new(AtomicBool::new(true)));
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        panics(|| poll_with(&mut waits, &waker));
        drop(waits);
        drop(held);
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_first_poll_whose_waker_panics_when_it_is_cloned_can_be_repeated() {
    let waker = panicking(Event::Clone, &Arc::new(AtomicBool::new(true)));
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        panics(|| poll_with(&mut waits, &waker));
        let woken = wait(&mut waits);
        drop(held);
        assert!(woken.take(), "{}", kind.name);
        drop(ready(&mut waits));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_later_poll_whose_waker_panics_when_it_is_cloned_leaves_the_waker_of_the_poll_before() {
    let waker = panicking(Event::Clone, &Arc::new(AtomicBool::new(true)));
    for kind in &KINDS {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        let woken = wait(&mut waits);
        panics(|| poll_with(&mut waits, &waker));
        drop(held);
        assert!(woken.take(), "{}", kind.name);
        drop(ready(&mut waits));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_wait_that_is_dropped_after_such_a_panic_keeps_nobody_waiting() {
    let waker = panicking(Event::Clone, &Arc::new(AtomicBool::new(true)));
    for kind in with_a_crowd() {
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut first = kind.wait(&locks);
        _ = wait(&mut first);
        let mut second = kind.wait(&locks);
        let woken = wait(&mut second);
        panics(|| poll_with(&mut first, &waker));
        drop(first);
        drop(held);
        assert!(woken.take(), "{}", kind.name);
        drop(ready(&mut second));
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_mutex_that_called_one_whose_waker_panics_when_it_is_cloned_goes_on() {
    let waker = panicking(Event::Clone, &Arc::new(AtomicBool::new(true)));
    for is_dropped in [false, true] {
        let mutex = Mutex::new(0);
        let held = mutex.try_lock().unwrap();
        let mut first = Box::pin(mutex.lock());
        let mut second = Box::pin(mutex.lock());
        let flags = [wait(&mut first), wait(&mut second)];
        drop(held);
        assert!(flags[0].take(), "it is called");
        let newcomer = mutex.try_lock().unwrap();
        panics(|| poll_with(&mut first, &waker));
        if is_dropped {
            drop(first);
        } else {
            _ = wait(&mut first);
            drop(newcomer);
            drop(ready(&mut first));
            assert!(flags[1].take());
            drop(ready(&mut second));
            continue;
        }
        drop(newcomer);
        assert!(flags[1].take(), "it is the first one now");
        drop(ready(&mut second));
    }
}

// Wakers that panic when they are dropped.

#[test]
fn a_poll_whose_old_waker_panics_when_it_is_dropped_leaves_the_wait_as_it_was() {
    for kind in &KINDS {
        for is_dropped in [false, true] {
            let armed = Arc::new(AtomicBool::new(false));
            let waker = panicking(Event::Drop, &armed);
            let locks = Locks::default();
            let held = kind.hold(&locks);
            let mut waits = kind.wait(&locks);
            assert!(poll_with(&mut waits, &waker).is_pending());
            armed.store(true, SeqCst);
            may_panic(|| poll_with(&mut waits, Waker::noop()));
            armed.store(false, SeqCst);
            if is_dropped {
                drop(waits);
                drop(held);
            } else {
                let woken = wait(&mut waits);
                drop(held);
                assert!(woken.take(), "{}", kind.name);
                drop(ready(&mut waits));
            }
            check_usable(&locks, kind.name);
        }
    }
}

#[test]
fn a_wait_whose_waker_panics_when_it_is_dropped_can_be_dropped() {
    for kind in &KINDS {
        let armed = Arc::new(AtomicBool::new(false));
        let waker = panicking(Event::Drop, &armed);
        let locks = Locks::default();
        let held = kind.hold(&locks);
        let mut waits = kind.wait(&locks);
        assert!(poll_with(&mut waits, &waker).is_pending());
        armed.store(true, SeqCst);
        may_panic(|| drop(waits));
        armed.store(false, SeqCst);
        drop(held);
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_wait_that_is_dropped_passes_its_turn_on_although_its_waker_panics() {
    let armed = Arc::new(AtomicBool::new(false));
    let waker = panicking(Event::Drop, &armed);
    let lock = RwLock::new(0);
    let read = lock.try_read().unwrap();
    let mut write = Box::pin(lock.write());
    assert!(poll_with(&mut write, &waker).is_pending());
    let mut other = Box::pin(lock.read());
    let woken = wait(&mut other);
    armed.store(true, SeqCst);
    may_panic(|| drop(write));
    armed.store(false, SeqCst);
    assert!(woken.take(), "no writer is before it any more");
    drop((read, ready(&mut other)));
    assert!(lock.try_write().is_some());
}

#[test]
fn a_mutex_that_was_locked_by_a_poll_whose_old_waker_panics_is_not_lost() {
    for is_dropped in [false, true] {
        let armed = Arc::new(AtomicBool::new(false));
        let waker = panicking(Event::Drop, &armed);
        let mutex = Mutex::new(0);
        let held = mutex.try_lock().unwrap();
        let mut first = Box::pin(mutex.lock());
        let first_woken = wait(&mut first);
        let mut second = Box::pin(mutex.lock());
        assert!(poll_with(&mut second, &waker).is_pending());
        drop(held);
        assert!(first_woken.take());
        armed.store(true, SeqCst);
        panics(|| poll_with(&mut second, Waker::noop()));
        armed.store(false, SeqCst);
        if is_dropped {
            drop(second);
        } else {
            drop(ready(&mut second));
        }
        drop(ready(&mut first));
        assert!(mutex.try_lock().is_some());
    }
}

/// A waker that drops what is held when it is cloned, so that the poll gets the lock beside the clone, and does this when one is dropped.
fn frees(held: impl Send + 'static, on_drop: impl Fn() + Send + Sync + 'static) -> Waker {
    let held = std::sync::Mutex::new(Some(held));
    hooked(move |event| match event {
        Event::Clone => drop(held.lock().unwrap().take()),
        Event::Drop => on_drop(),
        Event::Wake => {}
    })
}

fn frees_and_panics(held: impl Send + 'static, armed: &Arc<AtomicBool>) -> Waker {
    let armed = armed.clone();
    frees(held, move || {
        assert!(!armed.load(SeqCst) || thread::panicking(), "a waker that panics");
    })
}

/// Polls a future that gets the lock beside a clone that panics: the first time that it is polled, or later. Then it is polled again, or dropped.
fn poll_beside_a_clone_that_panics<F: Future>(
    make: impl Fn() -> F,
    hold: impl Fn() -> Box<dyn Send>,
    is_free: impl Fn() -> bool,
) {
    for (waits_already, is_dropped) in [(false, false), (false, true), (true, false), (true, true)] {
        let armed = Arc::new(AtomicBool::new(false));
        let waker = frees_and_panics(hold(), &armed);
        let mut future = Box::pin(make());
        if waits_already {
            _ = wait(&mut future);
        }
        armed.store(true, SeqCst);
        panics(|| drop(poll_with(&mut future, &waker)));
        armed.store(false, SeqCst);
        if !is_dropped {
            drop(ready(&mut future));
        }
        drop(future);
        assert!(is_free());
    }
}

#[test]
fn a_lock_that_was_got_beside_a_clone_that_panics_is_not_lost() {
    let mutex = Arc::new(Mutex::new(0));
    poll_beside_a_clone_that_panics(
        || mutex.lock(),
        || Box::new(mutex.try_lock_owned().unwrap()),
        || mutex.try_lock().is_some(),
    );
    let lock = Arc::new(RwLock::new(0));
    let is_free = || lock.try_write().is_some();
    poll_beside_a_clone_that_panics(
        || lock.read(),
        || Box::new(lock.try_write_owned().unwrap()),
        is_free,
    );
    poll_beside_a_clone_that_panics(
        || lock.write(),
        || Box::new(lock.try_read_owned().unwrap()),
        is_free,
    );
    poll_beside_a_clone_that_panics(
        || lock.upgradable_read(),
        || Box::new(lock.try_upgradable_read_owned().unwrap()),
        is_free,
    );
    poll_beside_a_clone_that_panics(
        || RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().unwrap()),
        || Box::new(lock.try_read_owned().unwrap()),
        is_free,
    );
}

#[test]
fn a_notification_that_came_beside_a_clone_that_panics_is_not_lost() {
    struct Tells(Arc<Condvar>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    for is_dropped in [false, true] {
        let (mutex, condvar) = (Mutex::new(0), Arc::new(Condvar::new()));
        let armed = Arc::new(AtomicBool::new(false));
        let waker = frees_and_panics(Tells(condvar.clone()), &armed);
        let mut first = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        _ = wait(&mut first);
        let mut second = Box::pin(condvar.wait(mutex.try_lock().unwrap()));
        let woken = wait(&mut second);
        armed.store(true, SeqCst);
        panics(|| drop(poll_with(&mut first, &waker)));
        armed.store(false, SeqCst);
        if is_dropped {
            drop(first);
            assert!(woken.take());
            drop(ready(&mut second));
        } else {
            drop(ready(&mut first));
            assert!(!woken.take());
        }
    }
}

// Wakers that use the lock.

fn begin<F: Future>(future: F) {
    drop(poll_with(&mut Box::pin(future), Waker::noop()));
}

/// Uses the locks in each way that does not wait, and begins each wait.
fn use_all(locks: &Locks) {
    let (mutex, rw_lock) = (&locks.mutex, &locks.rw_lock);
    _ = (mutex.is_locked(), format!("{mutex:?} {rw_lock:?}"));
    drop(mutex.try_lock());
    drop((rw_lock.try_read(), rw_lock.try_upgradable_read()));
    drop(rw_lock.try_write());
    begin(mutex.lock());
    begin(rw_lock.read());
    begin(rw_lock.write());
    begin(rw_lock.upgradable_read());
    if let Some(guard) = mutex.try_lock() {
        begin(locks.condvar.wait(guard));
    }
    if let Some(guard) = rw_lock.try_upgradable_read() {
        begin(RwLockUpgradableReadGuard::upgrade(guard));
    }
}

/// Uses the locks each time that something happens to the waker, unless that happens in such a use.
fn busybody(locks: &Arc<Locks>, events: &Arc<AtomicUsize>) -> Waker {
    let (locks, events) = (locks.clone(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if !inside.swap(true, SeqCst) {
            use_all(&locks);
            if event != Event::Clone {
                locks.condvar.notify_one();
                locks.condvar.notify_all();
            }
            inside.store(false, SeqCst);
        }
    })
}

#[test]
fn a_waker_may_use_the_lock_when_it_is_woken_cloned_or_dropped() {
    for kind in &KINDS {
        let waiters = if kind.crowd == Crowd::Alone { 1 } else { 4 };
        let events = Arc::new(AtomicUsize::new(0));
        let locks = Arc::new(Locks::default());
        let wakers: Vec<_> = (0..waiters).map(|_| busybody(&locks, &events)).collect();
        let held = kind.hold(&locks);
        let mut waiting = Vec::new();
        for waker in &wakers {
            let mut waits = kind.wait(&locks);
            assert!(poll_with(&mut waits, waker).is_pending());
            waiting.push(waits);
        }
        let mut others = wakers.iter().rev();
        waiting.retain_mut(|waits| poll_with(waits, others.next().unwrap()).is_pending());
        drop(waiting.pop());
        drop(held);
        drop(waiting);
        drop(wakers);
        let expected = if waiters == 1 { 0b110 } else { 0b111 };
        assert_eq!(events.load(SeqCst) & expected, expected, "{}", kind.name);
        check_usable(&locks, kind.name);
    }
}

#[test]
fn a_waker_that_is_dropped_as_its_wait_ends_may_use_the_lock() {
    let locks = Arc::new(Locks::default());
    let events = Arc::new(AtomicUsize::new(0));
    let held = locks.mutex.try_lock().unwrap();
    let (mut first, mut second) = (Box::pin(locks.mutex.lock()), Box::pin(locks.mutex.lock()));
    _ = wait(&mut first);
    assert!(poll_with(&mut second, &busybody(&locks, &events)).is_pending());
    drop(held);
    events.store(0, SeqCst);
    drop(ready(&mut second)); // which was not called, and has its waker still
    assert_eq!(events.load(SeqCst), 1 << Event::Drop as usize);
    drop(ready(&mut first));
    check_usable(&locks, "mutex lock");

    let (mutex, lock) = (Arc::new(Mutex::new(0)), Arc::new(RwLock::new(0)));
    for waits_already in [false, true] {
        let used = mutex.clone();
        let waker = frees(mutex.try_lock_owned().unwrap(), move || begin(used.lock()));
        let mut locks = Box::pin(mutex.lock());
        _ = waits_already.then(|| wait(&mut locks));
        assert!(poll_with(&mut locks, &waker).is_ready());

        let used = lock.clone();
        let waker = frees(lock.try_read_owned().unwrap(), move || begin(used.read()));
        let mut writes = Box::pin(lock.write());
        _ = waits_already.then(|| wait(&mut writes));
        assert!(poll_with(&mut writes, &waker).is_ready());
    }
}

#[test]
fn a_waker_that_is_woken_may_take_the_lock_and_keep_it() {
    let mutex = Arc::new(Mutex::new(0));
    let kept = Arc::new(std::sync::Mutex::new(None));
    let held = mutex.try_lock().unwrap();
    let waker = {
        let (mutex, kept) = (mutex.clone(), kept.clone());
        hooked(move |event| {
            if event == Event::Wake {
                *kept.lock().unwrap() = mutex.try_lock_owned();
            }
        })
    };
    let mut lock = Box::pin(mutex.lock());
    assert!(poll_with(&mut lock, &waker).is_pending());
    drop(held);
    let newcomer = kept.lock().unwrap().take().expect("the mutex was free by then");
    let woken = wait(&mut lock);
    drop(newcomer);
    assert!(woken.take());
    drop(ready(&mut lock));
}
