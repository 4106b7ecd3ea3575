//! TCP, UDP and Unix sockets.
//!
//! They register with the reactor of the runtime in which they are made, and stay with it: they can be used from anywhere,
//! but once that runtime has ended every operation on them says so.
//!
//! All operations take `&self`, so a socket can be shared by reference or in an `Arc`. The `async` ones let any number of
//! tasks wait at once. The `poll_` functions, and with them the [`AsyncRead`](futures_io::AsyncRead) and
//! [`AsyncWrite`](futures_io::AsyncWrite) of the streams, are for one task in each direction: of several that wait only the
//! last to poll is woken. The `try_` functions never wait: they give [`WouldBlock`](std::io::ErrorKind::WouldBlock), also
//! where the reactor has not seen yet that the socket is ready, so wait with `readable` or `writable` before them.
//!
//! Options for which there is no function here are a line of the `socket2` crate away, since all sockets give their
//! descriptor: `socket2::SockRef::from(&stream).set_recv_buffer_size(1 << 20)`. Sockets that were set up elsewhere come in
//! through `TryFrom` of the types of `std` or of a descriptor.
//!
//! With the feature `hyper` the TCP and Unix streams have the traits of hyper too; see the module of that name.
//!
//! # Examples
//!
//! ```
//! use canter_executor::net::{TcpListener, TcpStream};
//! use canter_executor::{block_on, go};
//! use futures::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> std::io::Result<()> {
//! block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     go(async move {
//!         let (mut stream, _peer) = listener.accept().await.unwrap();
//!         stream.write_all(b"welcome").await.unwrap();
//!     });
//!     let mut greeting = String::new();
//!     TcpStream::connect(address).await?.read_to_string(&mut greeting).await?;
//!     assert_eq!(greeting, "welcome");
//!     Ok(())
//! })
//! # }
//! ```

mod addr;
mod convert;
mod error;
mod halves;
#[cfg(feature = "hyper")]
mod hyper;
mod incoming;
mod stream_io;
mod tcp_listener;
mod tcp_stream;
mod udp;
#[cfg(unix)]
mod unix;

pub use addr::{ToSocketAddrs, lookup_host};
pub use halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, Splittable, WriteHalf};
pub use incoming::{Incoming, Listener};
pub use tcp_listener::TcpListener;
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
#[cfg(unix)]
pub use unix::{UnixDatagram, UnixListener, UnixStream};
