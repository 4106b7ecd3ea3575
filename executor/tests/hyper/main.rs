//! hyper on canter's streams, tasks and timers.

mod http1;
mod http2;
mod limits;
#[path = "../net_support/mod.rs"]
mod net_support;
mod streams;
mod timer;
mod upgrade;

use std::convert::Infallible;
use std::sync::Mutex;

use canter_executor::net::{TcpListener, TcpStream};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::{Request, Response};

/// Two ends of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// A request for a path, without a body.
fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path)
        .header("host", "localhost")
        .body(Empty::new())
        .unwrap()
}

/// A request with a body.
fn post<B>(body: B) -> Request<B> {
    Request::post("/").header("host", "localhost").body(body).unwrap()
}

/// A handler that answers with the path.
async fn tell_path(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::from(request.uri().path().to_owned())))
}

/// A handler that sends the body back while it comes.
async fn echo(request: Request<Incoming>) -> Result<Response<Incoming>, Infallible> {
    Ok(Response::new(request.into_body()))
}

/// The whole of a body.
async fn whole<B: Body>(body: B) -> Result<Bytes, B::Error> {
    Ok(body.collect().await?.to_bytes())
}

/// Bytes of which no two blocks of 251 are at the same place of a larger one.
fn pattern(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Gives a value to the only request that a handler gets.
fn for_one_request<T>(value: T) -> impl Fn() -> T {
    let value = Mutex::new(Some(value));
    move || value.lock().unwrap().take().expect("there is one request")
}
