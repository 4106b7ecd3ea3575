//! The end of a task as others see it: the handle that waits for it, and what it says when there is no value.

#![expect(unsafe_code, reason = "an output is dropped in place")]

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::mem::{self, ManuallyDrop, needs_drop};
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use canter_coop::{Reason, waiting};

use super::cell::{Joiner, TaskRef};
use super::identity::{Identity, TaskId};
use super::panic::Panicked;
use crate::diagnostics::{TaskPanic, words};
use crate::report::report;

pub(super) static JOIN: Reason = Reason::new("join");

/// Waits for a task and gives its output.
///
/// Dropping the handle detaches the task: it goes on, and its output is dropped. A panic of a task that nobody joins is
/// printed to standard error with the place where the task was spawned, unless
/// [`Builder::on_task_panic`](crate::runtime::Builder::on_task_panic) says something else.
///
/// # Tasks that nothing can wake
///
/// A task whose wakers are all gone while it waits can never run again: it waits for something that nobody has any more. As long as
/// there is a handle nothing happens to it; it can be aborted, and a join waits for ever. Once the handle is dropped too, its future is
/// dropped on a worker of its runtime, where a local one lives on its own thread, and it is counted among the leaked tasks. Tasks
/// that keep each other's wakers are not found that way: one that waits for a channel both of whose ends it holds, or one that joins a
/// task which waits for ever.
///
/// # Cancel safety
///
/// Polling the handle by reference (`&mut handle`) and dropping that future loses nothing: the output stays with the handle.
///
/// # Panics
///
/// Polling it again after it gave its output panics.
///
/// # Examples
///
/// ```
/// # use canter_executor::{block_on, spawn};
/// block_on(async {
///     let answer = spawn(async { 6 * 7 });
///     assert_eq!(answer.await.unwrap(), 42);
/// });
/// ```
#[must_use = "dropping a handle detaches the task; `go` says so more plainly"]
pub struct JoinHandle<T> {
    /// Until the output was given.
    joiner: Option<Joiner<T>>,
}

impl<T> JoinHandle<T> {
    pub(super) fn new(joiner: Joiner<T>) -> JoinHandle<T> {
        JoinHandle { joiner: Some(joiner) }
    }

    /// Asks the task to end: it is dropped at the await where it stands, and the join says
    /// [cancelled](JoinError::is_cancelled).
    ///
    /// A task that is running goes on to its next await; one that ends by itself before that keeps its output. A closure of
    /// `spawn_blocking` that has begun can't be stopped. Aborting a task that has ended does nothing.
    pub fn abort(&self) {
        if let Some(waker) = self.mark_aborted() {
            waker.wake();
        }
    }

    /// The first half of an abort, which may be done under a lock: the second is to wake what this gives.
    pub(super) fn mark_aborted(&self) -> Option<Waker> {
        self.joiner.as_ref().and_then(Joiner::abort)
    }

    /// Whether the task has ended and the join would not wait.
    pub fn is_finished(&self) -> bool {
        self.joiner.as_ref().is_none_or(Joiner::is_completed)
    }

    /// The identity of the task.
    ///
    /// # Panics
    ///
    /// Panics after the handle gave the task's output.
    #[track_caller]
    pub fn id(&self) -> TaskId {
        self.task_for("id").id()
    }

    /// The name that the task was given, if it was; see [`task::Builder`](super::Builder).
    ///
    /// # Panics
    ///
    /// Panics after the handle gave the task's output.
    #[track_caller]
    pub fn name(&self) -> Option<&str> {
        self.task_for("name").name().map(|name| &**name)
    }

    #[track_caller]
    fn task_for(&self, method: &str) -> &TaskRef {
        match self.task() {
            Some(task) => task,
            None => panic!("`JoinHandle::{method}` called after the handle gave the task's output"),
        }
    }

    /// The task, until the output was given.
    pub(super) fn task(&self) -> Option<&TaskRef> {
        self.joiner.as_ref().map(Joiner::task)
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    #[track_caller]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let joiner = self.joiner.as_mut();
        let joiner = joiner.expect("`JoinHandle` polled after it gave the task's output");
        if joiner.poll(cx.waker()).is_pending() {
            waiting::report(&JOIN, Location::caller());
            return Poll::Pending;
        }
        let joiner = self.joiner.take().expect("it was there above");
        Poll::Ready(joiner.into_result())
    }
}

impl<T> Unpin for JoinHandle<T> {}

impl<T> UnwindSafe for JoinHandle<T> {}
impl<T> RefUnwindSafe for JoinHandle<T> {}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("JoinHandle");
        if let Some(joiner) = &self.joiner {
            out.field("id", &joiner.task().id());
        }
        out.field("finished", &self.is_finished()).finish()
    }
}

/// The output of a task on its way to whoever joins. Where nobody does, a panic in its destructor is printed.
pub(crate) struct Output<T> {
    value: ManuallyDrop<T>,
    id: TaskId,
    spawned_at: &'static Location<'static>,
}

