//! Telling a whole tree of calls and tasks that nobody wants their result any more. Go's `context`.
//!
//! ```
//! use canter_executor::context::{Context, ContextError};
//! use canter_executor::time::sleep;
//! use std::time::Duration;
//!
//! async fn look_up(ctx: &Context, word: &str) -> Result<usize, ContextError> {
//!     let slow = async {
//!         sleep(Duration::from_secs(3600)).await;
//!         word.len()
//!     };
//!     ctx.run(slow).await
//! }
//!
//! canter_executor::block_on(async {
//!     let (ctx, _) = Context::background().with_timeout(Duration::from_millis(2));
//!     assert_eq!(look_up(&ctx, "canter").await, Err(ContextError::DeadlineExceeded));
//! });
//! ```
//!
//! # The tree
//!
//! [`Context::background`] is the root, which never ends. From any context others are made, and they end with it:
//! [`with_cancel`](Context::with_cancel), [`with_timeout`](Context::with_timeout) and
//! [`with_deadline`](Context::with_deadline) give one that may end earlier, [`with_value`](Context::with_value) one that
//! carries a value, and [`without_cancel`](Context::without_cancel) one with the values alone. A child that has ended leaves
//! its parent alone.
//!
//! A context ends once: by [`Canceller::cancel`] or by its deadline, whichever comes first, its own or that of one above it.
//! [`Context::error`] then says how, and [`Context::cause`] why. A deadline needs nobody who waits for it: its timer runs on
//! the runtime of the thread that set it, or on the default one.
//!
//! # Letting go
//!
//! Nothing has to be cancelled for the sake of memory. A context that no context, canceller or child holds any more leaves its
//! parent at once, however many siblings it has, and its timer is cancelled. Only functions of
//! [`after_cancel`](Context::after_cancel) keep it in its place, for as long as something is there that could end it.
//!
//! # When not to use it
//!
//! To give one future a limit of time, [`timeout`](crate::time::timeout) is enough; to end one task,
//! [`JoinHandle::abort`](crate::JoinHandle::abort). Values are for what belongs to a request and crosses interfaces, such as
//! its number; what a function needs to do its work is better an argument.

mod after;
mod cancelled;
mod canceller;
mod error;
#[cfg(all(test, canter_loom))]
mod model;
mod run;
mod scope;
mod values;

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use after::AfterCancel;
pub use cancelled::{Cancelled, CancelledOwned};
pub use canceller::{Canceller, DropGuard};
pub use error::{Cause, ContextError};
pub use run::Run;

use crate::runtime;
use error::Given;
use scope::{Holder, Scope};
use values::Values;

/// When to stop, and what a request carries along. Go's `Context`.
///
/// Clones are the same context, and cost the count of a reference. By convention it is a function's first argument, `ctx`.
#[derive(Clone, Default)]
pub struct Context(Option<Arc<Node>>);

struct Node {
    /// The nearest one above; none where nothing can end it.
    scope: Option<Holder>,
    values: Option<Arc<Values>>,
}

impl Context {
    /// The root: it never ends, and has neither deadline nor values. It allocates nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    ///
    /// static ROOT: Context = Context::background();
    /// assert!(!ROOT.is_cancelled());
    /// assert_eq!(ROOT.deadline(), None);
    /// ```
    pub const fn background() -> Context {
        Context(None)
    }

    /// A child that can be cancelled. It has ended already if this one has.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::{Context, ContextError};
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// assert!(!ctx.is_cancelled());
    /// canceller.cancel();
    /// assert_eq!(ctx.error(), Some(ContextError::Cancelled));
    /// ```
    #[must_use]
    pub fn with_cancel(&self) -> (Context, Canceller) {
        self.child(None, None)
    }

    /// A child that ends when `timeout` has passed, counted from this call, or earlier with its canceller.
    ///
    /// Zero is over at once. [`Duration::MAX`], or any duration that leads past the end of the clock, sets no deadline. For the
    /// rest see [`with_deadline`](Context::with_deadline).
    ///
    /// # Panics
    ///
    /// As [`with_deadline`](Context::with_deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, context::{Context, ContextError}};
    /// use std::time::Duration;
    ///
    /// let (ctx, _) = Context::background().with_timeout(Duration::from_millis(2));
    /// block_on(ctx.cancelled());
    /// assert_eq!(ctx.error(), Some(ContextError::DeadlineExceeded));
    /// ```
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> (Context, Canceller) {
        self.child(Instant::now().checked_add(timeout), None)
    }

