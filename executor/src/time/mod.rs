//! Waiting for time to pass.
//!
//! Timers have a resolution of one millisecond: none ends early, and each ends within about a millisecond after its deadline
//! where a worker is free. Starting and cancelling one takes the same time however many there are. Nothing is registered
//! before the first poll. A duration of [`Duration::MAX`](std::time::Duration::MAX), or any that leads past the end of the
//! clock, means for ever.

mod interval;
mod sleep;
mod timeout;

pub use interval::{Interval, MissedTick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
