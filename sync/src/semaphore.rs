//! A number of permits that tasks take and give back.

use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, block_on, budget, waiting};

use crate::holder::Holder;
use crate::raw::{self, Acquired, Wait};
use crate::sync::const_fn;

static SEMAPHORE: Reason = Reason::new("semaphore");

/// A number of permits that tasks take and give back: so many at a time may do something. Go's `x/sync/semaphore`.
///
/// # Fairness
///
/// Permits are given out in the order of arrival. A request for many is not passed by requests for few that come after it: those wait behind
/// it, although there may be permits for them.
///
/// # Examples
///
/// ```
/// use canter_sync::Semaphore;
///
/// static DOWNLOADS: Semaphore = Semaphore::new(8);
///
/// async fn download(url: &str) {
///     let _permit = DOWNLOADS.acquire().await.expect("nobody closes it");
///     // ... at most eight of these at a time
/// #   assert!(!url.is_empty());
/// }
/// # futures::executor::block_on(download("http://127.0.0.1/"));
/// ```
pub struct Semaphore {
    raw: raw::Semaphore,
}

/// Each way to acquire permits has a form whose permits keep the semaphore alive (`_owned`).
impl Semaphore {
    /// As many permits as there can be.
    pub const MAX_PERMITS: usize = raw::Semaphore::MAX_PERMITS;

    const_fn! {
        /// A semaphore with so many permits.
        ///
        /// # Panics
        ///
        /// Panics if that is more than [`Semaphore::MAX_PERMITS`].
        pub fn new(permits: usize) -> Semaphore {
            assert!(
                permits <= Semaphore::MAX_PERMITS,
                "`Semaphore::new` was asked for more than `MAX_PERMITS`"
            );
            Semaphore {
                raw: raw::Semaphore::new(permits),
            }
        }
    }

    /// Waits for a permit.
    ///
    /// # Errors
    ///
    /// [`AcquireError`] if the semaphore is or will be closed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes no permit. The place in line is lost.
    #[track_caller]
    #[inline]
    pub fn acquire(&self) -> Acquire<&Semaphore> {
        self.acquire_many(1)
    }

    /// Waits for so many permits, and takes them together. More than will ever be there are waited for without end; none are there at once.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::acquire`].
    ///
    /// # Cancel safety
    ///
    /// As [`Semaphore::acquire`].
    #[track_caller]
    #[inline]
    pub fn acquire_many(&self, permits: usize) -> Acquire<&Semaphore> {
        Acquire::new(self, permits, Location::caller())
    }

    /// As [`Semaphore::acquire`], with a permit that keeps the semaphore alive.
    #[track_caller]
    #[inline]
    pub fn acquire_owned(self: &Arc<Self>) -> Acquire<Arc<Semaphore>> {
        self.acquire_many_owned(1)
    }

    /// As [`Semaphore::acquire_many`], with permits that keep the semaphore alive.
    #[track_caller]
    #[inline]
    pub fn acquire_many_owned(self: &Arc<Self>, permits: usize) -> Acquire<Arc<Semaphore>> {
        Acquire::new(self.clone(), permits, Location::caller())
    }

    /// As [`Semaphore::acquire_many`], for a thread that may block.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire_many_blocking(&self, permits: usize) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.try_acquire_many(permits)
            .or_else(|_| block_on(self.acquire_many(permits)))
    }

    /// As [`Semaphore::acquire`], for a thread that may block.
    ///
    /// # Errors
    ///
    /// As [`Semaphore::acquire`].
    #[track_caller]
    pub fn acquire_blocking(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.try_acquire().or_else(|_| block_on(self.acquire()))
    }

    /// Takes a permit, unless it would have to wait: because there is none, or because others wait already.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] says why there is none.
    #[inline]
    pub fn try_acquire(&self) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.try_acquire_many(1)
    }

    /// As [`Semaphore::try_acquire`], for so many permits together.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] says why there are none.
    #[inline]
    pub fn try_acquire_many(&self, permits: usize) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        Permit::try_new(self, permits)
    }

    /// As [`Semaphore::try_acquire`], with a permit that keeps the semaphore alive.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] says why there is none.
    #[inline]
    pub fn try_acquire_owned(self: &Arc<Self>) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        self.try_acquire_many_owned(1)
    }

    /// As [`Semaphore::try_acquire_many`], with permits that keep the semaphore alive.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError`] says why there are none.
    #[inline]
    pub fn try_acquire_many_owned(
        self: &Arc<Self>,
        permits: usize,
    ) -> Result<OwnedSemaphorePermit, TryAcquireError> {
        Permit::try_new(self.clone(), permits)
    }

    /// How many permits nobody has, which may have changed by the time that the caller looks at the answer.
    pub fn available_permits(&self) -> usize {
        self.raw.available()
    }

    /// Adds permits, for those who wait first of all.
    ///
    /// # Panics
    ///
    /// Panics if more than [`Semaphore::MAX_PERMITS`] would be free then. Permits that somebody has are to fit as well when they come back.
    #[track_caller]
    pub fn add_permits(&self, permits: usize) {
        assert!(
            self.raw.try_add(permits).is_ok(),
            "`Semaphore::add_permits` would take the permits above {}, which it can't count",
            Semaphore::MAX_PERMITS
        );
    }

    /// Takes so many permits away for ever, or as many as nobody has at the moment. Says how many it took.
    pub fn forget_permits(&self, permits: usize) -> usize {
        self.raw.forget(permits)
    }

    /// Ends the semaphore: those who wait get an error, and so do all who come later. Permits that somebody has remain valid.
    pub fn close(&self) {
        self.raw.close();
    }

    /// Whether the semaphore was closed.
    pub fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .field("closed", &self.is_closed())
            .finish()
    }
}

