//! HTTP/1.1: servers that answer each request with its path, on hyper with each runtime, and Go's own.
//!
//! Each allows half a minute for the head of a request, so that the timers take part as they do in a server that is used.

mod request;
mod servers;

use std::path::PathBuf;

pub use request::Http;
pub use servers::SERVERS;

use super::Workload;
use super::network::{self, Row, Service, one_core};

const SERVICE: Service = Service {
    name: "http",
    about: |connections| match connections {
        1 => "One connection asks for a path over HTTP/1.1, waits for the answer, and asks again".to_owned(),
        many => format!(
            "{many} connections ask for a path each over HTTP/1.1, wait for the answer, and ask again"
        ),
    },
    servers: &SERVERS,
    talk: |number| Box::new(Http::new(number)),
};

const ROWS: [Row; 3] = [
    one_core(1, 20_000),
    one_core(64, 100_000),
    one_core(1_000, 100_000),
];

/// The rows of HTTP. The servers are processes of the program that runs, and Go's of the one beside it.
pub fn workloads() -> Vec<Workload> {
    network::workloads(SERVICE, &ROWS, None)
}

/// As [`workloads`], with the servers of that program: `PROGRAM serve http NAME --workers N` has to call
/// [`serve`](network::serve).
pub fn workloads_with(program: PathBuf) -> Vec<Workload> {
    network::workloads(SERVICE, &ROWS, Some(program))
}
