//! TCP listeners and streams.

mod net_support;

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, TcpListener as StdTcpListener, TcpStream as StdTcpStream};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use canter_executor::net::{TcpListener, TcpStream};
use canter_executor::{block_on, spawn};
use futures::future::{join_all, try_join};
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt, poll};
use net_support::guard_against_hanging;
use socket2::SockRef;

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = listener().await;
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.local_addr().unwrap());
    (client, server)
}

/// What is written takes many turns to be read.
async fn pair_with_small_buffers() -> (TcpStream, TcpStream) {
    let (one, other) = pair().await;
    for stream in [&one, &other] {
        SockRef::from(stream).set_send_buffer_size(32 << 10).unwrap();
        SockRef::from(stream).set_recv_buffer_size(32 << 10).unwrap();
    }
    (one, other)
}

/// Our stream, and a blocking one at the other end.
async fn pair_with_std() -> (TcpStream, StdTcpStream) {
    let (ours, theirs) = pair().await;
    let theirs = theirs.into_std().unwrap();
    theirs.set_nonblocking(false).unwrap();
    (ours, theirs)
}

#[test]
fn connections_are_shared_by_all_tasks_that_accept() {
    const CONNECTIONS: u8 = 64;
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = Arc::new(listener().await);
        let address = listener.local_addr().unwrap();
        let accepting: Vec<_> = (0..4)
            .map(|_| {
                let listener = listener.clone();
                spawn(async move {
                    let mut greetings = Vec::new();
                    for _ in 0..CONNECTIONS / 4 {
                        let (mut stream, _) = listener.accept().await.unwrap();
                        let mut greeting = [0];
                        stream.read_exact(&mut greeting).await.unwrap();
                        greetings.push(greeting[0]);
                    }
                    greetings
                })
            })
            .collect();
        join_all((0..CONNECTIONS).map(|number| async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(&[number]).await.unwrap();
        }))
        .await;
        let mut greetings: Vec<u8> = join_all(accepting)
            .await
            .into_iter()
            .flat_map(Result::unwrap)
            .collect();
        greetings.sort_unstable();
        assert_eq!(greetings, Vec::from_iter(0..CONNECTIONS));
    });
}

#[test]
fn connections_are_shared_by_all_streams_of_incoming() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = listener().await;
        let address = listener.local_addr().unwrap();
        let (mut one, mut other) = (listener.incoming(), listener.incoming());
        let (mut next_of_one, mut next_of_other) = (one.next(), other.next());
        assert!(poll!(&mut next_of_one).is_pending() && poll!(&mut next_of_other).is_pending());

        let _clients = try_join(TcpStream::connect(address), TcpStream::connect(address))
            .await
            .unwrap();
        next_of_one.await.unwrap().unwrap();
        next_of_other.await.unwrap().unwrap();
    });
}

#[test]
fn an_accept_that_is_dropped_loses_no_connection() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = listener().await;
        {
            let mut accept = pin!(listener.accept());
            assert!(poll!(&mut accept).is_pending());
        }
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
}

#[test]
fn a_read_that_is_dropped_loses_no_byte() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair_with_std().await;
        let mut buffer = [0; 8];
        {
            let mut read = ours.read(&mut buffer);
            assert!(poll!(&mut read).is_pending());
        }
        theirs.write_all(b"all").unwrap();
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 3);
        assert_eq!(&buffer[..3], b"all");
    });
}

#[test]
fn sharded_listeners_share_one_port_and_each_connection_comes_to_one() {
    const CONNECTIONS: usize = 64;
    let _guard = guard_against_hanging();
    block_on(async {
        let listeners = TcpListener::bind_sharded("127.0.0.1:0", 4).await.unwrap();
        let address = listeners[0].local_addr().unwrap();
        assert!(
            listeners
                .iter()
                .all(|listener| listener.local_addr().unwrap() == address)
        );
        let mut all = futures::stream::select_all(listeners.iter().map(TcpListener::incoming));
        let clients = join_all((0..CONNECTIONS).map(|_| TcpStream::connect(address))).await;
        let mut accepted = Vec::new();
        for _ in 0..CONNECTIONS {
            accepted.push(all.next().await.unwrap().unwrap().peer_addr().unwrap());
        }
        assert!(poll!(all.next()).is_pending());
        let mut connected: Vec<_> = clients
            .iter()
            .map(|client| client.as_ref().unwrap().local_addr().unwrap())
            .collect();
        connected.sort_unstable();
        accepted.sort_unstable();
        assert_eq!(accepted, connected);
    });
}