    /// A child that ends at `deadline`, or earlier with its canceller.
    ///
    /// A deadline that has passed gives a context that is over at once; one that lies behind this context's own deadline
    /// changes nothing. It ends like any timer: never early, and within about a millisecond where a worker is free. Until
    /// then [`is_cancelled`](Context::is_cancelled) is false, also if [`time_left`](Context::time_left) is zero already.
    ///
    /// The timer runs on the current runtime, or on the default one, and moves to that if its own runtime ends.
    ///
    /// # Panics
    ///
    /// Panics if it needs the default runtime and that can't be started.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::{Context, ContextError};
    /// use std::time::Instant;
    ///
    /// let (ctx, _) = Context::background().with_deadline(Instant::now());
    /// assert_eq!(ctx.error(), Some(ContextError::DeadlineExceeded));
    /// ```
    #[must_use]
    pub fn with_deadline(&self, deadline: Instant) -> (Context, Canceller) {
        self.child(Some(deadline), None)
    }

    /// As [`with_timeout`](Context::with_timeout), with what [`cause`](Context::cause) says when it is the time-out that ends
    /// the child. A cancel has its own: [`Canceller::with_cause`].
    ///
    /// # Panics
    ///
    /// As [`with_deadline`](Context::with_deadline).
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    /// use std::time::Duration;
    ///
    /// let ctx = Context::background();
    /// let (ctx, _) = ctx.with_timeout_cause(Duration::ZERO, "the directory did not answer");
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the directory did not answer");
    /// ```
    #[must_use]
    pub fn with_timeout_cause(
        &self,
        timeout: Duration,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, Canceller) {
        let deadline = Instant::now().checked_add(timeout);
        self.child(deadline, Some(error::given(cause.into())))
    }

    /// As [`with_deadline`](Context::with_deadline), with what [`cause`](Context::cause) says when it is the deadline that
    /// ends the child.
    ///
    /// # Panics
    ///
    /// As [`with_deadline`](Context::with_deadline).
    #[must_use]
    pub fn with_deadline_cause(
        &self,
        deadline: Instant,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, Canceller) {
        self.child(Some(deadline), Some(error::given(cause.into())))
    }

    /// A context that carries `value` besides what this one carries, and ends with it.
    ///
    /// A value is known by its type: one of a type that is there already hides the outer one. A type of your own, private to
    /// your module, collides with nobody's.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct RequestId(u64);
    ///
    /// let ctx = Context::background().with_value(RequestId(7));
    /// let (child, _) = ctx.with_cancel();
    /// assert_eq!(child.value::<RequestId>(), Some(&RequestId(7)));
    /// assert_eq!(child.value::<u64>(), None);
    /// ```
    #[must_use]
    pub fn with_value<T: Any + Send + Sync>(&self, value: T) -> Context {
        Context(Some(Arc::new(Node {
            scope: self.scope().cloned(),
            values: Some(Values::new(value, self.values().cloned())),
        })))
    }

    /// A context with the same values that does not end with this one, and has no deadline: for work that has to be done also
    /// when nobody waits for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    ///
    /// let (ctx, canceller) = Context::background().with_value("ada").with_cancel();
    /// let log = ctx.without_cancel();
    /// canceller.cancel();
    /// assert!(!log.is_cancelled());
    /// assert_eq!(log.value::<&str>(), Some(&"ada"));
    /// ```
    #[must_use]
    pub fn without_cancel(&self) -> Context {
        let values = self.values().cloned();
        Context(values.map(|values| {
            Arc::new(Node {
                scope: None,
                values: Some(values),
            })
        }))
    }

    /// Whether it has ended, by whatever: a cancel or a deadline. One atomic load.
    pub fn is_cancelled(&self) -> bool {
        self.error().is_some()
    }

    /// How it ended; `None` while it has not. Go's `ctx.Err()`.
    pub fn error(&self) -> Option<ContextError> {
        Some(self.scope()?.cause()?.error())
    }

    /// Why it ended; `None` while it has not. Go's `context.Cause`.
    ///
    /// It is what the first one gave who ended it: by [`Canceller::with_cause`], by
    /// [`with_timeout_cause`](Context::with_timeout_cause), or above it in the tree. Without any it says the same as
    /// [`error`](Context::error).
    pub fn cause(&self) -> Option<Cause> {
        self.scope()?.cause().cloned()
    }

    /// When it ends at the latest: the earliest deadline of its own and those above; `None` if there is none.
    pub fn deadline(&self) -> Option<Instant> {
        self.scope()?.deadline()
    }

    /// How long until its deadline, which is zero once that has passed; `None` if there is none.
    pub fn time_left(&self) -> Option<Duration> {
        Some(self.deadline()?.saturating_duration_since(Instant::now()))
    }

