//! The two directions of a stream as values of their own.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::TcpStream;

/// The streams that can be split: [`TcpStream`] and, on Unix, the Unix stream. The trait is sealed.
pub trait Splittable: sealed::Duplex {}

impl<S: sealed::Duplex> Splittable for S {}

pub(super) mod sealed {
    pub trait Duplex {
        fn shut(&self, how: std::net::Shutdown) -> std::io::Result<()>;
    }
}

/// The reading direction of a borrowed stream. `split` gives it.
#[derive(Debug)]
pub struct ReadHalf<'a, S = TcpStream>(&'a S);

/// The writing direction of a borrowed stream. `split` gives it.
#[derive(Debug)]
pub struct WriteHalf<'a, S = TcpStream>(&'a S);

/// The reading direction of a stream, to give to a task of its own. `into_split` gives it.
///
/// The stream is closed when both halves are dropped.
#[derive(Debug)]
pub struct OwnedReadHalf<S = TcpStream>(Arc<S>);

/// The writing direction of a stream, to give to a task of its own. `into_split` gives it.
///
/// Dropping it shuts down writing: the other side sees the end of the stream, and the reading half goes on. The stream is
/// closed when both halves are dropped.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Splittable = TcpStream> {
    /// `None` only between `reunite` and the drop that follows.
    stream: Option<Arc<S>>,
}

pub(super) fn split<S>(stream: &S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(super) fn into_split<S: Splittable>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let read = Arc::new(stream);
    let write = OwnedWriteHalf {
        stream: Some(read.clone()),
    };
    (OwnedReadHalf(read), write)
}

impl<'a, S> ReadHalf<'a, S> {
    /// The stream, for everything that is not of one direction, or not in the traits.
    pub fn stream(&self) -> &'a S {
        self.0
    }
}

impl<'a, S> WriteHalf<'a, S> {
    /// The stream, for everything that is not of one direction, or not in the traits.
    pub fn stream(&self) -> &'a S {
        self.0
    }
}

impl<S: Splittable> OwnedReadHalf<S> {
    /// The stream, for everything that is not of one direction, or not in the traits.
    pub fn stream(&self) -> &S {
        &self.0
    }

    /// Puts the two halves of a stream together again, in whatever state they are.
    ///
    /// # Errors
    ///
    /// Gives both halves back if they are of two streams.
    ///
    /// # Examples
    ///
    /// ```
    /// # use canter_executor::net::{TcpListener, TcpStream};
    /// # fn main() -> std::io::Result<()> {
    /// # canter_executor::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let (read, write) = stream.into_split();
    /// let stream = read.reunite(write).expect("they come from one stream");
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn reunite(self, mut write: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        match write.stream.take() {
            Some(stream) if Arc::ptr_eq(&stream, &self.0) => {
                drop(stream);
                Ok(Arc::into_inner(self.0).expect("a stream has two halves, and both are here"))
            }
            other => {
                write.stream = other;
                Err(ReuniteError(self, write))
            }
        }
    }
}

impl<S: Splittable> OwnedWriteHalf<S> {
    /// The stream, for everything that is not of one direction, or not in the traits.
    pub fn stream(&self) -> &S {
        self.stream
            .as_ref()
            .expect("it is taken out only when this is dropped")
    }
}

impl<S: Splittable> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if let Some(stream) = &self.stream {
            // It fails only where the connection is gone, and with it what there is to shut down.
            let _ = stream.shut(Shutdown::Write);
        }
    }
}

/// The two halves are of different streams; both are in here.
pub struct ReuniteError<S: Splittable = TcpStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: Splittable> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are of different streams; reunite each with its own")
    }
}

impl<S: Splittable> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReuniteError").finish_non_exhaustive()
    }
}

impl<S: Splittable> Error for ReuniteError<S> {}

impl<'a, S> AsyncRead for ReadHalf<'a, S>
where
    &'a S: AsyncRead,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_read_vectored(cx, buffers)
    }
}

impl<'a, S> AsyncWrite for WriteHalf<'a, S>
where
    &'a S: AsyncWrite,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_close(cx)
    }
}

impl<S: Splittable> AsyncRead for OwnedReadHalf<S>
where
    for<'a> &'a S: AsyncRead,
{
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_read_vectored(cx, buffers)
    }
}

impl<S: Splittable> AsyncWrite for OwnedWriteHalf<S>
where
    for<'a> &'a S: AsyncWrite,
{
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream()).poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream()).poll_close(cx)
    }
}
