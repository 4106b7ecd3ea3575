//! A limit of bytes a second: a token bucket, of which only one moment is kept.
//!
//! Bytes cost time, `1 / rate` seconds each, and are paid for in the order in which they come; the bucket knows until
//! when everything is paid for. Bytes may go at the moment at which what came before them is paid for. Where that moment
//! lies in the past, the bucket holds tokens, of which [`SAVED`] is the most. So in any `t` seconds no more goes through
//! than `rate * (t + SAVED)` bytes, and one request.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// For how long an unused bucket fills. It makes up for timers that are late.
pub const SAVED: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Bucket {
    rate: u64,
    paid_until: Mutex<Instant>,
}

impl Bucket {
    /// A bucket that has held nothing before `now`.
    pub fn new(rate: u64, now: Instant) -> Self {
        Self {
            rate,
            paid_until: Mutex::new(now),
        }
    }

    /// The most bytes to ask for at once: a tenth of a second's.
    pub fn portion(&self) -> usize {
        usize::try_from(self.rate / 10).unwrap_or(usize::MAX).max(1)
    }

    /// Pays for so many bytes, and gives the moment from which they may go.
    pub fn reserve(&self, bytes: usize, now: Instant) -> Instant {
        let price = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let mut paid_until = self.paid_until.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = now
            .checked_sub(SAVED)
            .map_or(*paid_until, |oldest| oldest.max(*paid_until));
        *paid_until = turn + price;
        turn
    }
}
