//! Descriptors do not leak. Alone in its file, since they are those of the whole process.

#![cfg(target_os = "linux")]

mod net_support;

use std::fs;
use std::pin::pin;

use canter_executor::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use canter_executor::runtime::Runtime;
use canter_executor::signal::unix::{SignalKind, signal};
use canter_executor::spawn;
use futures::{AsyncReadExt, AsyncWriteExt, poll};
use net_support::guard_against_hanging;

fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").expect("proc is mounted").count()
}

async fn use_every_kind_of_socket() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _waits = spawn(std::future::pending::<()>());
    for _ in 0..32 {
        let mut client = TcpStream::connect(address).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(b"!").await.unwrap();
        server.read_exact(&mut [0]).await.unwrap();
        let (_read, write) = server.into_split();
        drop(write);
        drop(client.into_std().unwrap());
    }
    // Accepted by nobody, and a read that is given up.
    let mut client = TcpStream::connect(address).await.unwrap();
    assert!(poll!(&mut client.read(&mut [0])).is_pending());

    drop(TcpListener::bind(address).await.unwrap_err());
    drop(TcpListener::bind_sharded("127.0.0.1:0", 4).await.unwrap());
    drop(listener);
    drop(TcpStream::connect(address).await.unwrap_err());

    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    assert!(poll!(&mut pin!(socket.recv(&mut [0]))).is_pending());
    drop(UnixStream::pair().unwrap());
    drop(UnixDatagram::pair().unwrap());
    let mut hangup = signal(SignalKind::hangup()).unwrap();
    assert!(poll!(&mut pin!(hangup.recv())).is_pending());
    signal(SignalKind::from_raw(-1)).unwrap_err();
}

#[test]
fn every_descriptor_is_closed_in_the_end() {
    let _guard = guard_against_hanging();
    let before = descriptors();

    let runtime = Runtime::new().unwrap();
    let with_runtime = descriptors();
    runtime.block_on(use_every_kind_of_socket());
    assert_eq!(descriptors(), with_runtime);

    let parked = runtime.block_on(async {
        let (ours, theirs) = UnixStream::pair().unwrap();
        runtime.go(async move {
            let _ = (&ours).read(&mut [0]).await;
        });
        theirs
    });
    drop(runtime);
    drop(parked);
    assert_eq!(descriptors(), before);
}
