//! What a runtime counts: a snapshot, taken without a lock.

use std::iter::Sum;

use super::Histogram;

/// What a runtime has counted so far, and how long its queues are now.
///
/// [`Runtime::metrics`](crate::runtime::Runtime::metrics) and [`Handle::metrics`](crate::runtime::Handle::metrics) take it, without a lock
/// and without stopping anybody: numbers that belong together may differ by what happens meanwhile. Counts
/// begin with the runtime and never go down; the others are marked as lengths.
///
/// With the feature `serde` it is `serde::Serialize`; with the feature `metrics` it can be published to the recorder of
/// the `metrics` crate by `Metrics::record`.
///
/// # Examples
///
/// ```
/// use canter_executor::runtime::Runtime;
///
/// let runtime = Runtime::builder().workers(2).build().unwrap();
/// runtime.block_on(runtime.spawn(async {})).unwrap();
/// let metrics = runtime.metrics();
/// assert_eq!((metrics.workers.len(), metrics.tasks.spawned), (2, 1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Metrics {
    /// Each worker's, by the number of its seat. Spare workers come behind the others, and their counts stay when they have gone.
    pub workers: Vec<WorkerMetrics>,
    /// The sum over all workers.
    pub total: WorkerMetrics,
    /// Workers beyond the runtime's number of them, which take the place of stalled ones. A length.
    pub spare_workers: u64,
    /// Tasks in the injector, where those wait that were spawned or woken by threads outside. A length.
    pub injector: u64,
    /// How often the monitor found a worker that stayed in one poll while something waited for it.
    pub stalls: u64,
    /// Sockets and the like that the kernel's poller reported as ready: one for each time and source.
    pub io_events: u64,
    /// How often the kernel's poller was asked for events.
    pub poller_turns: u64,
    /// Timers that run. A length.
    pub timers_pending: u64,
    /// Timers that ended by themselves.
    pub timers_fired: u64,
    /// The threads of `spawn_blocking`.
    pub blocking: BlockingMetrics,
    /// The tasks.
    pub tasks: TaskMetrics,
}

/// What one worker has counted, or all of them have.
///
/// A seat has these numbers whichever thread sits in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct WorkerMetrics {
    /// Polls of tasks that were begun.
    pub polls: u64,
    /// How long polls took, of those that were timed: see [`PollTiming`]. A poll in which the thread left the worker's seat, for a nested
    /// `block_on`, is not among them; nor is one that goes on.
    pub poll_times: Histogram,
    /// How often it took tasks from another worker.
    pub steals: u64,
    /// Tasks that it took from other workers. Those that others took away in the same moment may be missing.
    pub stolen: u64,
    /// How often it went to sleep, parked or in the kernel's poller.
    pub parks: u64,
    /// How often it got up from sleep. One that sleeps has one less of them than parks.
    pub wakeups: u64,
    /// Of those wake-ups, the ones in which another worker or thread called it because of work. At the others it got up by itself:
    /// for an I/O event, for a timer, or for nothing.
    pub notified: u64,
    /// Tasks in the next slot: none or one. A length.
    pub next_slot: u64,
    /// Tasks in the local queue. A length.
    pub local_queue: u64,
}

/// What the threads of `spawn_blocking` do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct BlockingMetrics {
    /// Closures that run, or that a thread is on its way to. A length.
    pub running: u64,
    /// Closures beyond [`Builder::blocking_threads`](crate::runtime::Builder::blocking_threads), which wait for their turn. A length.
    pub waiting: u64,
    /// Threads that wait for a closure, or for a worker's seat. A length.
    pub idle_threads: u64,
}

/// The tasks of a runtime, closures of `spawn_blocking` included, and [local tasks](crate::spawn_local).
///
/// The local tasks are those that run in a `block_on` of the runtime, and those of each [`LocalSet`](crate::task::LocalSet) that
/// belongs to it: that was run first in one of its `block_on`s, in one of its tasks, or where the runtime had been
/// [entered](crate::runtime::Handle::enter). What such a set has seen before its first run is counted then. A set that is only ever run
/// by other executors, and so in no runtime, is counted nowhere. No worker polls them, so none counts their polls. The end of a local task is
/// counted when its poll has ended: another thread that joins it may be told a moment earlier.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TaskMetrics {
    /// Tasks that were spawned and have not ended. A length.
    pub alive: u64,
    /// Tasks that were spawned.
    pub spawned: u64,
    /// Tasks that ended: with an output, by a panic, or dropped.
    pub ended: u64,
    /// Of those, the ones that panicked.
    pub panicked: u64,
    /// Of those that ended, the ones that were dropped because nothing could wake them any more.
    pub leaked: u64,
}

/// Which polls a runtime times: see [`Builder::time_polls`](crate::runtime::Builder::time_polls).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PollTiming {
    /// The first poll of each worker, and then one in 256 on average; the distance is drawn at random, 1 to 511, so that no program
    /// is in step with it. The default.
    ///
    /// Percentiles of the sample are estimates of those of all polls: good ones with some thousand timed polls, which are a million polls or
    /// so. What is rare is missed: of polls that happen once in a hundred thousand most leave no trace here. Those that last for tens of
    /// milliseconds while something waits are counted as [`Metrics::stalls`].
    #[default]
    Sampled,
    /// Every poll. That reads the clock twice a poll, some fifty nanoseconds.
    All,
}

impl PollTiming {
    /// The longest distance from one timed poll to the next.
    pub(crate) fn longest_distance(self) -> u32 {
        match self {
            PollTiming::Sampled => 511,
            PollTiming::All => 1,
        }
    }
}

impl<'a> Sum<&'a WorkerMetrics> for WorkerMetrics {
    fn sum<I: Iterator<Item = &'a WorkerMetrics>>(workers: I) -> WorkerMetrics {
        let none = WorkerMetrics {
            polls: 0,
            poll_times: Histogram::empty(),
            steals: 0,
            stolen: 0,
            parks: 0,
            wakeups: 0,
            notified: 0,
            next_slot: 0,
            local_queue: 0,
        };
        workers.fold(none, |mut sum, worker| {
            sum.polls += worker.polls;
            sum.poll_times.merge(&worker.poll_times);
            sum.steals += worker.steals;
            sum.stolen += worker.stolen;
            sum.parks += worker.parks;
            sum.wakeups += worker.wakeups;
            sum.notified += worker.notified;
            sum.next_slot += worker.next_slot;
            sum.local_queue += worker.local_queue;
            sum
        })
    }
}
