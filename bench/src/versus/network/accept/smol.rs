//! smol: a task a connection on its global executor, which has as many threads as `SMOL_THREADS` says.

use std::convert::Infallible;
use std::io;

use smol::net::{TcpListener, TcpStream};

pub(in crate::versus) fn run<F>(
    listener: std::net::TcpListener,
    serve: fn(TcpStream) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    smol::block_on(accept(listener, serve))
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
            smol::spawn(serve(stream)).detach();
        }
    }
}
