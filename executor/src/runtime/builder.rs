//! How a runtime is set up.

use std::io;
use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use super::Runtime;
use crate::diagnostics::trace::EVENT_BYTES;
use crate::diagnostics::{OnDeadlock, OnTaskPanic, PollTiming};

/// Closures of `spawn_blocking` that run at once, where nothing else was said.
const BLOCKING_THREADS: usize = 512;

/// Spare workers, where nothing else was said.
const SPARE_THREADS: usize = 512;

/// The most spare workers that a runtime can have.
const MOST_SPARE: usize = 1 << 16;

/// How long a poll may take before it is a stall, where nothing else was said.
const STALL_THRESHOLD: Duration = Duration::from_millis(10);

/// The shortest threshold that can be asked for: below it the looks would cost more than they save.
const SHORTEST_THRESHOLD: Duration = Duration::from_millis(1);

/// Events that a trace keeps for each worker, where nothing else was said: 2 MiB.
const TRACE_EVENTS: usize = 2 * 1024 * 1024 / EVENT_BYTES;

/// The most of them, 512 MiB a worker.
const MOST_TRACE_EVENTS: usize = 512 * 1024 * 1024 / EVENT_BYTES;

/// The most workers that a runtime can have.
pub(super) const MOST_WORKERS: usize = 1024;

/// Sets up a [`Runtime`].
///
/// # Examples
///
/// ```
/// use canter_executor::runtime::Builder;
///
/// let runtime = Builder::new().workers(2).build().unwrap();
/// assert_eq!(runtime.block_on(async { 1 + 1 }), 2);
/// ```
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    /// Where nothing was said, the environment and the machine decide.
    workers: Option<usize>,
    /// As for the workers.
    trace_events: Option<usize>,
    settings: Settings,
}

/// What a runtime is started with, beside its number of workers.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(super) blocking_threads: usize,
    pub(super) spare_threads: usize,
    pub(super) stall_threshold: Duration,
    pub(super) warns_of_stalls: bool,
    /// Whether the number of workers follows that of the cores.
    pub(super) follows_cores: bool,
    pub(crate) on_deadlock: OnDeadlock,
    pub(super) on_task_panic: OnTaskPanic,
    pub(super) dumps_on_signal: bool,
    #[cfg(all(unix, feature = "socket"))]
    pub(super) socket: Option<std::path::PathBuf>,
    pub(super) poll_timing: PollTiming,
    /// Events that each ring of a trace keeps.
    pub(super) trace_events: usize,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            blocking_threads: BLOCKING_THREADS,
            spare_threads: SPARE_THREADS,
            stall_threshold: STALL_THRESHOLD,
            warns_of_stalls: true,
            follows_cores: false,
            on_deadlock: OnDeadlock::Exit,
            on_task_panic: OnTaskPanic::Keep,
            dumps_on_signal: false,
            #[cfg(all(unix, feature = "socket"))]
            socket: None,
            poll_timing: PollTiming::default(),
            trace_events: TRACE_EVENTS,
        }
    }
}

impl Builder {
    /// A builder with the defaults.
    pub fn new() -> Builder {
        Builder {
            workers: None,
            trace_events: None,
            settings: Settings::default(),
        }
    }

