//! A benchmark as a measurement.

use super::benchmark::Benchmark;
use super::channels::Channels;
use super::{chan, select};
use crate::runtimes::Runtime;
use crate::versus::timing::by_its_clock;
use crate::versus::{Failure, Run};

/// How these channels do the benchmark on this runtime. What arrives must be what was sent.
pub fn measure<R: Runtime, C: Channels>(benchmark: Benchmark) -> impl Fn(&Run) -> Result<Vec<f64>, Failure> {
    move |run| {
        let workers = run.workers as u64;
        by_its_clock::<R, _>(run, move |times| done::<R, C>(benchmark, times, workers))
    }
}

async fn done<R: Runtime, C: Channels>(
    benchmark: Benchmark,
    times: u64,
    workers: u64,
) -> Result<f64, Failure> {
    match benchmark {
        Benchmark::ChanSync { work } => chan::sync::<R, C>(times, if work { 1000 } else { 0 }).await,
        Benchmark::ChanProdCons { capacity, work } => {
            chan::prod_cons::<R, C>(times, workers, capacity, if work { 100 } else { 0 }).await
        }
        Benchmark::ChanCreation => chan::creation::<R, C>(times, workers).await,
        Benchmark::ChanSem => chan::sem::<R, C>(times, workers).await,
        Benchmark::ChanPopular => select::popular::<R, C>(times).await,
        Benchmark::ChanNonblocking => chan::nonblocking::<R, C>(times, workers).await,
        Benchmark::ChanUncontended => chan::uncontended::<R, C>(times, workers).await,
        Benchmark::ChanContended => chan::contended::<R, C>(times, workers).await,
        Benchmark::ReceiveDataFromClosedChan => chan::receive_from_closed::<C>(times).await,
        Benchmark::SelectUncontended => select::uncontended::<R, C>(times, workers).await,
        Benchmark::SelectSyncContended => select::sync_contended::<R, C>(times, workers).await,
        Benchmark::SelectAsyncContended => select::async_contended::<R, C>(times, workers).await,
        Benchmark::SelectNonblock => select::nonblock::<R, C>(times, workers).await,
        Benchmark::SelectProdCons => select::prod_cons::<R, C>(times, workers).await,
    }
}