impl<T> Output<T> {
    pub(super) fn new(task: &TaskRef, value: T) -> Output<T> {
        Output {
            value: ManuallyDrop::new(value),
            id: task.id(),
            spawned_at: task.spawned_at(),
        }
    }

    pub(super) fn value(&self) -> &T {
        &self.value
    }

    pub(super) fn into_inner(self) -> T {
        let mut output = ManuallyDrop::new(self);
        // SAFETY: the output around it is never dropped, so the value is taken once.
        unsafe { ManuallyDrop::take(&mut output.value) }
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        let Output {
            value,
            id,
            spawned_at,
        } = self;
        // SAFETY: the value is dropped here only, and `into_inner` keeps this from running.
        let dropped = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(value) }));
        if let Err(payload) = dropped {
            report(format_args!(
                "the output of task {id} (spawned at {spawned_at}) that nobody joins panicked in its destructor: {}",
                words(&*payload)
            ));
            drop_payload(payload);
        }
    }
}

/// Drops the result of a task that nobody joins. Does not panic.
#[inline]
pub(super) fn discard<T>(task: &TaskRef, result: Result<T, Failure>) {
    match result {
        Ok(output) if needs_drop::<T>() => drop(Output::new(task, output)),
        Ok(_) => {}
        Err(failure) => drop(failure),
    }
}

/// Drops the payload of a panic that was told. One that panics in its own destructor is left at that.
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        mem::forget(another);
    }
}

/// Why a task ended without an output, as the task's allocation keeps it.
pub(crate) enum Failure {
    Cancelled,
    Panic(Box<Panic>),
}

impl Failure {
    /// The task's future panicked, and is still there or in its destructor.
    pub(super) fn panic(task: &TaskRef, panicked: Panicked) -> Failure {
        let Panicked { payload, told } = panicked;
        task.set_panicked();
        Failure::Panic(Box::new(Panic {
            payload: Some(payload),
            told,
            task: task.identity(),
        }))
    }

    pub(super) fn into_join_error(self, task: Identity) -> JoinError {
        let kind = match self {
            Failure::Cancelled => Kind::Cancelled,
            Failure::Panic(mut panic) => panic
                .payload
                .take()
                .map_or(Kind::Cancelled, |payload| Kind::Panic(Mutex::new(payload))),
        };
        JoinError { task, kind }
    }
}

/// A panic on its way to whoever joins; one that never gets there is printed, unless it was told of, so that it can't be swallowed.
pub(crate) struct Panic {
    payload: Option<Box<dyn Any + Send>>,
    told: bool,
    task: Identity,
}

impl Drop for Panic {
    fn drop(&mut self) {
        if let Some(payload) = self.payload.take() {
            let Panic { task, told, .. } = self;
            if !*told {
                let words = words(&*payload);
                report(format_args!("{task} panicked and nobody joins it: {words}"));
            }
            drop_payload(payload);
        }
    }
}

/// Why a task has no output: it was cancelled, or it panicked.
///
/// A task is cancelled by [`JoinHandle::abort`], or when its runtime ends before it does. It reads as `task 17 (spawned at
/// src/main.rs:40:5) was cancelled` or `.. panicked: no more paper`, with the task's name behind the number if it has one.
pub struct JoinError {
    task: Identity,
    kind: Kind,
}

enum Kind {
    Cancelled,
    /// Behind a lock because the error is shared between threads and a payload need not be.
    Panic(Mutex<Box<dyn Any + Send>>),
}

impl JoinError {
    /// The task was aborted, or its runtime ended.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.kind, Kind::Cancelled)
    }

    /// The task panicked.
    pub fn is_panic(&self) -> bool {
        matches!(self.kind, Kind::Panic(_))
    }

    /// The payload of the panic, for [`std::panic::resume_unwind`] or a closer look.
    ///
    /// # Panics
    ///
    /// Panics if the task did not panic; [`JoinError::try_into_panic`] gives the error back instead.
    #[track_caller]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("`JoinError::into_panic` called on an error that is no panic: {error}"),
        }
    }

    /// The payload of the panic.
    ///
    /// # Errors
    ///
    /// Gives the error back if the task did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.kind {
            Kind::Panic(payload) => Ok(payload.into_inner().unwrap_or_else(PoisonError::into_inner)),
            Kind::Cancelled => Err(self),
        }
    }

    /// The task that this is about.
    pub fn id(&self) -> TaskId {
        self.task.id
    }

    /// The name that the task was given, if it was; see [`task::Builder`](super::Builder).
    pub fn name(&self) -> Option<&str> {
        self.task.name.as_deref()
    }

    /// Where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Cancelled => write!(f, "{} was cancelled", self.task),
            Kind::Panic(payload) => {
                let payload = payload.lock().unwrap_or_else(PoisonError::into_inner);
                TaskPanic::new(&self.task, &**payload).fmt(f)
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> io::Error {
        io::Error::other(error)
    }
}
