//! Sleeping, time-outs and intervals. No bound on how late: only that nothing comes early, and that everything comes.

#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::future::{pending, poll_fn};
use std::panic::catch_unwind;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use canter_executor::runtime::Runtime;
use canter_executor::time::{
    MissedTick, Sleep, interval, interval_at, sleep, sleep_until, timeout, timeout_at,
};
use canter_executor::{block_on, spawn, yield_now};
use futures::channel::oneshot;

const FAR: Duration = Duration::from_secs(3600);

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

fn milliseconds(number: u64) -> Duration {
    Duration::from_millis(number)
}

/// Counts its wake-ups.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn a_sleep_never_ends_early() {
    let mut random = seed::random("a_sleep_never_ends_early");
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..500)
        .map(|_| {
            let duration = Duration::from_nanos(random.u64(0..30_000_000));
            runtime.spawn(async move {
                let start = Instant::now();
                sleep(duration).await;
                assert!(start.elapsed() >= duration);
                let deadline = Instant::now() + duration;
                sleep_until(deadline).await;
                assert!(Instant::now() >= deadline);
                duration
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| _ = block_on(task).unwrap());
}

#[test]
fn zero_and_past_deadlines_end_at_the_first_poll() {
    block_on(async {
        assert!(futures::poll!(sleep(Duration::ZERO)).is_ready());
        assert!(futures::poll!(sleep_until(Instant::now())).is_ready());
        let past = Instant::now().checked_sub(milliseconds(1)).unwrap();
        assert!(futures::poll!(sleep_until(past)).is_ready());
        let mut ended = sleep(Duration::ZERO);
        (&mut ended).await;
        assert!(ended.is_elapsed() && ended.deadline().is_none());
        assert!(futures::poll!(&mut ended).is_ready(), "ready again");
    });
}

#[test]
fn the_longest_durations_mean_for_ever() {
    block_on(async {
        for duration in [
            Duration::MAX,
            Duration::from_secs(u64::MAX),
            Duration::from_secs(1 << 62),
            Duration::from_secs(1 << 40),
        ] {
            let mut for_ever = sleep(duration);
            assert!(futures::poll!(&mut for_ever).is_pending());
            assert!(!for_ever.is_elapsed());
            assert_eq!(timeout(duration, async { 7 }).await, Ok(7));
            assert!(futures::poll!(Box::pin(timeout(duration, pending::<()>()))).is_pending());
            sleep(milliseconds(1)).await; // the others do not mind
            assert!(futures::poll!(&mut for_ever).is_pending());
        }
        let mut ticks = interval(Duration::MAX);
        ticks.tick().await;
        assert!(futures::poll!(Box::pin(ticks.tick())).is_pending());
        ticks.reset();
        assert!(futures::poll!(Box::pin(ticks.tick())).is_pending());
    });
}

#[test]
fn nothing_is_counted_from_the_first_poll_but_from_the_call() {
    let early = sleep(milliseconds(2));
    let deadline = early.deadline().unwrap();
    block_on(sleep_until(deadline));
    block_on(async { assert!(futures::poll!(early).is_ready()) });
}

#[test]
fn a_reset_moves_the_deadline_earlier_and_later_and_after_the_end() {
    block_on(async {
        // Earlier.
        let mut sleeps = sleep(FAR);
        assert!(futures::poll!(&mut sleeps).is_pending());
        let deadline = Instant::now() + milliseconds(2);
        sleeps.reset(deadline);
        assert_eq!(sleeps.deadline(), Some(deadline));
        (&mut sleeps).await;
        assert!(Instant::now() >= deadline);
        // After the end.
        let deadline = Instant::now() + milliseconds(2);
        sleeps.reset(deadline);
        assert!(!sleeps.is_elapsed());
        (&mut sleeps).await;
        assert!(Instant::now() >= deadline);
        // Later, before the first deadline.
        let mut sleeps = sleep(milliseconds(1));
        assert!(futures::poll!(&mut sleeps).is_pending());
        let deadline = Instant::now() + milliseconds(10);
        sleeps.reset(deadline);
        sleeps.await;
        assert!(Instant::now() >= deadline);
        // Into the past.
        let mut sleeps = sleep(Duration::MAX);
        assert!(futures::poll!(&mut sleeps).is_pending());
        sleeps.reset(Instant::now());
        assert!(futures::poll!(sleeps).is_ready());
    });
}

#[test]
fn the_last_waker_that_polled_is_the_one_that_is_woken() {
    let (first, last, sleeps) = loop {
        let (first, last) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
        let mut sleeps = sleep(milliseconds(3));
        let waits = |wakes: &Arc<Wakes>| {
            let waker = wakes.clone().into();
            Pin::new(&mut sleeps)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        };
        if [&first, &last].into_iter().all(waits) {
            break (first, last, sleeps);
        } // else this thread was away for so long that it is over
    };
    while last.0.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
    assert_eq!(first.0.load(SeqCst), 0);
    block_on(async { assert!(futures::poll!(sleeps).is_ready()) });
}

#[test]
fn a_sleep_that_is_dropped_wakes_nobody_and_lets_its_waker_go() {
    let wakes = Arc::new(Wakes::default());
    let runtime = runtime(1);
    let _entered = runtime.enter();
    let deadline = Instant::now() + milliseconds(3);
    let waker = wakes.clone().into();
    let mut dropped = sleep_until(deadline);
    assert!(
        Pin::new(&mut dropped)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop((dropped, waker));
    assert_eq!(Arc::strong_count(&wakes), 1);
    // One that was started later, for a later deadline on the same wheel, ends: the dropped one would have fired before.
    runtime.block_on(sleep_until(deadline + milliseconds(3)));
    assert_eq!(wakes.0.load(SeqCst), 0);
}

#[test]
fn a_timer_from_outside_shortens_the_sleep_of_the_poller() {
    let runtime = runtime(1);
    let later = runtime.spawn(sleep(FAR));
    for _ in 0..20 {
        // The worker sleeps in the poller until `later`, or is about to.
        runtime.block_on(sleep(milliseconds(1)));
        let from_a_thread = runtime.handle().clone();
        std::thread::spawn(move || from_a_thread.block_on(sleep(milliseconds(1))))
            .join()
            .unwrap();
    }
    assert!(!later.is_finished());
}

#[test]
fn sleeps_on_many_workers_and_threads_all_end() {
    let runtime = runtime(3);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let handle = runtime.handle().clone();
            std::thread::spawn(move || {
                for step in 0..50 {
                    handle.block_on(async {
                        sleep(milliseconds(step % 3)).await;
                        spawn(sleep(milliseconds(step % 4))).await.unwrap();
                    });
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn of_a_time_out_the_future_comes_first() {
    block_on(async {
        assert_eq!(timeout(Duration::ZERO, async { 7 }).await, Ok(7));
        assert_eq!(timeout_at(Instant::now(), async { 7 }).await, Ok(7));
        assert!(timeout(Duration::ZERO, pending::<()>()).await.is_err());
        let error = timeout(milliseconds(1), pending::<()>()).await.unwrap_err();
        assert!(error.to_string().contains("elapsed"));
        assert_eq!(std::io::Error::from(error).kind(), std::io::ErrorKind::TimedOut);
        let start = Instant::now();
        assert_eq!(timeout(FAR, async { sleep(milliseconds(2)).await }).await, Ok(()));
        assert!(start.elapsed() >= milliseconds(2));
        let start = Instant::now();
        assert!(timeout(milliseconds(3), sleep(FAR)).await.is_err());
        assert!(start.elapsed() >= milliseconds(3));
    });
}

#[test]
fn a_time_out_drops_its_future_with_itself_and_gives_it_back_on_request() {
    let drops = drops::Drops::default();
    let guard = drops.guard();
    let waits = timeout(milliseconds(1), async move {
        let _guard = guard;
        pending::<()>().await;
    });
    let mut waits = Box::pin(waits);
    block_on(async { assert!(waits.as_mut().await.is_err()) });
    drop(waits);
    assert_eq!(drops.count(), 1);
    assert_eq!(block_on(timeout(milliseconds(1), async { 7 }).into_inner()), 7);
}

#[test]
fn a_future_that_spends_every_budget_does_not_outlast_its_time_out() {
    let runtime = runtime(1);
    let busy = runtime.spawn(timeout(milliseconds(5), async {
        loop {
            sleep(Duration::ZERO).await;
        }
    }));
    assert!(runtime.block_on(busy).unwrap().is_err());
    let nested = timeout(
        milliseconds(5),
        timeout(FAR, async {
            loop {
                sleep(Duration::ZERO).await;
            }
        }),
    );
    let ended: Result<Result<(), _>, _> = runtime.block_on(nested);
    assert!(ended.is_err());
}

#[test]
fn the_ticks_of_an_interval_are_a_period_apart_and_none_comes_early() {
    block_on(async {
        let mut ticks = interval(milliseconds(2));
        let mut last = ticks.tick().await;
        for _ in 0..5 {
            let tick = ticks.tick().await;
            assert_eq!(tick - last, milliseconds(2));
            assert!(Instant::now() >= tick);
            last = tick;
        }
        let start = Instant::now() + milliseconds(3);
        let first = interval_at(start, FAR).tick().await;
        assert_eq!(first, start);
        assert!(Instant::now() >= start);
    });
    assert!(catch_unwind(|| interval(Duration::ZERO)).is_err());
}

/// An interval whose last ticks, `missed` of them, nobody waited for.
fn late(policy: MissedTick, period: Duration, missed: u32) -> (canter_executor::time::Interval, Instant) {
    let start = Instant::now().checked_sub(period * missed).unwrap();
    let mut ticks = interval_at(start, period);
    ticks.set_missed_tick(policy);
    assert_eq!((ticks.missed_tick(), ticks.period()), (policy, period));
    (ticks, start)
}

#[test]
fn missed_ticks_come_in_a_burst() {
    let (mut ticks, start) = late(MissedTick::Burst, FAR, 3);
    assert_eq!(MissedTick::default(), MissedTick::Burst);
    block_on(async {
        for number in 0..=3 {
            assert_eq!(ticks.tick().await, start + FAR * number);
        }
        assert!(futures::poll!(Box::pin(ticks.tick())).is_pending());
    });
}

#[test]
fn missed_ticks_delay_the_next_one_by_a_period_from_now() {
    let period = milliseconds(5);
    let (mut ticks, start) = late(MissedTick::Delay, period, 100);
    block_on(async {
        assert_eq!(ticks.tick().await, start);
        let before = Instant::now();
        let second = ticks.tick().await;
        assert!(second <= before + period && Instant::now() >= second);
        assert!(second > start + period * 100);
    });
}

#[test]
fn missed_ticks_are_skipped_and_the_phase_is_kept() {
    let period = milliseconds(5);
    let (mut ticks, start) = late(MissedTick::Skip, period, 100);
    block_on(async {
        assert_eq!(ticks.tick().await, start);
        let second = ticks.tick().await;
        assert_eq!((second - start).as_nanos() % period.as_nanos(), 0);
        assert!(second > start + period * 100);
    });
}

#[test]
fn a_tick_that_is_given_up_is_not_lost_and_reset_starts_over() {
    block_on(async {
        let (mut ticks, start) = late(MissedTick::Burst, FAR, 1);
        drop(ticks.tick());
        assert_eq!(ticks.tick().await, start);
        assert!(timeout(Duration::ZERO, ticks.tick()).await.is_ok());
        assert!(timeout(Duration::ZERO, ticks.tick()).await.is_err());
        let mut ticks = interval(milliseconds(3));
        ticks.tick().await;
        let before = Instant::now();
        ticks.reset();
        assert!(ticks.tick().await >= before + milliseconds(3));
    });
}

#[test]
fn a_hundred_thousand_timers_that_start_and_cancel_at_random_all_end_and_none_early() {
    let mut random = seed::random("a_hundred_thousand_timers");
    let runtime = runtime(2);
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let seed = random.u64(..);
            runtime.spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                let mut timers: Vec<Option<(Pin<Box<canter_executor::time::Sleep>>, Instant)>> = Vec::new();
                for number in 0..1000 {
                    let deadline = Instant::now() + Duration::from_micros(random.u64(..60_000));
                    let mut timer = Box::pin(sleep_until(deadline));
                    let _ = futures::poll!(&mut timer);
                    timers.push(Some((timer, deadline)));
                    let other = random.usize(..timers.len());
                    match random.u32(..4) {
                        0 => timers[other] = None,
                        1 => {
                            let deadline = Instant::now() + Duration::from_micros(random.u64(..60_000));
                            if let Some((timer, at)) = &mut timers[other] {
                                timer.as_mut().reset(deadline);
                                *at = deadline;
                            }
                        }
                        _ => {}
                    }
                    if number % 100 == 0 {
                        yield_now().await;
                    }
                }
                let mut ended = 0;
                for (timer, deadline) in timers.into_iter().flatten() {
                    timer.await;
                    assert!(Instant::now() >= deadline);
                    ended += 1;
                }
                ended
            })
        })
        .collect();
    let ended: usize = tasks.into_iter().map(|task| block_on(task).unwrap()).sum();
    println!("{ended} ended");
    assert!(ended > 50_000);
}

#[test]
fn a_hundred_thousand_sleeping_tasks_all_wake() {
    let runtime = runtime(2);
    let (sender, receiver) = mpsc::channel();
    for number in 0..100_000 {
        let sender = sender.clone();
        runtime.go(async move {
            sleep(Duration::from_micros(number % 20_000)).await;
            sender.send(()).unwrap();
        });
    }
    drop(sender);
    assert_eq!(receiver.iter().count(), 100_000);
}

#[test]
fn a_sleep_that_moves_between_tasks_wakes_the_one_that_waits() {
    let (one, other) = (runtime(1), runtime(1));
    let (give, given) = oneshot::channel();
    one.go(async move {
        let mut sleeps = Box::pin(sleep(milliseconds(5)));
        assert!(
            poll_fn(|cx| Poll::Ready(sleeps.as_mut().poll(cx)))
                .await
                .is_pending()
        );
        assert!(give.send(sleeps).is_ok());
    });
    block_on(other.spawn(async move { given.await.unwrap().await })).unwrap();
}

/// Its destructor cancels a timer.
struct Sleeps(#[expect(dead_code, reason = "it is there to be dropped")] Pin<Box<Sleep>>);

impl Wake for Sleeps {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn a_waker_that_is_replaced_may_cancel_a_timer_when_it_is_dropped() {
    let runtime = runtime(1);
    let _entered = runtime.enter();
    let mut first = Box::pin(sleep(FAR));
    assert!(
        first
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    let mut second = Box::pin(sleep(FAR));
    let waker = Waker::from(Arc::new(Sleeps(first)));
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    assert_eq!(runtime.metrics().timers_pending, 2);
    assert!(
        second
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(runtime.metrics().timers_pending, 1);
}

#[test]
fn a_sleep_of_a_runtime_that_has_ended_does_not_meddle_with_the_timers_of_the_next() {
    let mut cx = Context::from_waker(Waker::noop());
    let ended = runtime(1);
    let mut sleeps: Vec<_> = (0..2).map(|_| Box::pin(sleep(FAR))).collect();
    {
        let _entered = ended.enter();
        for sleep in &mut sleeps {
            assert!(sleep.as_mut().poll(&mut cx).is_pending());
        }
    }
    drop(ended);
    let next = runtime(1);
    let _entered = next.enter();
    let mut own: Vec<_> = (0..2).map(|_| Box::pin(sleep(FAR))).collect();
    for sleep in &mut own {
        assert!(sleep.as_mut().poll(&mut cx).is_pending());
    }
    sleeps.pop();
    assert_eq!(next.metrics().timers_pending, 2);
    assert!(sleeps[0].as_mut().poll(&mut cx).is_pending());
    assert_eq!(
        next.metrics().timers_pending,
        3,
        "it goes on in the runtime that polls it"
    );
    drop(sleeps);
    assert_eq!(next.metrics().timers_pending, 2);
}
