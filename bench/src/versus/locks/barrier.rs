//! Barriers.

use std::sync::Arc;

use super::workload;
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each, split};
use crate::versus::{Contender, Failure, Run, Workload};

/// The tasks that wait for each other.
const PARTIES: u64 = 8;

/// A place where tasks wait for each other, again and again.
pub trait BarrierContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// A barrier for so many tasks.
    fn create(parties: usize) -> Self;

    /// Waits for the others; true for one of them in each round.
    fn pass(&self) -> impl Future<Output = bool> + Send;
}

/// Go has no barrier.
pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    let name = format!("sync/barrier/{PARTIES}");
    let about = format!("{PARTIES} tasks wait for each other, again and again: the time for a task to pass.");
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::Barrier>()),
        peer::<R, tokio::sync::Barrier>(),
        peer::<R, async_lock::Barrier>(),
    ];
    vec![workload::<R>(&name, about, 400_000, contenders)]
}

fn peer<R: Runtime, B: BarrierContender>() -> Contender {
    Contender::peer(B::NAME, measure::<R, B>())
}

/// How tasks pass this barrier on this runtime, in whole rounds. Each round must have one leader.
pub fn measure<R: Runtime, B: BarrierContender>() -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    |run| {
        by_its_clock::<R, _>(run, |times| async move {
            let times = times.next_multiple_of(PARTIES);
            let barrier = Arc::new(B::create(PARTIES as usize));
            let (took, rounds) = split::<R, _>(PARTIES, times, |share| {
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
            each(took, rounds * PARTIES, times)
        })
    }
}
