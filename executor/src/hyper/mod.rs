//! HTTP servers and clients of [hyper] 1.x, with the feature `hyper`.
//!
//! hyper brings no sockets, tasks or timers: a program hands it those of its runtime. These are canter's:
//!
//! - A [`TcpStream`](crate::net::TcpStream) or [`UnixStream`](crate::net::UnixStream) is what hyper reads from and writes to, as it is. No
//!   wrapper is around it, since the type is canter's own; so what comes out of hyper again, where a connection is
//!   [upgraded](hyper::upgrade), is the stream that went in. The memory that hyper reads into is not zeroed before, and vectored
//!   writes go through to the system. The halves of a stream are nothing to hyper, which wants both directions in one value.
//! - [`Io`] is for streams of other crates, TLS for one, and for upgraded connections.
//! - [`Executor`] starts the tasks that hyper wants started, which it does for HTTP/2.
//! - [`Timer`] is for its time limits. Without a timer hyper has none, not even the one for the head of a request that is on by default.
//!
//! hyper's default features are off: take it as a dependency of your own, with those of `client`, `server`, `http1` and `http2` that you
//! need. The `tokio` crate comes with it for its channels, which need no runtime; nothing of tokio's runtime is built.
//!
//! # Examples
//!
//! A server that answers with the path, and a client that asks it:
//!
//! ```
//! use std::convert::Infallible;
//!
//! use canter_executor::hyper::Timer;
//! use canter_executor::net::{TcpListener, TcpStream};
//! use canter_executor::{block_on, go};
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response, client, server};
//!
//! async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
//!     Ok(Response::new(Full::from(request.uri().path().to_owned())))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     go(async move {
//!         while let Ok((stream, _peer)) = listener.accept().await {
//!             // Answers are not held back until the client has acknowledged what came before.
//!             let _ = stream.set_nodelay(true);
//!             let connection = server::conn::http1::Builder::new()
//!                 .timer(Timer)
//!                 .serve_connection(stream, service_fn(answer));
//!             go(async move {
//!                 if let Err(error) = connection.await {
//!                     eprintln!("{error}");
//!                 }
//!             });
//!         }
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
//!     go(connection);
//!     let request = Request::get("/hello").header("host", "localhost").body(Empty::<Bytes>::new())?;
//!     let response = sender.send_request(request).await?;
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "/hello");
//!     Ok(())
//! })
//! # }
//! ```

mod executor;
mod io;
mod timer;

pub use executor::Executor;
pub use io::Io;
pub use timer::Timer;
