//! The clock of those workloads that are the same code on every runtime.

use std::time::{Duration, Instant};

use super::{Failure, Run};
use crate::runtimes::{Runtime, Tokio};

/// Does the work in the future that the main thread blocks on, outside of the runtime's workers, and gives the nanoseconds for
/// each time. The work is told how often it is to be done; a tenth of that warms up.
pub(super) fn from_outside<R, W, F>(run: &Run, work: W) -> Result<Vec<f64>, Failure>
where
    R: Runtime,
    W: Fn(u64) -> F,
    F: Future<Output = Result<(), Failure>>,
{
    let runtime = R::start(run.workers);
    runtime.block_on(work(warm_up(run.times)))?;
    let started = Instant::now();
    runtime.block_on(work(run.times))?;
    Ok(vec![nanos_each(started.elapsed(), run.times)])
}

/// As [`from_outside`], in a task.
pub(super) fn from_worker<R, W, F>(run: &Run, work: W) -> Result<Vec<f64>, Failure>
where
    R: Runtime,
    W: Fn(u64) -> F,
    F: Future<Output = Result<(), Failure>> + Send + 'static,
{
    from_outside::<R, _, _>(run, |times| {
        let work = work(times);
        async { R::spawn(work).await }
    })
}

/// Has a task do the work to warm up, and then as often as the run says. The work looks at the clock itself, and gives the nanoseconds for
/// doing it once.
pub(super) fn by_its_clock<R, F>(run: &Run, work: impl Fn(u64) -> F) -> Result<Vec<f64>, Failure>
where
    R: Runtime,
    F: Future<Output = Result<f64, Failure>> + Send + 'static,
{
    let runtime = R::start(run.workers);
    let task = |times| runtime.block_on(async { R::spawn(work(times)).await });
    task(warm_up(run.times))?;
    Ok(vec![task(run.times)?])
}

/// Splits the work over the tasks: each is asked to do its share. Gives the time until all have ended, and the sum of what they
/// counted.
pub(super) async fn split<R, F>(tasks: u64, times: u64, work: impl Fn(u64) -> F) -> (Duration, u64)
where
    R: Runtime,
    F: Future<Output = u64> + Send + 'static,
{
    let started = Instant::now();
    let mut running = Vec::new();
    for index in 0..tasks {
        let share = share(times, index, tasks);
        running.push(R::spawn(work(share.end - share.start)));
    }
    let counted = sum_of(running).await;
    (started.elapsed(), counted)
}

/// Waits for all of these, one after the other, and adds up what they give.
pub(super) async fn sum_of<F: Future<Output = u64>>(tasks: Vec<F>) -> u64 {
    let mut sum = 0;
    for task in tasks {
        sum += task.await;
    }
    sum
}

/// The nanoseconds for doing it once, if it was done as often as it should be.
pub(super) fn each(took: Duration, counted: u64, expected: u64) -> Result<f64, Failure> {
    expect_count(counted, expected)?;
    Ok(nanos_each(took, expected))
}

/// The name that a workload has on this runtime, where it is measured on several: `lock/mutex` becomes `lock-on-canter/mutex`.
/// tokio, on which most channels and locks are used, goes without saying.
pub(super) fn name_on<R: Runtime>(name: &str) -> String {
    match name.split_once('/') {
        Some((group, row)) if R::NAME != Tokio::NAME => format!("{group}-on-{}/{row}", R::NAME),
        _ => name.to_owned(),
    }
}

/// How often the work is done before the clock runs: the same share for every contender.
pub(super) fn warm_up(times: u64) -> u64 {
    times.div_ceil(10)
}

/// The nanoseconds for one of so many.
pub(super) fn nanos_each(took: Duration, times: u64) -> f64 {
    took.as_nanos() as f64 / times as f64
}

/// Whether as much came out as was put in.
pub(super) fn expect_count(counted: u64, expected: u64) -> Result<(), Failure> {
    if counted == expected {
        Ok(())
    } else {
        Err(Failure::Miscounted { counted, expected })
    }
}

/// The sum of the numbers below this one: what comes out of tasks that each give their number.
pub(super) fn sum_below(end: u64) -> u64 {
    end * end.saturating_sub(1) / 2
}

/// The part that is number `index` of `parts` nearly equal ones: from where to where it goes.
pub(super) fn share(whole: u64, index: u64, parts: u64) -> std::ops::Range<u64> {
    whole * index / parts..whole * (index + 1) / parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::Canter;

    /// Shows that work which counts less than it should have is a failure, in the warm-up already and after it.
    #[test]
    fn a_miscount_is_a_failure() {
        let run = Run {
            times: 20,
            workers: 1,
        };
        for lost_from in [2, 20] {
            let outcome = from_worker::<Canter, _, _>(&run, |times| async move {
                expect_count(times - u64::from(times >= lost_from), times)
            });
            let miscounted = Failure::Miscounted {
                counted: lost_from - 1,
                expected: lost_from,
            };
            assert_eq!(outcome, Err(miscounted));
        }
    }

    /// Shows that shares cover the whole without a gap, also where there are more of them than things to share.
    #[test]
    fn shares_add_up() {
        for (whole, parts) in [(1_000, 10), (7, 10), (23, 4), (0, 3)] {
            let all: Vec<_> = (0..parts).flat_map(|index| share(whole, index, parts)).collect();
            assert_eq!(all, (0..whole).collect::<Vec<_>>());
        }
    }
}
