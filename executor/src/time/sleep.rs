//! One deadline.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use canter_coop::budget;
use canter_coop::waiting::{self, EndedBy, Reason};

use crate::runtime::{Handle, current};
use crate::timer::{Key, Started, Timers, Updated};

static SLEEP: Reason = Reason::new("sleep").ended_by(EndedBy::Anybody);

/// Waits until `duration` has passed, counted from this call. Zero is over at once; [`Duration::MAX`] never is.
///
/// # Cancel safety
///
/// Dropping the future cancels its timer.
///
/// # Examples
///
/// ```
/// use canter_executor::time::sleep;
/// use std::time::{Duration, Instant};
///
/// canter_executor::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(5)).await;
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep::placed(duration, Location::caller())
}

/// Waits until `deadline`. One that has passed is over at once.
///
/// # Cancel safety
///
/// Dropping the future cancels its timer.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::placed_until(deadline, Location::caller())
}

/// The future of [`sleep`] and [`sleep_until`]. Polled again after it ended, it is ready again.
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleep {
    deadline: Deadline,
    timer: Option<Timer>,
    place: &'static Location<'static>,
}

/// A timer that was started.
struct Timer {
    timers: &'static Timers,
    key: Key,
}

#[derive(Debug, Clone, Copy)]
enum Deadline {
    At(Instant),
    Passed,
    Never,
}

impl Deadline {
    fn at(deadline: Instant) -> Deadline {
        if deadline <= Instant::now() {
            Deadline::Passed
        } else {
            Deadline::At(deadline)
        }
    }

    fn after(now: Instant, duration: Duration) -> Deadline {
        now.checked_add(duration).map_or(Deadline::Never, Deadline::At)
    }
}

impl Sleep {
    /// A sleep that ends after `duration`, at a place that somebody else wrote.
    pub(super) fn placed(duration: Duration, place: &'static Location<'static>) -> Sleep {
        let deadline = if duration.is_zero() {
            Deadline::Passed
        } else {
            Deadline::after(Instant::now(), duration)
        };
        Sleep {
            deadline,
            timer: None,
            place,
        }
    }

    pub(super) fn placed_until(deadline: Instant, place: &'static Location<'static>) -> Sleep {
        Sleep {
            deadline: Deadline::at(deadline),
            timer: None,
            place,
        }
    }

    /// Starts over with another deadline, earlier or later, also after it ended.
    pub fn reset(&mut self, deadline: Instant) {
        self.cancel();
        self.deadline = Deadline::at(deadline);
    }

    /// The moment at which it ends; `None` if it never does, or if it has ended.
    pub fn deadline(&self) -> Option<Instant> {
        match self.deadline {
            Deadline::At(deadline) => Some(deadline),
            Deadline::Passed | Deadline::Never => None,
        }
    }

    /// Whether it has ended.
    pub fn is_elapsed(&self) -> bool {
        match self.deadline {
            Deadline::At(deadline) => deadline <= Instant::now(),
            Deadline::Passed => true,
            Deadline::Never => false,
        }
    }

    fn cancel(&mut self) {
        if let Some(Timer { timers, key }) = self.timer.take() {
            timers.cancel(key);
        }
    }

    /// Starts the timer on the runtime of this thread, or on the default one where that runtime has ended.
    fn start(&self, deadline: Instant, cx: &mut Context<'_>) -> Option<Timer> {
        let on = |handle: &Handle| {
            let (timers, looks_itself) = handle.timers_here();
            let tick = handle.driver().clock().tick_of(deadline);
            let started = timers.start(tick, cx.waker());
            match started {
                Started::Running { key, first } => {
                    if first && !looks_itself {
                        handle.driver().wake_before(tick);
                    }
                    Some(Some(Timer { timers, key }))
                }
                Started::Passed => Some(None),
                Started::Closed => None,
            }
        };
        current::with(on)
            .or_else(|| on(&Handle::default_runtime()))
            .flatten()
    }

    /// Whether the timer has ended; one that has not wakes this task when it does.
    fn poll_deadline(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(Timer { timers, key }) = &self.timer {
            match timers.update(*key, cx.waker()) {
                Updated::Running => return Poll::Pending,
                Updated::Fired => {
                    self.timer = None;
                    return Poll::Ready(());
                }
                Updated::Closed => self.timer = None,
            }
        }
        self.timer = self.start(deadline, cx);
        if self.timer.is_some() {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let operation = ready!(budget::poll_proceed(cx));
        let polled = match self.deadline {
            Deadline::Passed => Poll::Ready(()),
            Deadline::Never => Poll::Pending,
            Deadline::At(deadline) => self.poll_deadline(deadline, cx),
        };
        if polled.is_ready() {
            self.deadline = Deadline::Passed;
            operation.made_progress();
        } else {
            waiting::report(&SLEEP, self.place);
        }
        polled
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
