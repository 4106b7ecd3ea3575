//! The work of each row, for the contenders of each kind.

use std::hint::black_box;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::time::{Duration, Instant};

use super::contender::{
    BarrierContender, EventContender, MutexContender, OnceCellContender, RwLockContender, SemaphoreContender,
    WaitGroupContender,
};
use super::entry::Contender;
use super::row::{Load, Row};
use crate::contest::Host;

type Measured = Option<(Duration, u64)>;

/// Splits the operations over the tasks. Gives the time that they took, and the sum of what they counted.
async fn split<H: Host, F>(tasks: u64, operations: u64, work: impl Fn(u64) -> F) -> (Duration, u64)
where
    F: Future<Output = u64> + Send + 'static,
{
    let started = Instant::now();
    let mut running = Vec::new();
    for index in 0..tasks {
        let share = operations * (index + 1) / tasks - operations * index / tasks;
        running.push(H::spawn(work(share)));
    }
    let mut counted = 0;
    for task in running {
        counted += task.await;
    }
    (started.elapsed(), counted)
}

/// A mutex in the rows of mutexes.
#[derive(Debug)]
pub struct Mutexes<M>(PhantomData<M>);

impl<M: MutexContender> Contender for Mutexes<M> {
    const NAME: &'static str = M::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        let Row::Mutex(load) = row else { return None };
        let mutex = Arc::new(M::create());
        let (duration, _) = split::<H, _>(load.tasks, operations, |share| {
            count_locked::<H, M>(mutex.clone(), share, load.yields)
        })
        .await;
        let counted = *mutex.lock_counter().await;
        Some((duration, counted))
    }
}

async fn count_locked<H: Host, M: MutexContender>(mutex: Arc<M>, share: u64, yields: bool) -> u64 {
    for _ in 0..share {
        let mut counter = mutex.lock_counter().await;
        let before = *counter;
        if yields {
            H::yield_now().await;
        }
        *counter = before + 1;
    }
    share
}

/// A lock in the rows of readers and writers.
#[derive(Debug)]
pub struct RwLocks<L>(PhantomData<L>);

impl<L: RwLockContender> Contender for RwLocks<L> {
    const NAME: &'static str = L::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        let (tasks, yields, writes_every) = match row {
            Row::Read => (1, false, u64::MAX),
            Row::Write => (1, false, 1),
            Row::RwLock(Load { tasks, yields }) => (tasks, yields, Row::WRITE_EVERY),
            _ => return None,
        };
        let lock = Arc::new(L::create());
        let (duration, reads) = split::<H, _>(tasks, operations, |share| {
            read_and_write::<H, L>(lock.clone(), share, yields, writes_every)
        })
        .await;
        let writes = *lock.read_counter().await;
        Some((duration, reads + writes))
    }
}

/// Gives the number of reads that nobody wrote into.
async fn read_and_write<H: Host, L: RwLockContender>(
    lock: Arc<L>,
    share: u64,
    yields: bool,
    writes_every: u64,
) -> u64 {
    let mut reads = 0;
    let mut until_write = writes_every;
    for _ in 0..share {
        until_write -= 1;
        if until_write == 0 {
            until_write = writes_every;
            let mut counter = lock.write_counter().await;
            let before = *counter;
            if yields {
                H::yield_now().await;
            }
            *counter = before + 1;
        } else {
            let counter = lock.read_counter().await;
            let before = *counter;
            if yields {
                H::yield_now().await;
            }
            reads += u64::from(*counter == black_box(before));
        }
    }
    reads
}

/// A semaphore in the rows of semaphores.
#[derive(Debug)]
pub struct Semaphores<S>(PhantomData<S>);

impl<S: SemaphoreContender> Contender for Semaphores<S> {
    const NAME: &'static str = S::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        let (load, permits, most) = match row {
            Row::Semaphore(load) => (load, Row::PERMITS, 1),
            Row::AcquireMany(load) if S::HAS_MANY => (load, Row::MANY_PERMITS, Row::MANY_PERMITS - 1),
            _ => return None,
        };
        let turnstile = Arc::new(Turnstile {
            semaphore: S::create(permits),
            permits,
            most,
            taken: AtomicUsize::new(0),
        });
        let measured = split::<H, _>(load.tasks, operations, |share| {
            let turnstile = turnstile.clone();
            async move {
                if load.yields {
                    turnstile.pass_and_yield::<H>(share).await
                } else {
                    turnstile.pass(share).await
                }
            }
        });
        Some(measured.await)
    }
}

