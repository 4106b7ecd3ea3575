//! Datagrams between processes of one machine.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use super::Backoff;
use crate::io::{Async, Interest};
use crate::net::convert::conversions;
use crate::net::error::explained;

/// A socket for datagrams between processes of one machine, or within one. They arrive in order, and none is lost on the way.
///
/// A datagram is received whole or not at all: what does not fit into the buffer is lost. Any number of tasks may receive
/// from one socket; each datagram goes to one of them.
///
/// # Examples
///
/// ```
/// use canter_executor::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let (one, other) = UnixDatagram::pair()?;
///     one.send(b"ping").await?;
///     let mut buffer = [0; 64];
///     let length = other.recv(&mut buffer).await?;
///     assert_eq!(&buffer[..length], b"ping");
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UnixDatagram {
    io: Async<mio::net::UnixDatagram>,
}

conversions!(
    UnixDatagram,
    mio::net::UnixDatagram,
    std::os::unix::net::UnixDatagram
);

impl UnixDatagram {
    /// Binds to a path, which must not exist yet. Dropping the socket leaves the path where it is.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the path: of kind [`AddrInUse`](io::ErrorKind::AddrInUse) where the path exists.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        let path = path.as_ref();
        mio::net::UnixDatagram::bind(path)
            .and_then(UnixDatagram::from_mio)
            .map_err(|error| explained(error, format_args!("could not bind to {}", path.display())))
    }

    /// A socket without a path: it can send, and receive only once it is connected.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn unbound() -> io::Result<UnixDatagram> {
        UnixDatagram::from_mio(mio::net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = mio::net::UnixDatagram::pair()?;
        Ok((UnixDatagram::from_mio(one)?, UnixDatagram::from_mio(other)?))
    }

    /// Sets the one path to send to and to receive from.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the path: of kind [`NotFound`](io::ErrorKind::NotFound) where there is no such
    /// path, [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) where nobody is bound to it any more.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        let path = path.as_ref();
        self.io
            .get_ref()
            .connect(path)
            .map_err(|error| explained(error, format_args!("could not connect to {}", path.display())))
    }

    /// Sends a datagram to where the socket is connected. It waits while the other side's queue is full.
    ///
    /// # Errors
    ///
    /// Those of the operating system, of a socket that is not connected for one; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent by the end of the future and not before.
    #[track_caller]
    pub fn send(&self, datagram: &[u8]) -> impl Future<Output = io::Result<usize>> {
        self.io.async_io(Interest::Writable, |io| io.send(datagram))
    }

    /// Sends a datagram to whoever is bound to a path. It tries again and again, milliseconds apart, while the other side's
    /// queue is full; [`send`](UnixDatagram::send) on a connected socket is told when there is room.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent by the end of the future and not before.
    pub async fn send_to<P: AsRef<Path>>(&self, datagram: &[u8], target: P) -> io::Result<usize> {
        let mut backoff = Backoff::new();
        loop {
            match self.try_send_to(datagram, &target) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => backoff.pause().await,
                sent => return sent,
            }
        }
    }

    /// Waits for a datagram, and gives its length.
    ///
    /// # Errors
    ///
    /// Those of the operating system; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[track_caller]
    pub fn recv(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        self.io.async_io(Interest::Readable, |io| io.recv(buffer))
    }

    /// Waits for a datagram, and gives its length and its sender, who may have no path.
    ///
    /// # Errors
    ///
    /// Those of the operating system; says so if the runtime ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        self.io.async_io(Interest::Readable, |io| io.recv_from(buffer))
    }

    /// Waits until there is a datagram. Any number of tasks may wait.
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

    /// Waits until there is room for a datagram. Any number of tasks may wait.
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

    /// As [`send`](UnixDatagram::send), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no room is known of.
    pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::Writable, |io| io.send(datagram))
    }

    /// As [`send_to`](UnixDatagram::send_to), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system: [`WouldBlock`](io::ErrorKind::WouldBlock) where the other side's queue is full. The
    /// operating system does not tell when it no longer is, nor does [`writable`](UnixDatagram::writable).
    pub fn try_send_to<P: AsRef<Path>>(&self, datagram: &[u8], target: P) -> io::Result<usize> {
        // Past the reactor: that somebody else's queue is full says nothing about this socket, and it must not keep waiting
        // whoever sends to where it is connected.
        self.io.get_ref().send_to(datagram, target)
    }

    /// As [`recv`](UnixDatagram::recv), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no datagram is known to be there.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::Readable, |io| io.recv(buffer))
    }

    /// As [`recv_from`](UnixDatagram::recv_from), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no datagram is known to be there.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::Readable, |io| io.recv_from(buffer))
    }

    /// Ends receiving, sending or both.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.io.get_ref().shutdown(how)
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// The address to which the socket is connected.
    ///
    /// # Errors
    ///
    /// Those of the operating system: [`NotConnected`](io::ErrorKind::NotConnected) where it is not.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().peer_addr()
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
