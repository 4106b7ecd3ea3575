//! A home for futures that are not `Send`: they stay on the thread on which they were spawned.
//!
//! A local task is scheduled like any other, from any thread, but its runnable only ever goes to the queue of its home, and
//! only the home's thread takes it out. When a home goes, it first drops all of its tasks: the registry then is empty, so no
//! waker finds a future to schedule any more.

#![expect(
    unsafe_code,
    reason = "tasks of futures that are not `Send` are made, and kept to their thread"
)]

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};
use std::thread;

use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn, SpawnError};

use super::registry::Counts;
use super::{JoinHandle, LocalTasks, Name, Registry, Runnable, Schedule, Woken};
use crate::diagnostics::Kind;
use crate::diagnostics::trace::{self, Queued};
use crate::runtime::current;
use crate::scheduler;
use crate::sync::{Mutex, lock};

/// Local tasks run in one go before the future around them has its turn.
const TASKS_AT_ONCE: usize = 64;

/// The ready tasks of a home, and whom to wake when there is one.
#[derive(Default)]
struct LocalQueue {
    state: Mutex<LocalState>,
    /// The runtime of the home, once it has one.
    runtime: OnceLock<Arc<LocalTasks>>,
}

#[derive(Default)]
struct LocalState {
    ready: VecDeque<Runnable>,
    /// Whoever runs the home and found nothing to do. The vector is for a set that several futures run.
    runner: Option<Runner>,
    more_runners: Vec<Runner>,
}

struct Runner {
    id: RunnerId,
    waker: Waker,
}

/// Names a future that runs the tasks of a home.
#[derive(Clone, Copy, PartialEq, Eq)]
struct RunnerId(u64);

impl RunnerId {
    /// The one that has the home for itself: a `block_on`, or the set as a future.
    const ALONE: RunnerId = RunnerId(0);
}

impl LocalState {
    /// Sees to it that `waker` is woken when a task is ready, in place of an earlier one of that name, which is given back.
    fn enlist(&mut self, id: RunnerId, waker: &Waker) -> Option<Waker> {
        let mut runners = self.runner.iter_mut().chain(&mut self.more_runners);
        if let Some(runner) = runners.find(|runner| runner.id == id) {
            let same = runner.waker.will_wake(waker);
            return (!same).then(|| std::mem::replace(&mut runner.waker, waker.clone()));
        }
        let waker = waker.clone();
        let runner = Runner { id, waker };
        match self.runner {
            None => self.runner = Some(runner),
            Some(_) => self.more_runners.push(runner),
        }
        None
    }

    fn forget(&mut self, id: RunnerId) -> Option<Runner> {
        if self.runner.as_ref().is_some_and(|runner| runner.id == id) {
            return self.runner.take();
        }
        let index = self.more_runners.iter().position(|runner| runner.id == id)?;
        Some(self.more_runners.swap_remove(index))
    }
}

impl Schedule for LocalQueue {
    fn kind(&self) -> Kind {
        Kind::LocalTask
    }

    fn schedule(&self, runnable: Runnable, woken: Woken) {
        if trace::is_on() {
            if let Some(runtime) = self.runtime.get() {
                scheduler::note_queued(runtime.recorder(), runnable.metadata(), woken, Queued::Home);
            }
        }
        let (runner, more) = {
            let mut state = lock(&self.state);
            state.ready.push_back(runnable);
            (state.runner.take(), std::mem::take(&mut state.more_runners))
        };
        // All of them: one that is woken may be dropped before it comes to run the task.
        runner
            .into_iter()
            .chain(more)
            .for_each(|runner| runner.waker.wake());
    }
}

/// A thread's local tasks. It never leaves its thread.
pub(crate) struct Home {
    tasks: OnceCell<(Arc<LocalQueue>, Arc<Registry>)>,
    /// The runtime that counts and traces them: that of the `block_on`, or the first one in which a set was run.
    runtime: OnceCell<Arc<LocalTasks>>,
    /// What that runtime has been told of.
    told: Cell<Counts>,
    /// Names given to runners so far.
    runners: Cell<u64>,
    _thread: PhantomData<*const ()>,
}

thread_local! {
    static HOME: RefCell<Option<Rc<Home>>> = const { RefCell::new(None) };
}

impl Home {
    fn new() -> Rc<Home> {
        Rc::new(Home {
            tasks: OnceCell::new(),
            runtime: OnceCell::new(),
            told: Cell::default(),
            runners: Cell::new(0),
            _thread: PhantomData,
        })
    }

    fn spawn_at<F, N: Name>(
        &self,
        future: F,
        place: &'static Location<'static>,
        name: N,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (_, registry) = self.tasks();
        // SAFETY: the runnable goes to the queue of this home, and only this thread takes it out, in `next`.
        let (fresh, handle) = unsafe { super::new_unchecked(registry, future, place, name) };
        fresh.start();
        self.tell();
        handle
    }

