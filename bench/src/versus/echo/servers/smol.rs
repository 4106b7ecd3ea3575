//! smol: a task a connection on its global executor, which has as many threads as `SMOL_THREADS` says.

use std::convert::Infallible;
use std::io;

use smol::net::{TcpListener, TcpStream};

pub(super) fn run(listener: std::net::TcpListener, _workers: usize) -> io::Result<Infallible> {
    smol::block_on(accept(listener))
}

pub(super) async fn accept(listener: std::net::TcpListener) -> io::Result<Infallible> {
    let listener = TcpListener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        smol::spawn(serve(stream)).detach();
    }
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    super::echo(stream).await
}
