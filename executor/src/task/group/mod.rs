//! Tasks that belong together: [`Group`] spawns them, limits them, joins them and ends them.
//!
//! It is Go's `errgroup` and tokio's `JoinSet` in one. **Tasks that may fail**, all of whose outputs are wanted: the first
//! failure ends the others.
//!
//! ```
//! use canter_executor::{block_on, task::Group};
//!
//! async fn length(word: &str) -> Result<usize, String> {
//!     if word.is_empty() { Err("an empty word".to_owned()) } else { Ok(word.len()) }
//! }
//!
//! block_on(async {
//!     let mut group = Group::new().limit(2); // at most two run at once: to spawn one more waits
//!     for word in ["one", "three", "seventeen"] {
//!         group.spawn(length(word)).await;
//!     }
//!     assert_eq!(group.wait().await.unwrap(), [3, 5, 9]);
//! });
//! ```
//!
//! **Tasks whose results are wanted one by one**, as they end:
//!
//! ```
//! # use canter_executor::{block_on, task::Group};
//! # block_on(async {
//! let mut group = Group::new();
//! for number in 1..=3u64 {
//!     group.spawn(async move { number * number }).await;
//! }
//! let mut sum = 0;
//! while let Some(result) = group.join_next().await {
//!     sum += result.unwrap();
//! }
//! assert_eq!(sum, 14);
//! # });
//! ```
//!
//! - [`Group::spawn`] awaits a place, like a send in a channel; without a limit there always is one. [`Group::try_spawn`] never
//!   waits, and works outside of async code. Tasks of the group spawn with a [`Spawner`].
//! - [`Group::wait`] gives all outputs or the first failure, [`Group::join_all`] all results, [`Group::join_next`] the next.
//! - [`Group::abort_all`] and [`Group::shutdown`] end the tasks. So does dropping the group; [`Group::detach_all`] lets them go.
//!
//! # Panics of tasks
//!
//! A panic stays in its task, and is the task's failure: whoever joins gets it as a [`JoinError`], to be looked at or resumed.
//! One that nobody gets is printed to standard error with the place where the task was spawned, unless
//! [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) says something else. That is so for a second
//! panic after [`Group::wait`] has met its first failure, and for those in a group that is dropped or shut down.
//!
//! # No borrowing
//!
//! There is no `scope` for tasks that borrow from their spawner: a future can be forgotten without its destructor, and a scope
//! that is a future could go away like that while its tasks still use what they borrowed. One that blocks its thread until they
//! have ended could be sound; this crate has none yet. Tasks here own what they use, by `move` and by `Arc`.
//!
//! # When not to use it
//!
//! For one task [`spawn`](crate::spawn) and its handle are simpler; futures that need no task of their own are joined by
//! `futures::join!`.

mod ended;
mod error;
mod member;
mod places;
mod shared;
mod slots;
mod spawn;
mod standing;
mod wait;

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

pub use error::{GroupError, SpawnError, TrySpawnError};
pub use spawn::{Spawn, SpawnFrom, Spawner};
pub use wait::{JoinAll, JoinNext, JoinNextWithId, Shutdown, Wait};

use super::{JoinError, TaskId};
use crate::runtime::Handle;
use ended::{Ended, Taken};
use shared::Shared;
use spawn::{Request, Target};
use standing::{Side, Standing};

/// Tasks that belong together. See the [module](self) for how it is used.
///
/// The group holds the result of each task that has ended until it is joined. It may be used on any runtime, or outside of
/// one, and again after [`wait`](Group::wait) and its like. The end of a task costs the same however many there are.
///
/// **Dropping it** aborts the tasks that still run: each is dropped at the await where it stands, and nobody waits for that.
/// Results that were not joined are dropped too.
pub struct Group<T> {
    shared: Arc<Shared<T>>,
    /// What has ended and was not joined, as far as it was fetched.
    taken: Taken<T>,
}

impl<T> Group<T> {
    /// A group without tasks and without a limit.
    pub fn new() -> Group<T> {
        Group {
            shared: Arc::new(Shared::new()),
            taken: Taken::new(),
        }
    }

