//! More and more timers that run.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::tools::{Count, on_workers};
use super::{Series, everyone};
use crate::runtimes::Runtime;
use crate::versus::timing::{expect_count, nanos_each};
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
            "A task starts a timer and cancels it while the others run: from the first start to the last cancel, for each of these.",
            (1_000_000, 100_000),
            everyone!(cancelled),
        ),
        series(
            "timers-fire",
            "Timers, each in a task, are due at the same moment: from then until the last task has ended, for each timer.",
            (1, 1),
            everyone!(fired),
        ),
    ]
}

/// Polls a timer once, and gives whether it runs.
async fn start(timer: &mut Pin<Box<impl Future<Output = ()>>>) -> bool {
    poll_fn(|cx| Poll::Ready(timer.as_mut().poll(cx).is_pending())).await
}

fn cancelled<R: Runtime>(asked: &Run, timers: u64) -> Result<Vec<f64>, Failure> {
    let times = asked.times;
    let (took, running) = on_workers::<R, _>(asked.workers, async move {
        let (mut others, mut running) = (Vec::new(), 0);
        for timer in 0..timers {
            let mut other = Box::pin(R::sleep(FAR + Duration::from_millis(timer)));
            running += u64::from(start(&mut other).await);
            others.push(other);
        }
        start_and_cancel::<R>(times / 10).await;
        let started = Instant::now();
        running += start_and_cancel::<R>(times).await;
        (started.elapsed(), running)
    });
    expect_count(running, timers + times)?;
    Ok(vec![nanos_each(took, times)])
}

/// Starts and cancels so many timers, each of them for itself, and gives how many ran.
async fn start_and_cancel<R: Runtime>(times: u64) -> u64 {
    let mut running = 0;
    for timer in 0..times {
        let mut timer = Box::pin(R::sleep(FAR + Duration::from_millis(timer % 1_000)));
        running += u64::from(start(&mut timer).await);
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
    Ok(vec![nanos_each(late, timers)])
}

/// Starts so many timers that are due then, a task each, and waits for them all. Gives when all were started.
async fn fire<R: Runtime>(timers: u64, due: Instant) -> Instant {
    let (started, ended) = (Arc::new(Count::of(timers)), Arc::new(Count::of(timers)));
    for _ in 0..timers {
        let (started, ended) = (started.clone(), ended.clone());
        R::go(async move {
            let mut timer = Box::pin(R::sleep(due.saturating_duration_since(Instant::now())));
            let runs = start(&mut timer).await;
            started.one();
            if runs {
                timer.await;
            }
            ended.one();
        });
    }
    started.all().await;
    let all_started = Instant::now();
    ended.all().await;
    all_started
}