    fn tasks(&self) -> &(Arc<LocalQueue>, Arc<Registry>) {
        self.tasks.get_or_init(|| {
            let queue = Arc::new(LocalQueue {
                state: Mutex::default(),
                runtime: self
                    .runtime
                    .get()
                    .cloned()
                    .map_or_else(OnceLock::new, OnceLock::from),
            });
            (queue.clone(), Registry::new(queue, None))
        })
    }

    /// From now on the tasks are that runtime's, and so are those that have been there. Nothing happens if they are another one's.
    fn belong_to(&self, runtime: &Arc<LocalTasks>) {
        if self.runtime.set(runtime.clone()).is_ok() {
            if let Some((queue, _)) = self.tasks.get() {
                let _ = queue.runtime.set(runtime.clone()); // none is there: it would be the home's
            }
            self.tell();
        }
    }

    /// Tells the runtime what has been counted since the last time.
    fn tell(&self) {
        if let (Some(runtime), Some((_, registry))) = (self.runtime.get(), self.tasks.get()) {
            let now = registry.counts();
            runtime.add(self.told.replace(now), now);
        }
    }

    /// The next ready task. Without one, the runner is woken when there is.
    fn next(&self, runner: Option<(RunnerId, &Waker)>) -> Option<Runnable> {
        let (queue, _) = self.tasks.get()?;
        let mut state = lock(&queue.state);
        let ready = state.ready.pop_front();
        let replaced = match (&ready, runner) {
            (None, Some((id, waker))) => state.enlist(id, waker),
            _ => None,
        };
        drop(state);
        drop(replaced); // without the lock: it may be the last reference to a task
        ready
    }

    /// Runs ready tasks for a while. True if there may be more.
    pub(crate) fn run_tasks(&self, waker: &Waker) -> bool {
        self.run_tasks_as(RunnerId::ALONE, waker)
    }

    fn run_tasks_as(&self, runner: RunnerId, waker: &Waker) -> bool {
        for _ in 0..TASKS_AT_ONCE {
            match self.next(Some((runner, waker))) {
                Some(runnable) => self.run(runnable),
                None => return false,
            }
        }
        true
    }

    fn run(&self, runnable: Runnable) {
        match self.runtime.get() {
            Some(runtime) if trace::is_on() => scheduler::run_traced(runtime.recorder(), runnable),
            _ => super::run(runnable),
        }
        self.tell();
    }

    /// Where the tasks are listed, if there were some.
    pub(crate) fn registry(&self) -> Option<Arc<Registry>> {
        self.tasks.get().map(|(_, registry)| registry.clone())
    }

    fn is_empty(&self) -> bool {
        self.tasks.get().is_none_or(|(_, registry)| registry.len() == 0)
    }

    /// Runs `f` with this as the thread's home.
    fn enter<R>(self: &Rc<Self>, f: impl FnOnce() -> R) -> R {
        struct Leave(Option<Rc<Home>>);
        impl Drop for Leave {
            fn drop(&mut self) {
                HOME.replace(self.0.take());
            }
        }
        let _leave = Leave(HOME.replace(Some(self.clone())));
        f()
    }

    /// Drops all tasks. Afterwards nothing of them is left but handles and wakers.
    fn clear(self: &Rc<Self>) {
        let Some((_, registry)) = self.tasks.get() else {
            return;
        };
        self.enter(|| {
            registry.close();
            while registry.len() > 0 {
                registry.wakers().into_iter().for_each(Waker::wake);
                while let Some(runnable) = self.next(None) {
                    drop(runnable);
                }
                // One that is left is in the hands of a thread that is just waking it.
                thread::yield_now();
            }
        });
        self.tell();
    }
}

/// Runs `f` with a home for local tasks, which end with it. They are that runtime's, if one is given.
pub(crate) fn in_home<R>(runtime: Option<&Arc<LocalTasks>>, f: impl FnOnce(&Home) -> R) -> R {
    struct Clear(Rc<Home>);
    impl Drop for Clear {
        fn drop(&mut self) {
            self.0.clear();
        }
    }
    let home = Clear(Home::new());
    if let Some(runtime) = runtime {
        home.0.belong_to(runtime);
    }
    home.0.enter(|| f(&home.0))
}

/// Starts a task that stays on this thread; its future need not be `Send`.
///
/// It runs within the [`LocalSet`] or the `block_on` that runs here, and ends with it at the latest.
///
/// # Panics
///
/// Panics outside of both: on such a thread nobody would ever run the task.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// canter_executor::block_on(async {
///     let shared = Rc::new(7);
///     let task = canter_executor::spawn_local({
///         let shared = shared.clone();
///         async move { *shared + 1 }
///     });
///     assert_eq!(task.await.unwrap(), 8);
/// });
/// ```
#[track_caller]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    home().spawn_at(future, Location::caller(), ())
}

