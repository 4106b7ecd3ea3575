//! More and more tasks that are alive.

use std::sync::Arc;
use std::time::Instant;

use super::tools::{Count, Places, on_workers};
use super::{Series, everyone};
use crate::runtimes::Runtime;
use crate::versus::machine::memory_bytes;
use crate::versus::timing::nanos_each;
use crate::versus::{Better, Failure, Figure, Run};

const TIME: Figure = Figure {
    name: "",
    unit: "ns",
    better: Better::Lower,
};

const FIGURES: &[Figure] = &[
    Figure {
        name: "start",
        ..TIME
    },
    Figure { name: "wake", ..TIME },
];

/// More than a waiting task takes on any runtime, with the place where it waits.
const BYTES_A_TASK: u64 = 1_024;

const WARM_UP: u64 = 1_000;

/// The series over the number of tasks.
pub(super) fn series() -> Vec<Series> {
    vec![Series {
        name: "tasks",
        about: "A task starts tasks that wait, then wakes them all, and they end: from the first start until the last waits, and from \
                the first wake until the last has ended, for each task.",
        parameter: "tasks",
        points: (3..8).map(|power| 10_u64.pow(power)).collect(),
        quick_most: 100_000,
        figures: FIGURES,
        times: 1,
        quick_times: 1,
        contenders: everyone!(waiting),
    }]
}

fn waiting<R: Runtime>(asked: &Run, tasks: u64) -> Result<Vec<f64>, Failure> {
    let needed = tasks * BYTES_A_TASK;
    if let Some(available) = memory_bytes("MemAvailable").filter(|&available| available < needed) {
        let mib = |bytes: u64| bytes >> 20;
        let lack = format!("{} MiB of memory needed, {} there", mib(needed), mib(available));
        return Err(Failure::Unavailable(lack));
    }
    let figures = on_workers::<R, _>(asked.workers, async move {
        start_and_wake::<R>(WARM_UP).await;
        start_and_wake::<R>(tasks).await
    });
    Ok(figures.into())
}

/// Starts tasks that wait, and wakes them: the nanoseconds of each. Hangs if one is lost.
async fn start_and_wake<R: Runtime>(tasks: u64) -> [f64; 2] {
    let (places, ended) = (Arc::new(Places::new(tasks)), Arc::new(Count::of(tasks)));
    let start = Instant::now();
    for task in 0..tasks {
        let (places, ended) = (places.clone(), ended.clone());
        R::go(async move {
            places.wait(task).await;
            ended.one();
        });
    }
    places.all_taken().await;
    let wake = Instant::now();
    places.let_go();
    ended.all().await;
    [nanos_each(wake - start, tasks), nanos_each(wake.elapsed(), tasks)]
}