    /// The value of this type that it carries, the one that was added last.
    ///
    /// It takes time in proportion to the number of values that were added after it.
    pub fn value<T: Any>(&self) -> Option<&T> {
        self.values()?.find()
    }

    /// Waits until it ends; the background never does. It may be an arm of a `select!`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, and leaves no waker behind.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, context::Context, go};
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// go(async move { canceller.cancel() });
    /// block_on(ctx.cancelled());
    /// assert!(ctx.is_cancelled());
    /// ```
    #[track_caller]
    pub fn cancelled(&self) -> Cancelled<'_> {
        Cancelled::new(self, Location::caller())
    }

    /// As [`cancelled`](Context::cancelled), with a future that keeps the context.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the waiting, and leaves no waker behind.
    #[track_caller]
    pub fn cancelled_owned(self) -> CancelledOwned {
        CancelledOwned::new(self, Location::caller())
    }

    /// Waits on this thread until it ends. For a thread without a runtime: it starts none.
    ///
    /// Inside a task it works too: the worker's queue goes to another thread meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    /// use std::thread;
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// let thread = thread::spawn(move || ctx.cancelled_blocking());
    /// canceller.cancel();
    /// thread.join().unwrap();
    /// ```
    #[track_caller]
    pub fn cancelled_blocking(&self) {
        runtime::block_on_leaf(self.cancelled());
    }

    /// Runs `future` to its end, or until the context ends: the future is dropped then.
    ///
    /// The future is polled first: one that is ready wins over a context that has ended, and is polled once in any case. It
    /// need be neither `Send` nor `'static`.
    ///
    /// # Panics
    ///
    /// Polling it again after it gave the future's output may panic.
    ///
    /// # Errors
    ///
    /// How the context ended, if it did before the future; [`cause`](Context::cause) says more.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::{block_on, context::{Context, ContextError}};
    /// use std::future::pending;
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// block_on(async {
    ///     assert_eq!(ctx.run(async { 7 }).await, Ok(7));
    ///     canceller.cancel();
    ///     assert_eq!(ctx.run(pending::<()>()).await, Err(ContextError::Cancelled));
    /// });
    /// ```
    pub fn run<F: IntoFuture>(&self, future: F) -> Run<'_, F::IntoFuture> {
        Run::new(self, future.into_future())
    }

    /// Runs `f` when the context ends, once and on a task of its own; at once if it has ended. Go's `AfterFunc`.
    ///
    /// The task is started, as by [`go`](crate::go), on the runtime that is current now, or else on the default one; if that
    /// has ended by then, `f` is dropped. A panic in it is one of that task's. [`AfterCancel::stop`] takes `f` back;
    /// dropping the handle does not.
    ///
    /// `f` waits also when the context itself was dropped, as long as there is a deadline or something above that may end it.
    /// It is dropped when nothing is left that could: at once for one that never ends. A clone of the context or of its
    /// canceller inside of `f` keeps the two alive until the context ends or `f` is stopped.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    /// use std::sync::mpsc;
    ///
    /// // A context that ends with either of two others:
    /// let (one, _one_canceller) = Context::background().with_cancel();
    /// let (other, other_canceller) = Context::background().with_cancel();
    /// let (both, canceller) = one.with_cancel();
    /// let link = other.after_cancel(move || canceller.cancel());
    ///
    /// other_canceller.cancel();
    /// both.cancelled_blocking();
    /// assert!(!one.is_cancelled());
    /// assert!(!link.stop(), "it has been started");
    /// ```
    #[track_caller]
    pub fn after_cancel<F>(&self, f: F) -> AfterCancel
    where
        F: FnOnce() + Send + 'static,
    {
        AfterCancel::register(self, f, Location::caller())
    }

    fn child(&self, deadline: Option<Instant>, given: Option<Given>) -> (Context, Canceller) {
        let scope = Scope::below(self.scope().map(|scope| &**scope), deadline);
        let canceller = Canceller::new(scope.clone());
        if let Some(deadline) = deadline {
            scope.end_at(deadline, given);
        }
        let node = Node {
            scope: Some(scope),
            values: self.values().cloned(),
        };
        (Context(Some(Arc::new(node))), canceller)
    }

    fn scope(&self) -> Option<&Holder> {
        self.0.as_ref()?.scope.as_ref()
    }

    fn values(&self) -> Option<&Arc<Values>> {
        self.0.as_ref()?.values.as_ref()
    }
}

/// Says whether it has ended and how, and who follows it: children, waiters and functions.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(scope) = self.scope() else {
            return f.write_str("Context(never ends)");
        };
        let mut out = f.debug_struct("Context");
        out.field("error", &self.error());
        out.field("deadline", &self.deadline());
        out.field("followers", &scope.followers());
        out.finish()
    }
}
