//! Servers of each runtime, each in a process of its own, under one load that belongs to none of them.
//!
//! A measurement's process is the load. It starts the server, connects, and lets every connection send a message, wait for
//! the whole of the answer, and send the next; every answer is looked at. What the server has used of the processor it
//! tells itself, before the measured part and after it. What is said, and how each runtime serves it, is the
//! affair of [`echo`](super::echo) and [`http`](super::http).

pub(super) mod accept;
mod cores;
mod load;
mod process;
mod row;
mod server;

pub(super) use load::no_latencies;
pub use load::{Broken, Load, Talk, Trips};
pub use process::{Process, Usage};
pub(super) use row::{Row, Service, one_core, shared, workloads};
pub use server::{Server, listen, serve};
