//! Values that are made once, when they are first wanted.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::mem;
use std::panic::Location;

use canter_coop::{Reason, block_on};

use crate::event::Event;
use crate::semaphore::{Acquire, Semaphore, SemaphorePermit, TryAcquireError};
use crate::sync::{OnceLock, const_fn};

static ONCE: Reason = Reason::new("once");

/// A value that is made once, by whoever comes first; the others wait for it.
///
/// Whoever makes the value and is cancelled, fails or panics leaves that to the next one.
///
/// # Examples
///
/// ```
/// use canter_sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::new();
///
/// # futures::executor::block_on(async {
/// let config = CONFIG.get_or_init(async || "read from a file".to_string()).await;
/// assert_eq!(config, "read from a file");
/// assert_eq!(CONFIG.get_or_init(async || unreachable!()).await, config);
/// # });
/// ```
pub struct OnceCell<T> {
    value: OnceLock<T>,
    /// Who has it makes the value. It is closed when there is one.
    permit: Semaphore,
    filled: Event,
}

impl<T> OnceCell<T> {
    const_fn! {
        /// A cell without a value.
        pub fn new() -> OnceCell<T> {
            OnceCell {
                value: OnceLock::new(),
                permit: Semaphore::new(1),
                filled: Event::new(),
            }
        }
    }

    /// The value, if there is one. It never waits.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, if there is one, which nobody else can reach.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// The value, which is made by `init` if there is none and nobody else makes it.
    ///
    /// A cell that is asked for its value by its own `init` waits for ever.
    ///
    /// # Panics
    ///
    /// If `init` panics so does this, and the next one that waits calls its own.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the future of `init` where it stands, and the next one that waits calls its own.
    #[track_caller]
    pub fn get_or_init<F: AsyncFnOnce() -> T>(&self, init: F) -> impl Future<Output = &T> {
        self.get_or_init_at(init, Location::caller())
    }

    #[inline]
    pub(crate) async fn get_or_init_at<F: AsyncFnOnce() -> T>(
        &self,
        init: F,
        place: &'static Location<'static>,
    ) -> &T {
        if let Some(value) = self.get() {
            return value; // before anything is set up for the case that there is none
        }
        let made = self.get_or_try_init_at(async || Ok::<T, Infallible>(init().await), place);
        match made.await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// As [`OnceCell::get_or_init`], with an `init` that may fail.
    ///
    /// # Errors
    ///
    /// The error of `init`, in which case there is no value still, and the next one that waits calls its own.
    ///
    /// # Cancel safety
    ///
    /// As [`OnceCell::get_or_init`].
    #[track_caller]
    pub fn get_or_try_init<E, F: AsyncFnOnce() -> Result<T, E>>(
        &self,
        init: F,
    ) -> impl Future<Output = Result<&T, E>> {
        self.get_or_try_init_at(init, Location::caller())
    }

    async fn get_or_try_init_at<E, F: AsyncFnOnce() -> Result<T, E>>(
        &self,
        init: F,
        place: &'static Location<'static>,
    ) -> Result<&T, E> {
        loop {
            if let Some(value) = self.get() {
                return Ok(value);
            }
            if let Ok(permit) = Acquire::new(&self.permit, 1, place).because(&ONCE).await {
                let value = init().await?;
                return Ok(self.fill(value, permit));
            }
        }
    }

    /// Waits until there is a value, and makes none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> {
        let place = Location::caller();
        async move {
            loop {
                let filled = self.filled.wait_because(&ONCE, place);
                if let Some(value) = self.get() {
                    return value;
                }
                filled.await;
            }
        }
    }

    /// As [`OnceCell::wait`], for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) -> &T {
        block_on(self.wait())
    }

    /// Gives the cell its value.
    ///
    /// # Errors
    ///
    /// [`SetError`] gives the value back if the cell has one, or if somebody is making one.
    pub fn set(&self, value: T) -> Result<&T, SetError<T>> {
        match self.permit.try_acquire() {
            Ok(permit) => Ok(self.fill(value, permit)),
            Err(TryAcquireError::Closed) => Err(SetError::AlreadySet(value)),
            Err(TryAcquireError::NoPermits) => Err(SetError::BeingSet(value)),
        }
    }

    /// Takes the value out; the cell is as new.
    pub fn take(&mut self) -> Option<T> {
        mem::take(self).into_inner()
    }

    /// The value, if there is one.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    fn fill(&self, value: T, permit: SemaphorePermit<'_>) -> &T {
        let value = self.value.get_or_init(|| value);
        let _told = TellAll(&self.filled); // also if a waker panics that is called before
        self.permit.close();
        drop(permit);
        value
    }
}

/// Notifies all when it is dropped.
struct TellAll<'a>(&'a Event);

