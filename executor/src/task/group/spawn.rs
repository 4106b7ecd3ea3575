//! Bringing tasks into a group: the futures that wait for a place, and the handle that tasks spawn with.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use canter_coop::{Reason, budget, waiting};

use super::error::{SpawnError, TrySpawnError};
use super::member::Member;
use super::places::Turn;
use super::shared::Shared;
use super::standing::{Side, Standing};
use crate::runtime::{Handle, current};
use crate::task::{self, Registry, TaskId};

static GROUP_SPAWN: Reason = Reason::new("group spawn");

/// The future of [`Group::spawn`](super::Group::spawn) and its like: starts the task when there is a place, and gives its id.
///
/// Until then it holds the task's future; one that is very large is better boxed.
#[must_use = "a task is spawned when this is awaited"]
pub struct Spawn<'a, T, F> {
    request: Request<'a, T, F>,
}

/// The future of [`Spawner::spawn`].
#[must_use = "a task is spawned when this is awaited"]
pub struct SpawnFrom<'a, T, F> {
    request: Request<'a, T, F>,
}

/// Spawns into a [`Group`](super::Group) from elsewhere: from its own tasks above all.
///
/// It does not keep the group's tasks running: when the group is dropped they are aborted, and spawning fails. It is `Send`,
/// and its clones are for the same group. [`Group::spawner`](super::Group::spawner) gives it.
///
/// While a [`wait`](super::Group::wait) that has met a failure or a [`shutdown`](super::Group::shutdown) ends the tasks,
/// spawning fails too, so that no task can bring its successor.
///
/// # Examples
///
/// ```
/// use canter_executor::{block_on, task::{Group, Spawner}};
/// use std::pin::Pin;
///
/// fn visit(depth: u32, spawner: Spawner<u32>) -> Pin<Box<dyn Future<Output = u32> + Send>> {
///     Box::pin(async move {
///         for _ in 0..2 * depth.min(1) {
///             let child = visit(depth - 1, spawner.clone());
///             if spawner.spawn(child).await.is_err() {
///                 break; // the group ends, and this task with it
///             }
///         }
///         1
///     })
/// }
///
/// block_on(async {
///     let mut group = Group::new();
///     group.spawn(visit(3, group.spawner())).await;
///     let mut visited = 0;
///     while let Some(one) = group.join_next().await {
///         visited += one.unwrap();
///     }
///     assert_eq!(visited, 1 + 2 + 4 + 8);
/// });
/// ```
pub struct Spawner<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Spawner<T> {
    pub(super) fn new(shared: Arc<Shared<T>>) -> Spawner<T> {
        Spawner { shared }
    }

    fn standing(&self) -> Standing<'_, T> {
        Standing::new(&self.shared, Side::Spawner)
    }

    /// Spawns a task into the group, on the current runtime, when there is a place.
    ///
    /// A task that waits here keeps its own place: where all tasks of a group with a limit wait for places, none will come.
    ///
    /// # Errors
    ///
    /// Gives the future back if the group is gone, or ends its tasks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future spawns nothing, and drops the task's future. The place in line is lost; one that was just granted
    /// goes to the next.
    ///
    /// # Fairness
    ///
    /// Places are given in the order in which those who wait first asked.
    #[track_caller]
    pub fn spawn<F>(&self, future: F) -> SpawnFrom<'_, T, F>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let place = Location::caller();
        SpawnFrom {
            request: Request::new(self.standing(), future, Target::Current, place),
        }
    }

    /// Spawns a task into the group, on the current runtime, if there is a place.
    ///
    /// # Errors
    ///
    /// Gives the future back if the limit is reached, if the group is gone, or if it ends its tasks.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<TaskId, TrySpawnError<F>>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let place = Location::caller();
        Request::new(self.standing(), future, Target::Current, place).start_now()
    }
}

impl<T> Clone for Spawner<T> {
    fn clone(&self) -> Spawner<T> {
        Spawner::new(self.shared.clone())
    }
}

impl<T> fmt::Debug for Spawner<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").finish_non_exhaustive()
    }
}

impl<'a, T, F> Spawn<'a, T, F> {
    pub(super) fn new(request: Request<'a, T, F>) -> Spawn<'a, T, F> {
        Spawn { request }
    }
}

impl<T, F> Future for Spawn<'_, T, F>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    type Output = TaskId;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<TaskId> {
        let started = ready!(self.request.poll_start(cx));
        Poll::Ready(started.expect("a group takes its owner's tasks as long as it is there"))
    }
}

