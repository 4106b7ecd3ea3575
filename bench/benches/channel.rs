//! Channels beside their peers: streams between one and four tasks, ping-pong, and a select over four channels. A contender
//! that loses messages is reported, and the others run on.

use std::time::Duration;

use canter_bench::channels::{Entry, Failure, HostName, Hosts, Row, entries, rows};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const MESSAGES: u64 = 10_000;

/// Benches one contender, if it has such a channel.
///
/// A run before the others finds out whether it loses messages. One that loses them later has its figures called void, since
/// criterion doesn't let a bench end early.
fn bench(
    group: &mut BenchmarkGroup<'_, WallTime>,
    entry: &Entry,
    run: impl Fn() -> Option<Result<Duration, Failure>>,
) -> Option<Result<(), Failure>> {
    if let Err(failure) = run()? {
        return Some(Err(failure));
    }
    let mut outcome = Ok(());
    group.bench_function(entry.name(), |b| {
        b.iter_custom(|times| {
            let mut sum = Duration::ZERO;
            for _ in 0..times {
                match run().expect("it has such a channel") {
                    Ok(duration) => sum += duration,
                    Err(failure) => outcome = Err(failure),
                }
            }
            sum.max(Duration::from_nanos(1))
        });
    });
    Some(outcome)
}

fn row(c: &mut Criterion, hosts: &Hosts, host: HostName, row: Row) {
    let mut group = c.benchmark_group(format!("{row} on {host}"));
    group.throughput(Throughput::Elements(MESSAGES));
    for entry in entries() {
        let run = || entry.run(hosts, host, row, MESSAGES);
        if let Some(Err(failure)) = bench(&mut group, &entry, run) {
            println!(
                "{row} on {host}/{} failed, its figures are void: {failure}",
                entry.name()
            );
        }
    }
    group.finish();
}

fn channels(c: &mut Criterion) {
    let hosts = Hosts::start();
    for host in [HostName::Tokio, HostName::Canter] {
        for each in rows() {
            row(c, &hosts, host, each);
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = channels
}
criterion_main!(benches);
