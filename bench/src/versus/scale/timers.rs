//! More and more timers that run.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::tools::{Count, counted, each, on_workers};
use super::{Series, SeriesContender};
use crate::runtimes::{Canter, Runtime, Tokio};
use crate::versus::{Failure, Figure, Run};

const FAR: Duration = Duration::from_secs(3_600);

/// The series over the number of timers.
pub(super) fn series() -> Vec<Series> {
    let points: Vec<_> = (3..7).map(|power| 10_u64.pow(power)).collect();
    let series = |name, about, (times, quick_times), contenders| Series {
        name,
        about,
        parameter: "timers",
        points: points.clone(),
        quick_most: 100_000,
        figures: Figure::TIME,
        times,
        quick_times,
        contenders,
    };
    vec![
        series(
            "timers-cancel",
            "a task starts a timer and cancels it while the others run; from the first start to the last cancel, a timer",
            (1_000_000, 100_000),
            vec![
                SeriesContender::ours(cancelled::<Canter>),
                SeriesContender::on::<Tokio>(cancelled::<Tokio>),
            ],
        ),
        series(
            "timers-fire",
            "a task a timer, and all are due at the same moment; from then until the last has ended, a timer",
            (1, 1),
            vec![
                SeriesContender::ours(fired::<Canter>),
                SeriesContender::on::<Tokio>(fired::<Tokio>),
            ],
        ),
    ]
}

/// Polls a timer once: one if it runs.
async fn start(timer: &mut Pin<Box<impl Future<Output = ()>>>) -> u64 {
    poll_fn(|cx| Poll::Ready(u64::from(timer.as_mut().poll(cx).is_pending()))).await
}

fn cancelled<R: Runtime>(asked: &Run, timers: u64) -> Result<Vec<f64>, Failure> {
    let times = asked.times;
    let (time, running) = on_workers::<R, _>(asked.workers, async move {
        let (mut others, mut running) = (Vec::new(), 0);
        for timer in 0..timers {
            let mut other = Box::pin(R::sleep(FAR + Duration::from_millis(timer)));
            running += start(&mut other).await;
            others.push(other);
        }
        start_and_cancel::<R>(times / 10).await;
        let started = Instant::now();
        running += start_and_cancel::<R>(times).await;
        (started.elapsed(), running)
    });
    counted(vec![each(time, times)], running, timers + times)
}

/// Starts and cancels so many timers, each of them for itself, and gives how many ran.
async fn start_and_cancel<R: Runtime>(times: u64) -> u64 {
    let mut running = 0;
    for timer in 0..times {
        let mut timer = Box::pin(R::sleep(FAR + Duration::from_millis(timer % 1_000)));
        running += start(&mut timer).await;
    }
    running
}

fn fired<R: Runtime>(asked: &Run, timers: u64) -> Result<Vec<f64>, Failure> {
    let late = on_workers::<R, _>(asked.workers, async move {
        // What is due in no time has to be started all the same: this is how long that takes.
        let warm_up = Instant::now();
        fire::<R>(timers, Instant::now()).await;
        let due = Instant::now() + 3 * warm_up.elapsed() + Duration::from_millis(10);
        let started = fire::<R>(timers, due).await;
        if started > due {
            let lack = "a moment that is late enough to start all timers before it";
            return Err(Failure::Unavailable(lack.into()));
        }
        Ok(due.elapsed())
    })?;
    Ok(vec![each(late, timers)])
}

/// Starts so many timers that are due then, a task each, and waits for them all. Gives when all were started.
async fn fire<R: Runtime>(timers: u64, due: Instant) -> Instant {
    let (started, ended) = (Arc::new(Count::of(timers)), Arc::new(Count::of(timers)));
    for _ in 0..timers {
        let (started, ended) = (started.clone(), ended.clone());
        R::go(async move {
            let mut timer = Box::pin(R::sleep(due.saturating_duration_since(Instant::now())));
            start(&mut timer).await;
            started.one();
            timer.await;
            ended.one();
        });
    }
    started.all().await;
    let all_started = Instant::now();
    ended.all().await;
    all_started
}
