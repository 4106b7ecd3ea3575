//! How a context ended, and why.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// How a context ended. Go's `Canceled` and `DeadlineExceeded`.
///
/// As an [`io::Error`] it is of the kind [`TimedOut`](io::ErrorKind::TimedOut) for a deadline, and
/// [`Other`](io::ErrorKind::Other) for a cancel: `Interrupted` would make readers and writers try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// Somebody cancelled the context, or one that it came from.
    Cancelled,
    /// Its deadline has passed, or that of one that it came from.
    DeadlineExceeded,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ContextError::Cancelled => "the context was cancelled",
            ContextError::DeadlineExceeded => "the context's deadline has passed",
        })
    }
}

impl Error for ContextError {}

impl From<ContextError> for io::Error {
    fn from(error: ContextError) -> io::Error {
        io::Error::new(kind(error), error)
    }
}

fn kind(error: ContextError) -> io::ErrorKind {
    match error {
        ContextError::Cancelled => io::ErrorKind::Other,
        ContextError::DeadlineExceeded => io::ErrorKind::TimedOut,
    }
}

/// An error of the user's, shared by all contexts that ended for it.
pub(super) type Given = Arc<dyn Error + Send + Sync>;

/// Shares a cause that the user gives. The cause of another context is not wrapped a second time.
pub(super) fn given(cause: Box<dyn Error + Send + Sync>) -> Given {
    match cause.downcast::<Cause>() {
        Ok(cause) => cause.given.unwrap_or_else(|| Arc::new(cause.error)),
        Err(cause) => Arc::from(cause),
    }
}

/// Why a context ended: the error that somebody gave as the cause, or else the plain [`ContextError`]. Go's `context.Cause`.
///
/// [`Context::cause`](super::Context::cause) gives it. Clones share the error. In words, and as an [`Error`], it is that
/// error and nothing else.
///
/// # Examples
///
/// ```
/// use canter_executor::context::{Context, ContextError};
/// use std::io;
///
/// let (ctx, canceller) = Context::background().with_cancel();
/// canceller.with_cause(io::Error::from(io::ErrorKind::BrokenPipe)).cancel();
/// let cause = ctx.cause().unwrap();
/// assert_eq!(cause.error(), ContextError::Cancelled);
/// assert_eq!(cause.to_string(), "broken pipe");
/// assert_eq!(cause.downcast_ref::<io::Error>().unwrap().kind(), io::ErrorKind::BrokenPipe);
/// ```
#[derive(Clone)]
pub struct Cause {
    error: ContextError,
    given: Option<Given>,
}

impl Cause {
    pub(super) fn new(error: ContextError, given: Option<Given>) -> Cause {
        Cause { error, given }
    }

    /// How the context ended.
    pub fn error(&self) -> ContextError {
        self.error
    }

    /// The error itself: the one that was given, or the plain [`ContextError`].
    pub fn as_error(&self) -> &(dyn Error + Send + Sync + 'static) {
        match &self.given {
            Some(given) => &**given,
            None => &self.error,
        }
    }

    /// The error itself, if it is an `E`.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.as_error().downcast_ref()
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.as_error(), f)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Cause");
        out.field("error", &self.error);
        if let Some(given) = &self.given {
            out.field("given", given);
        }
        out.finish()
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.as_error().source()
    }
}

impl From<Cause> for io::Error {
    fn from(cause: Cause) -> io::Error {
        io::Error::new(kind(cause.error), cause)
    }
}