#[test]
fn zero_sharded_listeners_are_an_error() {
    let error = block_on(TcpListener::bind_sharded("127.0.0.1:0", 0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("count"), "{error}");
}

#[test]
fn the_halves_of_a_stream_are_used_by_two_tasks_at_once() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, server) = pair().await;
        let echo = spawn(async move { futures::io::copy(&server, &mut &server).await });
        let (mut read, mut write) = client.into_split();
        let sent: Vec<u8> = (0..4_000_000_u32).map(|number| number as u8).collect();
        let expected = sent.clone();
        let writing = spawn(async move { write.write_all(&sent).await });
        let reading = spawn(async move {
            let mut received = Vec::new();
            read.read_to_end(&mut received).await.map(|_| received)
        });
        writing.await.unwrap().unwrap(); // and drops its half, which ends the echo
        assert!(reading.await.unwrap().unwrap() == expected, "mixed up");
        assert_eq!(echo.await.unwrap().unwrap(), expected.len() as u64);
    });
}

#[test]
fn dropping_the_write_half_ends_the_stream_for_the_peer_and_reading_goes_on() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, mut theirs) = pair_with_std().await;
        let (mut read, mut write) = ours.into_split();
        write.write_all(b"question").await.unwrap();
        drop(write);
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        assert_eq!(received, "question");

        theirs.write_all(b"answer").unwrap();
        drop(theirs);
        received.clear();
        read.read_to_string(&mut received).await.unwrap();
        assert_eq!(received, "answer");
    });
}

#[test]
fn dropping_the_read_half_leaves_writing_alone() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, mut theirs) = pair_with_std().await;
        let (read, mut write) = ours.into_split();
        drop(read);
        write.write_all(b"still here").await.unwrap();
        write.close().await.unwrap();
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        assert_eq!(received, "still here");
    });
}

#[test]
fn reunited_halves_are_the_stream_as_it_was() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, mut theirs) = pair_with_std().await;
        let (read, write) = ours.into_split();
        let mut ours = read.reunite(write).unwrap();
        ours.write_all(b"open").await.unwrap(); // nothing was shut down
        drop(ours);
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        assert_eq!(received, "open");
    });
}

#[test]
fn halves_of_two_streams_come_back_from_reunite() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (one, other) = pair().await;
        let (one_read, one_write) = one.into_split();
        let (other_read, other_write) = other.into_split();
        let error = one_read.reunite(other_write).unwrap_err();
        assert!(error.to_string().contains("different streams"), "{error}");
        let (one_read, other_write) = (error.0, error.1);
        one_read.reunite(one_write).unwrap();
        other_read.reunite(other_write).unwrap();
    });
}

#[test]
fn a_stream_that_ended_one_direction_still_has_the_other() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair_with_std().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(ours.read(&mut [0; 8]).await.unwrap(), 0);
        ours.write_all(b"after the end").await.unwrap();
        ours.shutdown(Shutdown::Write).unwrap();
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        assert_eq!(received, "after the end");
    });
}

#[test]
fn what_was_sent_before_a_reset_is_read_and_then_the_reset() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, theirs) = pair().await;
        let sent = [7; 1000];
        (&theirs).write_all(&sent).await.unwrap();
        theirs.set_linger(Some(Duration::ZERO)).unwrap();
        drop(theirs); // which resets

        let mut received = [0; 1000];
        ours.read_exact(&mut received).await.unwrap();
        assert_eq!(received, sent);
        let error = ours.read(&mut received).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        ours.close().await.unwrap(); // there is nothing left to close
    });
}

#[test]
fn whoever_waits_to_write_is_woken_by_a_reset() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, theirs) = pair_with_small_buffers().await;
        let much = vec![0; 8 << 20];
        let mut writing = ours.write_all(&much);
        assert!(poll!(&mut writing).is_pending());
        theirs.set_linger(Some(Duration::ZERO)).unwrap();
        drop(theirs);
        writing.await.unwrap_err();
    });
}

#[test]
fn a_write_waits_for_a_reader_that_is_slow() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair_with_small_buffers().await;
        let much: Vec<u8> = (0..8 << 20).map(|number: u32| (number >> 8) as u8).collect();
        let mut writing = ours.write_all(&much);
        assert!(poll!(&mut writing).is_pending());
        let mut received = vec![0; much.len()];
        try_join(writing, theirs.read_exact(&mut received)).await.unwrap();
        assert!(received == much, "mixed up");
    });
}

