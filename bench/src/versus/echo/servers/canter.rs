//! canter: a task a connection.

use std::convert::Infallible;
use std::io;

use canter_executor::go;
use canter_executor::net::{TcpListener, TcpStream};

pub(super) fn run(listener: std::net::TcpListener, workers: usize) -> io::Result<Infallible> {
    crate::runtime(workers).block_on(accept(listener))
}

pub(super) async fn accept(listener: std::net::TcpListener) -> io::Result<Infallible> {
    let listener = TcpListener::try_from(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        go(serve(stream));
    }
}

async fn serve(stream: TcpStream) {
    // An error is the end of the connection, of which the load knows as well.
    if stream.set_nodelay(true).is_ok() {
        let _ = super::echo(stream).await;
    }
}
