//! A TCP connection.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use super::addr::{ToSocketAddrs, resolve};
use super::convert::conversions;
use super::error::Failures;
use super::halves::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream_io::{StreamIo, async_read_and_write};
use crate::io::{Async, Interest};

/// A TCP connection. Dropping it closes it.
///
/// Reading and writing come with the extension traits of the `futures` crate ([`futures_io::AsyncRead`] and
/// [`futures_io::AsyncWrite`]), for the stream and for a reference to it: `(&stream).read(..)`. One task reads and one
/// writes at a time; see [the module](super) for more of them. There is no buffer in between: nothing has to be flushed, and
/// many small writes are as many calls of the operating system.
///
/// # Cancel safety
///
/// A `read` or `write` that is dropped has moved nothing. `read_exact`, `write_all` and their like are not cancel-safe: what
/// they have moved so far is lost track of.
///
/// # Examples
///
/// ```
/// use canter_executor::net::{TcpListener, TcpStream};
/// use futures::{AsyncReadExt, AsyncWriteExt};
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let mut client = TcpStream::connect(listener.local_addr()?).await?;
///     client.write_all(b"ping").await?;
///     client.close().await?; // the server reads to the end
///
///     let (mut server, _peer) = listener.accept().await?;
///     let mut request = Vec::new();
///     server.read_to_end(&mut request).await?;
///     assert_eq!(request, b"ping");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TcpStream {
    pub(super) io: Async<mio::net::TcpStream>,
}

conversions!(TcpStream, mio::net::TcpStream, std::net::TcpStream);
async_read_and_write!(TcpStream, &TcpStream);

