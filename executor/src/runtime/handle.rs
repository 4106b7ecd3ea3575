//! A reference to a runtime: everything that can be asked of one, wherever one is.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crossbeam_utils::CachePadded;
use futures_task::{FutureObj, Spawn, SpawnError};

use super::block_on::{self, Waiters};
use super::builder::Settings;
use super::current::{self, EnterGuard};
use super::default;
use crate::blocking::Threads;
use crate::diagnostics::trace::TraceFile;
use crate::diagnostics::{BlockingMetrics, Dump, Metrics, TaskMetrics, Told, Trace};
use crate::driver::Driver;
use crate::scheduler::{self, Scheduler};
use crate::task::{self, JoinHandle, LocalTasks, Name, Registry};
use crate::timer::Timers;

/// What a runtime and all its handles share.
pub(crate) struct Shared {
    pub(crate) scheduler: Arc<Scheduler>,
    pub(crate) threads: Arc<Threads>,
    pub(super) registries: Box<[CachePadded<Arc<Registry>>]>,
    pub(crate) blocking: Arc<Registry>,
    pub(crate) waiters: Waiters,
    /// Those that run in its `block_on`s, and in the sets that belong to it.
    pub(super) local_tasks: Arc<LocalTasks>,
    pub(crate) settings: Settings,
    /// What the program was told of a deadlock.
    pub(crate) told: Told,
    /// Where the environment asks for a trace.
    pub(super) trace_file: Option<Arc<TraceFile>>,
}

impl Shared {
    pub(crate) fn metrics(&self) -> Metrics {
        let Shared {
            scheduler, threads, ..
        } = self;
        let workers = scheduler.worker_metrics();
        let driver = scheduler.driver();
        let (timers_pending, timers_fired) = driver.timers();
        let blocking = threads.levels();
        Metrics {
            total: workers.iter().sum(),
            spare_workers: scheduler.spare_workers() as u64,
            workers,
            injector: scheduler.injector_len() as u64,
            stalls: scheduler.stalls(),
            io_events: driver.io_events(),
            poller_turns: driver.turns(),
            timers_pending,
            timers_fired,
            blocking: BlockingMetrics {
                running: blocking.running.get(),
                waiting: blocking.waiting.get(),
                idle_threads: blocking.idle.get(),
            },
            tasks: self.task_metrics(),
        }
    }

    fn task_metrics(&self) -> TaskMetrics {
        let mut metrics = TaskMetrics::default();
        let registries = self.all_registries().map(Registry::counts);
        for counts in registries.chain([self.local_tasks.counts()]) {
            metrics.alive += counts.spawned.saturating_sub(counts.ended);
            metrics.spawned += counts.spawned;
            metrics.ended += counts.ended;
            metrics.panicked += counts.panicked;
            metrics.leaked += counts.leaked;
        }
        metrics
    }
}

