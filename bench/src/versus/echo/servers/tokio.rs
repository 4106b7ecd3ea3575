//! tokio: a task a connection, on several threads or on one.

use std::convert::Infallible;
use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

use super::BUFFER;

pub(super) fn run_multi_thread(listener: std::net::TcpListener, workers: usize) -> io::Result<Infallible> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    runtime.block_on(accept(listener))
}

pub(super) fn run_current_thread(listener: std::net::TcpListener, _workers: usize) -> io::Result<Infallible> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(accept(listener))
}

pub(super) async fn accept(listener: std::net::TcpListener) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(serve(stream));
    }
}

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}
