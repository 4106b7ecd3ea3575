//! The flight recorder: what a runtime did lately, on a line of time.

mod chrome;
mod event;
mod file;
mod recorder;
mod ring;
mod timeline;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use event::{Event, Queued};
pub(crate) use file::{TraceFile, write_all as write_files};
pub(crate) use recorder::{Recorder, is_on};

use recorder::Mark;
use timeline::Timeline;

/// Bytes that an event takes in a ring of a 64-bit machine.
pub(crate) const EVENT_BYTES: usize = 32;

/// A trace of a runtime under way: the newest events of each worker, to be written to a file that a viewer opens.
///
/// [`Runtime::trace`](crate::runtime::Runtime::trace) starts one. A whole program is traced without a change to it by the environment
/// variable `CANTER_TRACE`:
///
/// ```text
/// CANTER_TRACE=trace.json ./server
/// ```
///
/// # How to look at it
///
/// Open the file at <https://ui.perfetto.dev> (it stays in the browser), or at `chrome://tracing`. Each worker is a track, with what
/// it did: polls, and sleeps between them. A poll tells which task it was, where that was spawned, and what it waited for
/// afterwards. An arrow goes from where a task was woken to the poll that this led to; an instant mark tells who woke or spawned it, and into
/// which queue it went. A task that somebody wakes while it is being polled is queued by its own worker when that poll ends, and so
/// looks as if it had woken itself. Threads that are no workers, such as those of `spawn_blocking`, have tracks of their own, where they did something.
///
/// # What is kept
///
/// Each worker has a ring of 65,536 events, 2 MiB on a 64-bit machine, and the threads outside share one more. A poll makes two to four
/// events, a wake-up one. The newest overwrite the oldest; the trace says how many were overwritten, in all (`lost_events`) and at the
/// beginning of each track. [`Builder::trace_events`](crate::runtime::Builder::trace_events) or the environment
/// variable `CANTER_TRACE_EVENTS` sets another size. The memory is taken by the first event of each ring, and stays until the runtime and all
/// its handles are gone, and each `LocalSet` that belongs to it.
///
/// [Local tasks](crate::spawn_local) that run in a `block_on` of the runtime, or in a [`LocalSet`](crate::task::LocalSet) that belongs to it,
/// are traced on the track of the thread that polls them, which has that thread's name. Where such a `block_on` is called within a poll, by
/// a closure of `spawn_blocking` for one, their polls lie within that one. Local tasks of a set that nobody has run yet are traced from its
/// first run on.
///
/// The future that [`block_on`](crate::block_on) itself runs is no task and is not traced: what it spawns or wakes is told as done by its
/// thread, and how long that thread waits is not told.
///
/// # The file of `CANTER_TRACE`
///
/// It is made when the runtime is built, which fails if it can't be, and written when the runtime has ended. Where no end comes, it is written
/// when the thread that built the runtime ends: so also when `main` returns or calls `process::exit` while a runtime of its own
/// or the default one runs. That relies on destructors of thread-local values of the main thread, which Linux and macOS run; elsewhere, and
/// where another thread ends the process, use [`Trace::write`]. A second runtime of the process puts `.2` before the
/// extension of the name, a third one `.3`. An empty value means the same as none.
///
/// # Cost
///
/// While nobody traces, a poll and a wake-up look at one flag each. While somebody does, each event reads the clock and writes 32
/// bytes: a poll with the wake-up that led to it takes a tenth of a microsecond more.
///
/// # Examples
///
/// ```
/// use canter_executor::runtime::Runtime;
///
/// let runtime = Runtime::new().unwrap();
/// let trace = runtime.trace();
/// let task = runtime.spawn(async { 1 + 1 });
/// runtime.block_on(task).unwrap();
/// trace.stop();
/// let mut written = Vec::new(); // or a file
/// trace.write(&mut written).unwrap();
/// assert!(written.starts_with(b"{"));
/// ```
#[must_use = "a trace stops when it is dropped"]
pub struct Trace {
    recorder: Arc<Recorder>,
    from: Mark,
    /// Where it ended, once it was stopped.
    to: Mutex<Option<Mark>>,
}

impl Trace {
    pub(crate) fn start(recorder: &Arc<Recorder>) -> Trace {
        Trace {
            from: recorder.start(),
            recorder: recorder.clone(),
            to: Mutex::new(None),
        }
    }

    /// Records nothing more. What was recorded can still be written. The second call does nothing.
    pub fn stop(&self) {
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if to.is_none() {
            *to = Some(self.recorder.stop());
        }
    }

    /// Writes what was recorded and is not overwritten yet, in the Chrome trace event format (JSON). It can be called at any time and any
    /// number of times, before the trace was stopped and after; the workers go on meanwhile. The events of a trace that was stopped can be
    /// overwritten by those of a later trace of the same runtime.
    ///
    /// `out` gets many small pieces: wrap a file into a [`BufWriter`](io::BufWriter). It is flushed in the end.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write(&self, out: impl io::Write) -> io::Result<()> {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let recorded = self.recorder.read(&self.from, to.as_ref());
        chrome::write(&Timeline::of(recorded), out)
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.stop();
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = self.to.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        f.debug_struct("Trace")
            .field("stopped", &stopped)
            .finish_non_exhaustive()
    }
}
