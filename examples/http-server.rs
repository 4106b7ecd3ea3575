//! An HTTP server on hyper.
//!
//! ```text
//! cargo run --release --features hyper --example http-server
//! curl http://127.0.0.1:7780/
//! curl --data hello http://127.0.0.1:7780/echo
//! ```
//!
//! It prints `listening on ADDR` once it accepts. Ctrl-C or SIGTERM stops the accepting, closes the connections on which
//! nothing is asked, gives the answers under way up to five seconds (a second one cuts that short), prints the totals and
//! exits with 0.

#[path = "common/server.rs"]
mod server;
#[path = "common/workers.rs"]
mod workers;

use std::convert::Infallible;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use canter::context::Context;
use canter::hyper::Timer;
use canter::net::TcpStream;
use canter::runtime::Runtime;
use canter::select;
use canter::sync::WaitGroup;
use canter::time;
use clap::Parser;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

use crate::server::{Acceptor, Count, StopRequest, host_and_port, say, seconds, warn};
use crate::workers::worker_count;

/// How long answers may take that are under way when the server is to stop.
const GRACE: Duration = Duration::from_secs(5);

const WELCOME: &str = "hello from canter\nGET / is this page, and POST /echo sends back what it gets\n";

/// An HTTP/1.1 server with two pages: GET / is a greeting, and POST /echo sends back what it gets, while it comes.
#[derive(Parser)]
#[command(name = "http-server")]
struct Arguments {
    /// Where to listen, as HOST:PORT; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7780", value_parser = host_and_port)]
    addr: String,
    /// Worker threads [default: one for each core that this process may use]
    #[arg(long, value_parser = worker_count)]
    workers: Option<usize>,
    /// Seconds that a client may take to send the head of a request, the wait for it included
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    header_timeout: Duration,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            warn(&problem);
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
    let runtime = builder
        .build()
        .map_err(|error| format!("cannot start the runtime: {error}"))?;
    runtime.block_on(serve(arguments))
}

async fn serve(arguments: &Arguments) -> Result<(), String> {
    let mut acceptor = Acceptor::bind("--addr", &arguments.addr).await?;
    // Before the address is told, so that whoever was told can stop the server.
    let mut stop = StopRequest::new()?;
    say(&format!("listening on {}", acceptor.local_addr()?));

    let totals = Arc::new(Totals::default());
    let connections = WaitGroup::new();
    let (open, close) = Context::background().with_cancel();
    loop {
        let stream = select! {
            stream = acceptor.accept() => stream,
            () = stop.requested() => break,
        };
        totals.connections.add(1);
        let answering = answer_all(stream, arguments.header_timeout, totals.clone(), open.clone());
        canter::go(connections.track(answering));
    }

    drop(acceptor);
    close.cancel();
    select! {
        _ = time::timeout(GRACE, connections.wait()) => {}
        () = stop.requested() => {}
    }
    say(&totals.summary(connections.count()));
    Ok(())
}

/// Answers the requests of one connection, until the client closes it or takes too long, or `open` is cancelled and the
/// answer under way is sent.
async fn answer_all(stream: TcpStream, header_timeout: Duration, totals: Arc<Totals>, open: Context) {
    // An error here means that the client has vanished, which reading will notice as well.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        totals.requests.add(1);
        let response = answer(request);
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(Timer)
        .header_read_timeout(header_timeout)
        .serve_connection(stream, service);
    let mut connection = pin!(connection);
    let served = select! {
        served = connection.as_mut() => served,
        () = open.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if served.is_err() {
        totals.broken.add(1);
    }
}

type Body = Either<Full<Bytes>, Incoming>;

fn answer(request: Request<Incoming>) -> Response<Body> {
    match (request.method(), request.uri().path()) {
        (&Method::GET | &Method::HEAD, "/") => text(StatusCode::OK, WELCOME),
        (&Method::POST, "/echo") => {
            let kind = request.headers().get(CONTENT_TYPE).cloned();
            let mut response = Response::new(Either::Right(request.into_body()));
            if let Some(kind) = kind {
                response.headers_mut().insert(CONTENT_TYPE, kind);
            }
            response
        }
        (_, "/") => not_allowed("GET, HEAD"),
        (_, "/echo") => not_allowed("POST"),
        _ => text(StatusCode::NOT_FOUND, "there are only / and /echo\n"),
    }
}

fn text(status: StatusCode, words: &'static str) -> Response<Body> {
    let mut response = Response::new(Either::Left(Full::from(words)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn not_allowed(allowed: &'static str) -> Response<Body> {
    let mut response = text(
        StatusCode::METHOD_NOT_ALLOWED,
        "this page is for another method\n",
    );
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(allowed));
    response
}

/// What the server has done so far.
#[derive(Default)]
struct Totals {
    connections: Count,
    requests: Count,
    /// Connections that ended in the middle of something, or on which no request came in time.
    broken: Count,
}

impl Totals {
    fn summary(&self, open: usize) -> String {
        let cut = match open {
            0 => String::new(),
            open => format!("; {open} still open"),
        };
        format!(
            "served {} connections, {} requests; {} connections broke off{cut}",
            self.connections.get(),
            self.requests.get(),
            self.broken.get()
        )
    }
}
