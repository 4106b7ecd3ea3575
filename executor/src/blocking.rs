//! The threads of a runtime: workers, and the closures of `spawn_blocking`.
//!
//! One elastic pool for both, so that a thread whose seat was handed over to another can serve as the next one. Threads start
//! when a job finds none that is idle, and end when they had nothing to do for [`KEEP_ALIVE`]. Closures have a bound on how
//! many run at once; the others wait in the order in which they came. Workers have none.
//!
//! Idle threads are in the census of `canter_coop`, and are taken out of it by whoever gives them a job.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use canter_coop::census;

use crate::count::Level;
use crate::diagnostics::Kind;
use crate::diagnostics::trace::{self, Queued, Recorder};
use crate::report::report;
use crate::scheduler;
use crate::sync::{Condvar, Mutex, MutexGuard, lock};
use crate::task::{self, Runnable, Schedule, Woken};

const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// What a thread does first and last, around all its jobs: it makes the runtime the current one.
pub(crate) type OnThread = dyn Fn(&mut dyn FnMut()) + Send + Sync;

pub(crate) type WorkerJob = Box<dyn FnOnce() + Send>;

pub(crate) struct Threads {
    most_blocking: usize,
    /// Called when a thread has nothing more to do.
    rests: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
    /// Notified when a job waits for an idle thread, when a thread ends, and when the pool closes.
    changed: Condvar,
    ended: Condvar,
    levels: Levels,
    recorder: Arc<Recorder>,
}

/// Lengths of the state, to be read without its lock.
#[derive(Default)]
pub(crate) struct Levels {
    pub(crate) running: Level,
    pub(crate) waiting: Level,
    pub(crate) idle: Level,
}

#[derive(Default)]
struct State {
    /// Jobs that a thread is on its way to, for each of them one.
    jobs: VecDeque<Job>,
    /// Closures beyond the bound.
    waiting: VecDeque<Runnable>,
    /// Closures that run or are among the jobs.
    admitted: usize,
    /// Threads that wait and that no job was given to yet.
    idle: usize,
    /// As many of these are to end now.
    dismissed: usize,
    /// Jobs given to an idle thread that has not woken yet.
    handed: usize,
    threads: HashMap<u64, Option<thread::JoinHandle<()>>>,
    /// The thread that ended last: the next one to end joins it, so that closing the pool leaves none behind.
    last_ended: Option<thread::JoinHandle<()>>,
    next_thread: u64,
    closed: bool,
    on_thread: Option<Arc<OnThread>>,
}

enum Job {
    Worker(WorkerJob),
    Blocking(Runnable),
}

impl Threads {
    pub(crate) fn new(
        most_blocking: usize,
        recorder: Arc<Recorder>,
        rests: impl Fn() + Send + Sync + 'static,
    ) -> Arc<Threads> {
        Arc::new(Threads {
            most_blocking,
            rests: Box::new(rests),
            state: Mutex::new(State::default()),
            changed: Condvar::new(),
            ended: Condvar::new(),
            levels: Levels::default(),
            recorder,
        })
    }

    /// Sets what surrounds the jobs of every thread. Before the first job.
    pub(crate) fn set_on_thread(&self, on_thread: Arc<OnThread>) {
        lock(&self.state).on_thread = Some(on_thread);
    }

    /// Runs a worker on a thread of its own.
    ///
    /// # Errors
    ///
    /// Gives the job back with the operating system's error where no thread can be had, or after the pool was closed.
    pub(crate) fn start_worker(self: &Arc<Self>, job: WorkerJob) -> Result<(), (WorkerJob, io::Error)> {
        let mut state = lock(&self.state);
        if state.closed {
            return Err((job, io::Error::other("the runtime is ending")));
        }
        match self.dispatch(&mut state, Job::Worker(job)) {
            Err((Job::Worker(job), error)) => Err((job, error)),
            _ => Ok(()),
        }
    }

    /// Whether a closure runs or waits, or a thread is on its way to a job.
    pub(crate) fn are_busy(&self) -> bool {
        let state = lock(&self.state);
        state.admitted > 0 || !state.waiting.is_empty() || !state.jobs.is_empty() || state.handed > 0
    }

    /// Lets the idle threads end before their time. False if there are none.
    pub(crate) fn dismiss_idle(&self) -> bool {
        let mut state = lock(&self.state);
        state.dismissed = state.idle;
        self.changed.notify_all();
        state.idle > 0
    }

    /// Refuses all jobs from now on, drops the closures that wait, and lets idle threads end.
    pub(crate) fn close(&self) {
        let mut state = lock(&self.state);
        state.closed = true;
        state.on_thread = None; // it keeps the runtime alive
        let waiting = std::mem::take(&mut state.waiting);
        let (closures, workers): (VecDeque<Job>, _) = std::mem::take(&mut state.jobs)
            .into_iter()
            .partition(|job| matches!(job, Job::Blocking(_)));
        state.admitted -= closures.len();
        state.jobs = workers;
        self.publish(&state);
        drop(state);
        self.changed.notify_all();
        drop((waiting, closures)); // without the lock: destructors run
    }

    /// How long everything is now.
    pub(crate) fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Called with the lock after a change.
    fn publish(&self, state: &State) {
        self.levels.running.set(state.admitted);
        self.levels.waiting.set(state.waiting.len());
        self.levels.idle.set(state.idle);
    }

