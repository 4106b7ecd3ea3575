//! Whether ThreadSanitizer, as `.ci/sanitize` sets it up, finds a race, and none where `std` orders what is done. And the object from which
//! that script learns the names of the functions that `std.rs` stands around.

use std::cell::UnsafeCell;
use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, Condvar, Mutex, Once, OnceLock, RwLock, mpsc};
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;
const ROUNDS: usize = 2000;

fn on_threads(f: impl Fn(usize) + Sync) {
    let (barrier, f) = (Barrier::new(THREADS), &f);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                f(number);
            });
        }
    });
}

struct Unguarded(UnsafeCell<usize>);

// SAFETY: none. That is what has to be found.
unsafe impl Sync for Unguarded {}

#[test]
fn race() {
    let unguarded = Unguarded(UnsafeCell::new(0));
    on_threads(|_| {
        let unguarded = &unguarded;
        // SAFETY: none, as above.
        unsafe { *unguarded.0.get() += 1 };
    });
}

#[test]
fn order_locks() {
    let (mutex, lock) = (Mutex::new(BTreeMap::new()), RwLock::new(vec![0]));
    on_threads(|number| {
        for round in 0..ROUNDS {
            *mutex.lock().unwrap().entry(round % 10).or_insert(0) += 1;
            match (round + number) % 3 {
                0 => lock.write().unwrap().push(round),
                _ => assert!(!lock.read().unwrap().is_empty()),
            }
        }
    });
    assert_eq!(
        mutex.into_inner().unwrap().into_values().sum::<usize>(),
        THREADS * ROUNDS
    );
}

#[test]
fn order_turns() {
    let (turns, changed) = (Mutex::new(vec![0]), Condvar::new());
    on_threads(|number| {
        for round in 0..ROUNDS / 10 {
            let mut turns = turns.lock().unwrap();
            while turns.len() % THREADS != number {
                turns = match round % 2 {
                    0 => changed.wait(turns).unwrap(),
                    _ => changed.wait_timeout(turns, Duration::from_secs(60)).unwrap().0,
                };
            }
            turns.push(round);
            changed.notify_all();
        }
    });
    assert_eq!(turns.into_inner().unwrap().len(), 1 + THREADS * (ROUNDS / 10));
}

#[test]
fn order_once() {
    for _ in 0..ROUNDS / 10 {
        let (once, cell) = (Once::new(), OnceLock::new());
        let first = Mutex::new(None);
        on_threads(|number| {
            once.call_once(|| *first.lock().unwrap() = Some(number));
            assert_eq!(cell.get_or_init(|| vec![7]), &[7]);
        });
    }
}

#[test]
fn order_ends() {
    for _ in 0..ROUNDS / 10 {
        let (send, receive) = mpsc::channel();
        let shared = Arc::new((vec![0; 10], send));
        let threads = [(); THREADS].map(|()| {
            let shared = shared.clone();
            thread::spawn(move || shared.1.send(shared.0.clone()).unwrap())
        });
        drop(shared);
        assert_eq!(receive.iter().count(), THREADS);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
