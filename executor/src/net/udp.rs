//! UDP.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::task::{Context, Poll};

use super::addr::{ToSocketAddrs, resolve};
use super::convert::conversions;
use super::error::Failures;
use crate::io::{Async, Interest};

/// A UDP socket: it sends datagrams to anybody and receives them from anybody, or, once it is
/// [connected](UdpSocket::connect), to and from one address.
///
/// A datagram is received whole or not at all: what does not fit into the buffer is lost. Any number of tasks may receive
/// from one socket; each datagram goes to one of them.
///
/// # Examples
///
/// ```
/// use canter_executor::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// canter_executor::block_on(async {
///     let server = UdpSocket::bind("127.0.0.1:0").await?;
///     let client = UdpSocket::bind("127.0.0.1:0").await?;
///     client.send_to(b"ping", server.local_addr()?).await?;
///
///     let mut buffer = [0; 1500];
///     let (length, sender) = server.recv_from(&mut buffer).await?;
///     assert_eq!((&buffer[..length], sender), (&b"ping"[..], client.local_addr()?));
///     Ok(())
/// })
/// # }
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    io: Async<mio::net::UdpSocket>,
}

conversions!(UdpSocket, mio::net::UdpSocket, std::net::UdpSocket);

impl UdpSocket {
    /// Binds to the first of the addresses of `addr` that allows it. Port 0 means a free one, which
    /// [`local_addr`](UdpSocket::local_addr) tells.
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the addresses that were tried; see [`lookup_host`](super::lookup_host) for those
    /// of a look-up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing behind.
    pub async fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        let resolved = resolve(&addr).await?;
        let mut failures = Failures::default();
        for &address in resolved.addresses.as_slice() {
            match mio::net::UdpSocket::bind(address).and_then(UdpSocket::from_mio) {
                Ok(socket) => return Ok(socket),
                Err(error) => failures.add(address, error),
            }
        }
        Err(failures.into_error("bind to", resolved.name.as_deref()))
    }

    /// Sets the one address to send to and to receive from: the first of those of `addr` that there is a way to. Nothing is
    /// sent for it.
    ///
    /// Where nobody is bound at that address, what is sent there may come back as an error of a later operation
    /// ([`ConnectionRefused`](io::ErrorKind::ConnectionRefused)).
    ///
    /// # Errors
    ///
    /// Those of the operating system, with the addresses that were tried; see [`lookup_host`](super::lookup_host) for those
    /// of a look-up.
    ///
    /// # Cancel safety
    ///
    /// The socket is connected by the end of the future and not before.
    pub async fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        let resolved = resolve(&addr).await?;
        let mut failures = Failures::default();
        for &address in resolved.addresses.as_slice() {
            match self.io.get_ref().connect(address) {
                Ok(()) => return Ok(()),
                Err(error) => failures.add(address, error),
            }
        }
        Err(failures.into_error("connect to", resolved.name.as_deref()))
    }

    /// Sends a datagram to the address to which the socket is connected.
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

    /// Sends a datagram to the first of the addresses of `target`.
    ///
    /// # Errors
    ///
    /// Those of the operating system, of a datagram that is too long for one; says so if the runtime ends. See
    /// [`lookup_host`](super::lookup_host) for those of a look-up.
    ///
    /// # Cancel safety
    ///
    /// The datagram is sent by the end of the future and not before.
    pub async fn send_to<A: ToSocketAddrs>(&self, datagram: &[u8], target: A) -> io::Result<usize> {
        let resolved = resolve(&target).await?;
        let Some(&address) = resolved.addresses.as_slice().first() else {
            return Err(Failures::default().into_error("send to", None));
        };
        self.io
            .async_io(Interest::Writable, |io| io.send_to(datagram, address))
            .await
    }

    /// Waits for a datagram from the address to which the socket is connected, and gives its length.
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

    /// Waits for a datagram, and gives its length and its sender.
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

    /// As [`recv_from`](UdpSocket::recv_from), and leaves the datagram there for the next one to receive.
    ///
    /// # Errors
    ///
    /// Those of `recv_from`.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no datagram.
    #[track_caller]
    pub fn peek_from(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        self.io.async_io(Interest::Readable, |io| io.peek_from(buffer))
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

    /// As [`send`](UdpSocket::send), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no room is known of.
    pub fn try_send(&self, datagram: &[u8]) -> io::Result<usize> {
        self.io.try_io(Interest::Writable, |io| io.send(datagram))
    }

    /// As [`send_to`](UdpSocket::send_to), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no room is known of.
    pub fn try_send_to(&self, datagram: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.io
            .try_io(Interest::Writable, |io| io.send_to(datagram, target))
    }

    /// As [`recv`](UdpSocket::recv), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no datagram is known to be there.
    pub fn try_recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.io.try_io(Interest::Readable, |io| io.recv(buffer))
    }

    /// As [`recv_from`](UdpSocket::recv_from), without waiting.
    ///
    /// # Errors
    ///
    /// Those of the operating system; [`WouldBlock`](io::ErrorKind::WouldBlock) where no datagram is known to be there.
    pub fn try_recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.io.try_io(Interest::Readable, |io| io.recv_from(buffer))
    }

    /// As [`send`](UdpSocket::send), for a poll function: of the tasks that poll to send, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `send`.
    pub fn poll_send(&self, cx: &mut Context<'_>, datagram: &[u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Interest::Writable, |io| io.send(datagram))
    }

    /// As [`send_to`](UdpSocket::send_to), for a poll function: of the tasks that poll to send, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `send_to`.
    pub fn poll_send_to(
        &self,
        cx: &mut Context<'_>,
        datagram: &[u8],
        target: SocketAddr,
    ) -> Poll<io::Result<usize>> {
        self.io
            .poll_io(cx, Interest::Writable, |io| io.send_to(datagram, target))
    }

    /// As [`recv`](UdpSocket::recv), for a poll function: of the tasks that poll to receive, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `recv`.
    pub fn poll_recv(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.io.poll_io(cx, Interest::Readable, |io| io.recv(buffer))
    }

    /// As [`recv_from`](UdpSocket::recv_from), for a poll function: of the tasks that poll to receive, the last is woken.
    ///
    /// # Errors
    ///
    /// Those of `recv_from`.
    pub fn poll_recv_from(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.io.poll_io(cx, Interest::Readable, |io| io.recv_from(buffer))
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

    /// Takes the error that the socket has noted, if there is one (`SO_ERROR`): the next operation no longer says it.
    ///
    /// # Errors
    ///
    /// Those of the operating system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

/// Options. Each fails with the error of the operating system.
impl UdpSocket {
    /// Whether datagrams may be sent to a broadcast address.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.io.get_ref().broadcast()
    }

    /// Sets whether datagrams may be sent to a broadcast address. At first they may not.
    pub fn set_broadcast(&self, allowed: bool) -> io::Result<()> {
        self.io.get_ref().set_broadcast(allowed)
    }

    /// How many hops datagrams may take (`IP_TTL`).
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets how many hops datagrams may take (`IP_TTL`).
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Receives what is sent to an IPv4 multicast group, through the interface with the address `interface`; the unspecified
    /// address leaves the choice to the operating system.
    pub fn join_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().join_multicast_v4(&group, &interface)
    }

    /// Leaves an IPv4 multicast group that was joined on this interface.
    pub fn leave_multicast_v4(&self, group: Ipv4Addr, interface: Ipv4Addr) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v4(&group, &interface)
    }

    /// Receives what is sent to an IPv6 multicast group, through the interface of this number; zero leaves the choice to the
    /// operating system.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().join_multicast_v6(group, interface)
    }

    /// Leaves an IPv6 multicast group that was joined on this interface.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.io.get_ref().leave_multicast_v6(group, interface)
    }

    /// Whether the sender's own machine receives its IPv4 multicasts.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v4()
    }

    /// Sets whether the sender's own machine receives its IPv4 multicasts. At first it does.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v4(on)
    }

    /// Whether the sender's own machine receives its IPv6 multicasts.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.io.get_ref().multicast_loop_v6()
    }

    /// Sets whether the sender's own machine receives its IPv6 multicasts. At first it does.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.io.get_ref().set_multicast_loop_v6(on)
    }

    /// How many hops IPv4 multicasts may take.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.io.get_ref().multicast_ttl_v4()
    }

    /// Sets how many hops IPv4 multicasts may take. At first it is one: they stay in the network.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_multicast_ttl_v4(ttl)
    }
}
