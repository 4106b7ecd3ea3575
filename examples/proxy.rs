//! A TCP proxy: connections to one address go on to another one, or to several in turn, within limits.
//!
//! ```text
//! cargo run --release --example proxy -- --listen 127.0.0.1:8080 --to 127.0.0.1:7777
//! ```
//!
//! It prints `listening on ADDR` once it accepts. Ctrl-C or SIGTERM stops the accepting, lets the open connections end
//! for as long as `--drain` says (a second one cuts that short), cuts the others, prints the totals and exits with 0.
//!
//! A connection is passed on in both directions independently, also its end: whoever has said that it sends no more can
//! still be answered. A connection that does not come to its own end is reset on both sides, so that nobody takes a part
//! for the whole.

#[path = "proxy/backends.rs"]
mod backends;
#[path = "proxy/bucket.rs"]
mod bucket;
#[path = "proxy/relay.rs"]
mod relay;
#[path = "common/server.rs"]
mod server;
#[path = "proxy/totals.rs"]
mod totals;

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use canter::channel::unbuffered;
use canter::net::{TcpStream, lookup_host};
use canter::select;
use canter::sync::{OwnedSemaphorePermit, Semaphore, WaitGroup};
use canter::time;
use clap::{Parser, value_parser};

use crate::backends::Backends;
use crate::relay::{Directions, Relay, reset_when_dropped};
use crate::server::{Acceptor, StopRequest, host_and_port, say, seconds, warn};
use crate::totals::Totals;

/// What the proxy itself keeps open, with something to spare for looking up names.
const OWN_DESCRIPTORS: u64 = 32;

/// Passes TCP connections on to a backend, or to several in turn, within limits.
///
/// A connection that times out or is cut is reset on both sides, so that nobody takes a part for the whole.
#[derive(Parser)]
#[command(name = "proxy")]
struct Arguments {
    /// Where to listen, as HOST:PORT; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    listen: String,
    /// A backend, as HOST:PORT; given several times, they take turns. A name is looked up for each connection
    #[arg(long, value_name = "HOST:PORT", required = true, value_parser = backend)]
    to: Vec<String>,
    /// Connections at once; further ones wait in the system's queue until one ends
    #[arg(long, value_name = "CONNECTIONS", default_value = "1000", value_parser = value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Reset the connections beyond --max-connections instead of letting them wait
    #[arg(long)]
    refuse: bool,
    /// Bytes a second for each connection in each direction, such as 500, 64K or 10M [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    rate: Option<u64>,
    /// Bytes a second for all connections together in each direction [default: no limit]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    total_rate: Option<u64>,
    /// Seconds that a backend has to accept a connection, its name's look-up included
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,
    /// Seconds for which a backend is passed over that has not accepted a connection, as long as there are others
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pass_over: Duration,
    /// Seconds without a byte in either direction after which a connection is reset
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds)]
    idle_timeout: Duration,
    /// Seconds that open connections may go on after the request to stop; 0 cuts them at once
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds_or_none)]
    drain: Duration,
}

fn backend(text: &str) -> Result<String, String> {
    let addr = host_and_port(text)?;
    match addr.ends_with(":0") {
        true => Err("nobody can be reached at port 0; give the one where the backend listens".to_owned()),
        false => Ok(addr),
    }
}

fn seconds_or_none(text: &str) -> Result<Duration, String> {
    if text == "0" {
        Ok(Duration::ZERO)
    } else {
        seconds(text)
    }
}

fn bytes(text: &str) -> Result<u64, String> {
    let number = text.trim_end_matches(['K', 'M', 'G']);
    let unit = match &text[number.len()..] {
        "" => Some(1),
        "K" => Some(1 << 10),
        "M" => Some(1 << 20),
        "G" => Some(1 << 30),
        _ => None,
    };
    let bytes = number.parse::<u64>().ok().zip(unit);
    match bytes.and_then(|(number, unit)| number.checked_mul(unit)) {
        Some(0) => Err("it must be at least 1; leave the option out for no limit".to_owned()),
        Some(bytes) => Ok(bytes),
        None => Err("it must be a whole number, with K, M or G after it or without, such as 64K".to_owned()),
    }
}

#[canter::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            warn(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), String> {
    for backend in &arguments.to {
        // Its addresses may change; that there are some is worth to know now.
        let found = lookup_host(backend).await;
        drop(found.map_err(|error| format!("{error}; check --to"))?);
    }
    let acceptor = Acceptor::bind("--listen", &arguments.listen).await?;
    // Before the address is told, so that whoever was told can stop the proxy.
    let mut stop = StopRequest::new()?;
    let totals = Arc::new(Totals::default());
    let relay = Arc::new(Relay {
        backends: Backends::new(&arguments.to, arguments.connect_timeout, arguments.pass_over),
        rate: arguments.rate,
        total: Directions::limited_to(arguments.total_rate),
        idle: arguments.idle_timeout,
        totals: totals.clone(),
    });
    let mut gate = Gate {
        places: Arc::new(Semaphore::new(places(arguments.max_connections))),
        acceptor,
        refuse: arguments.refuse,
        totals: totals.clone(),
    };
    say(&format!("listening on {}", gate.acceptor.local_addr()?));

    let connections = WaitGroup::new();
    // Nothing is ever sent here: that it closes is the message, which reaches all connections at once.
    let (uncut, cut) = unbuffered::<Infallible>();
    loop {
        let (client, place) = select! {
            admitted = gate.admit() => admitted,
            () = stop.requested() => break,
        };
        let relay = relay.clone();
        canter::go(connections.track(relay.serve(client, place, cut.clone())));
    }

    drop(gate);
    select! {
        _ = time::timeout(arguments.drain, connections.wait()) => {}
        () = stop.requested() => {}
    }
    drop(uncut);
    connections.wait().await;
    say(&totals.summary());
    Ok(())
}

/// How many connections there can be at once: those that were asked for, or as many as there are descriptors for. With
/// more, the clients would take the descriptors that are needed to reach the backends, and nobody would be served.
fn places(wanted: u32) -> usize {
    // Where the limit can't be raised, the proxy lives with the one it has.
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(u64::MAX);
    let possible = (limit.saturating_sub(OWN_DESCRIPTORS) / 2).max(1);
    if possible < u64::from(wanted) {
        let line = format!(
            "at most {possible} connections at once, not {wanted}: each takes two file descriptors, of which there are \
             {limit} (raise the limit with ulimit -n)"
        );
        warn(&line);
    }
    u64::from(wanted).min(possible) as usize
}

/// Lets as many connections in as there are places.
struct Gate {
    acceptor: Acceptor,
    places: Arc<Semaphore>,
    refuse: bool,
    totals: Arc<Totals>,
}

impl Gate {
    /// The next connection, with its place.
    async fn admit(&mut self) -> (TcpStream, OwnedSemaphorePermit) {
        if self.refuse {
            loop {
                let client = self.acceptor.accept().await;
                match self.places.try_acquire_owned() {
                    Ok(place) => return (client, place),
                    Err(_full) => self.totals.refused.add(1),
                }
                reset_when_dropped(&client);
            }
        }
        // First the place: what is not accepted waits in the system's queue.
        let place = self.places.acquire_owned().await.expect("nobody closes it");
        (self.acceptor.accept().await, place)
    }
}
