//! A channel on which each receiver sees every message that is sent after it was made.
//!
//! [`broadcast()`](crate::broadcast()) makes one. It keeps a limited number of messages, and a send never waits: a receiver that is slower than
//! that misses the oldest ones, learns [how many](RecvError::Lagged), and goes on behind them.
//!
//! ```
//! use canter_channel::broadcast;
//! use canter_channel::broadcast::RecvError;
//!
//! # futures::executor::block_on(async {
//! let (tx, mut first) = broadcast(2);
//! let mut second = tx.subscribe();
//! tx.send("one").unwrap();
//! assert_eq!(first.recv().await, Ok("one"));
//! tx.send("two").unwrap();
//! tx.send("three").unwrap();
//! assert_eq!(first.recv().await, Ok("two"));
//! assert_eq!(second.recv().await, Err(RecvError::Lagged(1)));
//! assert_eq!(second.recv().await, Ok("two"));
//! # });
//! ```
//!
//! A message is cloned for each receiver but the last one that sees it, and dropped as soon as all have seen it. Wrap what is expensive to
//! clone into an `Arc`.

mod error;
mod receiver;
mod ring;
mod sender;
pub(crate) mod shared;
mod stream;

pub use error::{Lagged, RecvError, TryRecvError};
pub use receiver::{Receiver, Recv};
pub use sender::{Closed, Sender, WeakSender};
pub use stream::Messages;
