//! Timers: many that fire, and those that are given up before they do.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use super::everyone::everyone;
use super::timing::{expect_count, from_worker, share, sum_of, warm_up};
use super::{Better, Failure, Figure, Run, Workload, limits};
use crate::Flag;
use crate::runtimes::Runtime;

/// The longest sleep: each lasts a whole number of milliseconds, up to this.
const LONGEST: u64 = 1_000;

/// A time that does not come while a run lasts.
const NEVER: Duration = Duration::from_secs(3600);

/// The tasks that start and drop timers together.
const TASKS: u64 = 100;

/// Until all have slept, and how much too late the mean of them woke up.
const SLEEPS: &[Figure] = &[
    Figure {
        name: "wall",
        unit: "ms",
        better: Better::Lower,
    },
    Figure {
        name: "lateness",
        unit: "ms",
        better: Better::Lower,
    },
];

/// The workloads of this module.
pub fn workloads() -> Vec<Workload> {
    let name = "timer/sleep/million";
    let sleeps = Workload {
        name: name.to_owned(),
        about: "A million tasks sleep for 1 to 1,000 ms, as many for each: the time until all have ended, and by how much \
                they woke too late on average. Both grow with the number of tasks, of which a quick run has a tenth."
            .to_owned(),
        figures: SLEEPS,
        times: 1_000_000,
        quick_times: 100_000,
        contenders: everyone!(name, sleeps),
    };
    let name = "timer/start-cancel";
    let start_cancel = Workload::timed(
        name,
        "A task starts a timer and drops it, again and again; for each.",
        2_000_000,
        everyone!(name, start_cancel),
    );
    let name = "timer/timeout-never";
    let timeouts = Workload::timed(
        name,
        "100 tasks yield to each other, each time within a time-out that does not come; for each time-out.",
        1_000_000,
        everyone!(name, timeouts),
    );
    let name = "timer/live-400k";
    let live = Workload::timed(
        name,
        "100 tasks start timers until 400,000 wait, due in one to two minutes, and then drop them all; for each. \
                A quick run has a tenth of them.",
        400_000,
        everyone!(name, live),
    );
    let mut given_up = [start_cancel, timeouts, live];
    for workload in &mut given_up {
        workload.contenders.push(limits::clock());
        workload.contenders.push(limits::epoll());
    }
    [sleeps].into_iter().chain(given_up).collect()
}

/// What the sleepers share.
struct Night {
    /// Those who have not ended.
    left: AtomicU64,
    /// Those who slept long enough.
    rested: AtomicU64,
    /// The nanoseconds by which they woke too late, together.
    late: AtomicU64,
    over: Flag,
}

fn sleeps<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    let runtime = R::start(run.workers);
    let mut figures = vec![];
    for times in [warm_up(run.times), run.times] {
        figures = runtime.block_on(async { R::spawn(night::<R>(times)).await })?;
    }
    Ok(figures)
}

/// So many tasks sleep, and this gives the figures.
async fn night<R: Runtime>(times: u64) -> Result<Vec<f64>, Failure> {
    let night = Arc::new(Night {
        left: AtomicU64::new(times),
        rested: AtomicU64::new(0),
        late: AtomicU64::new(0),
        over: Flag::default(),
    });
    let started = Instant::now();
    for number in 0..times {
        let night = night.clone();
        R::go(async move {
            let asked = Duration::from_millis(1 + number % LONGEST);
            let asleep = Instant::now();
            R::sleep(asked).await;
            if let Some(late) = asleep.elapsed().checked_sub(asked) {
                night.rested.fetch_add(1, Ordering::Relaxed);
                night.late.fetch_add(late.as_nanos() as u64, Ordering::Relaxed);
            }
            if night.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                night.over.raise();
            }
        });
    }
    night.over.lowered().await;
    let wall = started.elapsed();
    expect_count(night.rested.load(Ordering::Relaxed), times)?;
    let late = Duration::from_nanos(night.late.load(Ordering::Relaxed) / times);
    Ok([wall, late].map(|time| time.as_secs_f64() * 1e3).to_vec())
}

fn start_cancel<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let mut started = 0;
        for _ in 0..times {
            started += start(pin!(R::sleep(NEVER))).await;
        }
        expect_count(started, times)
    })
}

/// Starts a timer: gives one if it waits.
async fn start(mut timer: Pin<&mut (impl Future + Send)>) -> u64 {
    poll_fn(|cx| Poll::Ready(u64::from(timer.as_mut().poll(cx).is_pending()))).await
}

fn timeouts<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let in_tasks = (0..TASKS).map(|index| {
            R::spawn(async move {
                let mut in_time = 0;
                for _ in share(times, index, TASKS) {
                    in_time += u64::from(R::timeout(NEVER, R::yield_now()).await.is_some());
                }
                in_time
            })
        });
        let in_tasks: Vec<_> = in_tasks.collect();
        let in_time = sum_of(in_tasks).await;
        expect_count(in_time, times)
    })
}

fn live<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    from_worker::<R, _, _>(run, |times| async move {
        let live = Arc::new(AtomicU64::new(0));
        let in_tasks = (0..TASKS).map(|index| {
            let live = live.clone();
            R::spawn(async move {
                let mut timers = Vec::new();
                for number in share(times, index, TASKS) {
                    // A prime step, so that they come in no order.
                    let due = Duration::from_millis(60_000 + number * 7_919 % 60_000);
                    let mut timer = Box::pin(R::sleep(due));
                    live.fetch_add(start(timer.as_mut()).await, Ordering::Relaxed);
                    timers.push(timer);
                }
                while live.load(Ordering::Relaxed) < times {
                    R::yield_now().await;
                }
                timers.len() as u64
            })
        });
        let in_tasks: Vec<_> = in_tasks.collect();
        let dropped = sum_of(in_tasks).await;
        expect_count(dropped, times)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtimes::Canter;

    /// Canter, but its sleeps end at once and its time-outs come at once.
    struct Hasty(Canter);

    impl Runtime for Hasty {
        const NAME: &'static str = "hasty";

        fn start(workers: usize) -> Hasty {
            Hasty(Canter::start(workers))
        }

        fn block_on<F: Future>(&self, future: F) -> F::Output {
            self.0.block_on(future)
        }

        fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
        where
            F: Future<Output: Send + 'static> + Send + 'static,
        {
            Canter::spawn(future)
        }

        fn go<F>(future: F)
        where
            F: Future<Output = ()> + Send + 'static,
        {
            Canter::go(future);
        }

        fn yield_now() -> impl Future<Output = ()> + Send {
            Canter::yield_now()
        }

        async fn sleep(_: Duration) {}

        async fn timeout<F: Future<Output: Send> + Send>(_: Duration, _: F) -> Option<F::Output> {
            None
        }
    }

    const RUN: Run = Run {
        times: 100,
        workers: 1,
    };

    /// Shows that a sleep that ends too soon is a failure, and a timer that is not waiting too.
    #[test]
    fn a_short_sleep_is_a_failure() {
        for measure in [sleeps::<Hasty>, start_cancel::<Hasty>] {
            let outcome = measure(&RUN);
            assert!(matches!(outcome, Err(Failure::Miscounted { .. })), "{outcome:?}");
        }
    }

    /// Shows that a time-out that comes is a failure.
    #[test]
    fn a_timeout_that_comes_is_a_failure() {
        let miscounted = Failure::Miscounted {
            counted: 0,
            expected: 10, // the warm-up
        };
        assert_eq!(timeouts::<Hasty>(&RUN), Err(miscounted));
    }
}
