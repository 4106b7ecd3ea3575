//! The right to cancel a context.

use std::error::Error;
use std::fmt;

use super::error::{self, Cause, ContextError, Given};
use super::scope::Holder;

/// Cancels a context; [`Context::with_cancel`](super::Context::with_cancel) and its like give it. Go's `CancelFunc`.
///
/// **Dropping it cancels nothing**: whoever does not need it lets it go, as in `let (ctx, _) = parent.with_timeout(limit)`.
/// Nothing leaks by that, since a context that nobody holds leaves its parent and its timer by itself. For Go's
/// `defer cancel()` there is [`Canceller::drop_guard`].
///
/// Clones cancel the same context.
#[derive(Clone)]
pub struct Canceller {
    scope: Holder,
    given: Option<Given>,
}

impl Canceller {
    pub(super) fn new(scope: Holder) -> Canceller {
        Canceller { scope, given: None }
    }

    /// Ends the context and those that came from it, if they have not ended yet.
    ///
    /// When the call that ended it returns, they have all ended, whoever waited for one of them was woken, and the functions of
    /// [`after_cancel`](super::Context::after_cancel) were started.
    ///
    /// # Panics
    ///
    /// A panic of a waker goes on here, after all this.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::{Context, ContextError};
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// let (child, _) = ctx.with_cancel();
    /// canceller.cancel();
    /// assert_eq!(child.error(), Some(ContextError::Cancelled));
    /// ```
    pub fn cancel(&self) {
        let cause = Cause::new(ContextError::Cancelled, self.given.clone());
        self.scope.end(&cause);
    }

    /// A canceller of the same context that gives this cause. Go's `CancelCauseFunc`.
    ///
    /// The first cause counts: it stays where the context has ended already. The [`Cause`] of another context may be given too.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// canceller.with_cause("the server shuts down").cancel();
    /// canceller.with_cause("too late").cancel();
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the server shuts down");
    /// ```
    #[must_use = "it cancels nothing until `cancel` is called"]
    pub fn with_cause(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Canceller {
        Canceller {
            scope: self.scope.clone(),
            given: Some(error::given(cause.into())),
        }
    }

    /// A guard that cancels when it is dropped, also by a panic or by a task that is aborted. Go's `defer cancel()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::context::Context;
    ///
    /// let (ctx, canceller) = Context::background().with_cancel();
    /// {
    ///     let _guard = canceller.with_cause("the request is over").drop_guard();
    ///     assert!(!ctx.is_cancelled());
    /// }
    /// assert_eq!(ctx.cause().unwrap().to_string(), "the request is over");
    /// ```
    pub fn drop_guard(self) -> DropGuard {
        DropGuard(Some(self))
    }
}

impl fmt::Debug for Canceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Canceller")
            .field("error", &self.scope.cause().map(Cause::error))
            .finish_non_exhaustive()
    }
}

/// Cancels a context when it is dropped. [`Canceller::drop_guard`] gives it.
#[derive(Debug)]
#[must_use = "the context is cancelled when the guard is dropped"]
pub struct DropGuard(Option<Canceller>);

impl DropGuard {
    /// The canceller, without the guard.
    pub fn disarm(mut self) -> Canceller {
        self.0
            .take()
            .expect("only this takes it, and it consumes the guard")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(canceller) = &self.0 {
            canceller.cancel();
        }
    }
}