    /// How many workers run tasks, 1 to 1,024.
    ///
    /// Default: what the environment variable `CANTER_WORKERS` says, or else as many as there are cores that this process may
    /// use (its affinity and its cgroup's quota are respected). In the latter case the number follows that of the cores while the
    /// runtime runs: within about a second, or when the first task runs again after a time in which all workers slept. A number that was
    /// set by hand or by the environment stays.
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// How many closures of `spawn_blocking` may run at once, at least 1. Default: 512. More than that wait for their turn.
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.settings.blocking_threads = threads;
        self
    }

    /// How many spare workers may stand in at a time for those that a task blocks by mistake. Default: 512; at most 65,536. With 0 such a task keeps its
    /// worker to itself until it awaits, and what waits for it can be stuck.
    ///
    /// A spare worker is a thread; it starts where work waits and every worker is stuck, and leaves when those that it stands in for are
    /// back. Its thread serves closures and other spare workers afterwards, and ends after ten idle seconds.
    pub fn spare_threads(mut self, threads: usize) -> Builder {
        self.settings.spare_threads = threads;
        self
    }

    /// How long a poll may take, while other work waits, before its worker counts as stalled. Default: 10 ms; at least 1 ms. A stall is
    /// noticed after one to two times as long.
    ///
    /// A worker that is off the processor (a blocking call, a lock of `std`) is then replaced by a spare one. One that computes is not,
    /// since another thread would only take the processor from it; the others steal its queue. It keeps what it runs to the end.
    pub fn stall_threshold(mut self, threshold: Duration) -> Builder {
        self.settings.stall_threshold = threshold;
        self
    }

    /// Whether stalls are reported on standard error, one for each place that spawns such tasks. Default: true. One that blocks is
    /// reported if it took ten thresholds (a tenth of a second by default), one that computes if it took a hundred.
    pub fn warn_of_stalls(mut self, warn: bool) -> Builder {
        self.settings.warns_of_stalls = warn;
        self
    }

    /// What happens when a `block_on` waits and nothing in this process can ever wake a task of it. Default: the report goes to standard
    /// error and the program ends with exit code 2, as Go's does.
    ///
    /// [`diagnostics::Deadlock`](crate::diagnostics::Deadlock) tells when that is known, and when there is only a warning.
    pub fn on_deadlock(mut self, on_deadlock: OnDeadlock) -> Builder {
        self.settings.on_deadlock = on_deadlock;
        self
    }

    /// What happens when a task panics. Default: the panic is kept for whoever joins the task, and printed to standard error if nobody
    /// does. The runtime goes on.
    ///
    /// [`diagnostics::TaskPanic`](crate::diagnostics::TaskPanic) tells which panics these are, and when and where a function is called.
    pub fn on_task_panic(mut self, on_task_panic: OnTaskPanic) -> Builder {
        self.settings.on_task_panic = on_task_panic;
        self
    }

    /// Whether `SIGQUIT` (Ctrl-\) prints the [dump](crate::diagnostics::Dump) of every runtime of the process to standard error.
    /// Default: false; `#[canter::main]` turns it on.
    ///
    /// The program goes on afterwards: a signal to look at a server must not end it. (Go's programs print theirs and end.) Handlers that
    /// the program or another library sets for this signal are called as well. The dump is written by a thread of its own, so that it
    /// comes also when every worker is stuck; the thread and the handler stay when the runtime has ended. On other systems than Unix
    /// there is no such signal, and nothing happens.
    pub fn dump_on_signal(mut self, dumps: bool) -> Builder {
        self.settings.dumps_on_signal = dumps;
        self
    }

    /// Offers the numbers of the process on a Unix socket, until the runtime has ended: see
    /// [`diagnostics::serve`](crate::diagnostics::serve), which does so without a runtime, and whose errors `build` returns.
    ///
    /// Default: the socket that the environment variable `CANTER_SOCKET` names, if it is set, for as long as a runtime of the process is
    /// there that was built so. If that one can't be had, a line on standard error says why, and the program goes on without it. One that
    /// exits before its runtime has ended leaves the file behind, and the next one replaces it.
    #[cfg(all(unix, feature = "socket"))]
    pub fn diagnostics_socket(mut self, path: impl Into<std::path::PathBuf>) -> Builder {
        self.settings.socket = Some(path.into());
        self
    }

    /// Which polls are timed for [`Metrics`](crate::diagnostics::Metrics). Default: [`PollTiming::Sampled`].
    pub fn time_polls(mut self, polls: PollTiming) -> Builder {
        self.settings.poll_timing = polls;
        self
    }

    /// How many events a [`Trace`](crate::diagnostics::Trace) keeps for each worker, and for all other threads together: 1 to 16,777,216. Each
    /// takes 32 bytes on a 64-bit machine, once the runtime is traced.
    ///
    /// Default: what the environment variable `CANTER_TRACE_EVENTS` says, or else 65,536, which are 2 MiB.
    pub fn trace_events(mut self, events: usize) -> Builder {
        self.trace_events = Some(events);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] with a sentence for a number that can't be; the operating system's errors where it has
    /// no descriptor or no thread left, or refuses a signal handler; those of the file that the environment variable `CANTER_TRACE`
    /// names, where it can't be made (see [`Trace`](crate::diagnostics::Trace)).
    pub fn build(self) -> io::Result<Runtime> {
        let Builder {
            workers,
            trace_events,
            mut settings,
        } = self;
        settings.trace_events = match trace_events {
            Some(events) => in_bounds("events of a trace", events, MOST_TRACE_EVENTS)?,
            None => from_environment("CANTER_TRACE_EVENTS", MOST_TRACE_EVENTS)?.unwrap_or(TRACE_EVENTS),
        };
        let workers = match workers {
            Some(workers) => Some(in_bounds("workers", workers, MOST_WORKERS)?),
            None => from_environment("CANTER_WORKERS", MOST_WORKERS)?,
        };
        settings.follows_cores = workers.is_none();
        in_bounds("blocking threads", settings.blocking_threads, usize::MAX)?;
        if settings.spare_threads > MOST_SPARE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "a runtime can have up to {MOST_SPARE} spare threads, and was asked for {}",
                    settings.spare_threads
                ),
            ));
        }
        if settings.stall_threshold < SHORTEST_THRESHOLD {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "a stall threshold is {SHORTEST_THRESHOLD:?} or longer, and {:?} was asked for",
                    settings.stall_threshold
                ),
            ));
        }
        Runtime::start(workers.unwrap_or_else(cores), settings)
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}

fn in_bounds(what: &str, number: usize, most: usize) -> io::Result<usize> {
    if (1..=most).contains(&number) {
        return Ok(number);
    }
    let bounds = if most == usize::MAX {
        "at least 1".to_owned()
    } else {
        format!("1 to {most}")
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("a runtime needs {bounds} {what}, and was asked for {number}"),
    ))
}

/// A number from 1 to `most` in the environment, if there is such a variable.
fn from_environment(variable: &str, most: usize) -> io::Result<Option<usize>> {
    let Some(value) = std::env::var_os(variable) else {
        return Ok(None);
    };
    let number = value.to_str().and_then(|value| value.trim().parse().ok());
    match number.filter(|number| (1..=most).contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the environment variable {variable} has to be a number from 1 to {most}, and is {value:?}"
            ),
        )),
    }
}

/// How many cores this process may use now.
pub(super) fn cores() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(MOST_WORKERS)
}
