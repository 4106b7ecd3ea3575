//! The servers: hyper with the adapters that each runtime's users take, and the same handler.

use std::convert::Infallible;
use std::net::TcpStream;
use std::time::Duration;

use async_io::Async;
use canter_executor::hyper::Timer;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, rt};
use hyper_util::rt::{TokioIo, TokioTimer};
use smol_hyper::rt::{FuturesIo, SmolTimer};

use crate::versus::network::Server;
use crate::versus::network::accept::{async_executor, canter, smol, tokio};

/// How long the head of a request may take.
const HEAD_LIMIT: Duration = Duration::from_secs(30);

/// All of them, canter first.
pub const SERVERS: [Server; 5] = [
    Server::new("canter", |listener, workers| {
        canter::run(listener, workers, |stream| serve(stream, Timer))
    }),
    Server::new("tokio", |listener, workers| {
        tokio::run_multi_thread(listener, workers, serve_on_tokio)
    }),
    Server::new("tokio-current", |listener, _| {
        tokio::run_current_thread(listener, serve_on_tokio)
    }),
    Server::new("smol", |listener, _| {
        smol::run(listener, |stream| serve(FuturesIo::new(stream), SmolTimer::new()))
    }),
    Server::new("async-executor", |listener, workers| {
        let serve = |stream: Async<TcpStream>| serve(FuturesIo::new(stream), SmolTimer::new());
        async_executor::run(listener, workers, serve)
    }),
];

fn serve_on_tokio(stream: ::tokio::net::TcpStream) -> impl Future<Output = hyper::Result<()>> {
    serve(TokioIo::new(stream), TokioTimer::new())
}

/// Answers the requests of one connection. An error is its end, of which the load knows as well.
fn serve(
    stream: impl rt::Read + rt::Write + Unpin + Send + 'static,
    timer: impl rt::Timer + Send + Sync + 'static,
) -> impl Future<Output = hyper::Result<()>> + Send + 'static {
    http1::Builder::new()
        .timer(timer)
        .header_read_timeout(HEAD_LIMIT)
        .serve_connection(stream, service_fn(answer))
}

/// The handler: the path is the answer.
async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from(request.uri().path().to_owned()));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    Ok(response)
}
