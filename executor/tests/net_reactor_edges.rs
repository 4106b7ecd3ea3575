//! Edges that the poller reports in unusual ways.

mod net_support;

use std::io::{ErrorKind, Write};
use std::net::{TcpStream as StdTcpStream, UdpSocket as StdUdpSocket};
use std::pin::pin;

use canter_executor::block_on;
use canter_executor::net::{TcpListener, UdpSocket};
use futures::AsyncReadExt;
use futures::poll;
use net_support::guard_against_hanging;
use socket2::SockRef;

/// The error of a datagram makes the socket look closed to the poller; it is not.
#[test]
fn after_an_error_was_told_a_datagram_socket_waits_again() {
    let _guard = guard_against_hanging();
    block_on(async {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let peer = StdUdpSocket::bind("127.0.0.1:0").unwrap();
        let peer_address = peer.local_addr().unwrap();
        socket.connect(peer_address).await.unwrap();
        drop(peer);

        socket.send(b"nobody is there").await.unwrap();
        let mut buffer = [0; 16];
        let refused = socket.recv(&mut buffer).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);

        assert_eq!(
            socket.try_recv(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        let mut readable = pin!(socket.readable());
        assert!(poll!(&mut readable).is_pending());
    });
}

/// A read ends before an urgent byte, whatever follows it, and the poller has no more to say then.
#[test]
fn what_follows_an_urgent_byte_is_read() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = StdTcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(b"before").unwrap();
        SockRef::from(&client).send_out_of_band(b"!").unwrap();
        client.write_all(b"after").unwrap();

        let (mut server, _) = listener.accept().await.unwrap();
        let mut received = [0; 11];
        let mut length = 0;
        while length < received.len() {
            // A buffer that none of the reads fills.
            let mut buffer = [0; 64];
            let read = server.read(&mut buffer).await.unwrap();
            received[length..length + read].copy_from_slice(&buffer[..read]);
            length += read;
        }
        assert_eq!(&received, b"beforeafter");
    });
}
