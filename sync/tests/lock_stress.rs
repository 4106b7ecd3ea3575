//! Random programs on several threads, with invariants that a lock too few or a lost wake-up would break.

#[path = "common/executors.rs"]
mod executors;
#[path = "common/rough.rs"]
mod rough;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use canter_executor::runtime::Runtime;
use canter_executor::yield_now;
use canter_sync::{Condvar, Mutex, OwnedMutexGuard, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
use executors::{Task, under_each};
use fastrand::Rng;
use futures::executor::block_on;
use rough::rough;
use seed::random;
use tokio::sync::mpsc::unbounded_channel;

/// How much of each there is; more where it is quick.
const ROUNDS: usize = if cfg!(debug_assertions) { 500 } else { 3000 };

// Accounts: what one has less another one has more.

const ACCOUNTS: usize = 4;

/// Each behind a mutex of its own, and all behind a lock that a transfer reads and the auditor writes.
struct Bank {
    accounts: [Mutex<i64>; ACCOUNTS],
    is_open: RwLock<usize>,
}

impl Bank {
    fn new() -> Bank {
        Bank {
            accounts: Default::default(),
            is_open: RwLock::new(0),
        }
    }

    /// Any of its locks may be dropped, and so may be the whole transfer as long as nothing has been moved.
    async fn transfer(&self, random: &mut Rng) -> Option<()> {
        let (one, other) = (random.usize(..ACCOUNTS), random.usize(..ACCOUNTS));
        let (first, second) = (one.min(other), one.max(other));
        let amount = random.i64(1..100);
        let _open = rough(random, self.is_open.read()).await?;
        let mut from = rough(random, self.accounts[first].lock()).await?;
        if first == second {
            return None;
        }
        let mut to = match random.bool() {
            true => self.accounts[second].lock().await,
            false => self.accounts[second].try_lock()?,
        };
        *from -= amount;
        if random.bool() {
            yield_now().await;
        }
        *to += amount;
        Some(())
    }

    /// While nobody transfers nobody has an account.
    async fn audit(&self, random: &mut Rng) -> Option<()> {
        let mut audits = match random.bool() {
            true => rough(random, self.is_open.write()).await?,
            false => {
                let looks = rough(random, self.is_open.upgradable_read()).await?;
                let before = *looks;
                let audits = rough(random, RwLockUpgradableReadGuard::upgrade(looks)).await?;
                assert_eq!(*audits, before, "nobody audits in between");
                audits
            }
        };
        *audits += 1;
        self.check();
        let audits = RwLockWriteGuard::downgrade(audits);
        drop(audits);
        Some(())
    }

    fn check(&self) {
        let accounts = self.accounts.iter();
        let sum: i64 = accounts
            .map(|account| *account.try_lock().expect("nobody transfers"))
            .sum();
        assert_eq!(sum, 0);
    }

    async fn run(&self, audits: bool, random: &mut Rng) {
        for _ in 0..ROUNDS {
            let mut inside = random.fork();
            match (audits, random.u8(..4)) {
                (true, _) => _ = self.audit(&mut inside).await,
                // Nothing has been moved before the first await that is not rough, in which the transfer is dropped here.
                (false, 0) => {
                    _ = rough(random, self.is_open.read())
                        .await
                        .map(|open| assert!(*open < usize::MAX))
                }
                (false, _) => _ = self.transfer(&mut inside).await,
            }
        }
    }
}

#[test]
fn transfers_between_accounts_keep_their_sum() {
    let seed = random("transfers_between_accounts_keep_their_sum");
    under_each(|run| {
        let mut random = seed.clone();
        let bank = Arc::new(Bank::new());
        let tasks = (0..8).map(|task| {
            let (bank, mut random) = (bank.clone(), random.fork());
            Box::pin(async move { bank.run(task % 4 == 0, &mut random).await }) as Task
        });
        run(tasks.collect());
        assert!(*bank.is_open.try_write().expect("nobody has it") > 0);
        bank.check();
    });
}

// Guards that travel: what is locked here is unlocked there.

#[test]
fn guards_that_are_handed_on_unlock_where_they_are_dropped() {
    const LOCKERS: usize = 4;
    const HOLDERS: usize = 2;
    let seed = random("guards_that_are_handed_on_unlock_where_they_are_dropped");
    under_each(|run| {
        let mut random = seed.clone();
        let mutex = Arc::new(Mutex::new(0_usize));
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..HOLDERS)
            .map(|_| unbounded_channel::<OwnedMutexGuard<usize>>())
            .unzip();
        let mut tasks: Vec<Task> = Vec::new();
        for _ in 0..LOCKERS {
            let (mutex, senders, mut random) = (mutex.clone(), senders.clone(), random.fork());
            tasks.push(Box::pin(async move {
                for _ in 0..ROUNDS {
                    let mut guard = mutex.lock_owned().await;
                    *guard += 1;
                    assert!(
                        random
                            .choice(&senders)
                            .expect("there are two")
                            .send(guard)
                            .is_ok()
                    );
                }
            }));
        }
        drop(senders);
        for mut guards in receivers {
            let mut random = random.fork();
            tasks.push(Box::pin(async move {
                while let Some(mut guard) = guards.recv().await {
                    *guard += 1;
                    for _ in 0..random.u8(..3) {
                        yield_now().await;
                    }
                }
            }));
        }
        run(tasks);
        assert_eq!(*mutex.try_lock().expect("nobody has it"), 2 * LOCKERS * ROUNDS);
    });
}