/// Permits of a semaphore that is reached by reference.
pub type SemaphorePermit<'a> = Permit<&'a Semaphore>;

/// Permits that keep their semaphore alive.
pub type OwnedSemaphorePermit = Permit<Arc<Semaphore>>;

/// Permits of a semaphore, which it gets back when this is dropped.
#[derive(Debug)]
#[must_use = "permits that are dropped at once are given back at once"]
pub struct Permit<H: Holder<Semaphore>> {
    semaphore: H,
    permits: usize,
}

impl<H: Holder<Semaphore>> Permit<H> {
    #[inline]
    fn try_new(semaphore: H, permits: usize) -> Result<Permit<H>, TryAcquireError> {
        match semaphore.raw.try_acquire(permits) {
            Acquired::Yes => Ok(Permit { semaphore, permits }),
            Acquired::TooFew => Err(TryAcquireError::NoPermits),
            Acquired::Closed => Err(TryAcquireError::Closed),
        }
    }

    /// The semaphore.
    pub fn semaphore(&self) -> &H {
        &self.semaphore
    }

    /// How many permits these are.
    pub fn permits(&self) -> usize {
        self.permits
    }

    /// Keeps the permits from the semaphore for ever.
    pub fn forget(mut self) {
        self.permits = 0;
    }

    /// Takes some of the permits out, to be given back separately. `None` if there are fewer.
    pub fn split(&mut self, permits: usize) -> Option<Permit<H>> {
        self.permits = self.permits.checked_sub(permits)?;
        Some(Permit {
            semaphore: self.semaphore.clone(),
            permits,
        })
    }

    /// Adds the permits of another one.
    ///
    /// # Panics
    ///
    /// Panics if they are of another semaphore.
    #[track_caller]
    pub fn merge(&mut self, mut other: Permit<H>) {
        assert!(
            std::ptr::eq::<Semaphore>(&*self.semaphore, &*other.semaphore),
            "`Permit::merge` was asked to add permits of another semaphore"
        );
        self.permits += mem::take(&mut other.permits);
    }
}

impl<H: Holder<Semaphore>> Drop for Permit<H> {
    #[inline]
    fn drop(&mut self) {
        if self.permits != 0 {
            self.semaphore.raw.release(self.permits);
        }
    }
}

/// The future of [`Semaphore::acquire`] and its like.
///
/// # Panics
///
/// Polling it again after it ended panics.
#[must_use = "a future does nothing until it is awaited"]
pub struct Acquire<H: Holder<Semaphore>> {
    /// `None` when it has ended.
    semaphore: Option<H>,
    permits: usize,
    wait: Wait,
    reason: &'static Reason,
    place: &'static Location<'static>,
}

impl<H: Holder<Semaphore>> Acquire<H> {
    #[inline]
    pub(crate) fn new(semaphore: H, permits: usize, place: &'static Location<'static>) -> Acquire<H> {
        Acquire {
            semaphore: Some(semaphore),
            permits,
            wait: Wait::new(),
            reason: &SEMAPHORE,
            place,
        }
    }

    /// What is to be reported of a semaphore that is part of something else.
    pub(crate) fn because(mut self, reason: &'static Reason) -> Acquire<H> {
        self.reason = reason;
        self
    }
}

impl<H: Holder<Semaphore>> Future for Acquire<H> {
    type Output = Result<Permit<H>, AcquireError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let operation = ready!(budget::poll_proceed(cx));
        let this = &mut *self;
        let Some(semaphore) = &this.semaphore else {
            panic!("`Acquire` was polled again after it ended");
        };
        let permits = this.permits;
        let polled = semaphore.raw.poll_acquire(&mut this.wait, permits, cx.waker());
        let Poll::Ready(acquired) = polled else {
            waiting::report(this.reason, this.place);
            return Poll::Pending;
        };
        operation.made_progress();
        Poll::Ready(match (acquired, this.semaphore.take()) {
            (Acquired::Yes, Some(semaphore)) => Ok(Permit { semaphore, permits }),
            _ => Err(AcquireError),
        })
    }
}

impl<H: Holder<Semaphore>> Drop for Acquire<H> {
    #[inline]
    fn drop(&mut self) {
        if let Some(semaphore) = &self.semaphore {
            semaphore.raw.cancel(&mut self.wait);
        }
    }
}

impl<H: Holder<Semaphore>> fmt::Debug for Acquire<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}

/// The semaphore is closed and gives out no more permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AcquireError;

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed and gives out no more permits")
    }
}

impl Error for AcquireError {}

/// Why there was no permit without waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is closed and gives out no more permits.
    Closed,
    /// There are too few permits, or others wait for some already: `acquire` waits behind them.
    NoPermits,
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryAcquireError::Closed => AcquireError.fmt(f),
            TryAcquireError::NoPermits => {
                f.write_str("too few permits are free, or others wait for some already; `acquire` waits")
            }
        }
    }
}

impl Error for TryAcquireError {}
