//! Accepting connections on a path.

use std::io;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::task::{Context, Poll};

use super::UnixStream;
use crate::io::{Async, Interest};
use crate::net::convert::conversions;
use crate::net::error::explained;
use crate::net::incoming::{BoxFuture, Incoming, sealed};

/// A socket that accepts connections on a path of the file system. Dropping it closes it, and leaves the path where it is.
///
/// # Examples
///
/// ```
/// use canter_executor::net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let path = std::env::temp_dir().join(format!("canter-doc-{}.sock", std::process::id()));
///     let listener = UnixListener::bind(&path)?;
///     let client = UnixStream::connect(&path).await?;
///     let (_server, _) = listener.accept().await?;
///     assert_eq!(client.peer_addr()?.as_pathname(), Some(&*path));
///     std::fs::remove_file(&path)
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixListener {
    io: Async<mio::net::UnixListener>,
}

conversions!(
    UnixListener,
    mio::net::UnixListener,
    std::os::unix::net::UnixListener
);

impl UnixListener {
    /// Listens on a path, which must not exist yet.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the path: of kind [`AddrInUse`](io::ErrorKind::AddrInUse) where the path exists,
    /// even if nobody listens there any more.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        let path = path.as_ref();
        mio::net::UnixListener::bind(path)
            .and_then(UnixListener::from_mio)
            .map_err(|error| explained(error, format_args!("could not listen on {}", path.display())))
    }

    /// Waits for a connection. It belongs to the current runtime, or to the default one.
    ///
    /// # Errors
    ///
    /// Those of the operating system; see [`TcpListener::accept`](crate::net::TcpListener::accept).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(UnixStream, SocketAddr)>> {
        let accepted = self.io.async_io(Interest::Readable, |io| io.accept());
        async move {
            let accepted = accepted.await?;
            adopt(accepted)
        }
    }

    /// As [`accept`](UnixListener::accept), for a poll function: of the tasks that poll, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `accept`.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(UnixStream, SocketAddr)>> {
        self.io
            .poll_io(cx, Interest::Readable, |io| io.accept())
            .map(|accepted| adopt(accepted?))
    }

    /// The connections as a stream, which never ends.
    ///
    /// # Errors
    ///
    /// Its items are errors where [`accept`](UnixListener::accept) would give one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the stream, or a future that waits for its next item, loses no connection.
    pub fn incoming(&self) -> Incoming<'_, UnixListener> {
        Incoming::new(self)
    }

    /// The address on which it listens.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Takes the error that the socket has noted, if there is one (`SO_ERROR`).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

impl sealed::Accept for UnixListener {
    type Stream = UnixStream;

    fn accept_stream(&self) -> BoxFuture<'_, io::Result<UnixStream>> {
        Box::pin(async { self.accept().await.map(|(stream, _peer)| stream) })
    }
}

fn adopt((stream, peer): (mio::net::UnixStream, SocketAddr)) -> io::Result<(UnixStream, SocketAddr)> {
    Ok((UnixStream::from_mio(stream)?, peer))
}
