//! A TCP echo server: whatever a client sends comes back to it, byte for byte.
//!
//! ```text
//! cargo run --release --example echo-server -- --addr 127.0.0.1:7777
//! ```
//!
//! With the feature `socket`, `--diagnostics PATH` lets `canter-top PATH` look at it.
//!
//! It prints `listening on ADDR` once it accepts, and at a terminal it keeps one line up to date with what it does.
//! Ctrl-C or SIGTERM stops the accepting, lets the open connections end for up to five seconds (a second one cuts
//! that short), prints the totals and exits with 0.

#[path = "common/listen.rs"]
mod listen;
#[path = "common/say.rs"]
mod say;
#[path = "common/stop.rs"]
mod stop;
#[path = "common/workers.rs"]
mod workers;

use std::cell::RefCell;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use canter::net::{TcpListener, TcpStream};
use canter::runtime::Runtime;
use canter::time;
use clap::Parser;
use futures::future::select;
use futures::task::AtomicWaker;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::listen::{concerns_one_connection, is_out_of_descriptors, listen};
use crate::say::say;
use crate::stop::StopRequest;
use crate::workers::worker_count;

/// How long open connections may go on after the request to stop.
const GRACE: Duration = Duration::from_secs(5);
/// How long accepting pauses at most after an error that the next connection would meet as well.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
const LIVE_LINE_EVERY: Duration = Duration::from_millis(500);

/// Sends back whatever its clients send.
#[derive(Parser)]
#[command(name = "echo-server")]
struct Arguments {
    /// Where to listen, as HOST:PORT; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7777")]
    addr: String,
    /// Worker threads [default: one for each core that this process may use]
    #[arg(long, value_parser = worker_count)]
    workers: Option<usize>,
    /// Offer the numbers of this process on a Unix socket at this path, for canter-top
    #[cfg(all(unix, feature = "socket"))]
    #[arg(long, value_name = "PATH")]
    diagnostics: Option<std::path::PathBuf>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("echo-server: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), String> {
    // Each connection takes a descriptor. Where the limit can't be raised, the server lives with the one it has.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let mut builder = Runtime::builder().dump_on_signal(true);
    if let Some(workers) = arguments.workers {
        builder = builder.workers(workers);
    }
    #[cfg(all(unix, feature = "socket"))]
    if let Some(path) = &arguments.diagnostics {
        builder = builder.diagnostics_socket(path);
    }
    let runtime = builder
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(serve(&arguments.addr))
}

async fn serve(addr: &str) -> Result<(), String> {
    let listener = listen("--addr", addr).await?;
    let local = listener
        .local_addr()
        .map_err(|error| format!("cannot tell where it listens: {error}"))?;
    // Before the address is told, so that whoever was told can stop the server.
    let mut stop = StopRequest::new()?;
    let tally = Arc::new(Tally::default());
    say(&format!("listening on {local}"));

    let live_line = LiveLine::new();
    canter::go(live_line.clone().keep_up(tally.clone()));
    let accepting = canter::spawn(accept(listener, tally.clone(), live_line.clone()));
    stop.requested().await;

    // Joined, so that the listener is closed before the wait for the connections begins.
    accepting.abort();
    let _ = accepting.await;
    live_line.announce_grace(tally.open());
    let all_ended = pin!(time::timeout(GRACE, tally.until(|tally| tally.open() == 0)));
    select(all_ended, pin!(stop.requested())).await;

    live_line.close();
    say(&tally.summary());
    Ok(())
}

/// Accepts until it is aborted, and starts a task for each connection.
///
/// Out of descriptors, it says so (once in the life of the server: a full server would say it again with each
/// client) and tries again as soon as a connection has ended, or after [`ACCEPT_PAUSE`], since descriptors may
/// also come free elsewhere in the process or in the system.
async fn accept(listener: TcpListener, tally: Arc<Tally>, live_line: LiveLine) {
    let mut told = false;
    loop {
        let ended_before = tally.ended();
        let error = match listener.accept().await {
            Ok((stream, _)) => {
                canter::go(Connection::new(stream, tally.clone()).run());
                continue;
            }
            Err(error) => error,
        };
        if concerns_one_connection(&error) {
            continue;
        }
        if !told {
            told = true;
            live_line.warn(&accept_problem(&error, tally.open()));
        }
        let _ = time::timeout(ACCEPT_PAUSE, tally.until(|tally| tally.ended() != ended_before)).await;
    }
}

fn accept_problem(error: &io::Error, open: u64) -> String {
    if is_out_of_descriptors(error) {
        format!(
            "out of file descriptors: {open} connections open; new ones wait until one ends \
             (raise the limit with ulimit -n)"
        )
    } else {
        format!("cannot accept a connection: {error}; {open} connections open; it goes on trying")
    }
}

/// One client. The stream comes first: it is closed before the tally learns of the end, so whoever waits for the
/// descriptor finds it free.
struct Connection {
    stream: TcpStream,
    tallied: Tallied,
}

impl Connection {
    fn new(stream: TcpStream, tally: Arc<Tally>) -> Self {
        Self {
            stream,
            tallied: Tallied::new(tally),
        }
    }

    /// Serves the client until it has sent all that it will, or is gone.
    async fn run(self) {
        // An error here or below means that the client has vanished, which is nobody else's concern.
        if self.stream.set_nodelay(true).is_ok() {
            let _ = self.echo().await;
        }
    }

