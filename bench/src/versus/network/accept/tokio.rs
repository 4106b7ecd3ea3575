//! tokio: a task a connection, on several threads or on one.

use std::convert::Infallible;
use std::io;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

pub(in crate::versus) fn run_multi_thread<F>(
    listener: std::net::TcpListener,
    workers: usize,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    runtime.block_on(accept(listener, serve))
}

pub(in crate::versus) fn run_current_thread<F>(
    listener: std::net::TcpListener,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(listener, serve))
}

pub(in crate::versus) async fn accept<F>(
    listener: std::net::TcpListener,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.set_nodelay(true).is_ok() {
            tokio::spawn(serve(stream));
        }
    }
}
