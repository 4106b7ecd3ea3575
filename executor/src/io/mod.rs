//! Sources of I/O events of one's own: any [`mio::event::Source`] on the runtime's reactor.
//!
//! [`Async`] keeps a source together with its [`Registration`]; the sockets of [`net`](crate::net) are made of it.

mod async_io;
mod registration;

pub use async_io::Async;
pub use mio;
pub use registration::Registration;

pub use crate::reactor::Interest;