// A bounded buffer: each thing is taken once, and in order.

const ROOM: usize = 3;

/// A producer's number, and the thing's.
type Thing = (usize, usize);

#[derive(Default)]
struct Buffer {
    things: Mutex<VecDeque<Thing>>,
    has_things: Condvar,
    has_room: Condvar,
}

impl Buffer {
    async fn put(&self, thing: Thing) {
        let guard = self.things.lock().await;
        let has_no_room = |things: &mut VecDeque<Thing>| things.len() == ROOM;
        let mut things = self.has_room.wait_while(guard, has_no_room).await;
        things.push_back(thing);
        assert!(things.len() <= ROOM);
        self.has_things.notify_one();
    }

    async fn take(&self) -> Thing {
        let guard = self.things.lock().await;
        let mut things = self
            .has_things
            .wait_while(guard, |things| things.is_empty())
            .await;
        let thing = things.pop_front().expect("there is one");
        drop(things);
        self.has_room.notify_one();
        thing
    }
}

/// Which things came: each once, those of a producer in their order as one consumer sees them.
struct Taken(Vec<[AtomicUsize; 8]>);

impl Taken {
    fn new(things: usize) -> Taken {
        Taken((0..things).map(|_| Default::default()).collect())
    }

    fn note(&self, (producer, thing): Thing, last: &mut [Option<usize>; 8]) {
        assert_eq!(self.0[thing][producer].fetch_add(1, SeqCst), 0, "it came twice");
        assert!(last[producer].replace(thing) < Some(thing), "it came too late");
    }
}

#[test]
fn a_bounded_buffer_loses_nothing_to_producers_and_consumers_that_are_dropped() {
    const THINGS: usize = ROUNDS;
    const EACH: usize = 3;
    let seed = random("a_bounded_buffer_loses_nothing_to_producers_and_consumers_that_are_dropped");
    under_each(|run| {
        let mut random = seed.clone();
        let buffer = Arc::new(Buffer::default());
        let taken = Arc::new(Taken::new(THINGS));
        let mut tasks: Vec<Task> = Vec::new();
        for at in 0..EACH {
            let (buffer, mut random) = (buffer.clone(), random.fork());
            tasks.push(Box::pin(async move {
                for thing in 0..THINGS {
                    match at {
                        0 => buffer.put((at, thing)).await,
                        _ => while rough(&mut random, buffer.put((at, thing))).await.is_none() {},
                    }
                }
            }));
        }
        for at in 0..EACH {
            let (buffer, taken, mut random) = (buffer.clone(), taken.clone(), random.fork());
            tasks.push(Box::pin(async move {
                let mut last = [None; 8];
                for _ in 0..THINGS {
                    let thing = match at {
                        0 => buffer.take().await,
                        _ => loop {
                            if let Some(thing) = rough(&mut random, buffer.take()).await {
                                break thing;
                            }
                        },
                    };
                    taken.note(thing, &mut last);
                }
            }));
        }
        run(tasks);
        assert!(buffer.things.try_lock().expect("nobody has it").is_empty());
        let came = taken.0.iter().flat_map(|producers| &producers[..EACH]);
        assert!(came.into_iter().all(|times| times.load(SeqCst) == 1));
    });
}

