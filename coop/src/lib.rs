//! The contract between a leaf future (a channel, a lock, a timer, a socket) and whoever polls it.
//!
//! A leaf future that is about to return `Pending` says why it waits and where that was written, so that an executor can
//! answer "what is this task waiting for?":
//!
//! ```
//! use canter_coop::{Reason, waiting};
//! use std::{panic::Location, pin::Pin, task::{Context, Poll}};
//!
//! static CHANNEL_RECEIVE: Reason = Reason::new("channel receive");
//!
//! struct Recv(&'static Location<'static>);
//!
//! impl Future for Recv {
//!     type Output = ();
//!     fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
//!         // ... nothing there yet, and the waker is enlisted:
//!         waiting::report(&CHANNEL_RECEIVE, self.0);
//!         Poll::Pending
//!     }
//! }
//! ```
//!
//! And a leaf future that could go on for ever without waiting asks its [`budget`] first, so that a task which is always
//! ready gives way to the others of its worker.
//!
//! Both are a thread-local away, cost about a nanosecond, and do nothing where no [`host`] has installed itself: under any
//! other executor the leaf futures behave as if this crate were not there.
//!
//! Three tools for those who write leaf futures stand beside it: a [`lock`] for the few instructions in which a waiter is enlisted or found,
//! [`Wakes`], which calls wakers when that has been left, and [`block_on`], which waits on a thread. The lock is the one place with unsafe
//! code here.
//!
//! And one for whoever has to know whether anything can still happen: the [`census`] of the threads that sleep, in which each [`Signal`]
//! takes part.
//!
//! What a task waits for is known by these reports; *whom* it waits for is not, save where a [`mark`] in its memory shows it.
//!
//! **When not to use it:** a future that only polls other futures has nothing to say here; its leaves do.

mod block_on;
pub mod budget;
pub mod census;
pub mod host;
pub mod lock;
pub mod mark;
#[cfg(all(test, canter_loom))]
mod model;
mod signal;
mod state;
mod sync;
pub mod waiting;
mod wakes;

pub use block_on::block_on;
pub use signal::Signal;
pub use waiting::{Reason, Waiting};
pub use wakes::Wakes;
