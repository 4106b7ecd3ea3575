//! async-executor: a task a connection on an executor that lives for ever, with the reactor of async-io. Every worker drives
//! both, and one of them accepts.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::TcpStream;
use std::thread;

use async_executor::StaticExecutor;
use async_io::{Async, block_on};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

pub(in crate::versus) fn run<F>(
    listener: std::net::TcpListener,
    workers: usize,
    serve: fn(Async<TcpStream>) -> F,
) -> io::Result<Infallible>
where
    F: Future<Output: Send> + Send + 'static,
{
    for _ in 1..workers {
        thread::spawn(|| block_on(EXECUTOR.run(pending::<Infallible>())));
    }
    block_on(EXECUTOR.run(async {
        let listener = Async::new(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            if stream.get_ref().set_nodelay(true).is_ok() {
                EXECUTOR.spawn(serve(stream)).detach();
            }
        }
    }))
}