impl<T, F> Future for SpawnFrom<'_, T, F>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    type Output = Result<TaskId, SpawnError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let started = ready!(self.request.poll_start(cx));
        Poll::Ready(started.ok_or_else(|| SpawnError(self.request.take_future())))
    }
}

impl<T, F> fmt::Debug for Spawn<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn").finish_non_exhaustive()
    }
}

impl<T, F> fmt::Debug for SpawnFrom<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnFrom").finish_non_exhaustive()
    }
}

/// Where a task is to run.
pub(super) enum Target {
    Current,
    On(Handle),
    /// On the current runtime's threads that may block.
    Pool,
}

impl Target {
    fn with_runtime<R>(&self, f: impl FnOnce(&Handle) -> R) -> R {
        match self {
            Target::On(runtime) => f(runtime),
            Target::Current | Target::Pool => current::with(f),
        }
    }

    fn registry<'a>(&self, runtime: &'a Handle) -> &'a Arc<Registry> {
        match self {
            Target::Current | Target::On(_) => runtime.registry(),
            Target::Pool => runtime.blocking_registry(),
        }
    }
}

/// A task that wants to get into a group.
pub(super) struct Request<'a, T, F> {
    /// Until the task is started, or was refused.
    future: Option<F>,
    standing: Standing<'a, T>,
    target: Target,
    place: &'static Location<'static>,
}

/// The future is moved, and never polled in here.
impl<T, F> Unpin for Request<'_, T, F> {}

enum Attempt {
    Started(TaskId),
    /// It stands in line.
    Waits,
    /// There is no place, and no waker was there to stand in line with.
    Full,
    Refused,
}

impl<'a, T, F> Request<'a, T, F> {
    pub(super) fn new(
        standing: Standing<'a, T>,
        future: F,
        target: Target,
        place: &'static Location<'static>,
    ) -> Request<'a, T, F> {
        Request {
            future: Some(future),
            standing,
            target,
            place,
        }
    }

    /// The future of a task that was refused.
    fn take_future(&mut self) -> F {
        self.future.take().expect(POLLED_AGAIN)
    }
}

const POLLED_AGAIN: &str = "a spawn polled after it ended";

impl<T, F> Request<'_, T, F>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    /// `None` if it was refused.
    fn poll_start(&mut self, cx: &mut Context<'_>) -> Poll<Option<TaskId>> {
        let operation = ready!(budget::poll_proceed(cx));
        let mut spare = None;
        loop {
            match self.attempt(Some(cx.waker()), &mut spare) {
                Attempt::Started(id) => {
                    operation.made_progress();
                    return Poll::Ready(Some(id));
                }
                Attempt::Waits => {
                    waiting::report(&GROUP_SPAWN, self.place);
                    return Poll::Pending;
                }
                Attempt::Full => spare = Some(cx.waker().clone()), // without the lock
                Attempt::Refused => return Poll::Ready(None),
            }
        }
    }

    pub(super) fn start_now(mut self) -> Result<TaskId, TrySpawnError<F>> {
        match self.attempt(None, &mut None) {
            Attempt::Started(id) => Ok(id),
            Attempt::Waits | Attempt::Full => Err(TrySpawnError::Full(self.take_future())),
            Attempt::Refused => Err(TrySpawnError::Closed(self.take_future())),
        }
    }

    /// Starts the task if there is a place. Otherwise it stands in line: as before, if that will wake `known`, or with the
    /// spare waker.
    fn attempt(&mut self, known: Option<&Waker>, spare: &mut Option<Waker>) -> Attempt {
        assert!(self.future.is_some(), "{POLLED_AGAIN}");
        let Request {
            future,
            standing,
            target,
            place,
        } = self;
        let attempt = target.with_runtime(|runtime| {
            let mut state = standing.shared.lock();
            match standing.take_place(&mut state) {
                Turn::Granted => {}
                Turn::Waits if standing.enlist(&mut state, known, spare) => return Attempt::Waits,
                Turn::Waits => return Attempt::Full,
                Turn::SentAway => return Attempt::Refused,
            }
            let future = future.take().expect(POLLED_AGAIN);
            let (fresh, id) = state.add(|key| {
                let member = Member::new(future, standing.shared.clone(), key);
                task::new(target.registry(runtime), member, place, ())
            });
            drop(state);
            fresh.start();
            Attempt::Started(id)
        });
        if let Attempt::Refused = attempt {
            standing.leave();
        }
        attempt
    }
}