    /// Limits how many tasks run at once. Those that have ended do not count, joined or not.
    ///
    /// # Panics
    ///
    /// Panics if `limit` is zero, since no task could ever run, or if tasks run already.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, task::Group};
    /// use std::future::pending;
    ///
    /// let group = Group::new().limit(2);
    /// assert!(group.try_spawn(pending::<()>()).is_ok());
    /// assert!(group.try_spawn(pending::<()>()).is_ok());
    /// assert!(group.try_spawn(pending::<()>()).unwrap_err().is_full());
    /// ```
    #[track_caller]
    pub fn limit(self, limit: usize) -> Group<T> {
        assert!(limit > 0, "`Group::limit` of zero: no task could ever run");
        let set = self.shared.lock().places.set_limit(limit);
        assert!(
            set,
            "`Group::limit` called while tasks of the group run: set it before the first one"
        );
        self
    }

    /// A handle that spawns into this group, for its own tasks above all.
    pub fn spawner(&self) -> Spawner<T> {
        Spawner::new(self.shared.clone())
    }

    /// How many tasks have not been joined, ended or not.
    pub fn len(&self) -> usize {
        self.shared.len() + self.taken.len()
    }

    /// Whether every task has been joined.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Asks all tasks to end. Each is dropped at the await where it stands, and is still to be joined: that says
    /// [cancelled](JoinError::is_cancelled).
    ///
    /// As with [`JoinHandle::abort`](crate::JoinHandle::abort), a task that runs goes on to its next await, one that ends by
    /// itself before that keeps its output, and a closure of [`spawn_blocking`](Group::spawn_blocking) that has begun can't be
    /// stopped. Tasks that are spawned afterwards are not touched.
    pub fn abort_all(&self) {
        self.shared.abort_all();
    }

    /// Lets go of all tasks: they run on by themselves, and their outputs are dropped. The group is empty afterwards.
    pub fn detach_all(&mut self) {
        self.shared.detach_all();
        drop(self.taken.take());
    }

    /// Waits for a task to end, and gives its result; those that ended first come first. `None` if every task of the group has
    /// been joined.
    ///
    /// # Errors
    ///
    /// Within the `Some`: the task panicked, was aborted, or was dropped by the end of its runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has ended stays with the group.
    #[track_caller]
    pub fn join_next(&mut self) -> JoinNext<'_, T> {
        JoinNext::new(self, Location::caller())
    }

    /// As [`join_next`](Group::join_next), with the id that the spawn gave.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has ended stays with the group.
    #[track_caller]
    pub fn join_next_with_id(&mut self) -> JoinNextWithId<'_, T> {
        JoinNextWithId::new(self, Location::caller())
    }

    /// The result of a task that has ended; `None` if there is none at the moment.
    ///
    /// # Errors
    ///
    /// As for [`join_next`](Group::join_next).
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        let taken = self.taken.get();
        if taken.is_empty() {
            self.shared.collect_now(taken);
        }
        taken.pop_front().map(Ended::into_result)
    }

    /// Waits until all tasks have ended, those too that they spawn meanwhile, and gives their results in the order in which they
    /// were spawned. A failure ends nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: what has ended stays with the group.
    #[track_caller]
    pub fn join_all(&mut self) -> JoinAll<'_, T> {
        JoinAll::new(self, Location::caller())
    }

    /// [Aborts](Group::abort_all) all tasks and waits until they have ended. What they left is dropped, and so are results that
    /// were not joined before. Until then [spawners](Spawner) bring no new tasks.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before its first poll does nothing. Later on the tasks have been aborted, and are still to be joined.
    #[track_caller]
    pub fn shutdown(&mut self) -> Shutdown<'_, T> {
        Shutdown::new(self, Location::caller())
    }
}