/// As [`spawn_local`], with a name.
#[track_caller]
pub(super) fn spawn_named<F, N: Name>(future: F, name: N) -> JoinHandle<F::Output>
where
    F: Future + 'static,
    F::Output: 'static,
{
    home().spawn_at(future, Location::caller(), name)
}

/// The home for a local task that is spawned on this thread now.
#[track_caller]
fn home() -> Rc<Home> {
    match HOME.with(|home| home.borrow().clone()) {
        Some(home) => home,
        None => panic!(
            "`spawn_local` called where no local task can run: call it within a `LocalSet` or a `block_on`"
        ),
    }
}

/// A home for tasks whose futures are not `Send`. All of them run on the thread that runs the set.
///
/// Run it with [`LocalSet::run_until`], or as a future itself, which ends when all of its tasks have. Each `block_on` has such
/// a home of its own, so a set is needed only where local tasks are to outlive one, or inside of a spawned task's thread.
///
/// Its tasks are counted and traced by the runtime in which the set is run first: whose `block_on` or task it is, or which was
/// [entered](crate::runtime::Handle::enter) there. They stay that one's, wherever the set is run later. A set that is only ever run by
/// other executors belongs to no runtime.
///
/// Dropping the set drops its tasks where they stand.
///
/// # Examples
///
/// ```
/// use canter_executor::{block_on, task::LocalSet, yield_now};
/// use std::{cell::Cell, rc::Rc};
///
/// let set = LocalSet::new();
/// let count = Rc::new(Cell::new(0));
/// for _ in 0..3 {
///     let count = count.clone();
///     set.spawn_local(async move {
///         yield_now().await;
///         count.set(count.get() + 1);
///     });
/// }
/// block_on(set);
/// assert_eq!(count.get(), 3);
/// ```
pub struct LocalSet {
    home: Rc<Home>,
}

impl LocalSet {
    /// A set without tasks.
    pub fn new() -> LocalSet {
        LocalSet { home: Home::new() }
    }

    /// Starts a task of this set. It runs when the set does.
    #[track_caller]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        self.home.spawn_at(future, Location::caller(), ())
    }

    /// Runs `future`, and this set's tasks beside it, until `future` ends. Tasks that have not ended stay in the set.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `future`; the set's tasks stay where they are.
    pub async fn run_until<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        let runs = Runs::new(&self.home);
        poll_fn(|cx| {
            self.join_runtime();
            self.home.enter(|| {
                if let Poll::Ready(output) = future.as_mut().poll(cx) {
                    return Poll::Ready(output);
                }
                self.run_tasks(runs.id, cx);
                Poll::Pending
            })
        })
        .await
    }

    /// The set belongs to the runtime in which it is run first.
    fn join_runtime(&self) {
        if self.home.runtime.get().is_none() {
            if let Some(handle) = current::entered() {
                self.home.belong_to(handle.local_tasks());
            }
        }
    }

    fn run_tasks(&self, runner: RunnerId, cx: &mut Context<'_>) {
        if self.home.run_tasks_as(runner, cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }
}

/// A future's place among the runners of a set, given up when the future is dropped.
struct Runs<'a> {
    home: &'a Home,
    id: RunnerId,
}

impl Runs<'_> {
    fn new(home: &Home) -> Runs<'_> {
        home.tasks(); // so that a task which is spawned from beside the future wakes it
        home.runners.set(home.runners.get() + 1);
        let id = RunnerId(home.runners.get());
        Runs { home, id }
    }
}

impl Drop for Runs<'_> {
    fn drop(&mut self) {
        let (queue, _) = self.home.tasks();
        let runner = lock(&queue.state).forget(self.id);
        drop(runner); // without the lock
    }
}

impl Default for LocalSet {
    fn default() -> LocalSet {
        LocalSet::new()
    }
}

impl Future for LocalSet {
    type Output = ();

    /// Ends when no task is left in the set.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.join_runtime();
        self.home.enter(|| self.run_tasks(RunnerId::ALONE, cx));
        if self.home.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for LocalSet {
    fn drop(&mut self) {
        self.home.clear();
    }
}

impl LocalSpawn for LocalSet {
    fn spawn_local_obj(&self, future: LocalFutureObj<'static, ()>) -> Result<(), SpawnError> {
        drop(self.spawn_local(future));
        Ok(())
    }
}

impl Spawn for LocalSet {
    fn spawn_obj(&self, future: FutureObj<'static, ()>) -> Result<(), SpawnError> {
        drop(self.spawn_local(future));
        Ok(())
    }
}

impl fmt::Debug for LocalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.home.tasks.get().map_or(0, |(_, registry)| registry.len());
        f.debug_struct("LocalSet").field("tasks", &tasks).finish()
    }
}
