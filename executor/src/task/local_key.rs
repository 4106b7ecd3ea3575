//! Task-local storage: a value that is there while one future is polled, wherever that happens.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

/// Declares task-local keys.
///
/// A key has no value by itself: [`LocalKey::scope`] gives it one for the time in which a future is polled. The future may
/// move between threads; the value goes with it. Works under any executor.
///
/// # Examples
///
/// ```
/// use canter_executor::task_local;
///
/// task_local! {
///     /// Who asked.
///     static USER: String;
///     static DEPTH: u32;
/// }
///
/// canter_executor::block_on(USER.scope("ada".to_owned(), async {
///     assert_eq!(USER.with(|user| user.len()), 3);
///     assert!(DEPTH.try_with(|_| ()).is_err());
/// }));
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty);+ $(;)?) => {
        $($(#[$attribute])* $visibility static $name: $crate::task::LocalKey<$type> = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::std::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }
            $crate::task::LocalKey::new(&SLOT)
        };)+
    };
}

/// A key for task-local values, declared with [`task_local!`](crate::task_local).
pub struct LocalKey<T: 'static> {
    slot: &'static thread::LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)] // for `task_local!` alone
    pub const fn new(slot: &'static thread::LocalKey<RefCell<Option<T>>>) -> LocalKey<T> {
        LocalKey { slot }
    }

    /// Gives the key `value` whenever `future` is polled or dropped.
    ///
    /// Scopes nest: the inner value hides the outer one. The tasks that `future` spawns do not inherit the value.
    ///
    /// # Cancel safety
    ///
    /// As `future`'s.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(Box::pin(future)),
        }
    }

    /// Gives the key `value` while `f` runs.
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        let mut value = Some(value);
        self.swapped(&mut value, f)
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// Panics outside of a scope of this key; [`LocalKey::try_with`] says so instead.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Errors
    ///
    /// Says that there is no value outside of a scope of this key.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, AccessError> {
        match self.slot.try_with(|slot| slot.borrow().as_ref().map(f)) {
            Ok(Some(result)) => Ok(result),
            Ok(None) | Err(_) => Err(AccessError(())),
        }
    }

    /// A clone of the value.
    ///
    /// # Panics
    ///
    /// Panics outside of a scope of this key.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// Runs `f` with `value` in the key's slot, and takes it back afterwards, also after a panic.
    fn swapped<R>(&'static self, value: &mut Option<T>, f: impl FnOnce() -> R) -> R {
        struct Back<'a, T: 'static>(&'static LocalKey<T>, &'a mut Option<T>);
        impl<T> Drop for Back<'_, T> {
            fn drop(&mut self) {
                self.0
                    .slot
                    .with(|slot| mem::swap(&mut *slot.borrow_mut(), self.1));
            }
        }
        self.slot.with(|slot| mem::swap(&mut *slot.borrow_mut(), value));
        let _back = Back(self, value);
        f()
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

/// A future with a task-local value; [`LocalKey::scope`] makes it.
pub struct TaskLocalFuture<T: 'static, F> {
    key: &'static LocalKey<T>,
    value: Option<T>,
    future: Option<Pin<Box<F>>>,
}

impl<T: 'static, F> Unpin for TaskLocalFuture<T, F> {}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let TaskLocalFuture { key, value, future } = &mut *self;
        key.swapped(value, || {
            let running = future.as_mut().expect("a task-local scope polled after it ended");
            let polled = running.as_mut().poll(cx);
            if polled.is_ready() {
                *future = None; // its destructor may look at the value
            }
            polled
        })
    }
}

impl<T: 'static, F> Drop for TaskLocalFuture<T, F> {
    fn drop(&mut self) {
        let TaskLocalFuture { key, value, future } = self;
        if future.is_some() && key.slot.try_with(|_| ()).is_ok() {
            key.swapped(value, || *future = None);
        }
    }
}

impl<T: 'static, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").finish_non_exhaustive()
    }
}

/// There is no value: the key was read outside of its scope.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccessError(());

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this task-local has no value here: set one with `scope` around the future that reads it")
    }
}

impl fmt::Debug for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessError({self})")
    }
}

impl Error for AccessError {}
