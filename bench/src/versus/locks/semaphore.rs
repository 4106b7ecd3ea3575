//! Semaphores.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use super::{Load, workload};
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each, split};
use crate::versus::{Contender, Failure, Run, Workload};

/// The permits that there are where each task takes one.
const PERMITS: usize = 2;

/// The permits that there are where a task takes from one to three.
const MANY_PERMITS: usize = 4;

/// A semaphore.
pub trait SemaphoreContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// A semaphore with so many permits.
    fn create(permits: usize) -> Self;

    /// Acquires a permit, which is given back when what this gives is dropped.
    fn acquire_one(&self) -> impl Future<Output = impl Send> + Send;
}

/// A semaphore that gives several permits at once.
pub trait ManyContender: SemaphoreContender {
    /// As [`acquire_one`](SemaphoreContender::acquire_one), for so many.
    fn acquire_several(&self, permits: u32) -> impl Future<Output = impl Send> + Send;
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    vec![
        row::<R>(Load::ALONE),
        row::<R>(Load::yielding(8)),
        many_row::<R>(8),
    ]
}

fn row<R: Runtime>(load: Load) -> Workload {
    let name = format!("sync/semaphore{load}");
    let about = format!(
        "{}: acquire one of {PERMITS} permits and give it back: the time for that.",
        load.who()
    );
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::Semaphore>(load)),
        peer::<R, tokio::sync::Semaphore>(load),
        peer::<R, async_lock::Semaphore>(load),
        Contender::go(&name),
    ];
    workload::<R>(&name, about, load.operations(), contenders)
}

fn peer<R: Runtime, S: SemaphoreContender>(load: Load) -> Contender {
    Contender::peer(S::NAME, measure::<R, S>(load))
}

/// The crates whose semaphores give one permit at a time are not here, nor is Go.
fn many_row<R: Runtime>(tasks: u64) -> Workload {
    let load = Load::yielding(tasks);
    let about = format!(
        "{}: acquire from one to three of {MANY_PERMITS} permits and give them back: the time for that.",
        load.who()
    );
    let tokio = measure_many::<R, tokio::sync::Semaphore>(tasks);
    let contenders = vec![
        Contender::ours(measure_many::<R, canter_sync::Semaphore>(tasks)),
        Contender::peer(tokio::sync::Semaphore::NAME, tokio),
    ];
    let name = format!("sync/semaphore-many{load}");
    workload::<R>(&name, about, load.operations(), contenders)
}

/// How permits of this semaphore are acquired on this runtime, one at a time. Where tasks give way, no more permits must have been
/// taken at any time than there are.
pub fn measure<R: Runtime, S: SemaphoreContender>(load: Load) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        by_its_clock::<R, _>(run, move |times| async move {
            let turnstile = Turnstile::<S>::new(PERMITS);
            let (took, counted) = split::<R, _>(load.tasks, times, |share| {
                let turnstile = turnstile.clone();
                async move {
                    if load.yields {
                        turnstile.pass_and_yield::<R>(share).await
                    } else {
                        turnstile.pass(share).await
                    }
                }
            })
            .await;
            each(took, counted, times)
        })
    }
}

/// How permits of this semaphore are acquired on this runtime by that many tasks that give way, one, two and three at a time. No more
/// permits must have been taken at any time than there are.
pub fn measure_many<R: Runtime, S: ManyContender>(tasks: u64) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        by_its_clock::<R, _>(run, move |times| async move {
            let turnstile = Turnstile::<S>::new(MANY_PERMITS);
            let (took, counted) = split::<R, _>(tasks, times, |share| {
                let turnstile = turnstile.clone();
                async move { turnstile.pass_abreast::<R>(share).await }
            })
            .await;
            each(took, counted, times)
        })
    }
}

struct Turnstile<S> {
    semaphore: S,
    permits: usize,
    taken: AtomicUsize,
}

impl<S: SemaphoreContender> Turnstile<S> {
    fn new(permits: usize) -> Arc<Turnstile<S>> {
        Arc::new(Turnstile {
            semaphore: S::create(permits),
            permits,
            taken: AtomicUsize::new(0),
        })
    }

    async fn pass(&self, share: u64) -> u64 {
        for _ in 0..share {
            let _permit = self.semaphore.acquire_one().await;
        }
        share
    }

    /// Gives how often no more permits were taken than there are.
    async fn pass_and_yield<R: Runtime>(&self, share: u64) -> u64 {
        let mut counted = 0;
        for _ in 0..share {
            let _permit = self.semaphore.acquire_one().await;
            counted += self.inside::<R>(1).await;
        }
        counted
    }

    /// One if no more permits are taken than there are, these included.
    async fn inside<R: Runtime>(&self, permits: usize) -> u64 {
        let taken = self.taken.fetch_add(permits, Relaxed) + permits;
        R::yield_now().await;
        self.taken.fetch_sub(permits, Relaxed);
        u64::from(taken <= self.permits)
    }
}

impl<S: ManyContender> Turnstile<S> {
    /// As [`pass_and_yield`](Turnstile::pass_and_yield), with more than one permit at a time.
    async fn pass_abreast<R: Runtime>(&self, share: u64) -> u64 {
        let mut counted = 0;
        for number in (1..MANY_PERMITS).cycle().take(share as usize) {
            let _permits = self.semaphore.acquire_several(number as u32).await;
            counted += self.inside::<R>(number).await;
        }
        counted
    }
}
