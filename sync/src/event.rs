//! Telling tasks that something happened.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use canter_coop::{Reason, block_on, budget, waiting};

use crate::raw::{self, Generation, Unseen, Wait};
use crate::sync::const_fn;

static EVENT: Reason = Reason::new("event");

/// Tells tasks that something happened. It carries no value: those that are told look for themselves.
///
/// [`notify_one`](Event::notify_one) is for the one that waits longest. If nobody waits the notification is kept, once, and the next one that
/// comes need not wait. So a task that looks, waits and looks again misses nothing, as long as it is the only one.
///
/// [`notify_all`](Event::notify_all) is for everybody whose [`wait`](Event::wait) was called before, also if it was not awaited yet. So
/// where several tasks look, each calls `wait` first, then looks, and awaits the future only if it has to:
///
/// ```
/// use canter_sync::Event;
/// use std::sync::atomic::{AtomicBool, Ordering};
///
/// static OPEN: AtomicBool = AtomicBool::new(false);
/// static CHANGED: Event = Event::new();
///
/// async fn opened() {
///     loop {
///         let changed = CHANGED.wait();
///         if OPEN.load(Ordering::Acquire) {
///             return;
///         }
///         changed.await;
///     }
/// }
///
/// # canter_executor::block_on(async {
/// let guests: Vec<_> = (0..3).map(|_| canter_executor::spawn(opened())).collect();
/// OPEN.store(true, Ordering::Release);
/// CHANGED.notify_all();
/// for guest in guests {
///     guest.await.unwrap();
/// }
/// # });
/// ```
pub struct Event {
    raw: raw::Event,
}

impl Event {
    const_fn! {
        /// An event of which nobody has been told yet.
        pub fn new() -> Event {
            Event {
                raw: raw::Event::new(),
            }
        }
    }

    /// Tells the one that waits longest, or the next one that comes. Several calls while nobody waits count as one.
    pub fn notify_one(&self) {
        self.raw.notify_one();
    }

    /// Tells everybody whose `wait` was called before. Nothing is kept for those that come later.
    pub fn notify_all(&self) {
        self.raw.notify_all();
    }

    /// Waits until it is told, by `notify_one`, or by a `notify_all` that comes after this call.
    ///
    /// # Cancel safety
    ///
    /// A future that was told by `notify_one` and is dropped before it saw that tells the next one.
    #[track_caller]
    pub fn wait(&self) -> Notified<'_> {
        self.wait_because(&EVENT, Location::caller())
    }

    /// A wait for an event that is part of something else, which is what is reported.
    pub(crate) fn wait_because(
        &self,
        reason: &'static Reason,
        place: &'static Location<'static>,
    ) -> Notified<'_> {
        Notified {
            event: &self.raw,
            generation: self.raw.generation(),
            wait: Wait::new(),
            over: false,
            reason,
            place,
        }
    }

    /// As [`Event::wait`], for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) {
        block_on(self.wait());
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").finish_non_exhaustive()
    }
}

/// The future of [`Event::wait`]. Polled again after it ended, it is ready again.
#[must_use = "a future does nothing until it is awaited"]
pub struct Notified<'a> {
    event: &'a raw::Event,
    generation: Generation,
    wait: Wait,
    over: bool,
    reason: &'static Reason,
    place: &'static Location<'static>,
}

impl Notified<'_> {
    /// Stands in line from now on, as it would from its first poll. True if it has been told already.
    pub fn enable(self: Pin<&mut Self>) -> bool {
        self.poll_told(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    fn poll_told(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if !this.over {
            let polled = this
                .event
                .poll_notified(&mut this.wait, this.generation, cx.waker());
            let _seen = ready!(polled);
            this.over = true;
        }
        Poll::Ready(())
    }
}

impl Future for Notified<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let operation = ready!(budget::poll_proceed(cx));
        if self.as_mut().poll_told(cx).is_pending() {
            waiting::report(self.reason, self.place);
            return Poll::Pending;
        }
        operation.made_progress();
        Poll::Ready(())
    }
}

impl Drop for Notified<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.event.cancel(&mut self.wait) == Unseen::Notification {
            self.event.notify_one();
        }
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified")
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
