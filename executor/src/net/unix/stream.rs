//! A connection between processes of one machine.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::Backoff;
use crate::io::Async;
use crate::net::convert::conversions;
use crate::net::error::explained;
use crate::net::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::net::stream_io::{StreamIo, async_read_and_write};

/// A connection between processes of one machine, or within one. Dropping it closes it.
///
/// Reading and writing are as for a [`TcpStream`](crate::net::TcpStream): with the extension traits of the `futures` crate,
/// for the stream and for a reference to it.
///
/// # Examples
///
/// ```
/// use canter_executor::net::UnixStream;
/// use futures::{AsyncReadExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let (mut one, mut other) = UnixStream::pair()?;
///     one.write_all(b"ping").await?;
///     drop(one);
///     let mut received = Vec::new();
///     other.read_to_end(&mut received).await?;
///     assert_eq!(received, b"ping");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixStream {
    pub(in crate::net) io: Async<mio::net::UnixStream>,
}

conversions!(UnixStream, mio::net::UnixStream, std::os::unix::net::UnixStream);
async_read_and_write!(UnixStream, &UnixStream);

impl UnixStream {
    /// Connects to whoever listens on a path. It waits while as many connections as may be are waiting there already.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the path: of kind [`NotFound`](io::ErrorKind::NotFound) where there is no such
    /// path, [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nobody listens any more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        let path = path.as_ref();
        UnixStream::connect_to(path)
            .await
            .map_err(|error| explained(error, format_args!("could not connect to {}", path.display())))
    }

    async fn connect_to(path: &Path) -> io::Result<UnixStream> {
        let mut backoff = Backoff::new();
        let stream = loop {
            match mio::net::UnixStream::connect(path) {
                // The queue is full, and there is no event for when it no longer is.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => backoff.pause().await,
                connected => break UnixStream::from_mio(connected?)?,
            }
        };
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        Ok(stream)
    }

    /// Two streams that are connected with each other.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = mio::net::UnixStream::pair()?;
        Ok((UnixStream::from_mio(one)?, UnixStream::from_mio(other)?))
    }

    /// The two directions by reference, for two futures of one task.
    pub fn split(&self) -> (ReadHalf<'_, UnixStream>, WriteHalf<'_, UnixStream>) {
        halves::split(self)
    }

    /// The two directions as values of their own, for two tasks. Dropping the writing one shuts down writing.
    pub fn into_split(self) -> (OwnedReadHalf<UnixStream>, OwnedWriteHalf<UnixStream>) {
        halves::into_split(self)
    }

    /// Waits until there is something to read, or the stream has ended. Any number of tasks may wait.
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
        self.io.readable()
    }

    /// Waits until there is room to write, or writing would say that the other side is gone. Any number of tasks may wait.
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
        self.io.writable()
    }

    /// Reads what is there now. Zero bytes for a buffer that is not empty: the stream has ended.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where nothing is known to be there.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_read_into(buffer)
    }

    /// As [`try_read`](UnixStream::try_read), into several buffers in turn.
    ///
    /// # Errors
    ///
    /// Those of `try_read`.
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.io.try_read_into_all(buffers)
    }

    /// Writes what there is room for now, and says how much.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no room is known of.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.io.try_write_from(bytes)
    }

    /// As [`try_write`](UnixStream::try_write), from several slices in turn.
    ///
    /// # Errors
    ///
    /// Those of `try_write`.
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_write_from_all(slices)
    }

    /// Ends reading, writing or both. After the writing has ended the other side sees the end of the stream; what was
    /// written before gets there first.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// Takes the error that the connection has noted, if there is one (`SO_ERROR`): the next operation no longer says it.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

impl halves::sealed::Duplex for UnixStream {
    fn shut(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}
