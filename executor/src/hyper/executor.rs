//! Where hyper's tasks run.

use ::hyper::rt;

/// Starts hyper's tasks as [`go`](crate::go) does: on the current runtime, or on the default one.
///
/// # Examples
///
/// ```
/// # use canter_executor::net::TcpStream;
/// use canter_executor::hyper::{Executor, Timer};
/// use hyper::body::Incoming;
/// use hyper::{Request, Response, server, service::service_fn};
///
/// async fn serve(stream: TcpStream) -> hyper::Result<()> {
///     // It answers each request with its own body.
///     let echo = service_fn(async |request: Request<Incoming>| hyper::Result::Ok(Response::new(request.into_body())));
///     server::conn::http2::Builder::new(Executor).timer(Timer).serve_connection(stream, echo).await
/// }
/// ```
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Executor;

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[track_caller]
    fn execute(&self, future: F) {
        crate::go(future);
    }
}