// Threads and tasks, all forms together.

/// Adds one in one of the forms. What was added.
async fn add_to_mutex(mutex: &Arc<Mutex<u64>>, may_block: bool, random: &mut Rng) -> u64 {
    match random.u8(..5) {
        0 if may_block => *mutex.lock_blocking() += 1,
        1 if may_block => *mutex.lock_owned_blocking() += 1,
        0 | 1 => *mutex.lock_owned().await += 1,
        2 => *mutex.lock().await += 1,
        3 => match mutex.try_lock() {
            Some(mut number) => *number += 1,
            None => return 0,
        },
        _ => match rough(random, mutex.lock()).await {
            Some(mut number) => *number += 1,
            None => return 0,
        },
    }
    1
}

/// Adds one in one of the forms, or looks. What was added.
async fn add_to_lock(lock: &Arc<RwLock<u64>>, may_block: bool, random: &mut Rng) -> u64 {
    match random.u8(..10) {
        0 if may_block => *lock.write_blocking() += 1,
        1 if may_block => *lock.write_owned_blocking() += 1,
        2 if may_block => {
            *RwLockUpgradableReadGuard::upgrade_blocking(lock.upgradable_read_blocking()) += 1;
        }
        0 | 1 => *lock.write().await += 1,
        2 => *RwLockUpgradableReadGuard::upgrade(lock.upgradable_read().await).await += 1,
        3 => match lock.try_write_owned() {
            Some(mut number) => *number += 1,
            None => return 0,
        },
        4 => match lock
            .try_upgradable_read()
            .map(RwLockUpgradableReadGuard::try_upgrade)
        {
            Some(Ok(mut number)) => *number += 1,
            Some(Err(_)) | None => return 0,
        },
        5 => match rough(random, lock.write()).await {
            Some(mut number) => *number += 1,
            None => return 0,
        },
        choice => {
            match choice {
                6 if may_block => drop(lock.read_blocking()),
                7 => drop(lock.try_read()),
                _ => drop(lock.read().await),
            }
            return 0;
        }
    }
    1
}

type Locks = (Arc<Mutex<u64>>, Arc<RwLock<u64>>);

async fn add_to_both(locks: Locks, may_block: bool, mut random: Rng) -> (u64, u64) {
    let mut added = (0, 0);
    for _ in 0..5 * ROUNDS {
        added.0 += add_to_mutex(&locks.0, may_block, &mut random).await;
        added.1 += add_to_lock(&locks.1, may_block, &mut random).await;
    }
    added
}

#[test]
fn threads_and_tasks_use_all_forms_and_count_right() {
    let mut random = random("threads_and_tasks_use_all_forms_and_count_right");
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let locks = Locks::default();
    let threads: Vec<_> = (0..3)
        .map(|_| {
            let adds = add_to_both(locks.clone(), true, random.fork());
            thread::spawn(|| block_on(adds))
        })
        .collect();
    let tasks: Vec<_> = (0..3)
        .map(|_| runtime.spawn(add_to_both(locks.clone(), false, random.fork())))
        .collect();
    let added = threads.into_iter().map(|thread| thread.join().unwrap());
    let added = added.chain(tasks.into_iter().map(|task| runtime.block_on(task).unwrap()));
    let sums = added.fold((0, 0), |sums, added| (sums.0 + added.0, sums.1 + added.1));
    let found = (*locks.0.try_lock().unwrap(), *locks.1.try_write().unwrap());
    assert_eq!(found, sums);
}
