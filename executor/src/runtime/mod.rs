//! A runtime: workers, reactor, timers and the pool for blocking closures, from start to end.

mod block_on;
mod builder;
pub(crate) mod current;
mod default;
mod end;
mod handle;
mod monitor;
mod shutdown;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::ptr;
use std::sync::{Arc, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use canter_coop::census::Counted;
use crossbeam_utils::CachePadded;
use futures_task::{FutureObj, Spawn, SpawnError};

/// For a leaf future, which needs no runtime: it starts none.
pub(crate) use block_on::block_on_leaf;
pub use builder::Builder;
pub use current::EnterGuard;
pub use handle::Handle;
pub(crate) use handle::Shared;
pub use shutdown::{ShutdownError, Unfinished};

use crate::blocking::{BlockingQueue, Threads};
use crate::diagnostics::trace::{Recorder, TraceFile};
use crate::diagnostics::{self, Dump, Metrics, Told, Trace};
use crate::driver::Driver;
use crate::report::report;
use crate::scheduler::{self, Core, Scheduler, Stall, Stalled, Worker};
use crate::sync::{Mutex, lock};
use crate::task::{JoinHandle, LocalTasks, Registry};
use block_on::Waiters;
use builder::{MOST_WORKERS, Settings};
use monitor::Monitor;

/// Registries a worker, so that those who spawn and those who finish tasks rarely meet at one.
const REGISTRIES_A_WORKER: usize = 4;

/// A stall is worth a report if it has lasted for so many thresholds: much that is no mistake takes some hundredths of a second, on a
/// machine that is short of memory or of processors.
const THRESHOLDS_BEFORE_REPORT_OF_BLOCKED: u32 = 10;
const THRESHOLDS_BEFORE_REPORT_OF_BUSY: u32 = 100;

/// A runtime of one's own.
///
/// Within its tasks and its `block_on` it is the current one: `go`, `spawn`, `sleep` and sockets use it. Most programs need
/// none: `#[canter::main]` makes one, and elsewhere there is the default runtime.
///
/// **Dropping** it ends it: each worker ends the poll that it is in, all tasks are dropped where they stand, closures of
/// `spawn_blocking` that wait are dropped and those that run are waited for, and all threads and descriptors are gone when
/// the drop returns. A task that never ends its poll keeps it from returning; [`Runtime::shutdown`] has a time limit.
///
/// # Panics
///
/// Dropping a runtime on one of its own threads, in a task or in a closure of `spawn_blocking`, panics, since it would have
/// to wait for itself. The runtime ends all the same, without anybody waiting for it.
///
/// # Examples
///
/// ```
/// use canter_executor::runtime::Runtime;
///
/// let runtime = Runtime::new().unwrap();
/// let task = runtime.spawn(async { "done" });
/// assert_eq!(runtime.block_on(task).unwrap(), "done");
/// ```
pub struct Runtime {
    handle: Handle,
    monitor: Option<thread::JoinHandle<()>>,
    /// The socket on which its numbers are offered; it goes after the runtime.
    #[cfg(all(unix, feature = "socket"))]
    _served: Option<Arc<diagnostics::Served>>,
}

thread_local! {
    /// The runtime whose pool this thread belongs to.
    static OWNER: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

/// Every runtime of the process that has not gone.
static RUNTIMES: std::sync::Mutex<Vec<Weak<Shared>>> = std::sync::Mutex::new(Vec::new());

fn runtimes() -> std::sync::MutexGuard<'static, Vec<Weak<Shared>>> {
    RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Calls `f` with every runtime of the process that has not ended, in the order in which they were built. The thread stays counted as
/// asleep, but for the end of a runtime whose last user has gone meanwhile.
pub(crate) fn with_running<R>(counted: &Counted, f: impl FnOnce(&[&Shared]) -> R) -> R {
    let all: Vec<_> = runtimes().iter().filter_map(Weak::upgrade).collect();
    let running: Vec<_> = all
        .iter()
        .map(|shared| &**shared)
        .filter(|shared| !shared.has_ended())
        .collect();
    let result = f(&running);
    for last in all.into_iter().filter_map(Arc::into_inner) {
        counted.awake(|| drop(last)); // what the program gave to its builder goes with it
    }
    result
}

impl Runtime {
    /// A runtime with the defaults of [`Builder`].
    ///
    /// # Errors
    ///
    /// As for [`Builder::build`].
    pub fn new() -> io::Result<Runtime> {
        Builder::new().build()
    }

    /// Sets up a runtime that differs from the defaults.
    pub fn builder() -> Builder {
        Builder::new()
    }

    fn start(workers: usize, settings: Settings) -> io::Result<Runtime> {
        // A wheel for each worker, and one for the threads outside.
        let driver = Arc::new(Driver::new(workers + 1)?);
        let most = if settings.follows_cores {
            MOST_WORKERS
        } else {
            workers
        };
        let spare = settings.spare_threads.saturating_add(most - workers);
        let warns = settings.warns_of_stalls;
        let threshold = settings.stall_threshold;
        let tell_stalled = Box::new(move |stalled: &Stalled| {
            let thresholds = match stalled.stall {
                Stall::Blocked => THRESHOLDS_BEFORE_REPORT_OF_BLOCKED,
                Stall::Busy => THRESHOLDS_BEFORE_REPORT_OF_BUSY,
            };
            if warns && stalled.lasted >= threshold.saturating_mul(thresholds) {
                diagnostics::warn_of_stall(stalled);
            }
        });
        let recorder = Recorder::new(workers.saturating_add(spare), settings.trace_events);
        let timing = settings.poll_timing;
        let scheduler = Scheduler::new(driver, workers, spare, timing, recorder.clone(), tell_stalled);
        let scheduler = Arc::new(scheduler);
        let threads = Threads::new(settings.blocking_threads, recorder.clone(), {
            let scheduler = scheduler.clone();
            move || scheduler.watch().stir()
        });
        let registries = (0..workers * REGISTRIES_A_WORKER)
            .map(|_| {
                let on_task_panic = Some(settings.on_task_panic.clone());
                CachePadded::new(Registry::new(scheduler.clone(), on_task_panic))
            })
            .collect();
        let blocking = Registry::new(
            Arc::new(BlockingQueue(threads.clone())),
            Some(settings.on_task_panic.clone()),
        );
        if settings.dumps_on_signal {
            diagnostics::dump_on_signal()?;
        }
        #[cfg(all(unix, feature = "socket"))]
        let served = match &settings.socket {
            Some(path) => Some(Arc::new(diagnostics::serve(path)?)),
            None => diagnostics::serve_as_environment_says(),
        };
        let shared = Arc::new(Shared {
            scheduler,
            threads,
            registries,
            blocking,
            waiters: Waiters::default(),
            local_tasks: LocalTasks::new(recorder.clone()),
            settings,
            trace_file: TraceFile::from_environment(&recorder)?,
            told: Told::default(),
        });
        {
            let mut runtimes = runtimes();
            runtimes.retain(|runtime| runtime.strong_count() > 0);
            runtimes.push(Arc::downgrade(&shared));
        }
        let handle = Handle::new(shared);
        let mut runtime = Runtime {
            handle,
            monitor: None,
            #[cfg(all(unix, feature = "socket"))]
            _served: served,
        };
        runtime.start_threads(workers)?; // on an error the drop ends those that run
        Ok(runtime)
    }

    fn start_threads(&mut self, workers: usize) -> io::Result<()> {
        let Shared {
            scheduler,
            threads,
            settings,
            ..
        } = &**self.handle.shared();
        let handle = self.handle.clone();
        threads.set_on_thread(Arc::new(move |serve| {
            OWNER.set(Arc::as_ptr(handle.shared()));
            let _entered = handle.enter();
            serve();
        }));
        for _ in 0..workers {
            let core = scheduler
                .take_seat()
                .expect("there is room for as many as were asked for");
            start_worker(scheduler, threads, core).map_err(|(core, error)| {
                scheduler.leave_seat(core);
                error
            })?;
        }
        let monitor = Monitor {
            scheduler: scheduler.clone(),
            threshold: settings.stall_threshold,
            most_spare: settings.spare_threads,
            follows_cores: settings.follows_cores,
            start_worker: {
                let (scheduler, threads) = (scheduler.clone(), threads.clone());
                Box::new(move |core| start_worker(&scheduler, &threads, core).map_err(|(core, _)| core))
            },
        };
        let thread = thread::Builder::new().name("canter-monitor".to_owned());
        self.monitor = Some(thread.spawn(move || monitor.watch())?);
        Ok(())
    }

    /// The handle of this runtime, to be cloned and sent around.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Makes this the current runtime of the thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        self.handle.enter()
    }

    /// Runs a future on this thread until it ends, with this as the current runtime. See [`crate::block_on`].
    ///
    /// The tasks that the future started go on afterwards, until the runtime is dropped.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.handle.block_on(future)
    }

    /// Starts a task whose output nobody wants. See [`crate::go`].
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.go(future);
    }

    /// Starts a task and gives the handle that waits for its output. See [`crate::spawn`].
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Runs a closure that may block on a thread of its own. See [`Handle::spawn_blocking`].
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.handle.spawn_blocking(closure)
    }

    /// What every task does now, and what those that wait wait for: grouped, the ones that wait longest first.
    ///
    /// The tasks go on meanwhile, so that it is no picture of one moment: each was seen once. A million of them take a fraction of a
    /// second, and the memory of a dump grows with its groups only. Where tasks have waited long for channels the dump looks for
    /// [suspects](Dump::suspects), which takes some seconds with a million tasks.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::runtime::Runtime;
    ///
    /// let runtime = Runtime::new().unwrap();
    /// let waits = runtime.spawn(std::future::pending::<()>());
    /// let dump = runtime.dump();
    /// assert_eq!(dump.tasks(), 1);
    /// println!("{dump}");
    /// waits.abort();
    /// ```
    pub fn dump(&self) -> Dump {
        self.handle.dump()
    }

    /// What the runtime has counted so far. See [`Handle::metrics`].
    pub fn metrics(&self) -> Metrics {
        self.handle.metrics()
    }

    /// Starts to record what the runtime does. See [`Handle::trace`].
    pub fn trace(&self) -> Trace {
        self.handle.trace()
    }

    /// Waits until all tasks have ended, those that they start meanwhile included, and then ends the runtime. What has not
    /// ended after `timeout` is dropped, or left behind if it is in the middle of a poll.
    ///
    /// # Errors
    ///
    /// Names the tasks that had not ended. On one of the runtime's own threads it says that it can't wait there; the runtime
    /// ends all the same, without anybody waiting for it.
    pub fn shutdown(mut self, timeout: Duration) -> Result<(), ShutdownError> {
        if self.is_inside() {
            self.end_elsewhere();
            return Err(ShutdownError::inside());
        }
        let deadline = Instant::now().checked_add(timeout);
        let shared = self.handle.shared().clone();
        scheduler::leave_seat(); // in case that this thread is another runtime's worker
        while shared.all_registries().any(|registry| registry.len() > 0) {
            if !shared
                .all_registries()
                .all(|registry| registry.wait_empty(deadline))
            {
                break;
            }
        }
        let unfinished = Unfinished::of(shared.all_registries());
        // A poll that is under way gets a moment to end, however little of the time is left.
        let patience = deadline.map(|deadline| deadline.max(Instant::now() + PATIENCE));
        self.end(patience);
        if unfinished.is_empty() {
            Ok(())
        } else {
            Err(ShutdownError::unfinished_tasks(unfinished))
        }
    }

    /// Whether this is one of the runtime's own threads.
    fn is_inside(&self) -> bool {
        ptr::eq(OWNER.get(), Arc::as_ptr(self.handle.shared()))
    }

    /// Ends the runtime, once. Waits for its threads until `deadline`.
    fn end(&mut self, deadline: Option<Instant>) {
        let shared = self.handle.shared();
        shared.stop();
        let ended = shared.end(&self.handle, deadline);
        if let Some(monitor) = self.monitor.take().filter(|_| ended) {
            let _ = monitor.join();
        }
    }

    /// Ends the runtime on a thread that is none of its own.
    fn end_elsewhere(&mut self) {
        self.handle.shared().stop(); // now, so that the drop that follows a shutdown finds it ended
        let handle = self.handle.clone();
        let monitor = self.monitor.take();
        let ends = move || {
            handle.shared().end(&handle, None);
            monitor.map(thread::JoinHandle::join);
        };
        if let Err(error) = thread::Builder::new().name("canter-end".to_owned()).spawn(ends) {
            report(format_args!(
                "a runtime that was dropped inside itself could not be ended: {error}"
            ));
        }
    }
}