/// The operating system takes 1024 buffers at once at most; that it left some alone must not count as a short transfer.
#[test]
fn vectored_transfers_of_more_buffers_than_the_system_takes_go_on() {
    const BUFFERS: usize = 3000;
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair().await;
        let sent: Vec<u8> = (0..BUFFERS).map(|number| number as u8).collect();
        let mut left: Vec<_> = sent.chunks(1).map(IoSlice::new).collect();
        while !left.is_empty() {
            let written = ours.write_vectored(&left).await.unwrap();
            left.drain(..written);
        }

        let mut received = [0; BUFFERS];
        let mut total = 0;
        while total < BUFFERS {
            let mut buffers: Vec<_> = received[total..].chunks_mut(1).map(IoSliceMut::new).collect();
            total += theirs.read_vectored(&mut buffers).await.unwrap();
        }
        assert!(received[..] == sent[..], "mixed up");
    });
}

#[test]
fn trying_moves_what_there_is_and_would_block_otherwise() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, mut theirs) = pair_with_std().await;
        assert_eq!(
            ours.try_read(&mut [0; 8]).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        theirs.write_all(b"something").unwrap();
        ours.readable().await.unwrap();
        let (mut head, mut tail) = ([0; 4], [0; 8]);
        let mut buffers = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
        assert_eq!(ours.try_read_vectored(&mut buffers).unwrap(), 9);
        assert_eq!((&head[..], &tail[..5]), (&b"some"[..], &b"thing"[..]));

        ours.writable().await.unwrap();
        assert_eq!(ours.try_write(b"and ").unwrap(), 4);
        let slices = [IoSlice::new(b"vec"), IoSlice::new(b"tored")];
        assert_eq!(ours.try_write_vectored(&slices).unwrap(), 8);
        drop(ours);
        let mut received = String::new();
        theirs.read_to_string(&mut received).unwrap();
        assert_eq!(received, "and vectored");
    });
}

#[test]
fn all_who_wait_for_readable_are_woken() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, mut theirs) = pair_with_std().await;
        let mut waiters: Vec<_> = (0..3).map(|_| Box::pin(ours.readable())).collect();
        for waiter in &mut waiters {
            assert!(poll!(waiter).is_pending());
        }
        theirs.write_all(b"!").unwrap();
        for readable in join_all(waiters).await {
            readable.unwrap();
        }
    });
}

#[test]
fn peeking_leaves_the_bytes_to_be_read() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut ours, mut theirs) = pair_with_std().await;
        theirs.write_all(b"look").unwrap();
        let mut buffer = [0; 16];
        for _ in 0..2 {
            assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
        }
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"look");
        drop(theirs);
        assert_eq!(ours.peek(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn options_are_what_they_were_set_to() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, _other) = pair().await;
        stream.set_nodelay(true).unwrap();
        assert!(stream.nodelay().unwrap());
        stream.set_ttl(33).unwrap();
        assert_eq!(stream.ttl().unwrap(), 33);

        assert_eq!(stream.keepalive().unwrap(), None);
        stream.set_keepalive(Some(Duration::from_millis(1500))).unwrap();
        assert_eq!(stream.keepalive().unwrap(), Some(Duration::from_secs(2)));
        stream.set_keepalive(None).unwrap();
        assert_eq!(stream.keepalive().unwrap(), None);

        assert_eq!(stream.linger().unwrap(), None);
        stream.set_linger(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(stream.linger().unwrap(), Some(Duration::from_secs(1)));
        stream.set_linger(None).unwrap();
        assert_eq!(stream.linger().unwrap(), None);
        assert!(stream.take_error().unwrap().is_none());
    });
}

#[test]
fn sockets_come_from_std_and_go_back() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = TcpListener::try_from(StdTcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let client = StdTcpStream::connect(address).unwrap();
        let number = client.as_raw_fd();
        let mut client = TcpStream::try_from(client).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        assert_eq!(client.as_fd().as_raw_fd(), number);
        client.write_all(b"1").await.unwrap();

        let client = OwnedFd::try_from(client).unwrap();
        let mut client = TcpStream::try_from(client).unwrap();
        client.write_all(b"2").await.unwrap();
        drop(client);

        let mut server: StdTcpStream = server.try_into().unwrap();
        let mut received = String::new();
        server.set_nonblocking(false).unwrap();
        server.read_to_string(&mut received).unwrap();
        assert_eq!(received, "12");
    });
}
