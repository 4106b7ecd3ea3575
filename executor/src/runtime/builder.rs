//! How a runtime is set up.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

use super::Runtime;

/// Closures of `spawn_blocking` that run at once, where nothing else was said.
const BLOCKING_THREADS: usize = 512;

/// The most workers that a runtime can have.
const MOST_WORKERS: usize = 1024;

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
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    workers: Option<usize>,
    blocking_threads: Option<usize>,
}

impl Builder {
    /// A builder with the defaults.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// How many workers run tasks, 1 to 1,024.
    ///
    /// Default: what the environment variable `CANTER_WORKERS` says, or else as many as there are cores that this process may
    /// use (its affinity and its cgroup's quota are respected).
    pub fn workers(mut self, workers: usize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// How many closures of `spawn_blocking` may run at once, at least 1. Default: 512. More than that wait for their turn.
    pub fn blocking_threads(mut self, threads: usize) -> Builder {
        self.blocking_threads = Some(threads);
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    ///
    /// [`io::ErrorKind::InvalidInput`] with a sentence for a number that can't be; the operating system's errors where it has
    /// no descriptor or no thread left.
    pub fn build(self) -> io::Result<Runtime> {
        let workers = match self.workers {
            Some(workers) => in_bounds("workers", workers, MOST_WORKERS)?,
            None => workers_from_environment()?.unwrap_or_else(cores),
        };
        let blocking = self.blocking_threads.unwrap_or(BLOCKING_THREADS);
        Runtime::start(workers, in_bounds("blocking threads", blocking, usize::MAX)?)
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

fn workers_from_environment() -> io::Result<Option<usize>> {
    let Some(value) = std::env::var_os("CANTER_WORKERS") else {
        return Ok(None);
    };
    let workers = value.to_str().and_then(|value| value.trim().parse().ok());
    match workers.filter(|workers| (1..=MOST_WORKERS).contains(workers)) {
        Some(workers) => Ok(Some(workers)),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "the environment variable CANTER_WORKERS has to be a number from 1 to {MOST_WORKERS}, and is {value:?}"
            ),
        )),
    }
}

fn cores() -> usize {
    thread::available_parallelism()
        .map_or(1, NonZeroUsize::get)
        .min(MOST_WORKERS)
}
