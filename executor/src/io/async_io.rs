//! A source of I/O together with its registration.

use std::fmt;
use std::io;
use std::task::{Context, Poll};

use mio::event::Source;

use super::registration::Registration;
use crate::reactor::Interest;

/// Any [`mio::event::Source`] made asynchronous: it is registered with the runtime's reactor for as long as this lives.
///
/// The operations are the source's own, tried when it is ready and again when they would block. All of them take `&self`,
/// so that one task may read while another writes.
///
/// # Examples
///
/// ```
/// use canter_executor::io::{Async, Interest};
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let (ours, mut theirs) = mio::net::UnixStream::pair()?;
///     let ours = Async::new(ours)?;
///     theirs.write_all(b"hi")?;
///     let mut buffer = [0; 8];
///     let read = ours.async_io(Interest::Readable, |mut io| io.read(&mut buffer)).await?;
///     assert_eq!(&buffer[..read], b"hi");
///     Ok(())
/// })
/// # }
/// ```
pub struct Async<T: Source> {
    /// `None` only between `into_inner` and the drop that follows.
    io: Option<T>,
    registration: Registration,
}

impl<T: Source> Async<T> {
    /// Registers `io` with the reactor of the current runtime, or of the default one. `io` has to be non-blocking.
    ///
    /// # Errors
    ///
    /// Those of [`Registration::new`]; `io` is dropped then.
    pub fn new(mut io: T) -> io::Result<Async<T>> {
        let registration = Registration::new(&mut io)?;
        Ok(Async {
            io: Some(io),
            registration,
        })
    }

    /// The source.
    pub fn get_ref(&self) -> &T {
        self.io
            .as_ref()
            .expect("the source is taken out only when this is dropped")
    }

    /// The source. Replacing it by another leaves the other one unregistered.
    pub fn get_mut(&mut self) -> &mut T {
        self.io
            .as_mut()
            .expect("the source is taken out only when this is dropped")
    }

    /// Takes the source out of the reactor and gives it back. It stays non-blocking.
    ///
    /// # Errors
    ///
    /// Those of the operating system's poller; the source is dropped then.
    pub fn into_inner(mut self) -> io::Result<T> {
        let mut io = self
            .io
            .take()
            .expect("the source is taken out only when this is dropped");
        self.registration.deregister(&mut io)?;
        Ok(io)
    }

    /// Waits until the source is ready for `interest`. See [`Registration::ready`].
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[track_caller]
    pub fn ready(&self, interest: Interest) -> impl Future<Output = io::Result<()>> {
        self.registration.ready(interest)
    }

    /// Waits until a read is worth trying. Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> {
        self.ready(Interest::Readable)
    }

    /// Waits until a write is worth trying. Any number of tasks may wait at once.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[track_caller]
    pub fn writable(&self) -> impl Future<Output = io::Result<()>> {
        self.ready(Interest::Writable)
    }

    /// As [`Async::readable`], for a poll function: the last to poll is woken.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    #[track_caller]
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.poll_ready(cx, Interest::Readable)
    }

    /// As [`Async::writable`], for a poll function: the last to poll is woken.
    ///
    /// # Errors
    ///
    /// Says so if the runtime ends.
    #[track_caller]
    pub fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registration.poll_ready(cx, Interest::Writable)
    }

    /// Runs `operation` now if the source is ready. See [`Registration::try_io`].
    ///
    /// # Errors
    ///
    /// Those of `operation`; [`io::ErrorKind::WouldBlock`], without having run it, where the source is not ready.
    pub fn try_io<R>(
        &self,
        interest: Interest,
        operation: impl FnOnce(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.registration.try_io(interest, || operation(self.get_ref()))
    }

    /// Waits until the source is ready, runs `operation`, and waits again if it would block. Any number of tasks may do so.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// `operation` has either run, and its result was returned, or not run at all.
    #[track_caller]
    pub fn async_io<R>(
        &self,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> impl Future<Output = io::Result<R>> {
        self.registration
            .async_io(interest, move || operation(self.get_ref()))
    }

    /// As [`Async::async_io`], for a poll function: the last to poll is woken.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    #[track_caller]
    pub fn poll_io<R>(
        &self,
        cx: &mut Context<'_>,
        interest: Interest,
        mut operation: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        self.registration
            .poll_io(cx, interest, || operation(self.get_ref()))
    }

    /// As [`Async::poll_io`] for a stream: `operation` reads into a buffer of `wanted` bytes, and a read that fills less
    /// takes the readiness back, which saves the read that would only block.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    #[track_caller]
    pub fn poll_read_with(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.registration
            .poll_transfer(cx, Interest::Readable, wanted, || operation(self.get_ref()))
    }

    /// As [`Async::poll_read_with`], for a write of `wanted` bytes.
    ///
    /// # Errors
    ///
    /// Those of `operation`, other than `WouldBlock`; says so if the runtime ends.
    #[track_caller]
    pub fn poll_write_with(
        &self,
        cx: &mut Context<'_>,
        wanted: usize,
        mut operation: impl FnMut(&T) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        self.registration
            .poll_transfer(cx, Interest::Writable, wanted, || operation(self.get_ref()))
    }

    /// As [`Async::try_io`] for a stream, with the rule of [`Async::poll_read_with`].
    ///
    /// # Errors
    ///
    /// Those of `operation`; [`io::ErrorKind::WouldBlock`], without having run it, where the source is not ready.
    pub fn try_read_with(
        &self,
        wanted: usize,
        operation: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.registration
            .try_transfer(Interest::Readable, wanted, || operation(self.get_ref()))
    }

    /// As [`Async::try_io`] for a stream, with the rule of [`Async::poll_write_with`].
    ///
    /// # Errors
    ///
    /// Those of `operation`; [`io::ErrorKind::WouldBlock`], without having run it, where the source is not ready.
    pub fn try_write_with(
        &self,
        wanted: usize,
        operation: impl FnOnce(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.registration
            .try_transfer(Interest::Writable, wanted, || operation(self.get_ref()))
    }
}

impl<T: Source> Drop for Async<T> {
    fn drop(&mut self) {
        if let Some(io) = &mut self.io {
            // The descriptor is about to be closed, which takes it out of the poller anyway.
            let _ = self.registration.deregister(io);
        }
    }
}

impl<T: Source + fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(&self.io).finish()
    }
}
