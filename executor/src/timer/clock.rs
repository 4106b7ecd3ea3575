//! The clock of a runtime: milliseconds since it was built.

use std::time::{Duration, Instant};

/// A moment on a runtime's clock, in milliseconds since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tick(pub(crate) u64);

impl Tick {
    /// Later than every moment that a program lives to see.
    pub(crate) const NEVER: Tick = Tick(u64::MAX);
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// The last whole tick that has passed.
    pub(crate) fn now(&self) -> Tick {
        Tick(millis(self.start.elapsed()))
    }

    /// The first tick that does not come before `deadline`, so that no timer fires early.
    pub(crate) fn tick_of(&self, deadline: Instant) -> Tick {
        let since = deadline.saturating_duration_since(self.start);
        Tick(millis(since.saturating_add(Duration::from_nanos(999_999))))
    }

    /// How long until `tick` is there; zero if it has passed.
    pub(crate) fn until(&self, tick: Tick) -> Duration {
        match self.start.checked_add(Duration::from_millis(tick.0)) {
            Some(moment) => moment.saturating_duration_since(Instant::now()),
            None => Duration::MAX,
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX - 1)
}