/// What a shutdown whose time is over still allows for polls that are under way.
const PATIENCE: Duration = Duration::from_millis(100);

impl Drop for Runtime {
    fn drop(&mut self) {
        if self.handle.shared().has_ended() {
            return;
        }
        if !self.is_inside() {
            self.end(None);
            return;
        }
        self.end_elsewhere();
        let message = "a canter `Runtime` was dropped on one of its own threads, where nobody can wait for it: \
                       drop it outside of its tasks, or keep a `Handle` in them";
        if thread::panicking() {
            report(format_args!("{message}"));
        } else {
            panic!("{message}");
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

impl Spawn for Runtime {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.handle.spawn_obj(future)
    }

    fn status(&self) -> Result<(), SpawnError> {
        self.handle.status()
    }
}

/// Puts a worker into the seat of `core`, on a thread of the pool.
fn start_worker(
    scheduler: &Arc<Scheduler>,
    threads: &Arc<Threads>,
    core: Box<Core>,
) -> Result<(), (Box<Core>, io::Error)> {
    // In a cell, so that it comes back where no thread can be had.
    let core = Arc::new(Mutex::new(Some(core)));
    let (scheduler, pool, given) = (scheduler.clone(), threads.clone(), core.clone());
    let job = move || {
        let Some(core) = lock(&given).take() else { return };
        let hand_over = {
            let scheduler = scheduler.clone();
            move |core| {
                start_worker(&scheduler, &pool, core).map_err(|(core, error)| {
                    report(format_args!(
                        "a task blocks its worker, and no thread can be had to take its place: {error}"
                    ));
                    core
                })
            }
        };
        Worker::new(scheduler, core, Box::new(hand_over)).run();
    };
    threads.start_worker(Box::new(job)).map_err(|(_, error)| {
        let core = lock(&core).take().expect("the job that was refused has not run");
        (core, error)
    })
}
