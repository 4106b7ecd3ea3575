//! A deadline that comes again and again.

use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;

use super::Sleep;

/// Ticks every `period`, for the first time at once.
///
/// # Panics
///
/// Panics if `period` is zero.
///
/// # Examples
///
/// ```
/// use canter_executor::time::interval;
/// use std::time::Duration;
///
/// canter_executor::block_on(async {
///     let mut interval = interval(Duration::from_millis(2));
///     let first = interval.tick().await;
///     let second = interval.tick().await;
///     assert_eq!(second - first, Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn interval(period: Duration) -> Interval {
    interval_at(Instant::now(), period)
}

/// Ticks every `period`, for the first time at `start`.
///
/// # Panics
///
/// Panics if `period` is zero.
#[track_caller]
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    assert!(!period.is_zero(), "an interval needs a period longer than zero");
    let sleep = Sleep::placed_until(start, Location::caller());
    Interval {
        sleep,
        next: Some(start),
        period,
        missed: MissedTick::default(),
    }
}

/// What an [`Interval`] does about ticks that nobody waited for in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissedTick {
    /// Ticks at once for each one missed, until it has caught up. The number of ticks is right.
    #[default]
    Burst,
    /// Ticks at once, and then a period after that. The distance between ticks is never shorter than the period.
    Delay,
    /// Ticks at once, and then at the next multiple of the period from the start. The phase is right.
    Skip,
}

/// Ticks again and again; [`interval`] makes it. It is a `Stream` too, which never ends.
#[derive(Debug)]
pub struct Interval {
    sleep: Sleep,
    /// When the next tick is due; `None` beyond the end of the clock.
    next: Option<Instant>,
    period: Duration,
    missed: MissedTick,
}

impl Interval {
    /// Waits for the next tick, and gives the moment at which it was due.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no tick.
    pub async fn tick(&mut self) -> Instant {
        std::future::poll_fn(|cx| self.poll_tick(cx)).await
    }

    /// As [`Interval::tick`], for a poll function.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        let Some(due) = self.next else {
            return Poll::Pending;
        };
        ready!(Pin::new(&mut self.sleep).poll(cx));
        self.next = self.following(due);
        if let Some(next) = self.next {
            self.sleep.reset(next);
        }
        Poll::Ready(due)
    }

    /// Sets what happens to missed ticks.
    pub fn set_missed_tick(&mut self, missed: MissedTick) {
        self.missed = missed;
    }

    /// What happens to missed ticks.
    pub fn missed_tick(&self) -> MissedTick {
        self.missed
    }

    /// The period.
    pub fn period(&self) -> Duration {
        self.period
    }

    /// Starts over: the next tick is a period from now.
    pub fn reset(&mut self) {
        self.next = Instant::now().checked_add(self.period);
        if let Some(next) = self.next {
            self.sleep.reset(next);
        }
    }

    /// When the tick after `due` is due.
    fn following(&self, due: Instant) -> Option<Instant> {
        let now = Instant::now();
        let next = due.checked_add(self.period)?;
        if next > now {
            return Some(next);
        }
        match self.missed {
            MissedTick::Burst => Some(next),
            MissedTick::Delay => now.checked_add(self.period),
            MissedTick::Skip => {
                let late = now.duration_since(due).as_nanos() % self.period.as_nanos();
                let left = self.period.as_nanos() - late;
                // Less than the period, which is at most `u64::MAX` seconds.
                let left = Duration::new((left / 1_000_000_000) as u64, (left % 1_000_000_000) as u32);
                now.checked_add(left)
            }
        }
    }
}

impl Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }
}