    async fn echo(&self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            match self.round() {
                Ok(Round::Echoed) => {}
                Ok(Round::Unsent(bytes)) => write_all(&self.stream, &bytes).await?,
                Ok(Round::Ended) => return Ok(()),
                Err(error) if would_block(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One read, and one write of what it brought. No future holds the buffer, so an idle connection has none.
    fn round(&self) -> io::Result<Round> {
        BUFFER.with_borrow_mut(|buffer| {
            let read = self.stream.try_read(buffer)?;
            if read == 0 {
                return Ok(Round::Ended);
            }
            self.tallied.tally.message(read);
            let sent = match self.stream.try_write(&buffer[..read]) {
                Err(error) if would_block(&error) => 0,
                sent => sent?,
            };
            Ok(if sent == read {
                Round::Echoed
            } else {
                Round::Unsent(buffer[sent..read].to_vec())
            })
        })
    }
}

thread_local! {
    static BUFFER: RefCell<[u8; 16 * 1024]> = const { RefCell::new([0; 16 * 1024]) };
}

/// What one round of reading and writing came to.
enum Round {
    Echoed,
    /// The client takes no more for now. Nothing is read from it until it has taken this, so a client that never
    /// reads costs one buffer.
    Unsent(Vec<u8>),
    Ended,
}

async fn write_all(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(sent) => bytes = &bytes[sent..],
            Err(error) if would_block(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// What the server has done so far.
#[derive(Default)]
struct Tally {
    total: AtomicU64,
    ended: AtomicU64,
    /// Whoever waits in [`until`](Self::until): first the accepting task, after that the one that stops the server.
    waiting: AtomicWaker,
    traffic: [Traffic; 16],
}

/// Messages and bytes as one thread has counted them: a count that all workers share would move its cache line from
/// core to core with each message.
#[derive(Default)]
#[repr(align(128))]
struct Traffic {
    messages: AtomicU64,
    bytes: AtomicU64,
}

thread_local! {
    static TRAFFIC_INDEX: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

impl Tally {
    /// A message is what one read brought.
    fn message(&self, bytes: usize) {
        let traffic = &self.traffic[TRAFFIC_INDEX.with(|index| index % self.traffic.len())];
        traffic.messages.fetch_add(1, Ordering::Relaxed);
        traffic.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    fn messages_and_bytes(&self) -> (u64, u64) {
        let sum = |count: fn(&Traffic) -> &AtomicU64| {
            self.traffic
                .iter()
                .map(|traffic| count(traffic).load(Ordering::Relaxed))
                .sum()
        };
        (sum(|traffic| &traffic.messages), sum(|traffic| &traffic.bytes))
    }

    fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    fn ended(&self) -> u64 {
        self.ended.load(Ordering::Acquire)
    }

    fn open(&self) -> u64 {
        // Read in this order, a connection that comes and goes in between can't make the difference negative.
        let ended = self.ended();
        self.total() - ended
    }

    /// Waits until `condition` holds; it is looked at each time a connection ends.
    async fn until(&self, condition: impl Fn(&Self) -> bool) {
        poll_fn(|context| {
            self.waiting.register(context.waker());
            if condition(self) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn summary(&self) -> String {
        let (messages, bytes) = self.messages_and_bytes();
        let cut = match self.open() {
            0 => String::new(),
            open => format!("; {open} still open"),
        };
        format!(
            "served {} connections, {messages} messages, {bytes} bytes{cut}",
            self.total()
        )
    }
}

/// Counts a connection as open while it lives.
struct Tallied {
    tally: Arc<Tally>,
}

impl Tallied {
    fn new(tally: Arc<Tally>) -> Self {
        tally.total.fetch_add(1, Ordering::Relaxed);
        Self { tally }
    }
}

impl Drop for Tallied {
    fn drop(&mut self) {
        // Release pairs with the acquire in `ended`: the descriptor is free, and the connection is in the total.
        self.tally.ended.fetch_add(1, Ordering::Release);
        self.tally.waiting.wake();
    }
}

/// The line that follows the server's work; indicatif hides it where standard output is no terminal.
#[derive(Clone)]
struct LiveLine {
    bar: ProgressBar,
}

impl LiveLine {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        let style = ProgressStyle::with_template("{wide_msg}").expect("the template is well-formed");
        Self {
            bar: bar.with_style(style),
        }
    }

    async fn keep_up(self, tally: Arc<Tally>) {
        let mut interval = time::interval(LIVE_LINE_EVERY);
        let mut before = (Instant::now(), (0, 0));
        while !self.bar.is_hidden() && !self.bar.is_finished() {
            interval.tick().await;
            let now = (Instant::now(), tally.messages_and_bytes());
            self.bar.set_message(live_text(&tally, before, now));
            before = now;
        }
    }

    /// Tells the person at the terminal, if there is one, why the server has not ended yet.
    fn announce_grace(&self, open: u64) {
        if open > 0 && !self.bar.is_hidden() {
            let grace = GRACE.as_secs();
            self.warn(&format!(
                "connections still open: {open}; they have {grace} s to end (Ctrl-C cuts that short)"
            ));
        }
    }

    /// Prints a line on standard error without tearing the live one.
    fn warn(&self, line: &str) {
        self.bar.suspend(|| eprintln!("echo-server: {line}"));
    }

    fn close(&self) {
        self.bar.finish_and_clear();
    }
}

/// A moment, and the messages and bytes counted by then.
type Count = (Instant, (u64, u64));

fn live_text(tally: &Tally, before: Count, now: Count) -> String {
    let seconds = (now.0 - before.0).as_secs_f64().max(1e-3);
    let messages = (now.1.0 - before.1.0) as f64 / seconds;
    let megabytes = (now.1.1 - before.1.1) as f64 / seconds / 1e6;
    format!(
        "{} open, {} in total | {} messages/s | {megabytes:.1} MB/s",
        HumanCount(tally.open()),
        HumanCount(tally.total()),
        HumanCount(messages.round() as u64),
    )
}
