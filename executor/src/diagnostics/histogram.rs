//! How long things took, in a fixed number of buckets.
//!
//! The buckets are log-linear: each power of two is divided into [`PARTS`] of the same width, as in HdrHistogram. A bucket is found by the
//! position of the highest bit and the two bits behind it, and is never wider than a quarter of where it begins.

use std::array;
use std::fmt;
use std::time::Duration;

use crate::count::Count;

/// Buckets a power of two.
const PARTS: usize = 1 << PART_BITS;
const PART_BITS: u32 = 2;

/// The first bucket takes what is shorter than two to that many nanoseconds, 256 ns.
const SHORTEST_BITS: u32 = 8;

/// The last bucket takes what is as long as two to that many nanoseconds, 4.29 s, or longer.
const LONGEST_BITS: u32 = 32;

const BUCKETS: usize = (LONGEST_BITS - SHORTEST_BITS) as usize * PARTS + 2;

/// A histogram to which one thread at a time adds, while others read.
pub(crate) struct Recording([Count; BUCKETS]);

impl Recording {
    pub(crate) fn new() -> Recording {
        Recording(array::from_fn(|_| Count::default()))
    }

    pub(crate) fn add(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.0[bucket_of(nanos)].add(1);
    }

    pub(crate) fn read(&self) -> Histogram {
        Histogram {
            counts: self.0.iter().map(Count::get).collect(),
        }
    }
}

fn bucket_of(nanos: u64) -> usize {
    if nanos >> SHORTEST_BITS == 0 {
        return 0;
    }
    if nanos >> LONGEST_BITS != 0 {
        return BUCKETS - 1;
    }
    let power = nanos.ilog2();
    let part = (nanos >> (power - PART_BITS)) as usize % PARTS;
    1 + (power - SHORTEST_BITS) as usize * PARTS + part
}

/// Where a bucket begins, in nanoseconds.
fn start_of(bucket: usize) -> u64 {
    let Some(index) = bucket.checked_sub(1) else {
        return 0;
    };
    let power = SHORTEST_BITS + (index / PARTS) as u32;
    (PARTS + index % PARTS) as u64 * (1 << (power - PART_BITS))
}

/// How long things took: a snapshot.
///
/// There are 98 buckets. The first takes what was shorter than 256 ns, the last what took 4.295 s or longer; between them each power of two
/// is divided into four. So a time that is read from a histogram is at most a quarter longer than the true one.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64]>,
}

impl Histogram {
    /// How many times there are in it.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The time that `percent` of all times do not exceed: the upper end of the bucket in which that one lies, by the nearest-rank method.
    /// Percentiles outside of 0 to 100 count as the nearer of the two. `None` if the histogram is empty or `percent` is not a number;
    /// [`Duration::MAX`] if the percentile lies in the last bucket, which has no upper end.
    ///
    /// # Examples
    ///
    /// ```
    /// # use canter_executor::runtime::Runtime;
    /// let metrics = Runtime::new().unwrap().metrics();
    /// if let Some(p99) = metrics.total.poll_times.percentile(99.0) {
    ///     println!("99 % of the polls that were timed took {p99:?} or less");
    /// }
    /// ```
    pub fn percentile(&self, percent: f64) -> Option<Duration> {
        let count = self.count();
        if count == 0 || percent.is_nan() {
            return None;
        }
        let rank = (percent.clamp(0.0, 100.0) / 100.0 * count as f64).ceil() as u64;
        let rank = rank.clamp(1, count);
        let mut seen = 0;
        let bucket = self.counts.iter().position(|&count| {
            seen += count;
            seen >= rank
        })?;
        Some(end_of(bucket))
    }

    /// The buckets from the shortest times to the longest, the empty ones included.
    pub fn buckets(&self) -> impl ExactSizeIterator<Item = Bucket> {
        self.counts.iter().enumerate().map(|(bucket, &count)| Bucket {
            from: Duration::from_nanos(start_of(bucket)),
            below: end_of(bucket),
            count,
        })
    }

    pub(super) fn empty() -> Histogram {
        Histogram {
            counts: Box::new([0; BUCKETS]),
        }
    }

    pub(super) fn merge(&mut self, other: &Histogram) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
    }
}

fn end_of(bucket: usize) -> Duration {
    if bucket == BUCKETS - 1 {
        Duration::MAX
    } else {
        Duration::from_nanos(start_of(bucket + 1))
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.percentile(50.0))
            .field("p99", &self.percentile(99.0))
            .field("max", &self.percentile(100.0))
            .finish()
    }
}

/// As a list of the buckets that are not empty.
#[cfg(feature = "serde")]
impl serde::Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.buckets().filter(|bucket| bucket.count > 0))
    }
}

/// One bucket of a [`Histogram`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Bucket {
    /// The times in it are as long as this, or longer.
    pub from: Duration,
    /// The times in it are shorter than this. [`Duration::MAX`] for the last bucket.
    pub below: Duration,
    /// How many there are.
    pub count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bucket_takes_what_lies_between_its_ends() {
        for bucket in 0..BUCKETS {
            let start = start_of(bucket);
            assert_eq!(bucket_of(start), bucket);
            if bucket > 0 {
                assert_eq!(bucket_of(start - 1), bucket - 1);
            }
            if bucket > 0 && bucket < BUCKETS - 1 {
                assert!(start_of(bucket + 1) - start <= start / 4);
            }
        }
        assert_eq!(start_of(1), 256);
        assert_eq!(start_of(BUCKETS - 1), 1 << 32);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_a_sorted_list_to_a_quarter() {
        let recording = Recording::new();
        assert_eq!(recording.read().percentile(50.0), None);
        for micros in 1..=1000 {
            recording.add(Duration::from_micros(micros));
        }
        let times = recording.read();
        assert_eq!(times.count(), 1000);
        for percent in [0.1, 1.0, 50.0, 90.0, 99.0, 100.0] {
            let exact = Duration::from_micros((percent * 10.0) as u64);
            let read = times.percentile(percent).expect("it is not empty");
            assert!(
                read > exact && read <= exact.mul_f64(1.25),
                "p{percent}: {read:?}"
            );
        }
        assert_eq!(times.percentile(-1.0), times.percentile(0.0));
        assert_eq!(times.percentile(1000.0), times.percentile(100.0));
        assert_eq!(times.percentile(f64::NAN), None);
        assert_eq!(times.buckets().map(|bucket| bucket.count).sum::<u64>(), 1000);
        recording.add(Duration::MAX);
        assert_eq!(recording.read().percentile(100.0), Some(Duration::MAX));
    }

    #[test]
    fn merged_histograms_count_the_times_of_both() {
        let recording = Recording::new();
        recording.add(Duration::from_micros(3));
        let mut sum = Histogram::empty();
        sum.merge(&recording.read());
        sum.merge(&recording.read());
        assert_eq!(sum.count(), 2);
        assert_eq!(sum.percentile(100.0), recording.read().percentile(100.0));
    }
}
