//! TCP echo over loopback, server and clients on one runtime: round trips of 64 bytes.

use std::io;

use canter_bench::{WORKERS, runtime};
use canter_executor::net::{TcpListener, TcpStream};
use canter_executor::{go, spawn};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use futures::{AsyncReadExt, AsyncWriteExt};

const ROUNDS: u64 = 100;

async fn serve(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

async fn round_trips(mut stream: TcpStream) -> io::Result<TcpStream> {
    let (sent, mut received) = ([7; 64], [0; 64]);
    for _ in 0..ROUNDS {
        stream.write_all(&sent).await?;
        stream.read_exact(&mut received).await?;
        assert_eq!(sent, received);
    }
    Ok(stream)
}

fn echo(c: &mut Criterion) {
    let mut group = c.benchmark_group("echo, 64 bytes");
    group.sample_size(20);
    for connections in [1, 64] {
        for workers in WORKERS {
            let runtime = runtime(workers);
            let mut streams: Vec<TcpStream> = runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0")
                    .await
                    .expect("loopback can be bound");
                let address = listener.local_addr().expect("a bound listener has an address");
                let mut streams = Vec::new();
                for _ in 0..connections {
                    streams.push(TcpStream::connect(address).await.expect("the listener listens"));
                    let (stream, _) = listener.accept().await.expect("a connection waits");
                    go(serve(stream));
                }
                streams
            });
            group.throughput(Throughput::Elements(connections * ROUNDS));
            group.bench_function(
                BenchmarkId::new(format!("{connections} connections, workers"), workers),
                |b| {
                    b.iter(|| {
                        streams = runtime.block_on(async {
                            let tasks: Vec<_> = streams
                                .drain(..)
                                .map(|stream| spawn(round_trips(stream)))
                                .collect();
                            let mut streams = Vec::new();
                            for task in tasks {
                                streams.push(task.await.expect("no panic").expect("every byte comes back"));
                            }
                            streams
                        });
                    });
                },
            );
        }
    }
    group.finish();
}

criterion_group!(benches, echo);
criterion_main!(benches);
