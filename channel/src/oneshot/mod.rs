//! A channel for one value: a result that somebody waits for.
//!
//! [`oneshot()`](crate::oneshot()) makes one. The [`Receiver`] is itself the future of the value, and sending never waits.
//!
//! ```
//! use canter_channel::oneshot;
//!
//! # futures::executor::block_on(async {
//! let (tx, rx) = oneshot();
//! std::thread::spawn(move || tx.send(6 * 7));
//! assert_eq!(rx.await, Ok(42));
//! # });
//! ```

#[cfg(all(test, canter_loom))]
mod model;
mod receiver;
mod sender;
pub(crate) mod shared;

pub use receiver::Receiver;
pub use sender::{Closed, Sender};
