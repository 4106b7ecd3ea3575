//! The rows of a contest as criterion's groups. A contender that fails is reported, and the others run on.

use std::time::Duration;

use canter_bench::contest::{Contest, Failure, HostName, Hosts, Outcome, Work};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};

/// Benches all contenders in all rows, on both runtimes.
pub fn bench<W: Work>(c: &mut Criterion, contest: &Contest<W>) {
    let hosts = Hosts::start();
    for host in [HostName::Tokio, HostName::Canter] {
        for &row in &contest.rows {
            bench_row(c, contest, &hosts, host, row);
        }
    }
}

fn bench_row<W: Work>(c: &mut Criterion, contest: &Contest<W>, hosts: &Hosts, host: HostName, row: W) {
    let mut group = c.benchmark_group(format!("{row} on {host}"));
    group.throughput(Throughput::Elements(contest.times));
    for entry in &contest.entries {
        let run = || entry.run(hosts, host, row, contest.times);
        if let Some(Err(failure)) = bench_entry(&mut group, entry.name(), run) {
            println!(
                "{row} on {host}/{} failed, its figures are void: {failure}",
                entry.name()
            );
        }
    }
    group.finish();
}

/// Benches one contender, if it has such a row.
///
/// A run before the others finds out whether it fails. One that fails later has its figures called void, since criterion doesn't let
/// a bench end early.
fn bench_entry(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    run: impl Fn() -> Outcome,
) -> Option<Result<(), Failure>> {
    if let Err(failure) = run()? {
        return Some(Err(failure));
    }
    let mut outcome = Ok(());
    group.bench_function(name, |b| {
        b.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times {
                match run().expect("it has such a row") {
                    Ok(duration) => sum += duration,
                    Err(failure) => outcome = Err(failure),
                }
            }
            sum.max(Duration::from_nanos(1))
        });
    });
    Some(outcome)
}

/// So many rows and contenders need short runs.
pub fn config() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
}
