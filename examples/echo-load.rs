//! Loads an echo server, checks every byte that comes back, and reports throughput, latency and the server's memory.
//!
//! ```text
//! cargo run --release --example echo-load -- --addr 127.0.0.1:7777 --connections 64 --seconds 5
//! ```
//!
//! It opens all connections first and holds them open together; a connection counts as open once a first message has
//! come back on it. Then the clock starts, and each connection keeps `--pipeline` messages in flight: the next one
//! leaves when one has come back, so a slow server is asked less. The exit code is 0 where all connections held and
//! all bytes were right, otherwise 1.

#[path = "echo-load/exchange.rs"]
mod exchange;
#[path = "echo-load/report.rs"]
mod report;
#[path = "echo-load/server_memory.rs"]
mod server_memory;

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use canter::net::TcpStream;
use canter::runtime::Runtime;
use canter::task::JoinHandle;
use canter::time;
use clap::Parser;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};

use crate::exchange::{Exchange, Latencies};
use crate::report::Report;
use crate::server_memory::Server;

/// How many connections are being opened at one moment: fewer than an accept queue holds.
const OPENING_AT_ONCE: usize = 256;
/// How long the opening may take: this, and as much as `OPENING_EACH` for each connection.
const OPENING: Duration = Duration::from_secs(10);
const OPENING_EACH: Duration = Duration::from_millis(2);
/// How long messages that are in flight at the end may still take.
const GRACE: Duration = Duration::from_secs(5);
/// The most that may be in flight on all connections together, since the client keeps it to compare with.
const MOST_IN_FLIGHT: u128 = 4 << 30;

/// Loads an echo server and checks every byte that comes back.
#[derive(Parser)]
#[command(name = "echo-load")]
struct Arguments {
    /// The server, as HOST:PORT
    #[arg(long, default_value = "127.0.0.1:7777")]
    addr: String,
    /// Connections, all open at once
    #[arg(long, default_value = "64", value_parser = positive)]
    connections: usize,
    /// Bytes in a message
    #[arg(long, default_value = "64", value_parser = positive)]
    size: usize,
    /// How long to exchange messages; fractions are fine
    #[arg(long, default_value = "5", value_parser = positive_seconds)]
    seconds: Duration,
    /// Messages in flight on each connection
    #[arg(long, default_value = "1", value_parser = positive)]
    pipeline: usize,
    /// Worker threads [default: one for each core that this process may use]
    #[arg(long, value_parser = positive)]
    workers: Option<usize>,
    /// Print one JSON object instead of the report
    #[arg(long)]
    json: bool,
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it must be at least 1".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(error.to_string()),
    }
}

