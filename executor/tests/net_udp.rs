//! UDP sockets.

mod net_support;

use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket as StdUdpSocket};
use std::os::fd::OwnedFd;
use std::pin::pin;
use std::sync::Arc;

use canter_executor::net::UdpSocket;
use canter_executor::{block_on, spawn};
use futures::future::join_all;
use futures::poll;
use net_support::guard_against_hanging;

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

#[test]
fn each_datagram_comes_to_one_of_the_tasks_that_receive() {
    const DATAGRAMS: u8 = 64;
    let _guard = guard_against_hanging();
    block_on(async {
        let receiver = Arc::new(socket().await);
        let address = receiver.local_addr().unwrap();
        let receiving: Vec<_> = (0..8)
            .map(|_| {
                let receiver = receiver.clone();
                spawn(async move {
                    let mut received = Vec::new();
                    for _ in 0..DATAGRAMS / 8 {
                        let mut buffer = [0; 8];
                        assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 1);
                        received.push(buffer[0]);
                    }
                    received
                })
            })
            .collect();
        let sender = socket().await;
        for number in 0..DATAGRAMS {
            sender.send_to(&[number], address).await.unwrap();
        }
        let mut received: Vec<u8> = join_all(receiving)
            .await
            .into_iter()
            .flat_map(Result::unwrap)
            .collect();
        received.sort_unstable();
        assert_eq!(received, Vec::from_iter(0..DATAGRAMS));
    });
}

#[test]
fn connected_sockets_send_and_receive_without_addresses() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = (socket().await, socket().await);
        assert_eq!(one.peer_addr().unwrap_err().kind(), ErrorKind::NotConnected);
        one.connect(other.local_addr().unwrap()).await.unwrap();
        other.connect(one.local_addr().unwrap()).await.unwrap();
        assert_eq!(one.peer_addr().unwrap(), other.local_addr().unwrap());

        one.send(b"ping").await.unwrap();
        let mut buffer = [0; 8];
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        other.send(&buffer[..4]).await.unwrap();
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"ping");
    });
}

#[test]
fn peeking_leaves_the_datagram_and_trying_takes_it() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = (socket().await, socket().await);
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        one.writable().await.unwrap();
        assert_eq!(one.try_send_to(b"look", to).unwrap(), 4);
        let mut buffer = [0; 8];
        for _ in 0..2 {
            assert_eq!(other.peek_from(&mut buffer).await.unwrap(), (4, from));
        }
        assert_eq!(other.try_recv_from(&mut buffer).unwrap(), (4, from));
        assert_eq!(
            other.try_recv(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
    });
}

#[test]
fn poll_functions_send_and_receive() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = (socket().await, socket().await);
        let (from, to) = (one.local_addr().unwrap(), other.local_addr().unwrap());
        poll_fn(|cx| one.poll_send_to(cx, b"polled", to)).await.unwrap();
        let mut buffer = [0; 8];
        let received = poll_fn(|cx| other.poll_recv_from(cx, &mut buffer)).await;
        assert_eq!(received.unwrap(), (6, from));
        one.connect(to).await.unwrap();
        poll_fn(|cx| one.poll_send(cx, b"again")).await.unwrap();
        assert_eq!(poll_fn(|cx| other.poll_recv(cx, &mut buffer)).await.unwrap(), 5);
    });
}

#[test]
fn a_receive_that_is_dropped_loses_no_datagram() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = (socket().await, socket().await);
        let mut buffer = [0; 8];
        {
            let mut receive = pin!(other.recv(&mut buffer));
            assert!(poll!(&mut receive).is_pending());
        }
        one.send_to(b"kept", other.local_addr().unwrap()).await.unwrap();
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
    });
}

#[test]
fn an_empty_datagram_is_a_datagram() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = (socket().await, socket().await);
        one.send_to(b"", other.local_addr().unwrap()).await.unwrap();
        assert_eq!(
            other.recv_from(&mut [0; 8]).await.unwrap(),
            (0, one.local_addr().unwrap())
        );
    });
}

#[test]
fn options_are_what_they_were_set_to() {
    let _guard = guard_against_hanging();
    block_on(async {
        let socket = socket().await;
        assert!(!socket.broadcast().unwrap());
        socket.set_broadcast(true).unwrap();
        assert!(socket.broadcast().unwrap());
        socket.set_ttl(33).unwrap();
        assert_eq!(socket.ttl().unwrap(), 33);
        socket.set_multicast_ttl_v4(2).unwrap();
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 2);
        socket.set_multicast_loop_v4(false).unwrap();
        assert!(!socket.multicast_loop_v4().unwrap());
    });
}

#[test]
fn a_multicast_group_is_joined_once_and_left() {
    let _guard = guard_against_hanging();
    block_on(async {
        let socket = socket().await;
        let group = Ipv4Addr::new(224, 0, 0, 123);
        socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap_err();
        socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap();
        socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST).unwrap_err();
    });
}

#[test]
fn sockets_come_from_std_and_go_back() {
    let _guard = guard_against_hanging();
    block_on(async {
        let std = StdUdpSocket::bind("127.0.0.1:0").unwrap();
        let address = std.local_addr().unwrap();
        let socket = UdpSocket::try_from(std).unwrap();
        socket.send_to(b"self", address).await.unwrap();
        let socket = UdpSocket::try_from(OwnedFd::try_from(socket).unwrap()).unwrap();
        assert_eq!(socket.recv(&mut [0; 8]).await.unwrap(), 4);
        assert_eq!(socket.into_std().unwrap().local_addr().unwrap(), address);
    });
}
