//! Locks: what one costs that nobody else wants, on this thread alone; and a mutex that eight tasks want.

#[path = "common/alone.rs"]
mod alone;
#[path = "common/on_workers.rs"]
mod on_workers;

use std::sync::Arc;

use alone::{TIMES, alone};
use canter_executor::{spawn, yield_now};
use canter_sync::{Mutex, Once, OnceCell, RwLock, Semaphore};
use criterion::{Criterion, criterion_group, criterion_main};
use on_workers::on_workers;

const TASKS: u64 = 8;
const PERMITS: usize = 4;

/// No wait list is touched: the atomic operations of each lock, and its future.
fn uncontended(c: &mut Criterion) {
    let mutex = Mutex::new(0);
    alone(c, "mutex", async || {
        *mutex.lock().await = 0;
        for _ in 0..TIMES {
            *mutex.lock().await += 1;
        }
        *mutex.lock().await
    });
    alone(c, "mutex, try_lock", async || {
        (0..TIMES).map(|_| u64::from(mutex.try_lock().is_some())).sum()
    });
    let lock = RwLock::new(1);
    alone(c, "rwlock, read", async || {
        let mut read = 0;
        for _ in 0..TIMES {
            read += *lock.read().await;
        }
        read
    });
    let lock = RwLock::new(0);
    alone(c, "rwlock, write", async || {
        *lock.write().await = 0;
        for _ in 0..TIMES {
            *lock.write().await += 1;
        }
        *lock.read().await
    });
    let semaphore = Semaphore::new(PERMITS);
    alone(c, "semaphore", async || {
        let mut taken = 0;
        for _ in 0..TIMES {
            taken += u64::from(semaphore.acquire().await.is_ok());
        }
        taken
    });
    let once = Once::new();
    alone(c, "once, called before", async || {
        let mut called = 0;
        for _ in 0..TIMES {
            once.call_once(async || {}).await;
            called += u64::from(once.is_completed());
        }
        called
    });
    let cell = OnceCell::new();
    alone(c, "once cell, set before", async || {
        let mut sum = 0;
        for _ in 0..TIMES {
            sum += cell.get_or_init(async || 1).await;
        }
        sum
    });
}

/// Eight tasks add to a number under a lock, which each holds over a yield or not. Gives the number.
async fn add_in_turn(yields: bool) -> u64 {
    let number = Arc::new(Mutex::new(0));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let number = number.clone();
            spawn(async move {
                for _ in 0..TIMES / TASKS {
                    let mut number = number.lock().await;
                    if yields {
                        yield_now().await;
                    }
                    *number += 1;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task ends");
    }
    *number.lock().await
}

/// Without a yield the lock is mostly free when it is asked for; with one it is handed from task to task through its wait list.
fn contended(c: &mut Criterion) {
    on_workers(c, "mutex of 8 tasks, short section", TIMES, TIMES, || {
        add_in_turn(false)
    });
    on_workers(c, "mutex of 8 tasks, held over a yield", TIMES, TIMES, || {
        add_in_turn(true)
    });
}

criterion_group!(benches, uncontended, contended);
criterion_main!(benches);