    /// Waits until every thread has ended, or until `deadline`. True if all have.
    pub(crate) fn join(&self, deadline: Option<Instant>) -> bool {
        let mut state = lock(&self.state);
        while !state.threads.is_empty() {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return false;
            }
            state = match left {
                None => self
                    .ended
                    .wait(state)
                    .unwrap_or_else(|poisoned| poisoned.into_inner()),
                Some(left) => {
                    self.ended
                        .wait_timeout(state, left)
                        .unwrap_or_else(|poisoned| poisoned.into_inner())
                        .0
                }
            };
        }
        let last = state.last_ended.take();
        drop(state);
        last.map(thread::JoinHandle::join);
        true
    }

    /// Queues a job and sees to it that a thread comes for it. Gives it back where none can be had.
    fn dispatch(self: &Arc<Self>, state: &mut State, job: Job) -> Result<(), (Job, io::Error)> {
        if state.idle > 0 {
            state.idle -= 1;
            state.dismissed = state.dismissed.min(state.idle);
            census::leave(); // here, and not when the thread gets to it
            state.handed += 1;
            self.publish(state);
            self.changed.notify_one();
        } else if let Err(error) = self.start_thread(state) {
            return Err((job, error));
        }
        state.jobs.push_back(job);
        Ok(())
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let number = state.next_thread;
        let pool = self.clone();
        // Listed before it runs: it looks for itself when it ends.
        state.threads.insert(number, None);
        let started = thread::Builder::new()
            .name(format!("canter-{number}"))
            .spawn(move || pool.serve(number));
        match started {
            Ok(handle) => {
                state.next_thread += 1;
                state.threads.insert(number, Some(handle));
                Ok(())
            }
            Err(error) => {
                state.threads.remove(&number);
                Err(error)
            }
        }
    }

    fn serve(&self, number: u64) {
        let on_thread = lock(&self.state).on_thread.clone();
        match on_thread {
            Some(on_thread) => on_thread(&mut || self.serve_jobs()),
            None => self.serve_jobs(),
        }
        let mut state = lock(&self.state);
        let own = state.threads.remove(&number).flatten();
        let previous = std::mem::replace(&mut state.last_ended, own);
        drop(state);
        self.ended.notify_all();
        previous.map(thread::JoinHandle::join);
    }

    fn serve_jobs(&self) {
        let mut state = lock(&self.state);
        loop {
            match state.jobs.pop_front() {
                Some(Job::Worker(work)) => {
                    drop(state);
                    if catch_unwind(AssertUnwindSafe(work)).is_err() {
                        report(format_args!(
                            "a worker panicked outside of any task; its queue goes to the others"
                        ));
                    }
                    state = lock(&self.state);
                }
                Some(Job::Blocking(runnable)) => state = self.run_closures(state, runnable),
                None if state.closed => return,
                None => match self.wait_for_job(state) {
                    Some(waited) => state = waited,
                    None => return,
                },
            }
        }
    }

    /// Runs a closure, and then those that waited for its place.
    fn run_closures<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        first: Runnable,
    ) -> MutexGuard<'a, State> {
        let mut next = Some(first);
        while let Some(runnable) = next {
            drop(state);
            if trace::is_on() {
                scheduler::run_traced(&self.recorder, runnable);
            } else {
                task::run(runnable);
            }
            state = lock(&self.state);
            next = state.waiting.pop_front();
            self.publish(&state);
        }
        state.admitted -= 1;
        self.publish(&state);
        state
    }

    /// Waits as an idle thread; `None` if there was nothing to do for long enough.
    fn wait_for_job<'a>(&self, mut state: MutexGuard<'a, State>) -> Option<MutexGuard<'a, State>> {
        state.idle += 1;
        self.publish(&state);
        census::enter();
        (self.rests)();
        let deadline = Instant::now() + KEEP_ALIVE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
            if state.handed > 0 {
                state.handed -= 1;
                return Some(state);
            }
            if state.closed || state.dismissed > 0 || left.is_zero() {
                state.dismissed = state.dismissed.saturating_sub(1);
                state.idle -= 1;
                census::leave();
                self.publish(&state);
                return None;
            }
        }
    }
}

/// Takes the closures of `spawn_blocking`, each of which is a task that runs once.
pub(crate) struct BlockingQueue(pub(crate) Arc<Threads>);

impl Schedule for BlockingQueue {
    fn kind(&self) -> Kind {
        Kind::Closure
    }

    fn schedule(&self, runnable: Runnable, woken: Woken) {
        if trace::is_on() {
            scheduler::note_queued(&self.0.recorder, runnable.metadata(), woken, Queued::Blocking);
        }
        let mut state = lock(&self.0.state);
        if state.closed {
            drop(state);
            drop(runnable); // without the lock; its join says that it was cancelled
            return;
        }
        if state.admitted == self.0.most_blocking {
            state.waiting.push_back(runnable);
            self.0.publish(&state);
            return;
        }
        match self.0.dispatch(&mut state, Job::Blocking(runnable)) {
            // No thread can be had now; one that ends a closure takes it.
            Err((Job::Blocking(runnable), _)) if state.admitted > 0 => {
                state.waiting.push_back(runnable);
                self.0.publish(&state);
            }
            Err((refused, _)) => {
                drop(state);
                drop(refused); // without the lock; nobody would ever run it
            }
            Ok(()) => {
                state.admitted += 1;
                self.0.publish(&state);
            }
        }
    }
}
