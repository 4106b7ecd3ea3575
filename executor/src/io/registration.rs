//! A source's place in the reactor.

use std::fmt;
use std::future;
use std::io;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll};

use canter_coop::waiting::{self, EndedBy, Reason};
use mio::Token;

use crate::driver::Driver;
use crate::reactor::{Interest, Seen, Source, WaiterId};

static READ: Reason = Reason::new("I/O read").ended_by(EndedBy::Anybody);
static WRITE: Reason = Reason::new("I/O write").ended_by(EndedBy::Anybody);

/// The registration of a [`mio::event::Source`] with a runtime's reactor: whether it is ready, and waiting until it is.
///
/// The source itself stays with the caller; [`Async`](super::Async) keeps the two together and is what most programs want.
/// A registration is for both directions and edge-triggered: readiness is remembered until an operation finds that it would
/// block, so each operation goes through [`Registration::try_io`] or [`Registration::poll_io`].
///
/// Call [`Registration::deregister`] before the source is closed. A registration that is dropped without it leaves its place
/// in the reactor occupied for as long as the runtime lives.
pub struct Registration {
    driver: Arc<Driver>,
    source: Arc<Source>,
    token: Token,
}

impl Registration {
    /// Registers `io` with the reactor of the current runtime, or of the default one.
    ///
    /// # Errors
    ///
    /// Those of the operating system's poller (a descriptor that is registered already, or can't be polled at all), and one
    /// of its own where the runtime has ended.
    pub fn new(io: &mut impl mio::event::Source) -> io::Result<Registration> {
        let driver = crate::runtime::current::try_driver()?;
        let (source, token) = driver.reactor().register(io)?;
        Ok(Registration {
            driver,
            source,
            token,
        })
    }

    /// Takes the source out of the reactor. Whoever still waits is not woken.
    ///
    /// # Errors
    ///
    /// Those of the operating system's poller.
    pub fn deregister(&self, io: &mut impl mio::event::Source) -> io::Result<()> {
        self.driver.reactor().deregister(io, self.token)
    }

    /// Waits until the source is ready. Any number of tasks may wait at once; all of them are woken.
    ///
    /// Ready means that an operation is worth trying: it may block all the same.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes its waiter out of the list; nothing is lost.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<()>> {
        let seen = self.seen(interest, Location::caller());
        async move { seen.await.map(drop) }
    }

    /// As [`Registration::ready`], for a poll function. One waiter a direction: the last to poll is woken.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    #[track_caller]
    pub fn poll_ready(&self, cx: &mut Context<'_>, interest: Interest) -> Poll<io::Result<()>> {
        self.poll_seen(cx, interest, WaiterId::POLL, Location::caller())
            .map(|seen| seen.map(drop))
    }

    /// Runs `operation` if the source is ready, and notes if it would block.
    ///
    /// # Errors
    ///
    /// Those of `operation`; [`io::ErrorKind::WouldBlock`], without having run it, where the source is not ready.
    pub fn try_io<R>(&self, interest: Interest, operation: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        match self.source.ready_now(interest)? {
            Some(seen) => self.run(interest, seen, operation),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Waits until the source is ready, runs `operation`, and waits again if it would block.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// `operation` runs within one poll, so it has either run to its end, and its result was returned, or not run at all.
    #[track_caller]
    pub fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> impl Future<Output = io::Result<R>> {
        let place = Location::caller();
        async move {
            loop {
                let seen = self.seen(interest, place).await?;
                match self.run(interest, seen, &mut operation) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    result => return result,
                }
            }
        }
    }

    /// As [`Registration::async_io`], for a poll function. One waiter a direction: the last to poll is woken.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    #[track_caller]
    pub fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        mut operation: impl FnMut() -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            let seen = std::task::ready!(self.poll_seen(cx, interest, WaiterId::POLL, Location::caller()))?;
            match self.run(interest, seen, &mut operation) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    /// For a transfer that came to an end before its buffer did: the kernel has nothing more (or no more room) just now, so
    /// the next try would only block. An event since the last look keeps the source ready.
    pub(super) fn try_transfer(
        &self,
        interest: Interest,
        wanted: usize,
        operation: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        match self.source.ready_now(interest)? {
            Some(seen) => self.transfer(interest, seen, wanted, operation),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    #[track_caller]
    pub(super) fn poll_transfer(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        wanted: usize,
        mut operation: impl FnMut() -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let seen = std::task::ready!(self.poll_seen(cx, interest, WaiterId::POLL, Location::caller()))?;
            match self.transfer(interest, seen, wanted, &mut operation) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }

    fn transfer(
        &self,
        interest: Interest,
        seen: Seen,
        wanted: usize,
        operation: impl FnOnce() -> io::Result<usize>,
    ) -> io::Result<usize> {
        let moved = self.run(interest, seen, operation)?;
        if 0 < moved && moved < wanted && EDGE_AFTER_SHORT_TRANSFER {
            self.source.drained(interest, seen);
        }
        Ok(moved)
    }

    fn run<R>(
        &self,
        interest: Interest,
        seen: Seen,
        operation: impl FnOnce() -> io::Result<R>,
    ) -> io::Result<R> {
        let result = operation();
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.source.clear(interest, seen);
        }
        result
    }

    #[inline] // into each operation: a call costs as much as the look
    fn poll_seen(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        waiter: WaiterId,
        place: &'static Location<'static>,
    ) -> Poll<io::Result<Seen>> {
        let polled = self.source.poll_ready(cx, interest, waiter);
        if polled.is_pending() {
            let reason = match interest {
                Interest::Readable => &READ,
                Interest::Writable => &WRITE,
            };
            waiting::report(reason, place);
        }
        polled
    }

    async fn seen(&self, interest: Interest, place: &'static Location<'static>) -> io::Result<Seen> {
        let mut waiting = WaitsForReady {
            source: &self.source,
            interest,
            waiter: None,
        };
        future::poll_fn(move |cx| {
            let waiter = *waiting.waiter.get_or_insert_with(|| waiting.source.new_waiter());
            self.poll_seen(cx, interest, waiter, place)
        })
        .await
    }
}

/// Whether the poller reports a new edge after a transfer that did not fill its buffer. epoll and kqueue do.
const EDGE_AFTER_SHORT_TRANSFER: bool = cfg!(unix);

/// A future's place among the waiters, given up when the future is dropped.
struct WaitsForReady<'a> {
    source: &'a Source,
    interest: Interest,
    waiter: Option<WaiterId>,
}

impl Drop for WaitsForReady<'_> {
    fn drop(&mut self) {
        if let Some(waiter) = self.waiter {
            self.source.forget(self.interest, waiter);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("token", &self.token.0)
            .finish_non_exhaustive()
    }
}