struct Turnstile<S> {
    semaphore: S,
    permits: usize,
    /// The most permits that are asked for at once.
    most: usize,
    taken: AtomicUsize,
}

impl<S: SemaphoreContender> Turnstile<S> {
    async fn pass(&self, share: u64) -> u64 {
        for _ in 0..share {
            let _permit = self.semaphore.acquire_one().await;
        }
        share
    }

    /// Gives how often no more permits were taken than there are.
    async fn pass_and_yield<H: Host>(&self, share: u64) -> u64 {
        let mut counted = 0;
        for number in (1..=self.most).cycle().take(share as usize) {
            if number == 1 {
                let _permit = self.semaphore.acquire_one().await;
                counted += self.taken::<H>(1).await;
            } else {
                let _permits = self.semaphore.acquire_several(number as u32).await;
                counted += self.taken::<H>(number).await;
            }
        }
        counted
    }

    async fn taken<H: Host>(&self, number: usize) -> u64 {
        let taken = self.taken.fetch_add(number, Relaxed) + number;
        H::yield_now().await;
        self.taken.fetch_sub(number, Relaxed);
        u64::from(taken <= self.permits)
    }
}

/// A wait group in its rows.
#[derive(Debug)]
pub struct WaitGroups<G>(PhantomData<G>);

impl<G: WaitGroupContender> Contender for WaitGroups<G> {
    const NAME: &'static str = G::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        let Row::WaitGroup(tasks) = row else { return None };
        if !G::manages::<H>(tasks) {
            return None;
        }
        let measured = H::spawn(async move {
            let started = Instant::now();
            let (mut left, mut counted) = (operations, 0);
            while left > 0 {
                let counter = Arc::new(AtomicU64::new(0));
                let tasks = tasks.min(left);
                G::run_tasks::<H>(tasks, counter.clone()).await;
                counted += counter.load(Relaxed);
                left -= tasks;
            }
            (started.elapsed(), counted)
        });
        Some(measured.await)
    }
}

/// A cell in its row.
#[derive(Debug)]
pub struct OnceCells<C>(PhantomData<C>);

impl<C: OnceCellContender> Contender for OnceCells<C> {
    const NAME: &'static str = C::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        if row != Row::OnceCell {
            return None;
        }
        let cell = Arc::new(C::create());
        cell.value_or(1).await;
        let measured = split::<H, _>(1, operations, |share| {
            let cell = cell.clone();
            async move {
                let mut counted = 0;
                for _ in 0..share {
                    counted += black_box(&cell).value_or(0).await;
                }
                counted
            }
        });
        Some(measured.await)
    }
}

/// An event in its row.
#[derive(Debug)]
pub struct Events<E>(PhantomData<E>);

impl<E: EventContender> Contender for Events<E> {
    const NAME: &'static str = E::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        if row != Row::Event {
            return None;
        }
        let (ping, pong) = (Arc::new(E::create()), Arc::new(E::create()));
        let (pinged, ponged) = (ping.clone(), pong.clone());
        let started = Instant::now();
        let echo = H::spawn(async move {
            let mut counted = 0;
            for _ in 0..operations / 2 {
                pinged.told().await;
                pong.tell();
                counted += 1;
            }
            counted
        });
        let lead = H::spawn(async move {
            let mut counted = 0;
            for _ in 0..operations / 2 {
                ping.tell();
                ponged.told().await;
                counted += 1;
            }
            counted
        });
        let counted = lead.await + echo.await;
        Some((started.elapsed(), counted))
    }
}

/// A barrier in its row.
#[derive(Debug)]
pub struct Barriers<B>(PhantomData<B>);

impl<B: BarrierContender> Contender for Barriers<B> {
    const NAME: &'static str = B::NAME;

    async fn measure<H: Host>(row: Row, operations: u64) -> Measured {
        let Row::Barrier(parties) = row else { return None };
        let barrier = Arc::new(B::create(parties as usize));
        let (duration, rounds) = split::<H, _>(parties, operations, |share| {
            let barrier = barrier.clone();
            async move {
                let mut led = 0;
                for _ in 0..share {
                    led += u64::from(barrier.pass().await);
                }
                led
            }
        })
        .await;
        Some((duration, rounds * parties))
    }
}
