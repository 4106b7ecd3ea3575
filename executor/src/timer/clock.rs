//! The clock of a runtime: milliseconds since the first runtime of the process was built.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// A moment on a runtime's clock, in milliseconds since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(pub(crate) u64);

impl Tick {
    /// Later than every moment that a program lives to see.
    pub(crate) const NEVER: Tick = Tick(u64::MAX);
}

/// The start of all clocks, so that a [`Moment`] means the same to all runtimes.
static START: OnceLock<Instant> = OnceLock::new();

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock {
            start: *START.get_or_init(Instant::now),
        }
    }

    /// The last whole tick that has passed.
    pub(crate) fn now(&self) -> Tick {
        let passed = self.start.elapsed();
        let now = ticks(passed.as_secs(), passed.subsec_millis());
        Moment::reached(now);
        now
    }

    /// The first tick that does not come before `deadline`, so that no timer fires early.
    pub(crate) fn tick_of(&self, deadline: Instant) -> Tick {
        let since = deadline.saturating_duration_since(self.start);
        ticks(since.as_secs(), since.subsec_nanos().div_ceil(1_000_000))
    }

    /// How long until `tick` is there; zero if it has passed.
    pub(crate) fn until(&self, tick: Tick) -> Duration {
        match self.start.checked_add(Duration::from_millis(tick.0)) {
            Some(moment) => moment.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }
}

/// A moment in half of a word and without a look at the clock: when some clock was read last. Workers read it whenever they look
/// outside or get up, and the monitor does while any of them is awake, so it is a few hundredths of a second old at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(pub(crate) u32);

/// The moment that was reached last. Written once for each that passes, so that it stays in the caches of those who read it.
static MOMENT: AtomicU32 = AtomicU32::new(0);

impl Moment {
    /// Milliseconds a moment, a power of two. The count starts again after two years.
    const MILLIS: u64 = 16;

    /// The moment that was reached last.
    pub(crate) fn recent() -> Moment {
        Moment(MOMENT.load(Relaxed))
    }

    /// This very moment.
    pub(crate) fn now() -> Moment {
        Clock::start().now();
        Moment::recent()
    }

    /// How long ago that was.
    pub(crate) fn elapsed(self) -> Duration {
        Moment::now().since(self)
    }

    /// How long before this one `earlier` was; zero if it was later, as it may be where two threads read the clock.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        let passed = self.0.wrapping_sub(earlier.0) as i32;
        Duration::from_millis(Moment::MILLIS * u64::from(passed.max(0).unsigned_abs()))
    }

    fn reached(now: Tick) {
        let moment = (now.0 / Moment::MILLIS) as u32;
        if MOMENT.load(Relaxed) != moment {
            MOMENT.store(moment, Relaxed);
        }
    }
}

fn ticks(seconds: u64, milliseconds: u32) -> Tick {
    let ticks = seconds.saturating_mul(1000).saturating_add(milliseconds.into());
    Tick(ticks.min(Tick::NEVER.0 - 1))
}
