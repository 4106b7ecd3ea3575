//! What the byte streams have in common: reads and writes on an [`Async`].

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::task::{Context, Poll};

use mio::event::Source;

use crate::io::Async;

/// A stream of the operating system.
pub(super) trait ByteStream: Source {
    /// Whether a read that fills less than its buffer has left nothing behind, so that the next one would only block.
    const SHORT_READ_DRAINS: bool;
}

impl ByteStream for mio::net::TcpStream {
    const SHORT_READ_DRAINS: bool = true;
}

/// A read also ends where the sender passed descriptors along, however much follows.
#[cfg(unix)]
impl ByteStream for mio::net::UnixStream {
    const SHORT_READ_DRAINS: bool = false;
}

/// No system moves fewer buffers than this in one vectored operation. One of more buffers may leave the others out, which
/// says nothing about the kernel's buffer; so only these count as wanted.
const BUFFERS_AT_LEAST: usize = 16;

/// Reading and writing by reference, one method for each way in which the public types do it.
pub(super) trait StreamIo {
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>>;

    fn poll_read_into_all(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>>;

    fn poll_write_from(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    fn poll_write_from_all(&self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>>;

    fn try_read_into(&self, buffer: &mut [u8]) -> io::Result<usize>;

    fn try_read_into_all(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

    fn try_write_from(&self, bytes: &[u8]) -> io::Result<usize>;

    fn try_write_from_all(&self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

impl<T: ByteStream> StreamIo for Async<T>
where
    for<'a> &'a T: Read + Write,
{
    fn poll_read_into(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        self.poll_read_with(cx, wanted::<T>(buffer.len()), |mut io| io.read(buffer))
    }

    fn poll_read_into_all(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_read_with(cx, wanted::<T>(room(buffers)), |mut io| io.read_vectored(buffers))
    }

    fn poll_write_from(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, bytes.len(), |mut io| io.write(bytes))
    }

    fn poll_write_from_all(&self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        self.poll_write_with(cx, total(slices), |mut io| io.write_vectored(slices))
    }

    fn try_read_into(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_read_with(wanted::<T>(buffer.len()), |mut io| io.read(buffer))
    }

    fn try_read_into_all(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_read_with(wanted::<T>(room(buffers)), |mut io| io.read_vectored(buffers))
    }

    fn try_write_from(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write_with(bytes.len(), |mut io| io.write(bytes))
    }

    fn try_write_from_all(&self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_with(total(slices), |mut io| io.write_vectored(slices))
    }
}

/// The length below which a read counts as short: none does where a short read says nothing.
pub(super) fn wanted<T: ByteStream>(length: usize) -> usize {
    if T::SHORT_READ_DRAINS { length } else { 0 }
}

fn room(buffers: &[IoSliceMut<'_>]) -> usize {
    buffers.iter().take(BUFFERS_AT_LEAST).map(|b| b.len()).sum()
}

fn total(slices: &[IoSlice<'_>]) -> usize {
    slices.iter().take(BUFFERS_AT_LEAST).map(|s| s.len()).sum()
}

/// Closing the writing direction. A connection that is gone has nothing left to close.
pub(super) fn close(shut_down: io::Result<()>) -> Poll<io::Result<()>> {
    match shut_down {
        Err(error) if error.kind() != io::ErrorKind::NotConnected => Poll::Ready(Err(error)),
        _ => Poll::Ready(Ok(())),
    }
}

/// The traits of `futures_io` for a stream with an `io` that is a [`StreamIo`], or for a reference to one.
macro_rules! async_read_and_write {
    ($($stream:ty),+) => {$(
        impl futures_io::AsyncRead for $stream {
            fn poll_read(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.io.poll_read_into(cx, buffer)
            }

            fn poll_read_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                buffers: &mut [std::io::IoSliceMut<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.io.poll_read_into_all(cx, buffers)
            }
        }

        impl futures_io::AsyncWrite for $stream {
            fn poll_write(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                bytes: &[u8],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.io.poll_write_from(cx, bytes)
            }

            fn poll_write_vectored(
                self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
                slices: &[std::io::IoSlice<'_>],
            ) -> std::task::Poll<std::io::Result<usize>> {
                self.io.poll_write_from_all(cx, slices)
            }

            fn poll_flush(
                self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: std::pin::Pin<&mut Self>,
                _cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<std::io::Result<()>> {
                $crate::net::stream_io::close(self.shutdown(std::net::Shutdown::Write))
            }
        }
    )+};
}

pub(super) use async_read_and_write;