impl Drop for TellAll<'_> {
    fn drop(&mut self) {
        self.0.notify_all();
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

/// A cell that has its value already.
impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> OnceCell<T> {
        let cell = OnceCell::new();
        let _ = cell.set(value);
        cell
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> OnceCell<T> {
        self.get().cloned().map_or_else(OnceCell::new, OnceCell::from)
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => f.debug_tuple("OnceCell").field(value).finish(),
            None => f.debug_tuple("OnceCell").field(&format_args!("<empty>")).finish(),
        }
    }
}

/// Why a cell did not take a value, which is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetError<T> {
    /// The cell has a value.
    AlreadySet(T),
    /// Somebody is making a value for it. [`OnceCell::wait`] waits for that one.
    BeingSet(T),
}

impl<T> SetError<T> {
    /// The value that the cell did not take.
    pub fn into_inner(self) -> T {
        match self {
            SetError::AlreadySet(value) | SetError::BeingSet(value) => value,
        }
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetError::AlreadySet(_) => "the cell has a value already",
            SetError::BeingSet(_) => "somebody is making a value for the cell; `wait` waits for it",
        })
    }
}

impl<T: fmt::Debug> Error for SetError<T> {}

/// Something that is done once. Go's `sync.Once`.
///
/// # Examples
///
/// ```
/// use canter_sync::Once;
///
/// static SETUP: Once = Once::new();
///
/// # futures::executor::block_on(async {
/// SETUP.call_once(async || println!("printed once")).await;
/// SETUP.call_once(async || println!("printed never")).await;
/// assert!(SETUP.is_completed());
/// # });
/// ```
#[derive(Default)]
pub struct Once {
    cell: OnceCell<()>,
}

impl Once {
    const_fn! {
        /// Nothing has been done yet.
        pub fn new() -> Once {
            Once {
                cell: OnceCell::new(),
            }
        }
    }

    /// Calls the function and awaits its future, unless that was done before. If somebody is at it, it waits for the end of that.
    ///
    /// # Panics
    ///
    /// If the function panics so does this, and the next one that waits calls its own: unlike Go's, a `Once` is done when it was done to the
    /// end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops that of the function where it stands, and the next one that waits calls its own.
    #[track_caller]
    pub fn call_once<F: AsyncFnOnce()>(&self, function: F) -> impl Future<Output = ()> {
        let done = self.cell.get_or_init(function);
        async {
            done.await;
        }
    }

    /// Waits until it was done, and does not do it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future changes nothing.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = ()> {
        let done = self.cell.wait();
        async {
            done.await;
        }
    }

    /// Whether it was done.
    pub fn is_completed(&self) -> bool {
        self.cell.get().is_some()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("completed", &self.is_completed())
            .finish()
    }
}

/// A value that knows how it is made, when it is first wanted. Go's `sync.OnceValue`.
///
/// # Examples
///
/// ```
/// use canter_sync::LazyCell;
///
/// # futures::executor::block_on(async {
/// let greeting = LazyCell::new(async || "hello".to_string());
/// assert_eq!(greeting.try_get(), None);
/// assert_eq!(greeting.get().await, "hello");
/// assert_eq!(greeting.try_get().unwrap(), "hello");
/// # });
/// ```
///
/// In a `static`, whose type has to be written down, it is made by a plain function, or by a closure that captures nothing:
///
/// ```
/// use canter_sync::LazyCell;
/// use std::pin::Pin;
///
/// type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;
///
/// static GREETING: LazyCell<String, fn() -> Boxed<String>> = LazyCell::new(|| Box::pin(async { "hello".to_string() }));
///
/// # canter_executor::block_on(async {
/// canter_executor::spawn(async { assert_eq!(GREETING.get().await, "hello") }).await.unwrap();
/// # });
/// ```
pub struct LazyCell<T, F> {
    cell: OnceCell<T>,
    init: F,
}

impl<T, F> LazyCell<T, F> {
    const_fn! {
        /// A value that `init` makes. It is called again if its future is dropped before it ended, or if it panics.
        pub fn new(init: F) -> LazyCell<T, F> {
            LazyCell {
                cell: OnceCell::new(),
                init,
            }
        }
    }

    /// The value, if it was made. It never waits.
    #[inline]
    pub fn try_get(&self) -> Option<&T> {
        self.cell.get()
    }

    /// The value, if it was made.
    pub fn into_inner(self) -> Option<T> {
        self.cell.into_inner()
    }
}

impl<T, F: Fn() -> Fut, Fut: Future<Output = T>> LazyCell<T, F> {
    /// The value, which is made if nobody did that before.
    ///
    /// # Panics
    ///
    /// If the function panics so does this, and the next one that waits calls it again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops that of the function where it stands, and the next one that waits calls it again.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = &T> {
        self.cell.get_or_init(|| (self.init)())
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyCell<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_get() {
            Some(value) => f.debug_tuple("LazyCell").field(value).finish(),
            None => f.debug_tuple("LazyCell").field(&format_args!("<empty>")).finish(),
        }
    }
}
