//! TCP echo: servers of each runtime, each in a process of its own, under one load that belongs to none of them.
//!
//! A measurement's process is the load. It starts the server, connects, and lets every connection send a message, wait for
//! the whole of it to come back, and send the next; every byte is compared. What the server has used of the processor it
//! tells itself, before the measured part and after it.

mod cores;
mod load;
mod process;
mod row;
mod servers;

pub(super) use load::no_latencies;
pub use load::{Load, Trips};
pub use process::{Process, Usage};
pub use row::{MESSAGE, workloads, workloads_with};
pub use servers::{BUFFER, SERVERS, Server, listen, serve};
pub(super) use servers::{accept_on_canter, accept_on_smol, accept_on_tokio};