/// A reference to a [`Runtime`](super::Runtime): it starts tasks from anywhere, and does not keep the runtime from ending.
///
/// After the runtime has ended, tasks that are spawned are dropped at once and their joins say
/// [cancelled](crate::task::JoinError::is_cancelled).
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Handle {
        Handle { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The runtime that this thread is in: that of the task or of the `block_on` that runs here, or the one that was
    /// [entered](Handle::enter); otherwise the process-wide default one, which is started if it has to be.
    ///
    /// # Panics
    ///
    /// Panics if the default runtime can't be started: the operating system has no thread or no descriptor left.
    #[track_caller]
    pub fn current() -> Handle {
        current::with(Handle::clone)
    }

    /// As [`Handle::current`], but `None` where it would be the default runtime.
    pub fn try_current() -> Option<Handle> {
        current::entered().map(|handle| Handle::clone(&handle))
    }

    /// The process-wide default runtime, started if it has to be.
    ///
    /// # Panics
    ///
    /// As [`Handle::current`].
    #[track_caller]
    pub fn default_runtime() -> Handle {
        default::handle().clone()
    }

    /// Makes this the current runtime of the thread until the guard is dropped.
    pub fn enter(&self) -> EnterGuard<'_> {
        current::enter(self)
    }

    /// How many workers run tasks, apart from spare ones. The number may follow that of the cores, see
    /// [`Builder::workers`](super::Builder::workers).
    pub fn workers(&self) -> usize {
        self.shared.scheduler.workers()
    }

    /// Starts a task whose output nobody wants. A panic in it is printed, with this place.
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        drop(self.spawn_at(future, Location::caller()));
    }

    /// Starts a task and gives the handle that waits for its output.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.spawn_at(future, Location::caller())
    }

    /// Runs a closure that may block on a thread of its own.
    ///
    /// At most as many run at once as [`Builder::blocking_threads`](super::Builder::blocking_threads) says; the others wait
    /// in the order in which they came. A closure that has begun can't be aborted.
    #[track_caller]
    pub fn spawn_blocking<F, T>(&self, closure: F) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        self.spawn_blocking_named(closure, Location::caller(), ())
    }

    pub(crate) fn spawn_blocking_named<F, T, N: Name>(
        &self,
        closure: F,
        place: &'static Location<'static>,
        name: N,
    ) -> JoinHandle<T>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        // It can't give way to anybody, so no budget must stop what it runs to its end on the spot.
        let future = async { canter_coop::host::unhosted(closure) };
        let (fresh, handle) = task::new(self.blocking_registry(), future, place, name);
        fresh.start();
        handle
    }

    /// Runs a future on this thread until it ends, with this as the current runtime. See [`crate::block_on`].
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let called_at = Location::caller();
        let _entered = self.enter();
        block_on::block_on(&self.shared, future, called_at)
    }

    /// What every task of the runtime does now. See [`Runtime::dump`](super::Runtime::dump).
    pub fn dump(&self) -> Dump {
        Dump::with_suspects(&self.shared)
    }

    /// What the runtime has counted so far, and how long its queues are now. Takes no lock, and stops nobody.
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// Starts to record what the runtime does, until the [`Trace`] is stopped or dropped. Several traces at once are possible: each
    /// has the events since its start.
    pub fn trace(&self) -> Trace {
        Trace::start(self.shared.scheduler.recorder())
    }

    #[inline]
    pub(crate) fn spawn_at<F>(&self, future: F, place: &'static Location<'static>) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        // As below, and not by way of it: a large future crosses the stack once more with each call.
        let (fresh, handle) = task::new(self.registry(), future, place, ());
        fresh.start();
        handle
    }

    #[inline]
    pub(crate) fn spawn_named<F, N: Name>(
        &self,
        future: F,
        place: &'static Location<'static>,
        name: N,
    ) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (fresh, handle) = task::new(self.registry(), future, place, name);
        fresh.start();
        handle
    }

    /// The registry for a task that is spawned on this thread now.
    #[inline]
    pub(crate) fn registry(&self) -> &Arc<Registry> {
        let registries = &self.shared.registries;
        &registries[registry_number() % registries.len()]
    }

    /// The registry for closures that may block.
    pub(crate) fn blocking_registry(&self) -> &Arc<Registry> {
        &self.shared.blocking
    }

    pub(crate) fn local_tasks(&self) -> &Arc<LocalTasks> {
        &self.shared.local_tasks
    }

    pub(crate) fn driver(&self) -> &Arc<Driver> {
        self.shared.scheduler.driver()
    }

    /// The wheel for a timer that is started on this thread, and whether its owner looks at it by itself.
    pub(crate) fn timers_here(&self) -> (&'static Timers, bool) {
        let scheduler = &self.shared.scheduler;
        match scheduler::seat_here(scheduler) {
            Some(seat) => (self.driver().wheel(seat), true),
            None => (self.driver().outer_wheel(), false),
        }
    }
}

/// Which registry lists the task that this thread spawns now. It changes from time to time, so that a thread which spawns and
/// another that ends the tasks spawned a moment ago do not meet at one lock.
fn registry_number() -> usize {
    const TASKS_IN_ONE_GO: usize = 32;
    thread_local! {
        static SPAWNED: Cell<usize> = {
            static THREADS: AtomicUsize = AtomicUsize::new(0);
            Cell::new(THREADS.fetch_add(3, Relaxed) * TASKS_IN_ONE_GO)
        };
    }
    let spawned = SPAWNED.try_with(|spawned| spawned.replace(spawned.get().wrapping_add(1)));
    spawned.unwrap_or(0) / TASKS_IN_ONE_GO
}

impl Spawn for Handle {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        self.status()?;
        self.go(future);
        Ok(())
    }

    fn status(&self) -> Result<(), SpawnError> {
        if self.shared.scheduler.is_stopping() {
            Err(SpawnError::shutdown())
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("workers", &self.workers())
            .finish_non_exhaustive()
    }
}