impl TcpStream {
    /// Connects to the first of the addresses of `addr` that answers, in their order, one after the other.
    ///
    /// There is no time limit but the operating system's, which is minutes: see [`timeout`](crate::time::timeout).
    ///
    /// # Errors
    ///
    /// Of the kind of the last address's error ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nobody
    /// listens), with what each address said. See [`lookup_host`](super::lookup_host) for those of a look-up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the attempt up.
    pub async fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        let resolved = resolve(&addr).await?;
        let mut failures = Failures::default();
        for &address in resolved.addresses.as_slice() {
            match TcpStream::connect_to(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failures.add(address, error),
            }
        }
        Err(failures.into_error("connect to", resolved.name.as_deref()))
    }

    async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::from_mio(mio::net::TcpStream::connect(address)?)?;
        stream
            .io
            .async_io(Interest::Writable, |io| match io.take_error()? {
                Some(error) => Err(error),
                None => io.peer_addr().map_err(still_connecting),
            })
            .await?;
        Ok(stream)
    }

    /// The two directions by reference, for two futures of one task.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::net::{TcpListener, TcpStream};
    /// use futures::{AsyncReadExt, AsyncWriteExt, future::try_join};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// canter_executor::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let (server, _) = listener.accept().await?;
    ///     canter_executor::go(async move { drop(futures::io::copy(&server, &mut &server).await) });
    ///
    ///     let (mut read, mut write) = client.split();
    ///     let (sent, mut received) = (vec![7; 1 << 20], vec![0; 1 << 20]);
    ///     try_join(write.write_all(&sent), read.read_exact(&mut received)).await?;
    ///     assert_eq!(sent, received);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn split(&self) -> (ReadHalf<'_>, WriteHalf<'_>) {
        halves::split(self)
    }

    /// The two directions as values of their own, for two tasks. Dropping the writing one shuts down writing.
    pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
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
    ///
    /// # Examples
    ///
    /// ```
    /// # use canter_executor::net::{TcpListener, TcpStream};
    /// # use std::io::ErrorKind;
    /// # fn main() -> std::io::Result<()> {
    /// # canter_executor::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// # drop(listener.accept().await?);
    /// // No buffer is taken up while nothing comes.
    /// let received = loop {
    ///     stream.readable().await?;
    ///     let mut buffer = vec![0; 4096];
    ///     match stream.try_read(&mut buffer) {
    ///         Ok(length) => break buffer[..length].to_vec(),
    ///         Err(error) if error.kind() == ErrorKind::WouldBlock => {}
    ///         Err(error) => return Err(error),
    ///     }
    /// };
    /// assert!(received.is_empty()); // the other side has closed the connection
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[track_caller]
    pub fn readable(&self) -> impl Future<Output = io::Result<()>> {
        self.io.readable()
    }

    /// Waits until there is room to write, or writing would say that the connection is gone. Any number of tasks may wait.
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

    /// As [`try_read`](TcpStream::try_read), into several buffers in turn.
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

    /// As [`try_write`](TcpStream::try_write), from several slices in turn.
    ///
    /// # Errors
    ///
    /// Those of `try_write`.
    pub fn try_write_vectored(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.try_write_from_all(slices)
    }

    /// Waits for bytes and copies them without taking them: the next read gives them again. Zero: the stream has ended.
    ///
    /// # Errors
    ///
    /// Those of the operating system; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        self.io.async_io(Interest::Readable, |io| io.peek(buffer))
    }

    /// Ends reading, writing or both. After the writing has ended the other side sees the end of the stream; what was
    /// written before gets there first.
    ///
    /// # Errors
    ///
    /// Those of the operating system: [`NotConnected`](io::ErrorKind::NotConnected) where the connection is gone.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// Those of the operating system: [`NotConnected`](io::ErrorKind::NotConnected) where the connection is gone.
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

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.io.get_ref().nodelay()
    }

    /// Sets whether small writes are sent at once, rather than gathered while earlier ones are under way (Nagle's
    /// algorithm). Off at first; most protocols of requests and answers want it on.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.io.get_ref().set_nodelay(nodelay)
    }

    /// How long the connection is idle before the operating system probes whether the other side is still there; `None`
    /// where it does not.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn keepalive(&self) -> io::Result<Option<Duration>> {
        let socket = SockRef::from(self.io.get_ref());
        match socket.keepalive()? {
            true => socket.tcp_keepalive_time().map(Some),
            false => Ok(None),
        }
    }

    /// Sets how long the connection is idle before the operating system probes whether the other side is still there, in
    /// whole seconds, rounded up; `None` for never, which is how it begins. A connection whose probes are not answered fails
    /// with [`TimedOut`](io::ErrorKind::TimedOut).
    ///
    /// # Errors
    ///
    /// Those of the operating system, which may not allow a duration of zero or one that is very long.
    pub fn set_keepalive(&self, idle: Option<Duration>) -> io::Result<()> {
        let socket = SockRef::from(self.io.get_ref());
        match idle {
            Some(idle) => socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(whole_seconds(idle))),
            None => socket.set_keepalive(false),
        }
    }

    /// How long closing waits for what was not sent yet; see [`set_linger`](TcpStream::set_linger).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.io.get_ref()).linger()
    }

    /// Sets what closing does with bytes that were not sent yet: `None`, as it is at first, sends them in the background; a
    /// duration of zero throws them away and resets the connection. Any other duration is in whole seconds, rounded up, and
    /// may block the thread that drops the stream for so long.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.io.get_ref()).set_linger(linger.map(whole_seconds))
    }

    /// How many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets how many hops packets may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
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

impl halves::sealed::Duplex for TcpStream {
    fn shut(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

/// Writable can be a false alarm while a connection is under way: then it is not there yet, and the wait goes on.
fn still_connecting(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::NotConnected => io::ErrorKind::WouldBlock.into(),
        _ => error,
    }
}

/// The system counts whole seconds, and a zero would mean something else.
fn whole_seconds(duration: Duration) -> Duration {
    let rest = u64::from(duration.subsec_nanos() > 0);
    Duration::from_secs(duration.as_secs().saturating_add(rest))
}
