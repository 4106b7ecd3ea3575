//! The servers.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::mio;
use crate::versus::network::Server;
use crate::versus::network::accept::{async_executor, canter, smol, tokio};

/// What is read at once.
pub const BUFFER: usize = 16 * 1024;

/// All of them, canter first.
pub const SERVERS: [Server; 6] = [
    Server::new("canter", |listener, workers| canter::run(listener, workers, echo)),
    Server::new("tokio", |listener, workers| {
        tokio::run_multi_thread(listener, workers, echo_on_tokio)
    }),
    Server::new("tokio-current", |listener, _| {
        tokio::run_current_thread(listener, echo_on_tokio)
    }),
    Server::new("smol", |listener, _| smol::run(listener, echo)),
    Server::new("async-executor", |listener, workers| {
        async_executor::run(listener, workers, echo)
    }),
    Server::new("mio", |listener, _| mio::run(listener)),
];

/// canter's server as a future, for a runtime that does something else as well.
pub(in crate::versus) async fn accept_on_canter(listener: TcpListener) -> io::Result<Infallible> {
    canter::accept(listener, echo).await
}

/// tokio's.
pub(in crate::versus) async fn accept_on_tokio(listener: TcpListener) -> io::Result<Infallible> {
    tokio::accept(listener, echo_on_tokio).await
}

/// smol's.
pub(in crate::versus) async fn accept_on_smol(listener: TcpListener) -> io::Result<Infallible> {
    smol::accept(listener, echo).await
}

/// Sends back what comes, until the client has sent all. An error is the end of the connection, of which the load knows as well.
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

/// The same with tokio's own traits.
async fn echo_on_tokio(mut stream: ::tokio::net::TcpStream) -> io::Result<()> {
    use ::tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut buffer = vec![0; BUFFER];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}
