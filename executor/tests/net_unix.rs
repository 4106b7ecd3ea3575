//! Unix sockets.

#![cfg(unix)]

mod net_support;

use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram as StdUnixDatagram, UnixListener as StdUnixListener};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;
use std::{env, fs, process};

use canter_executor::net::{UnixDatagram, UnixListener, UnixStream};
use canter_executor::{block_on, spawn};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, poll};
use net_support::guard_against_hanging;
use socket2::{Domain, SockAddr, Socket, Type};

/// A path for a socket, removed at the end.
struct SocketPath(PathBuf);

impl SocketPath {
    fn new() -> SocketPath {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        SocketPath(env::temp_dir().join(format!("canter-{}-{number}.sock", process::id())))
    }
}

impl AsRef<Path> for SocketPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn a_stream_to_a_path_is_accepted_and_echoes() {
    let _guard = guard_against_hanging();
    block_on(async {
        let path = SocketPath::new();
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(path.as_ref()));
        let echo = spawn(async move {
            let stream = listener.incoming().next().await.unwrap().unwrap();
            futures::io::copy(&stream, &mut &stream).await
        });
        let (mut read, mut write) = UnixStream::connect(&path).await.unwrap().into_split();
        let sent = vec![7; 1 << 20];
        let expected = sent.clone();
        let writing = spawn(async move { write.write_all(&sent).await });
        let mut received = Vec::new();
        read.read_to_end(&mut received).await.unwrap();
        writing.await.unwrap().unwrap();
        assert!(received == expected, "mixed up");
        assert_eq!(echo.await.unwrap().unwrap(), expected.len() as u64);
    });
}

#[test]
fn connecting_waits_while_the_queue_of_the_listener_is_full() {
    let _guard = guard_against_hanging();
    block_on(async {
        let path = SocketPath::new();
        let listener = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
        listener.bind(&SockAddr::unix(&path).unwrap()).unwrap();
        listener.listen(0).unwrap();
        let listener = UnixListener::try_from(OwnedFd::from(listener)).unwrap();

        let mut queued = Vec::new();
        let mut connect = loop {
            let mut connect = Box::pin(UnixStream::connect(&path));
            match poll!(&mut connect) {
                Poll::Ready(stream) => queued.push(stream.unwrap()),
                Poll::Pending => break connect,
            }
        };
        assert!(poll!(&mut connect).is_pending());
        for _ in &queued {
            listener.accept().await.unwrap();
        }
        connect.await.unwrap();
        listener.accept().await.unwrap();
    });
}

#[test]
fn errors_name_the_path() {
    let _guard = guard_against_hanging();
    block_on(async {
        let path = SocketPath::new();
        let name = path.as_ref().display().to_string();
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains(&name), "{error}");

        drop(UnixListener::bind(&path).unwrap());
        let error = UnixStream::connect(&path).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().contains(&name), "{error}");
        for error in [
            UnixListener::bind(&path).unwrap_err(),
            UnixDatagram::bind(&path).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert!(error.to_string().contains(&name), "{error}");
        }
    });
}

#[test]
fn datagrams_go_through_pairs_connections_and_paths() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = UnixDatagram::pair().unwrap();
        let mut buffer = [0; 8];
        one.send(b"pair").await.unwrap();
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(
            other.try_recv(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );

        let path = SocketPath::new();
        let receiver = UnixDatagram::bind(&path).unwrap();
        let sender = UnixDatagram::unbound().unwrap();
        sender.send_to(b"path", &path).await.unwrap();
        let (length, from) = receiver.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], from.is_unnamed()), (&b"path"[..], true));
        sender.connect(&path).unwrap();
        sender.send(b"connect").await.unwrap();
        receiver.readable().await.unwrap();
        assert_eq!(receiver.try_recv_from(&mut buffer).unwrap().0, 7);
    });
}

#[test]
fn sending_waits_while_the_queue_of_the_receiver_is_full_of_the_datagrams_of_others() {
    let _guard = guard_against_hanging();
    block_on(async {
        let path = SocketPath::new();
        let receiver = UnixDatagram::bind(&path).unwrap();
        let other = StdUnixDatagram::unbound().unwrap();
        other.set_nonblocking(true).unwrap();
        let mut queued = 0;
        while other.send_to(b"full", path.as_ref()).is_ok() {
            queued += 1;
        }
        let (to_path, connected) = (UnixDatagram::unbound().unwrap(), UnixDatagram::unbound().unwrap());
        connected.connect(&path).unwrap();
        let mut sending_to = pin!(to_path.send_to(b"one more", &path));
        let mut sending = pin!(connected.send(b"one more"));
        assert!(poll!(&mut sending_to).is_pending() && poll!(&mut sending).is_pending());

        let mut buffer = [0; 8];
        for _ in 0..queued {
            assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 4);
        }
        sending_to.await.unwrap();
        sending.await.unwrap();
        for _ in 0..2 {
            assert_eq!(receiver.recv(&mut buffer).await.unwrap(), 8);
        }
    });
}

#[test]
fn sockets_come_from_std_and_go_back() {
    let _guard = guard_against_hanging();
    block_on(async {
        let path = SocketPath::new();
        let listener = UnixListener::try_from(StdUnixListener::bind(&path).unwrap()).unwrap();
        let mut client = UnixStream::connect(&path).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let mut server = UnixStream::try_from(server.into_std().unwrap()).unwrap();
        client.write_all(b"moved").await.unwrap();
        drop(client);
        let mut received = String::new();
        server.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "moved");
    });
}
