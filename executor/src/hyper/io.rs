//! Between the traits of `futures` and hyper's.
#![expect(unsafe_code, reason = "hyper's cursor trusts whoever moves it")]

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt;
use futures_io::{AsyncRead, AsyncWrite};

/// A stream of the other side: one with the traits of [`futures_io`] gets hyper's, and the other way round.
///
/// canter's own streams need none of it. A stream of TLS does, before hyper can use it; and so does
/// [`Upgraded`](hyper::upgrade::Upgraded), before the extension traits of the `futures` crate can. Where it is known what was upgraded,
/// `downcast` gives that back instead.
///
/// The room for a read is zeroed before, since the traits of `futures` want it so, and hyper gathers what it writes in one buffer, since
/// those traits don't tell whether a vectored write would save that. The rest is as it is with the stream inside.
///
/// # Examples
///
/// ```
/// use canter_executor::hyper::{Io, Timer};
/// use futures::{AsyncRead, AsyncReadExt, AsyncWrite};
/// use hyper::upgrade::Upgraded;
/// use hyper::{Response, server, service::service_fn};
///
/// async fn serve(tls: impl AsyncRead + AsyncWrite + Unpin + 'static) -> hyper::Result<()> {
///     server::conn::http1::Builder::new()
///         .timer(Timer)
///         .serve_connection(Io::new(tls), service_fn(async |_| hyper::Result::Ok(Response::new("hello".to_owned()))))
///         .await
/// }
///
/// async fn words_of(upgraded: Upgraded) -> std::io::Result<String> {
///     let mut words = String::new();
///     Io::new(upgraded).read_to_string(&mut words).await?;
///     Ok(words)
/// }
/// ```
#[derive(Debug, Default, Clone)]
pub struct Io<T> {
    inner: T,
}

impl<T> Io<T> {
    /// Wraps a stream.
    pub fn new(inner: T) -> Io<T> {
        Io { inner }
    }

    /// The stream inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// The stream inside. What is read or written by way of it is missing on the outside.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Takes the stream out again. Nothing is buffered here.
    pub fn into_inner(self) -> T {
        self.inner
    }

    fn inner(self: Pin<&mut Self>) -> Pin<&mut T>
    where
        T: Unpin,
    {
        Pin::new(&mut self.get_mut().inner)
    }
}

impl<T: AsyncRead + Unpin> rt::Read for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = cursor.initialize_unfilled();
        let length = room.len();
        let received = ready!(self.inner().poll_read(cx, room))?;
        assert!(
            received <= length,
            "a read gave {received} bytes for a buffer of {length}"
        );
        // SAFETY: all of the room is initialised, and it is not less than this.
        unsafe { cursor.advance(received) };
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> rt::Write for Io<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_close(cx)
    }
}

impl<T: rt::Read + Unpin> AsyncRead for Io<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = rt::ReadBuf::new(bytes);
        ready!(self.inner().poll_read(cx, buffer.unfilled()))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<T: rt::Write + Unpin> AsyncWrite for Io<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }
}
