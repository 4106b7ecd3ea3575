//! Waiting, with a mutex, for what it guards to change.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, block_on, waiting};

use crate::holder::Holder;
use crate::mutex::{Guard, Lock, Mutex};
use crate::raw::{self, Unseen, Wait};
use crate::sync::const_fn;

static CONDVAR: Reason = Reason::new("condvar");

/// Waits until the value of a mutex has changed as it should. Go's `sync.Cond`.
///
/// Whoever changes the value notifies afterwards, with the mutex locked or not. It may be used with several mutexes, though the notifications
/// do not know which one was meant.
///
/// # Examples
///
/// ```
/// use canter_sync::{Condvar, Mutex};
///
/// static QUEUE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// static FILLED: Condvar = Condvar::new();
///
/// # canter_executor::block_on(async {
/// let taken = canter_executor::spawn(async {
///     let mut queue = FILLED.wait_while(QUEUE.lock().await, |queue| queue.is_empty()).await;
///     queue.pop()
/// });
/// QUEUE.lock().await.push(7);
/// FILLED.notify_one();
/// assert_eq!(taken.await.unwrap(), Some(7));
/// # });
/// ```
pub struct Condvar {
    event: raw::Event,
}

impl Condvar {
    const_fn! {
        /// A condition for which nobody waits.
        pub fn new() -> Condvar {
            Condvar {
                event: raw::Event::new(),
            }
        }
    }
}

impl Condvar {
    /// Tells the one that waits longest. Nothing happens if nobody waits.
    pub fn notify_one(&self) {
        self.event.notify_waiting();
    }

    /// Tells all that wait.
    pub fn notify_all(&self) {
        self.event.notify_all();
    }

    /// Unlocks the mutex when it is first polled, waits until it is told, and locks the mutex again. From the moment at which the mutex is
    /// unlocked no notification is missed.
    ///
    /// Somebody else may have had the mutex between the notification and this, so the value has to be looked at again;
    /// [`wait_while`](Condvar::wait_while) does that.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the mutex unlocked. If it was told by `notify_one` and has not ended, the next one is told.
    #[track_caller]
    pub fn wait<H: Holder<Mutex<T>>, T: ?Sized>(&self, guard: Guard<H, T>) -> WaitNotified<'_, H, T> {
        self.wait_at(guard, Location::caller())
    }

    fn wait_at<H: Holder<Mutex<T>>, T: ?Sized>(
        &self,
        guard: Guard<H, T>,
        place: &'static Location<'static>,
    ) -> WaitNotified<'_, H, T> {
        WaitNotified {
            event: &self.event,
            wait: Wait::new(),
            told: Unseen::Nothing,
            step: Step::Begins(guard),
            place,
        }
    }

    /// Waits as long as the condition holds, which is looked at first without waiting.
    ///
    /// # Cancel safety
    ///
    /// As [`Condvar::wait`].
    #[track_caller]
    pub fn wait_while<H: Holder<Mutex<T>>, T: ?Sized>(
        &self,
        guard: Guard<H, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> impl Future<Output = Guard<H, T>> {
        let place = Location::caller();
        let (mut guard, mut condition) = (guard, condition);
        async move {
            while condition(&mut guard) {
                guard = self.wait_at(guard, place).await;
            }
            guard
        }
    }

    /// As [`Condvar::wait`], for a thread that may block.
    #[track_caller]
    pub fn wait_blocking<H: Holder<Mutex<T>>, T: ?Sized>(&self, guard: Guard<H, T>) -> Guard<H, T> {
        block_on(self.wait(guard))
    }

    /// As [`Condvar::wait_while`], for a thread that may block.
    #[track_caller]
    pub fn wait_while_blocking<H: Holder<Mutex<T>>, T: ?Sized>(
        &self,
        guard: Guard<H, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> Guard<H, T> {
        block_on(self.wait_while(guard, condition))
    }
}

impl Default for Condvar {
    fn default() -> Condvar {
        Condvar::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}

/// The future of [`Condvar::wait`].
///
/// # Panics
///
/// Polling it again after it gave the guard panics.
#[must_use = "a future does nothing until it is awaited, and dropping this one unlocks"]
pub struct WaitNotified<'a, H: Holder<Mutex<T>>, T: ?Sized> {
    event: &'a raw::Event,
    wait: Wait,
    /// What is passed on if it is dropped while it locks again.
    told: Unseen,
    step: Step<H, T>,
    place: &'static Location<'static>,
}

enum Step<H: Holder<Mutex<T>>, T: ?Sized> {
    Begins(Guard<H, T>),
    Waits(H),
    Locks(Lock<H, T>),
    Ended,
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Future for WaitNotified<'_, H, T> {
    type Output = Guard<H, T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Guard<H, T>> {
        let this = &mut *self;
        loop {
            match &mut this.step {
                Step::Begins(guard) => {
                    let polled =
                        this.event
                            .poll_notified(&mut this.wait, this.event.generation(), cx.waker());
                    let mutex = Guard::mutex(guard).clone();
                    this.step = Step::Waits(mutex); // which unlocks it
                    if polled.is_pending() {
                        waiting::report(&CONDVAR, this.place);
                        return Poll::Pending;
                    }
                }
                Step::Waits(mutex) => {
                    if this.wait.is_waiting() {
                        let polled =
                            this.event
                                .poll_notified(&mut this.wait, this.event.generation(), cx.waker());
                        let Poll::Ready(told) = polled else {
                            waiting::report(&CONDVAR, this.place);
                            return Poll::Pending;
                        };
                        this.told = told;
                    }
                    let lock = Lock::new(mutex.clone(), this.place);
                    this.step = Step::Locks(lock);
                }
                Step::Locks(lock) => {
                    let guard = ready!(Pin::new(lock).poll(cx));
                    this.told = Unseen::Nothing;
                    this.step = Step::Ended;
                    return Poll::Ready(guard);
                }
                Step::Ended => panic!("`WaitNotified` was polled again after it gave the guard"),
            }
        }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> Drop for WaitNotified<'_, H, T> {
    fn drop(&mut self) {
        let told = self.event.cancel(&mut self.wait);
        if told == Unseen::Notification || self.told == Unseen::Notification {
            self.event.notify_waiting();
        }
    }
}

impl<H: Holder<Mutex<T>>, T: ?Sized> fmt::Debug for WaitNotified<'_, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitNotified").finish_non_exhaustive()
    }
}
