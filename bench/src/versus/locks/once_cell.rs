//! Cells whose value is made once.

use std::hint::black_box;
use std::sync::Arc;

use super::workload;
use crate::runtimes::Runtime;
use crate::versus::timing::{by_its_clock, each, split};
use crate::versus::{Contender, Failure, Run, Workload};

/// A cell whose value is made once.
pub trait OnceCellContender: Send + Sync + 'static {
    /// The contender's name.
    const NAME: &'static str;

    /// A cell without a value.
    fn create() -> Self;

    /// The value, which is this one if it had to be made.
    fn value_or(&self, value: u64) -> impl Future<Output = u64> + Send;
}

pub(super) fn workloads<R: Runtime>() -> Vec<Workload> {
    let name = "sync/once-cell";
    let about = "One task asks a cell for its value, which is there: the time for that.".to_owned();
    let contenders = vec![
        Contender::ours(measure::<R, canter_sync::OnceCell<u64>>()),
        peer::<R, tokio::sync::OnceCell<u64>>(),
        peer::<R, async_lock::OnceCell<u64>>(),
        Contender::go(name),
    ];
    vec![workload::<R>(name, about, 50_000_000, contenders)]
}

fn peer<R: Runtime, C: OnceCellContender>() -> Contender {
    Contender::peer(C::NAME, measure::<R, C>())
}

/// How the value of this cell is asked for on this runtime. It must be the first one each time.
pub fn measure<R: Runtime, C: OnceCellContender>() -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    |run| {
        by_its_clock::<R, _>(run, |times| async move {
            let cell = Arc::new(C::create());
            cell.value_or(1).await;
            let (took, counted) = split::<R, _>(1, times, |share| {
                let cell = cell.clone();
                async move {
                    let mut counted = 0;
                    for _ in 0..share {
                        counted += black_box(&cell).value_or(0).await;
                    }
                    counted
                }
            })
            .await;
            each(took, counted, times)
        })
    }
}
