//! Connections as a stream.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::tcp_listener::TcpListener;

pub(super) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + Sync + 'a>>;

/// The connections that a listener accepts, as a [`Stream`] that never ends.
///
/// It comes from the `incoming` of [`TcpListener`] and of the Unix listener. Several of one listener, in as many tasks, share
/// the connections between them.
pub struct Incoming<'a, L: Listener = TcpListener> {
    listener: &'a L,
    /// The accept that waits. It is a future rather than a poll, so that each stream is a waiter of its own.
    accept: Option<BoxFuture<'a, io::Result<L::Stream>>>,
}

/// What accepts connections: [`TcpListener`] and, on Unix, the Unix listener. The trait is sealed.
pub trait Listener: sealed::Accept + 'static {}

impl<L: sealed::Accept + 'static> Listener for L {}

pub(super) mod sealed {
    pub trait Accept {
        type Stream;

        fn accept_stream(&self) -> super::BoxFuture<'_, std::io::Result<Self::Stream>>;
    }
}

impl<'a, L: Listener> Incoming<'a, L> {
    pub(super) fn new(listener: &'a L) -> Self {
        Incoming {
            listener,
            accept: None,
        }
    }
}

impl<L: Listener> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let listener = self.listener;
        let accept = self.accept.get_or_insert_with(|| listener.accept_stream());
        let accepted = ready!(accept.as_mut().poll(cx));
        self.accept = None;
        Poll::Ready(Some(accepted))
    }
}

impl<L: Listener + fmt::Debug> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("listener", &self.listener)
            .finish_non_exhaustive()
    }
}
