//! A channel that holds one value, the latest: a configuration, a state, a progress.
//!
//! [`watch()`](crate::watch()) makes one. A receiver looks at the value whenever it likes, and can wait for a change; it may miss values in
//! between, and never the last one.
//!
//! ```
//! use canter_channel::{RecvError, watch};
//!
//! # futures::executor::block_on(async {
//! let (tx, mut rx) = watch(1);
//! assert_eq!(*rx.borrow(), 1);
//! tx.send(2).unwrap();
//! tx.send(3).unwrap();
//! drop(tx);
//! assert_eq!(rx.changed().await, Ok(()));
//! assert_eq!(*rx.borrow_and_update(), 3);
//! assert_eq!(rx.changed().await, Err(RecvError));
//! # });
//! ```
//!
//! # Holding a value
//!
//! A [`Ref`] is a read lock on the value. While there is one, whoever sends waits for it, with its thread: keep it for a few instructions,
//! clone what is needed for longer, and don't hold it across an `.await`. A thread that sends, or borrows once more, while it holds one may
//! wait for itself. The same goes for the closures that this module calls with the value: they must not use the channel.

mod receiver;
mod sender;
pub(crate) mod shared;
mod stream;
mod wait_for;

pub use receiver::{Changed, Receiver};
pub use sender::{Closed, Sender};
pub use shared::Ref;
pub use stream::Values;
pub use wait_for::WaitFor;
