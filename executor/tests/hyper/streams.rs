//! hyper's traits on the streams, and between the traits.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;

use canter_executor::hyper::Io;
#[cfg(unix)]
use canter_executor::net::UnixStream;
use canter_executor::{block_on, go, spawn};
use futures::io::Cursor;
use futures::{AsyncReadExt, AsyncWriteExt};
use hyper::rt::{Read, ReadBuf, Write};
use hyper::service::service_fn;
use hyper::{client, server};

use crate::net_support::guard_against_hanging;
use crate::{echo, get, pair, pattern, post, tell_path, whole};

/// One read of hyper's, of up to `N` bytes into memory that nobody has written to.
async fn read<const N: usize>(stream: &mut (impl Read + Unpin)) -> io::Result<Vec<u8>> {
    let mut memory = [MaybeUninit::uninit(); N];
    let mut buffer = ReadBuf::uninit(&mut memory);
    poll_fn(|cx| Pin::new(&mut *stream).poll_read(cx, buffer.unfilled())).await?;
    Ok(buffer.filled().to_vec())
}

/// Reads give what there is and no more, a buffer that is too small leaves the rest, and the end is an empty read.
#[test]
fn reads_fill_what_they_got() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair().await;
        theirs.write_all(b"hello").await.unwrap();
        assert_eq!(read::<2>(&mut ours).await.unwrap(), b"he");
        assert_eq!(read::<16>(&mut ours).await.unwrap(), b"llo");
        theirs.close().await.unwrap();
        assert_eq!(read::<16>(&mut ours).await.unwrap(), b"");
    });
}

/// A read comes after what the buffer holds already.
#[test]
fn reads_go_behind_what_is_there() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair().await;
        let mut memory = [MaybeUninit::uninit(); 16];
        let mut buffer = ReadBuf::uninit(&mut memory);
        for word in ["one", "two"] {
            theirs.write_all(word.as_bytes()).await.unwrap();
            poll_fn(|cx| Pin::new(&mut ours).poll_read(cx, buffer.unfilled()))
                .await
                .unwrap();
        }
        assert_eq!(buffer.filled(), b"onetwo");
    });
}

/// A read that has to wait is woken by what comes.
#[test]
fn a_read_waits_for_what_comes() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair().await;
        let mut reading = Box::pin(read::<16>(&mut ours));
        assert!(futures::poll!(reading.as_mut()).is_pending());
        theirs.write_all(b"late").await.unwrap();
        assert_eq!(reading.await.unwrap(), b"late");
    });
}

/// Several slices go in one write, and shutting down ends what the other side reads.
#[test]
fn writes_take_all_slices() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair().await;
        let mut ours = Pin::new(&mut ours);
        assert!(ours.is_write_vectored());
        let slices = [b"one ", b"two ", b"six."].map(|word| IoSlice::new(word));
        let written = poll_fn(|cx| ours.as_mut().poll_write_vectored(cx, &slices)).await;
        assert_eq!(written.unwrap(), 12);
        assert_eq!(
            poll_fn(|cx| Write::poll_write(ours.as_mut(), cx, b"end"))
                .await
                .unwrap(),
            3
        );
        poll_fn(|cx| Write::poll_flush(ours.as_mut(), cx)).await.unwrap();
        poll_fn(|cx| ours.as_mut().poll_shutdown(cx)).await.unwrap();
        let mut received = String::new();
        theirs.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "one two six.end");
    });
}

/// hyper serves on a Unix stream as on a TCP one.
#[cfg(unix)]
#[test]
fn a_unix_stream_is_served() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, other) = UnixStream::pair().unwrap();
        go(server::conn::http1::Builder::new().serve_connection(other, service_fn(tell_path)));
        let (mut sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
        go(connection);
        for path in ["/one", "/two"] {
            sender.ready().await.unwrap();
            let response = sender.send_request(get(path)).await.unwrap();
            assert_eq!(whole(response.into_body()).await.unwrap(), path);
        }
    });
}

/// A stream with the traits of `futures` alone is served by way of `Io`, a large body included.
#[test]
fn a_stream_of_futures_is_served() {
    /// It hides what the stream is beside the traits of `futures`.
    fn hidden(
        stream: impl futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static,
    ) -> Io<impl futures::AsyncRead + futures::AsyncWrite + Send + Unpin + 'static> {
        Io::new(stream)
    }
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, other) = pair().await;
        let served = spawn(async move {
            server::conn::http1::Builder::new()
                .serve_connection(hidden(other), service_fn(echo))
                .await
        });
        let (mut sender, connection) = client::conn::http1::handshake(hidden(stream)).await.unwrap();
        go(connection);
        let sent = pattern(2 << 20);
        let request = post(http_body_util::Full::new(sent.clone()));
        let response = sender.send_request(request).await.unwrap();
        assert!(whole(response.into_body()).await.unwrap() == sent);
        drop(sender);
        served.await.unwrap().unwrap();
    });
}

/// There and back again the bytes are the same, and the stream comes out as it went in.
#[test]
fn io_leaves_the_stream_as_it_is() {
    let _guard = guard_against_hanging();
    block_on(async {
        let mut there = Io::new(Cursor::new(b"hello".to_vec()));
        assert_eq!(read::<2>(&mut there).await.unwrap(), b"he");
        let mut back = Io::new(there);
        let mut rest = String::new();
        back.read_to_string(&mut rest).await.unwrap();
        assert_eq!(rest, "llo");
        assert_eq!(back.get_ref().get_ref().position(), 5);
        back.get_mut().get_mut().set_position(1);
        assert_eq!(back.into_inner().into_inner().position(), 1);
    });
}

/// A stream that claims to have read more than it was given room for is stopped before anything trusts it.
#[test]
#[should_panic(expected = "a read gave 17 bytes for a buffer of 16")]
fn a_read_that_lies_is_stopped() {
    struct Liar;

    impl futures::AsyncRead for Liar {
        fn poll_read(
            self: Pin<&mut Self>,
            _cx: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            std::task::Poll::Ready(Ok(buffer.len() + 1))
        }
    }

    block_on(async { drop(read::<16>(&mut Io::new(Liar)).await) });
}
