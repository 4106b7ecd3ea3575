//! The same work by more and more workers: on a machine with fewer cores this shows what workers cost each other.

use std::time::Instant;

use super::tools::on_workers;
use super::{Series, SeriesContender, everyone};
use crate::runtimes::{Equipped, Runtime, Tools};
use crate::versus::timing::each;
use crate::versus::{Failure, Figure, Run};

const YIELDING: u64 = 1_000;

const BATCH: u64 = 1_000;

const PAIRS: u64 = 64;

/// The series over the number of workers.
pub(super) fn series() -> Vec<Series> {
    vec![
        series_of(
            "yield",
            "1,000 tasks yield in turn: from the start of the first to the end of the last, for each yield.",
            2_000_000,
            everyone!(yields),
        ),
        series_of(
            "spawn",
            "A task starts tasks, 1,000 at a time, and joins them: from the first start to the last end, for each task.",
            1_000_000,
            everyone!(spawns),
        ),
        series_of(
            "ping-pong",
            "64 pairs of tasks bounce messages over channels that hold one: from the start of the first pair to the end of the \
             last, for each message.",
            1_000_000,
            everyone!(ping_pongs),
        ),
    ]
}

fn series_of(
    name: &'static str,
    about: &'static str,
    times: u64,
    contenders: Vec<SeriesContender>,
) -> Series {
    Series {
        name,
        about,
        parameter: "workers",
        points: (0..7).map(|power| 1 << power).collect(),
        quick_most: 64,
        figures: Figure::TIME,
        times,
        quick_times: times / 10,
        contenders,
    }
}

/// Runs the work of one of the series for a tenth, and then as often as it was asked for: the time of one.
fn measured<R: Runtime, W>(asked: &Run, workers: u64, work: fn(u64) -> W) -> Result<Vec<f64>, Failure>
where
    W: Future<Output = (u64, u64)> + Send + 'static,
{
    let times = asked.times;
    let workers = usize::try_from(workers).expect("a number of workers");
    let (time, (count, expected)) = on_workers::<R, _>(workers, async move {
        R::spawn(work(times / 10)).await;
        let started = Instant::now();
        let counts = R::spawn(work(times)).await;
        (started.elapsed(), counts)
    });
    Ok(vec![each(time, count, expected)?])
}

fn yields<R: Runtime>(asked: &Run, workers: u64) -> Result<Vec<f64>, Failure> {
    measured::<R, _>(asked, workers, |times| async move {
        let share = times.div_ceil(YIELDING);
        let tasks: Vec<_> = (0..YIELDING)
            .map(|_| {
                R::spawn(async move {
                    let mut yielded = 0;
                    while yielded < share {
                        R::yield_now().await;
                        yielded += 1;
                    }
                    yielded
                })
            })
            .collect();
        let mut yielded = 0;
        for task in tasks {
            yielded += task.await;
        }
        (yielded, YIELDING * share)
    })
}

fn spawns<R: Runtime>(asked: &Run, workers: u64) -> Result<Vec<f64>, Failure> {
    measured::<R, _>(asked, workers, |times| async move {
        let batches = times.div_ceil(BATCH);
        let mut ended = 0;
        for _ in 0..batches {
            let tasks: Vec<_> = (0..BATCH).map(|_| R::spawn(async { 1 })).collect();
            for task in tasks {
                ended += task.await;
            }
        }
        (ended, BATCH * batches)
    })
}

fn ping_pongs<R: Equipped>(asked: &Run, workers: u64) -> Result<Vec<f64>, Failure> {
    measured::<R, _>(asked, workers, |times| async move {
        let trips = times.div_ceil(2 * PAIRS);
        let pairs: Vec<_> = (0..PAIRS).map(|_| R::spawn(ping_pong::<R>(trips))).collect();
        let mut messages = 0;
        for pair in pairs {
            messages += pair.await;
        }
        (messages, 2 * PAIRS * trips)
    })
}

/// Bounces a message that many times, and gives how many messages arrived in their turn.
async fn ping_pong<R: Equipped>(trips: u64) -> u64 {
    let (ping, mut pinged) = R::Tools::channel(1);
    let (pong, mut ponged) = R::Tools::channel(1);
    let other = R::spawn(async move {
        let mut in_turn = 0;
        while let Some(message) = R::Tools::receive(&mut pinged).await {
            in_turn += u64::from(message == in_turn);
            R::Tools::send(&pong, message).await;
        }
        in_turn
    });
    let mut in_turn = 0;
    for trip in 0..trips {
        R::Tools::send(&ping, trip).await;
        in_turn += u64::from(R::Tools::receive(&mut ponged).await == Some(trip));
    }
    drop(ping);
    in_turn + other.await
}
