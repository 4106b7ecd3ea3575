//! hyper's traits for the streams, which it uses as they are.
#![expect(unsafe_code, reason = "hyper hands out memory that nobody has written to")]

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::hyper::rt;
use socket2::SockRef;

use super::TcpStream;
#[cfg(unix)]
use super::UnixStream;
use super::stream_io::{ByteStream, StreamIo, close, wanted};
use crate::io::Async;

/// Reads into the room that a cursor has, by this operation, and moves the cursor behind what has come. Nothing is written to the room
/// before.
///
/// # Safety
///
/// `receive` must do nothing with the room but write to it, from its beginning on, and give the number of bytes that it has written.
unsafe fn poll_read<T: ByteStream>(
    io: &Async<T>,
    cx: &mut Context<'_>,
    mut cursor: rt::ReadBufCursor<'_>,
    receive: impl Fn(&T, &mut [MaybeUninit<u8>]) -> io::Result<usize>,
) -> Poll<io::Result<()>> {
    // SAFETY: `receive` does not make anything in there uninitialised.
    let room = unsafe { cursor.as_mut() };
    let received = ready!(io.poll_read_with(cx, wanted::<T>(room.len()), |io| receive(io, room)))?;
    // SAFETY: `receive` has written so many bytes.
    unsafe { cursor.advance(received) };
    Poll::Ready(Ok(()))
}

macro_rules! read_and_write {
    ($stream:ty) => {
        impl rt::Read for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                cursor: rt::ReadBufCursor<'_>,
            ) -> Poll<io::Result<()>> {
                // SAFETY: the system writes what it has received to the beginning of the room, and tells its length.
                unsafe {
                    poll_read(&self.io, cx, cursor, |io, room| {
                        io.try_io(|| SockRef::from(io).recv(room))
                    })
                }
            }
        }

        impl rt::Write for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_write_from(cx, bytes)
            }

            fn is_write_vectored(&self) -> bool {
                true
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                slices: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_write_from_all(cx, slices)
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                close(self.shutdown(Shutdown::Write))
            }
        }
    };
}

read_and_write!(TcpStream);
#[cfg(unix)]
read_and_write!(UnixStream);
