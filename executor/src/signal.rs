//! Ctrl-C and the other signals of the operating system.
//!
//! A program that asks for a signal here handles it from then on: the default action, which for most of them is to end the
//! program, no longer happens. It does not come back when the last one who asked has gone, so a program that waited for
//! Ctrl-C once is not ended by a later one. The handlers that other libraries have set before are called as well.
//!
//! Signals coalesce: several of a kind that arrive before anybody looks are one. Whoever has asked before a signal arrives
//! is told of it, however many there are.

use std::io;

/// Waits for Ctrl-C (`SIGINT`): for the first one after the first poll.
///
/// For several in turn use [`unix::signal`], which misses none between one wait and the next.
///
/// # Errors
///
/// Those of [`unix::signal`], and of [`unix::Signal::recv`].
///
/// # Cancel safety
///
/// Dropping the future stops the waiting. The program handles the signal from the first poll on, also after that.
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     println!("press Ctrl-C to go on");
///     canter_executor::signal::ctrl_c().await
/// })
/// # }
/// ```
pub async fn ctrl_c() -> io::Result<()> {
    unix::signal(unix::SignalKind::interrupt())?.recv().await
}

pub mod unix {
    //! Signals by their Unix names.

    use std::io::{self, ErrorKind};
    use std::os::unix::net::UnixStream as StdUnixStream;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use futures_core::Stream;
    use futures_io::AsyncRead;
    use signal_hook::consts;
    use signal_hook::low_level::{self, pipe};

    use crate::net::UnixStream;

    /// The number of a signal.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    pub struct SignalKind(i32);

    impl SignalKind {
        /// The signal with this number, which is not the same on all systems.
        pub const fn from_raw(number: i32) -> SignalKind {
            SignalKind(number)
        }

        /// The number of the signal.
        pub const fn as_raw(self) -> i32 {
            self.0
        }

        /// `SIGALRM`: the time of a timer is over.
        pub const fn alarm() -> SignalKind {
            SignalKind(consts::SIGALRM)
        }

        /// `SIGCHLD`: a child process has ended or stopped.
        pub const fn child() -> SignalKind {
            SignalKind(consts::SIGCHLD)
        }

        /// `SIGHUP`: the terminal is gone; to a service, often a request to read its configuration again.
        pub const fn hangup() -> SignalKind {
            SignalKind(consts::SIGHUP)
        }

        /// `SIGINT`: Ctrl-C.
        pub const fn interrupt() -> SignalKind {
            SignalKind(consts::SIGINT)
        }

        /// `SIGIO`: a descriptor is ready.
        pub const fn io() -> SignalKind {
            SignalKind(consts::SIGIO)
        }

        /// `SIGPIPE`: a write to somebody who no longer reads.
        pub const fn pipe() -> SignalKind {
            SignalKind(consts::SIGPIPE)
        }

        /// `SIGQUIT`: Ctrl-\.
        pub const fn quit() -> SignalKind {
            SignalKind(consts::SIGQUIT)
        }

        /// `SIGTERM`: a request to end.
        pub const fn terminate() -> SignalKind {
            SignalKind(consts::SIGTERM)
        }

        /// `SIGUSR1`, with a meaning of the program's own.
        pub const fn user_defined1() -> SignalKind {
            SignalKind(consts::SIGUSR1)
        }

        /// `SIGUSR2`, with a meaning of the program's own.
        pub const fn user_defined2() -> SignalKind {
            SignalKind(consts::SIGUSR2)
        }

        /// `SIGWINCH`: the terminal has another size.
        pub const fn window_change() -> SignalKind {
            SignalKind(consts::SIGWINCH)
        }
    }

    /// Handles the signals of a kind from now on, in place of the default action.
    ///
    /// # Errors
    ///
    /// Of kind [`InvalidInput`](ErrorKind::InvalidInput) for those that can't be handled (`SIGKILL`, `SIGSTOP`), those that
    /// say that the thread itself can't go on (`SIGSEGV`, `SIGILL`, `SIGFPE`), and numbers that stand for no signal.
    /// Otherwise those of the operating system: each [`Signal`] takes two descriptors.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::signal::unix::{SignalKind, signal};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// canter_executor::block_on(async {
    ///     let mut hangup = signal(SignalKind::hangup())?;
    ///     # signal_hook::low_level::raise(SignalKind::hangup().as_raw())?;
    ///     hangup.recv().await?;
    ///     println!("reading the configuration again");
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn signal(kind: SignalKind) -> io::Result<Signal> {
        let SignalKind(number) = kind;
        if consts::FORBIDDEN.contains(&number) {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                format!("signal {number} can't be waited for: it takes effect before any task could run"),
            ));
        }
        if number == consts::SIGQUIT {
            crate::diagnostics::quit_is_wanted();
        }
        let (arrivals, handler_end) = StdUnixStream::pair()?;
        let arrivals = UnixStream::try_from(arrivals)?;
        let handler = pipe::register(number, handler_end).map_err(|error| {
            let message = format!("signal {number} can't be waited for: {error}");
            io::Error::new(error.kind(), message)
        })?;
        Ok(Signal {
            kind,
            arrivals,
            handler,
        })
    }

    /// The signals of one kind, from [`signal`]. It is a `Stream` too, which never ends.
    ///
    /// Dropping it leaves the default action off.
    #[derive(Debug)]
    pub struct Signal {
        kind: SignalKind,
        /// The handler writes a byte here for each signal, as long as there is room.
        arrivals: UnixStream,
        handler: signal_hook::SigId,
    }

    impl Signal {
        /// Waits for a signal: one since [`signal`] was called, or since the last time that this was told of one. Several in
        /// between are one.
        ///
        /// # Errors
        ///
        /// Says so if the runtime ends.
        ///
        /// # Cancel safety
        ///
        /// Dropping the future loses no signal.
        pub async fn recv(&mut self) -> io::Result<()> {
            std::future::poll_fn(|cx| self.poll_recv(cx)).await
        }

        /// As [`recv`](Signal::recv), for a poll function.
        ///
        /// # Errors
        ///
        /// Says so if the runtime ends.
        pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            let mut buffer = [0; 64];
            ready!(Pin::new(&mut self.arrivals).poll_read(cx, &mut buffer))?;
            // More than a buffer full: they are all one.
            while let Ok(1..) = self.arrivals.try_read(&mut buffer) {}
            Poll::Ready(Ok(()))
        }

        /// Which signals these are.
        pub fn kind(&self) -> SignalKind {
            self.kind
        }
    }

    impl Stream for Signal {
        type Item = io::Result<()>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.poll_recv(cx).map(Some)
        }
    }

    impl Drop for Signal {
        fn drop(&mut self) {
            // Before the stream is closed, so that the handler never writes to a closed one.
            low_level::unregister(self.handler);
        }
    }
}
