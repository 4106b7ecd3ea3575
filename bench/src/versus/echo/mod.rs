//! TCP echo: servers that send back whatever comes. Each reads up to [`BUFFER`] bytes at once.

mod message;
mod mio;
mod servers;

use std::path::PathBuf;

pub use message::Echo;
pub use servers::{BUFFER, SERVERS};
pub(super) use servers::{accept_on_canter, accept_on_smol, accept_on_tokio};

use super::Workload;
use super::network::{self, Row, Service, one_core, shared};

/// The bytes of a message.
pub const MESSAGE: usize = 64;

const SERVICE: Service = Service {
    name: "echo",
    about: |connections| match connections {
        1 => format!("One connection sends {MESSAGE} bytes, waits for their echo over TCP, and again"),
        many => {
            format!("{many} connections send {MESSAGE} bytes each, wait for their echo over TCP, and again")
        }
    },
    servers: &SERVERS,
    talk: |number| Box::new(Echo::new(number, MESSAGE)),
};

const ROWS: [Row; 7] = [
    one_core(1, 30_000),
    one_core(64, 200_000),
    one_core(1_000, 200_000),
    one_core(10_000, 300_000),
    shared(1, 30_000),
    shared(64, 200_000),
    shared(1_000, 200_000),
];

/// The rows of TCP echo. The servers are processes of the program that runs, and Go's of the one beside it.
pub fn workloads() -> Vec<Workload> {
    network::workloads(SERVICE, &ROWS, None)
}

/// As [`workloads`], with the servers of that program: `PROGRAM serve echo NAME --workers N` has to call
/// [`serve`](network::serve).
pub fn workloads_with(program: PathBuf) -> Vec<Workload> {
    network::workloads(SERVICE, &ROWS, Some(program))
}
