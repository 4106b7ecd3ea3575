//! Channels and `select!` for any async runtime, with Go's semantics.
//!
//! ```
//! use canter_channel::{bounded, select};
//!
//! # async fn shutdown() { std::future::pending().await }
//! # futures::executor::block_on(async {
//! let (tx, rx) = bounded(16);
//! tx.send("hello").await.unwrap();
//! select! {
//!     message = rx.recv() => assert_eq!(message, Ok("hello")),
//!     () = shutdown() => println!("the end"),
//! }
//! # });
//! ```
//!
//! # In the order of need
//!
//! - [`unbuffered`] makes a rendezvous: a send ends when a receiver has taken the message. [`bounded`] and [`unbounded`] hold messages in
//!   between. Both sides clone, and each message goes to one receiver.
//! - [`select!`] waits for several sends, receives and other futures, and **exactly one** of them takes effect; [`Select`] does so for arms
//!   that are added at run time.
//! - A thread without a runtime uses [`Sender::send_blocking`], [`Receiver::recv_blocking`], [`Receiver::iter`] and [`select_blocking!`].
//! - [`never()`] is a channel on which nothing happens, Go's nil channel.
//!
//! # What is promised
//!
//! - Messages of one sender arrive in the order in which they were sent, whoever receives them, also when receives are cancelled.
//! - Every message is received, handed back in an error, or dropped: once. Every future is cancel-safe, and says what dropping it does.
//! - Who waits is served first come, first served. Waiting allocates nothing.
//! - No waker is called, and no message dropped, under a lock; a panic in either leaves the channel usable.
//!
//! # When not to use it
//!
//! For one value that is read often and changes seldom a lock is simpler; for a stream of work between plain threads that never await,
//! `std::sync::mpsc` or `crossbeam-channel` need no runtime at all.
//!
//! # Unsafe code
//!
//! It is confined to `wait_list` (waiters linked where they stand), `claim` and `sync` (cells that a word or a lock hands from thread to
//! thread), `buffer/` (slots that are full or not), `chan/`, and the files of the futures that enlist a waiter: `recv`, `send`, `permit`, `many`, `closed`, `crowd` and
//! `select/`.

mod arm;
pub mod broadcast;
mod buffer;
mod chan;
mod claim;
mod closed;
mod crowd;
mod error;
mod handle;
mod many;
#[cfg(all(test, canter_loom))]
mod model;
mod never;
pub mod oneshot;
mod permit;
mod receiver;
mod recv;
mod select;
mod send;
mod sender;
mod sink;
mod sync;
mod wait_list;
pub mod watch;

pub use broadcast::shared::broadcast;
pub use closed::Closed;
pub use error::{RecvError, SendError, TryRecvError, TrySendError};
pub use many::{RecvMany, SendMany};
pub use never::never;
pub use oneshot::shared::oneshot;
pub use permit::{Permit, Reserve};
pub use receiver::{Drain, Iter, Receiver, WeakReceiver};
pub use recv::Recv;
#[doc(hidden)]
pub use select::private as __private;
pub use select::{ArmId, Select, Waiting};
pub use send::Send;
pub use sender::{Sender, WeakSender};
pub use sink::SendSink;
pub use watch::shared::watch;

use chan::Chan;

/// A channel without a buffer: a send ends when a receiver has taken the message. Go's `make(chan T)`.
///
/// # Examples
///
/// ```
/// let (tx, rx) = canter_channel::unbuffered();
/// assert!(tx.try_send(1).is_err(), "nobody waits for it");
/// # futures::executor::block_on(async {
/// assert_eq!(futures::join!(rx.recv(), tx.send(2)), (Ok(2), Ok(())));
/// # });
/// ```
pub fn unbuffered<T>() -> (Sender<T>, Receiver<T>) {
    bounded(0)
}

/// A channel with room for `capacity` messages, for which the memory is taken at once. Go's `make(chan T, capacity)`; with 0 it is
/// [`unbuffered`].
///
/// # Panics
///
/// Panics if there can't be as much memory.
///
/// # Examples
///
/// ```
/// let (tx, rx) = canter_channel::bounded(1);
/// tx.try_send(1).unwrap();
/// assert!(tx.try_send(2).unwrap_err().is_full());
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity < chan::UNLIMITED,
        "a channel can't have room for {capacity} messages: use `unbounded`"
    );
    pair(Chan::new(capacity, capacity.max(1)))
}

/// A channel that holds any number of messages: a send never waits. The memory comes and goes in chunks.
///
/// # Examples
///
/// ```
/// let (tx, rx) = canter_channel::unbounded();
/// (0..1000).for_each(|number| tx.try_send(number).unwrap());
/// drop(tx);
/// assert_eq!(rx.iter().sum::<i32>(), 499_500);
/// ```
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    pair(Chan::new(chan::UNLIMITED, 0))
}

fn pair<T>(chan: Chan<T>) -> (Sender<T>, Receiver<T>) {
    (Sender::counted(chan.clone()), Receiver::counted(chan))
}
