//! Accepting TCP connections.

use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use socket2::{Domain, Protocol, Socket, Type};

use super::addr::{Resolved, ToSocketAddrs, resolve};
use super::convert::conversions;
use super::error::Failures;
use super::incoming::{BoxFuture, Incoming, sealed};
use super::tcp_stream::TcpStream;
use crate::io::{Async, Interest};

/// A socket that accepts TCP connections. Dropping it closes it.
///
/// # Examples
///
/// ```
/// use canter_executor::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (_server, peer) = listener.accept().await?;
///     assert_eq!(peer, client.local_addr()?);
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct TcpListener {
    io: Async<mio::net::TcpListener>,
}

conversions!(TcpListener, mio::net::TcpListener, std::net::TcpListener);

/// Connections that wait to be accepted. The system's own limit is lower, and holds.
const BACKLOG: i32 = i32::MAX;

/// Whether other sockets may listen on the same port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Port {
    Own,
    #[cfg(all(
        unix,
        not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
    ))]
    Shared,
}

impl TcpListener {
    /// Listens on the first of the addresses of `addr` that allows it. Port 0 means a free one, which
    /// [`local_addr`](TcpListener::local_addr) tells.
    ///
    /// On Unix the port of a listener that was closed can be used again at once, whatever connections of it linger.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the addresses that were tried: of kind
    /// [`AddrInUse`](io::ErrorKind::AddrInUse) where somebody else listens there. See [`lookup_host`](super::lookup_host) for
    /// those of a look-up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        listen_on_first(&resolve(&addr).await?, Port::Own)
    }

    /// As [`bind`](TcpListener::bind), with `count` listeners on one port, among which the operating system spreads the
    /// connections by their addresses (`SO_REUSEPORT`).
    ///
    /// Connections of one listener all go through one queue, and often to whichever task is quickest. With a listener for
    /// each accepting task they are spread evenly.
    ///
    /// A connection stays with the listener that it was given to: one that nobody accepts from leaves its share waiting, and
    /// one that is dropped resets those that wait in it. And other programs of the same user may join the port the same way,
    /// so a second server on it is no error.
    ///
    /// # Errors
    ///
    /// As for `bind`, and of kind [`InvalidInput`](io::ErrorKind::InvalidInput) for a count of zero.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::net::TcpListener;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// canter_executor::block_on(async {
    ///     let listeners = TcpListener::bind_sharded("127.0.0.1:0", 4).await?;
    ///     let port = listeners[0].local_addr()?.port();
    ///     assert!(listeners.iter().all(|listener| listener.local_addr().unwrap().port() == port));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[cfg(all(
        unix,
        not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
    ))]
    pub async fn bind_sharded<A: ToSocketAddrs>(addr: A, count: usize) -> io::Result<Vec<TcpListener>> {
        if count == 0 {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "bind_sharded needs a count of listeners of one or more, not 0",
            ));
        }
        let first = listen_on_first(&resolve(&addr).await?, Port::Shared)?;
        let address = Resolved::from(first.local_addr()?);
        let mut listeners = vec![first];
        for _ in 1..count {
            listeners.push(listen_on_first(&address, Port::Shared)?);
        }
        Ok(listeners)
    }

    /// Waits for a connection. It belongs to the current runtime, or to the default one.
    ///
    /// # Errors
    ///
    /// Those of the operating system. One that only concerns the connection
    /// ([`ConnectionAborted`](io::ErrorKind::ConnectionAborted)) or the moment (too many open files) leaves the listener as
    /// it was. After the latter the connection still waits, and the next call says the same until a descriptor is free; so
    /// pause before it. Says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no connection.
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> {
        let accepted = self.io.async_io(Interest::Readable, |io| io.accept());
        async move {
            let accepted = accepted.await?;
            adopt(accepted)
        }
    }

    /// As [`accept`](TcpListener::accept), for a poll function: of the tasks that poll, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `accept`.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        self.io
            .poll_io(cx, Interest::Readable, |io| io.accept())
            .map(|accepted| adopt(accepted?))
    }

    /// The connections as a stream, which never ends.
    ///
    /// # Errors
    ///
    /// Its items are errors where [`accept`](TcpListener::accept) would give one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the stream, or a future that waits for its next item, loses no connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::net::{TcpListener, TcpStream};
    /// use futures::StreamExt;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// canter_executor::block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let server = listener.incoming().next().await.expect("it never ends")?;
    ///     assert_eq!(server.peer_addr()?, client.local_addr()?);
    ///     Ok(())
    /// })
    /// # }
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
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

    /// How many hops the packets of its connections may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets how many hops the packets of its connections may take (`IP_TTL`).
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
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

impl sealed::Accept for TcpListener {
    type Stream = TcpStream;

    fn accept_stream(&self) -> BoxFuture<'_, io::Result<TcpStream>> {
        Box::pin(async { self.accept().await.map(|(stream, _peer)| stream) })
    }
}

fn adopt((stream, peer): (mio::net::TcpStream, SocketAddr)) -> io::Result<(TcpStream, SocketAddr)> {
    Ok((TcpStream::from_mio(stream)?, peer))
}

fn listen_on_first(resolved: &Resolved, port: Port) -> io::Result<TcpListener> {
    let mut failures = Failures::default();
    for &address in resolved.addresses.as_slice() {
        match listen(address, port) {
            Ok(listener) => return Ok(listener),
            Err(error) => failures.add(address, error),
        }
    }
    Err(failures.into_error("listen on", resolved.name.as_deref()))
}

fn listen(address: SocketAddr, port: Port) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Elsewhere the option lets others take the port away.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    match port {
        Port::Own => {}
        #[cfg(all(
            unix,
            not(any(target_os = "solaris", target_os = "illumos", target_os = "cygwin"))
        ))]
        Port::Shared => socket.set_reuse_port(true)?,
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    std::net::TcpListener::from(socket).try_into()
}
