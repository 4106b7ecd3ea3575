//! Many connections with clients of all sorts. A failure is repeated with the seed that it printed.

mod net_support;

use std::env;
use std::io;
use std::iter;
use std::net::Shutdown;
use std::pin::pin;
use std::time::Duration;

use canter_executor::net::{TcpListener, TcpStream};
use canter_executor::runtime::Builder;
use canter_executor::spawn;
use fastrand::Rng;
use futures::future::{Either, join_all, select, try_join};
use futures::{AsyncReadExt, AsyncWriteExt};
use net_support::guard_against_hanging;

const CONNECTIONS: u64 = 300;

/// What a client does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    /// Sends everything, reads everything.
    Thorough,
    /// Says that it has sent everything before it reads anything.
    HalfCloses,
    /// Closes the connection somewhere in between.
    Vanishes,
    /// Resets the connection somewhere in between.
    Resets,
}

const CLIENTS: [Client; 4] = [
    Client::Thorough,
    Client::HalfCloses,
    Client::Vanishes,
    Client::Resets,
];

fn seed() -> u64 {
    match env::var("CANTER_SEED") {
        Ok(seed) => seed.parse().expect("CANTER_SEED is a number"),
        Err(_) => fastrand::u64(..),
    }
}

/// Sends back what it gets, in pieces of all sizes, until the client has had enough.
async fn serve(mut stream: TcpStream, mut rng: Rng) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = rng.usize(1..=buffer.len());
        let read = stream.read(&mut buffer[..length]).await?;
        if read == 0 {
            return stream.close().await;
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

async fn write_in_pieces(stream: &TcpStream, bytes: &[u8], rng: &mut Rng) -> io::Result<()> {
    let mut left = bytes;
    while !left.is_empty() {
        let (piece, rest) = left.split_at(rng.usize(1..=left.len()));
        (&*stream).write_all(piece).await?;
        left = rest;
    }
    Ok(())
}

async fn read_in_pieces(stream: &TcpStream, length: usize, rng: &mut Rng) -> io::Result<Vec<u8>> {
    let mut received = Vec::new();
    while received.len() < length {
        let mut buffer = vec![0; rng.usize(1..=32 * 1024)];
        let wanted = buffer.len().min(length - received.len());
        let read = (&*stream).read(&mut buffer[..wanted]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        received.extend_from_slice(&buffer[..read]);
    }
    Ok(received)
}

/// What came back is what was sent, as far as the client looked.
async fn visit(stream: TcpStream, client: Client, mut rng: Rng) -> io::Result<()> {
    let longest = match client {
        // The server stops reading while nobody reads from it, so this has to fit in between.
        Client::HalfCloses => 16 * 1024,
        _ => 256 * 1024,
    };
    let length = rng.usize(0..longest);
    let sent: Vec<u8> = iter::repeat_with(|| rng.u8(..)).take(length).collect();
    let mut writing_rng = rng.fork();
    let writing = write_in_pieces(&stream, &sent, &mut writing_rng);
    let received = match client {
        Client::Thorough => {
            let reading = read_in_pieces(&stream, length, &mut rng);
            try_join(writing, reading).await?.1
        }
        Client::HalfCloses => {
            writing.await?;
            stream.shutdown(Shutdown::Write)?;
            let received = read_in_pieces(&stream, length, &mut rng).await?;
            assert_eq!((&stream).read(&mut [0]).await?, 0, "more came back than was sent");
            received
        }
        Client::Vanishes | Client::Resets => {
            let looks_at = rng.usize(0..=length);
            let reading = read_in_pieces(&stream, looks_at, &mut rng);
            // Whichever bytes are under way when the reading ends are given up.
            match select(pin!(reading), pin!(writing)).await {
                Either::Left((received, _writing)) => received?,
                Either::Right((written, reading)) => {
                    written?;
                    reading.await?
                }
            }
        }
    };
    assert!(received == sent[..received.len()], "mixed up");
    if client == Client::Resets {
        stream.set_linger(Some(Duration::ZERO))?;
    }
    Ok(())
}

#[test]
fn whatever_some_clients_do_the_others_get_back_what_they_sent() {
    let _guard = guard_against_hanging();
    let seed = seed();
    println!("CANTER_SEED={seed}");
    let runtime = Builder::new().workers(4).build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = spawn(async move {
            let mut connections = Vec::new();
            for number in 0..CONNECTIONS {
                let (stream, _) = listener.accept().await.unwrap();
                connections.push(spawn(serve(stream, Rng::with_seed(seed ^ number))));
            }
            // Each ends, whatever its client did.
            for connection in connections {
                let _ = connection.await.expect("it does not panic");
            }
        });
        let visits = (0..CONNECTIONS).map(|number| {
            spawn(async move {
                let mut rng = Rng::with_seed(seed.wrapping_add(number));
                let client = CLIENTS[rng.usize(..CLIENTS.len())];
                let stream = TcpStream::connect(address).await.unwrap();
                let visited = visit(stream, client, rng).await;
                visited.unwrap_or_else(|error| panic!("client {number}, which {client:?}: {error}"));
            })
        });
        for visited in join_all(visits.collect::<Vec<_>>()).await {
            visited.unwrap();
        }
        serving.await.unwrap();
    });
}
