//! canter: a task a connection.

use std::convert::Infallible;
use std::io;

use canter_executor::go;
use canter_executor::net::{TcpListener, TcpStream};

pub(in crate::versus) fn run<F>(
    listener: std::net::TcpListener,
    workers: usize,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    crate::runtime(workers).block_on(accept(listener, serve))
}

pub(in crate::versus) async fn accept<F>(
    listener: std::net::TcpListener,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    let listener = TcpListener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        if stream.set_nodelay(true).is_ok() {
            go(serve(stream));
        }
    }
}
