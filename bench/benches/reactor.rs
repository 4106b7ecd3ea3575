//! The reactor: readiness that is waited for, readiness that is there already, and how sources come and go. The sources are pairs of Unix
//! sockets, which the kernel does little for.

#[path = "common/on_workers.rs"]
mod on_workers;

use std::io::{self, Read, Write};

use canter_executor::io::Async;
use canter_executor::io::Interest::Readable;
use canter_executor::io::mio;
use canter_executor::net::UnixStream;
use canter_executor::spawn;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt};
use on_workers::on_workers;

const TIMES: u64 = 1_000;

/// Waits for a byte, and then sends one to itself: each byte is an event that the poller brings, and wakes the task that is waiting.
async fn waits() -> io::Result<u64> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let mut received = 0;
    for number in 0..TIMES {
        let (sent, mut byte) = ([number as u8], [0]);
        // The read is polled first, and finds nothing.
        let (read, written) = join(ours.read_exact(&mut byte), theirs.write_all(&sent)).await;
        read.and(written)?;
        received += u64::from(byte == sent);
    }
    Ok(received)
}

/// Bounces a byte between two tasks: as [`waits`], twice, with a task that another one's event wakes.
async fn bounces() -> io::Result<u64> {
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let other = spawn(async move {
        let mut byte = [0];
        while theirs.read(&mut byte).await? > 0 {
            theirs.write_all(&byte).await?;
        }
        io::Result::Ok(())
    });
    let mut back = 0;
    for number in 0..TIMES {
        let (sent, mut byte) = ([number as u8], [0]);
        ours.write_all(&sent).await?;
        ours.read_exact(&mut byte).await?;
        back += u64::from(byte == sent);
    }
    drop(ours);
    other.await.expect("a task ends")?;
    Ok(back)
}

/// Reads bytes that are there: the source is known to be ready, so nobody waits for the poller.
async fn reads_what_is_there() -> io::Result<u64> {
    let (ours, mut theirs) = mio::net::UnixStream::pair()?;
    let ours = Async::new(ours)?;
    theirs.write_all(&[1; TIMES as usize])?;
    let mut sum = 0;
    for _ in 0..TIMES {
        let mut byte = [0];
        ours.async_io(Readable, |mut io| io.read(&mut byte)).await?;
        sum += u64::from(byte[0]);
    }
    Ok(sum)
}

/// Registers a source and takes it back.
async fn registers() -> io::Result<u64> {
    let (mut ours, _theirs) = mio::net::UnixStream::pair()?;
    let mut registered = 0;
    for _ in 0..TIMES {
        ours = Async::new(ours)?.into_inner()?;
        registered += 1;
    }
    Ok(registered)
}

fn reactor(c: &mut Criterion) {
    on_workers(c, "wait for an event", TIMES, TIMES, async || {
        waits().await.expect("a pair of sockets")
    });
    on_workers(c, "bounce between two tasks", TIMES, TIMES, async || {
        bounces().await.expect("a pair of sockets")
    });
    on_workers(c, "read what is there", TIMES, TIMES, async || {
        reads_what_is_there().await.expect("a pair of sockets")
    });
    on_workers(c, "register and take back", TIMES, TIMES, async || {
        registers().await.expect("a pair of sockets")
    });
}

criterion_group!(benches, reactor);
criterion_main!(benches);