fn positive_seconds(text: &str) -> Result<Duration, String> {
    let day = 86_400.0;
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= day => Ok(Duration::from_secs_f64(seconds)),
        Ok(_) => Err("it must be more than 0 and at most a day".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl Arguments {
    fn check(&self) -> Result<(), String> {
        let in_flight = (self.connections as u128 * self.size as u128).saturating_mul(self.pipeline as u128);
        if in_flight > MOST_IN_FLIGHT {
            let mib = in_flight >> 20;
            return Err(format!(
                "{mib} MiB would be in flight at once, and {} MiB is the most; lower --connections, --size or --pipeline",
                MOST_IN_FLIGHT >> 20
            ));
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Err(problem) = arguments.check() {
        eprintln!("echo-load: {problem}");
        return ExitCode::from(2);
    }
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("echo-load: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    // Each connection takes a descriptor. Where the limit can't be raised, opening tells what is missing.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let mut builder = Runtime::builder();
    if let Some(workers) = arguments.workers {
        builder = builder.workers(workers);
    }
    let runtime = builder
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;

    let report = runtime.block_on(load(arguments))?;
    if arguments.json || report.any_opened() {
        let text = if arguments.json {
            report.json()
        } else {
            report.text()
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{text}")
            .and_then(|()| out.flush())
            .map_err(|error| format!("cannot print: {error}"))?;
    }
    report.verdict()
}

async fn load(arguments: &Arguments) -> Result<Report, String> {
    let addresses: Arc<[SocketAddr]> = canter::net::lookup_host(&arguments.addr)
        .await
        .map_err(|error| format!("{error}; check --addr"))?
        .collect();
    let server = {
        let addresses = addresses.clone();
        canter::spawn_blocking(move || Server::listening_on(&addresses))
            .await
            .ok()
            .flatten()
    };
    let memory = || server.as_ref().and_then(Server::memory);

    let mut report = Report::new(
        &arguments.addr,
        arguments.connections,
        arguments.size,
        arguments.pipeline,
    );
    report.memory_before = memory();
    let connections = open_all(arguments, &addresses, &mut report).await;
    report.memory_open = memory();
    let connections = exchange_all(arguments, connections, &mut report).await;
    report.memory_after = memory();
    drop(connections);
    Ok(report)
}

/// Opens the connections, some at a time, and exchanges one message on each.
async fn open_all(arguments: &Arguments, addresses: &[SocketAddr], report: &mut Report) -> Vec<Exchange> {
    let allowed = OPENING + OPENING_EACH * u32::try_from(arguments.connections).unwrap_or(u32::MAX);
    let until = Instant::now() + allowed;
    let bar = bar(
        arguments.connections as u64,
        "opening connections {wide_bar} {pos}/{len}",
    );
    let mut attempts = futures::stream::iter(0..arguments.connections)
        .map(|id| open(id, arguments, addresses, until))
        .buffer_unordered(OPENING_AT_ONCE);
    let mut opened = Vec::new();
    while let Some(attempt) = attempts.next().await {
        bar.inc(1);
        match attempt {
            Ok(connection) => opened.push(connection),
            Err(cause) => report.failed(cause),
        }
    }
    bar.finish_and_clear();
    opened
}

async fn open(
    id: usize,
    arguments: &Arguments,
    addresses: &[SocketAddr],
    until: Instant,
) -> Result<Exchange, String> {
    let opening = async {
        let stream = TcpStream::connect(addresses)
            .await
            .map_err(|error| connect_problem(&error))?;
        let mut exchange = Exchange::new(stream, id as u64, arguments.size, arguments.pipeline);
        exchange
            .greet()
            .await
            .map_err(|error| format!("no echo of the first message: {error}"))?;
        Ok(exchange)
    };
    match time::timeout_at(until, opening).await {
        Ok(result) => result,
        Err(_) => Err("no answer in time; the server may be out of descriptors".to_owned()),
    }
}

fn connect_problem(error: &io::Error) -> String {
    // This process's limit; the number is the same on every Unix.
    const EMFILE: i32 = 24;
    let advice = match error.kind() {
        _ if os_code(error) == Some(EMFILE) => "; raise the limit with ulimit -n",
        ErrorKind::ConnectionRefused => "; is the echo server running there?",
        ErrorKind::AddrNotAvailable => "; the ports of this machine have run out",
        _ => "",
    };
    format!("{error}{advice}")
}

/// The operating system's code, also of an error that has had its address added.
fn os_code(error: &io::Error) -> Option<i32> {
    let code = |error: &io::Error| error.raw_os_error();
    code(error).or_else(|| error.source()?.downcast_ref().and_then(code))
}

/// Exchanges messages on all connections for the time asked, each in a task of its own, and gives them back open.
async fn exchange_all(
    arguments: &Arguments,
    connections: Vec<Exchange>,
    report: &mut Report,
) -> Vec<Exchange> {
    let latencies = Arc::new(Latencies::new());
    let start = Instant::now();
    let deadline = start + arguments.seconds;
    let progress = canter::spawn(show_progress(start, arguments.seconds));
    let running: Vec<JoinHandle<_>> = connections
        .into_iter()
        .map(|mut connection| {
            let latencies = latencies.clone();
            canter::spawn(async move {
                let ended = time::timeout_at(deadline + GRACE, connection.run(deadline, &latencies)).await;
                (connection, ended)
            })
        })
        .collect();

    let mut connections = Vec::with_capacity(running.len());
    for exchange in running {
        match exchange.await {
            Ok((connection, ended)) => {
                match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => report.failed(format!("broken off while exchanging messages: {error}")),
                    Err(_) => report.failed(format!(
                        "fell silent: no echo within {} s of the end",
                        GRACE.as_secs()
                    )),
                }
                report.add(&connection, start);
                connections.push(connection);
            }
            Err(error) => report.failed(format!("a task failed: {error}")),
        }
    }
    progress.abort();
    let _ = progress.await;
    report.latencies = latencies.merged();
    connections
}

async fn show_progress(start: Instant, length: Duration) {
    let bar = bar(length.as_millis() as u64, "exchanging messages {wide_bar} {msg}");
    let mut interval = time::interval(Duration::from_millis(100));
    while !bar.is_hidden() && start.elapsed() < length {
        bar.set_position(start.elapsed().as_millis() as u64);
        bar.set_message(format!(
            "{:.1}/{:.1} s",
            start.elapsed().as_secs_f64(),
            length.as_secs_f64()
        ));
        interval.tick().await;
    }
    bar.finish_and_clear();
}

/// A bar on standard error; indicatif hides it where that is no terminal.
fn bar(length: u64, template: &str) -> ProgressBar {
    ProgressBar::new(length)
        .with_style(ProgressStyle::with_template(template).expect("the template is well-formed"))
}
