//! Mutexes.

use std::ops::DerefMut;
use std::sync::Arc;

use super::{Load, workload};
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each, split};
use crate::versus::{Contender, Failure, Run, Workload};

/// A mutex around a counter.
pub trait MutexContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// A counter at zero.
    fn create() -> Self;

    /// Locks the counter.
    fn lock_counter(&self) -> impl Future<Output = impl DerefMut<Target = u64> + Send> + Send;
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    let loads = [Load::ALONE, Load::short(8), Load::yielding(8), Load::short(1000)];
    loads.map(row::<R>).into()
}

fn row<R: Runtime>(load: Load) -> Workload {
    let name = format!("lock/mutex{load}");
    let about = format!(
        "{}: lock a mutex, add one, unlock: the time for that.",
        load.who()
    );
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::Mutex<u64>>(load)),
        peer::<R, tokio::sync::Mutex<u64>>(load),
        peer::<R, async_lock::Mutex<u64>>(load),
        Contender::go(&name),
    ];
    workload::<R>(&name, about, load.operations(), contenders)
}

fn peer<R: Runtime, M: MutexContender>(load: Load) -> Contender {
    Contender::peer(M::NAME, measure::<R, M>(load))
}

/// How this mutex is locked on this runtime. The counter must have been increased each time.
pub fn measure<R: Runtime, M: MutexContender>(load: Load) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        by_its_clock::<R, _>(run, move |times| async move {
            let mutex = Arc::new(M::create());
            let (took, _) = split::<R, _>(load.tasks, times, |share| {
                increase::<R, M>(mutex.clone(), share, load.yields)
            })
            .await;
            let counted = *mutex.lock_counter().await;
            each(took, counted, times)
        })
    }
}

async fn increase<R: Runtime, M: MutexContender>(mutex: Arc<M>, share: u64, yields: bool) -> u64 {
    for _ in 0..share {
        let mut counter = mutex.lock_counter().await;
        let before = *counter;
        if yields {
            R::yield_now().await;
        }
        *counter = before + 1;
    }
    share
}
