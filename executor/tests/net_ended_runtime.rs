//! Sockets that outlive their runtime.

mod net_support;

use std::io::{ErrorKind, Read};

use canter_executor::block_on;
use canter_executor::net::{TcpListener, TcpStream, UdpSocket};
use canter_executor::runtime::Runtime;
use futures::{AsyncReadExt, AsyncWriteExt};
use net_support::guard_against_hanging;

#[test]
fn a_socket_whose_runtime_has_ended_says_so() {
    let _guard = guard_against_hanging();
    let runtime = Runtime::new().unwrap();
    let (listener, mut stream, socket) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        (listener, stream, socket)
    });
    drop(runtime);
    block_on(async {
        for error in [
            listener.accept().await.map(drop).unwrap_err(),
            stream.read(&mut [0; 8]).await.map(drop).unwrap_err(),
            stream.write(b"?").await.map(drop).unwrap_err(),
            stream.try_read(&mut [0; 8]).map(drop).unwrap_err(),
            stream.readable().await.unwrap_err(),
            socket.recv(&mut [0; 8]).await.map(drop).unwrap_err(),
        ] {
            assert_ne!(error.kind(), ErrorKind::WouldBlock);
            assert!(error.to_string().contains("has ended"), "{error}");
        }
    });
}

#[test]
fn a_task_that_waits_for_a_socket_learns_that_the_runtime_has_ended() {
    let _guard = guard_against_hanging();
    let runtime = Runtime::new().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let waiting = std::thread::spawn(move || block_on(listener.accept()).map(drop));
    drop(runtime);
    let error = waiting.join().unwrap().unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
}

#[test]
fn a_socket_moves_to_another_runtime_through_std() {
    let _guard = guard_against_hanging();
    let runtime = Runtime::new().unwrap();
    let (stream, theirs) = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (stream, listener.accept().await.unwrap().0.into_std().unwrap())
    });
    drop(runtime);
    block_on(async {
        let mut stream = TcpStream::try_from(stream.into_std().unwrap()).unwrap();
        stream.write_all(b"moved").await.unwrap();
    });
    let mut received = String::new();
    theirs.set_nonblocking(false).unwrap();
    (&theirs).read_to_string(&mut received).unwrap();
    assert_eq!(received, "moved");
}