impl<T: Send + 'static> Group<T> {
    /// Spawns a task on the current runtime, or on the default one, when there is a place.
    ///
    /// Without a [limit](Group::limit) there always is.
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
    pub fn spawn<F>(&self, future: F) -> Spawn<'_, T, F>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.spawn_at(future, Target::Current, Location::caller())
    }

    /// As [`spawn`](Group::spawn), on the runtime of `handle`.
    ///
    /// # Cancel safety
    ///
    /// As for [`spawn`](Group::spawn).
    #[track_caller]
    pub fn spawn_on<F>(&self, future: F, handle: &Handle) -> Spawn<'_, T, F>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.spawn_at(future, Target::On(handle.clone()), Location::caller())
    }

    /// As [`spawn`](Group::spawn), for a closure that may block, on a thread of the current runtime's pool. One that has begun
    /// can't be aborted.
    ///
    /// # Cancel safety
    ///
    /// As for [`spawn`](Group::spawn).
    #[track_caller]
    pub fn spawn_blocking<C>(
        &self,
        closure: C,
    ) -> Spawn<'_, T, impl Future<Output = T> + Send + 'static + use<T, C>>
    where
        C: FnOnce() -> T + Send + 'static,
    {
        let future = async { canter_coop::host::unhosted(closure) };
        self.spawn_at(future, Target::Pool, Location::caller())
    }

    /// Spawns a task on the current runtime, or on the default one, if there is a place.
    ///
    /// # Errors
    ///
    /// Gives the future back if as many tasks run as the [limit](Group::limit) allows, which without one never happens.
    #[track_caller]
    pub fn try_spawn<F>(&self, future: F) -> Result<TaskId, TrySpawnError<F>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let place = Location::caller();
        Request::new(self.standing(), future, Target::Current, place).start_now()
    }

    fn spawn_at<F>(&self, future: F, target: Target, place: &'static Location<'static>) -> Spawn<'_, T, F> {
        Spawn::new(Request::new(self.standing(), future, target, place))
    }

    fn standing(&self) -> Standing<'_, T> {
        Standing::new(&self.shared, Side::Owner)
    }
}

impl<T, E> Group<Result<T, E>> {
    /// Waits until all tasks have ended, those too that they spawn meanwhile, and gives their outputs in the order in which they
    /// were spawned, or the first failure.
    ///
    /// At the first failure it [aborts](Group::abort_all) the tasks that still run, and goes on to wait until they have ended: a
    /// task is never left behind, and one that can't be aborted is waited for. Meanwhile [spawners](Spawner) bring no new ones.
    /// The outputs of the others are dropped, and so are their errors; their panics are printed.
    ///
    /// A failure ends the others while this is awaited, and not before. Where many are spawned under a limit, and the first
    /// failure is to end that too, let a task of the group spawn them with a [`Spawner`].
    ///
    /// # Errors
    ///
    /// The failure that came first: an error that a task returned, or that a task panicked, was aborted, or was dropped by the
    /// end of its runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: outputs and failures stay with the group, for the next `wait` or for
    /// [`join_next`](Group::join_next). If it had met a failure, the tasks have been aborted.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, task::{Group, GroupError}};
    /// use std::future::pending;
    ///
    /// block_on(async {
    ///     let mut group = Group::new();
    ///     group.spawn(pending::<Result<(), &str>>()).await;
    ///     group.spawn(async { Err("no more paper") }).await;
    ///     let Err(GroupError::Task(error)) = group.wait().await else { unreachable!() };
    ///     assert_eq!(error, "no more paper");
    ///     assert!(group.is_empty());
    /// });
    /// ```
    #[track_caller]
    pub fn wait(&mut self) -> Wait<'_, T, E> {
        Wait::new(self, Location::caller())
    }
}

/// The results, as by [`join_next`](Group::join_next). It ends when every task has been joined, and goes on when more are
/// spawned.
impl<T> Stream for Group<T> {
    type Item = Result<T, JoinError>;

    #[track_caller]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let ended = ready!(self.poll_next_ended(cx, Location::caller()));
        Poll::Ready(ended.map(Ended::into_result))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.len(), None)
    }
}

impl<T> Unpin for Group<T> {}

impl<T> Default for Group<T> {
    fn default() -> Group<T> {
        Group::new()
    }
}

impl<T> Drop for Group<T> {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl<T> fmt::Debug for Group<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("tasks", &self.len())
            .field("limit", &self.shared.lock().places.limit())
            .finish()
    }
}
