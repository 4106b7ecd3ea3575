//! HTTP/1.1: requests and answers.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::time::Duration;

use canter_executor::hyper::Timer;
use canter_executor::net::{TcpListener, TcpStream};
use canter_executor::{block_on, go, spawn};
use futures::channel::oneshot;
use futures::future::join_all;
use futures::{AsyncReadExt, AsyncWriteExt, stream};
use http_body_util::{Empty, StreamBody};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONNECTION, TRANSFER_ENCODING};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};
use socket2::SockRef;

use crate::net_support::guard_against_hanging;
use crate::{echo, for_one_request, get, pair, pattern, post, tell_path, whole};

/// Serves one connection with the path of each request.
async fn serve(stream: TcpStream) -> hyper::Result<()> {
    server::conn::http1::Builder::new()
        .timer(Timer)
        .serve_connection(stream, service_fn(tell_path))
        .await
}

async fn handshake<B>(stream: TcpStream) -> client::conn::http1::SendRequest<B>
where
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let (sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
    go(connection);
    sender
}

/// Which error of I/O is behind one of hyper's.
fn kind(error: &hyper::Error) -> Option<ErrorKind> {
    let source: &io::Error = error.source()?.downcast_ref()?;
    Some(source.kind())
}

/// One connection carries any number of requests, each with its own answer, and ends without an error when the client is gone.
#[test]
fn requests_on_one_connection_are_answered_one_after_the_other() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        let served = spawn(serve(stream));
        let mut sender = handshake(client).await;
        for number in 0..100 {
            let path = format!("/{number}");
            sender.ready().await.unwrap();
            let response = sender.send_request(get(&path)).await.unwrap();
            assert_eq!(response.status(), 200);
            assert_eq!(whole(response.into_body()).await.unwrap(), path);
        }
        drop(sender);
        served.await.unwrap().unwrap();
    });
}

/// Connections that are served at the same time do not get each other's answers.
#[test]
fn many_connections_are_served_at_once() {
    let _guard = guard_against_hanging();
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        go(async move {
            loop {
                go(serve(listener.accept().await.unwrap().0));
            }
        });
        let clients = (0..32).map(|client| {
            spawn(async move {
                let mut sender = handshake(TcpStream::connect(address).await.unwrap()).await;
                for number in 0..10 {
                    let path = format!("/{client}/{number}");
                    sender.ready().await.unwrap();
                    let response = sender.send_request(get(&path)).await.unwrap();
                    assert_eq!(whole(response.into_body()).await.unwrap(), path);
                }
            })
        });
        join_all(clients).await.into_iter().for_each(Result::unwrap);
    });
}

/// A body that no buffer holds goes both ways at once, in pieces, while either side has to wait for the other.
#[test]
fn a_large_body_goes_both_ways() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        for end in [&client, &stream] {
            SockRef::from(end).set_send_buffer_size(32 << 10).unwrap();
            SockRef::from(end).set_recv_buffer_size(32 << 10).unwrap();
        }
        go(server::conn::http1::Builder::new().serve_connection(stream, service_fn(echo)));
        let mut sender = handshake(client).await;
        let sent = pattern(8 << 20);
        let body = http_body_util::Full::new(sent.clone());
        let response = sender.send_request(post(body)).await.unwrap();
        assert!(whole(response.into_body()).await.unwrap() == sent);
    });
}

/// Bodies whose length is not known before are sent in chunks, and come together again on the other side.
#[test]
fn bodies_of_unknown_length_are_chunked() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        let handler = service_fn(async |request: Request<Incoming>| {
            assert_eq!(request.headers()[TRANSFER_ENCODING], "chunked");
            echo(request).await
        });
        let served = spawn(async move {
            server::conn::http1::Builder::new()
                .serve_connection(stream, handler)
                .await
        });
        let mut sender = handshake(client).await;
        let words = ["one ", "two ", "three"];
        let frames = words.map(|word| Ok::<_, Infallible>(Frame::data(Bytes::from(word))));
        let body = StreamBody::new(stream::iter(frames));
        let response = sender.send_request(post(body)).await.unwrap();
        assert_eq!(response.headers()[TRANSFER_ENCODING], "chunked");
        assert_eq!(whole(response.into_body()).await.unwrap(), "one two three");
        drop(sender);
        served.await.unwrap().unwrap();
    });
}

/// A connection on which nothing is asked ends at once when it is shut down.
#[test]
fn a_shutdown_ends_a_connection_without_a_request() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        let connection = server::conn::http1::Builder::new().serve_connection(stream, service_fn(tell_path));
        let (shut, shutting) = oneshot::channel::<()>();
        let served = spawn(async move {
            let mut connection = pin!(connection);
            futures::future::select(connection.as_mut(), shutting).await;
            connection.as_mut().graceful_shutdown();
            connection.await
        });
        let mut sender = handshake(client).await;
        let response = sender.send_request(get("/before")).await.unwrap();
        assert_eq!(whole(response.into_body()).await.unwrap(), "/before");
        shut.send(()).unwrap();
        served.await.unwrap().unwrap();
        assert!(sender.send_request(get("/after")).await.is_err());
    });
}

/// An answer under way is given before a connection that is shut down ends, and says that it was the last.
#[test]
fn a_shutdown_lets_the_answer_under_way_be_given() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        let (begin, begun) = oneshot::channel::<()>();
        let (go_on, going_on) = oneshot::channel::<()>();
        let (shut, shutting) = oneshot::channel::<()>();
        let served = spawn(async move {
            let once = for_one_request((begin, going_on));
            let handler = service_fn(move |request| {
                let (begin, going_on) = once();
                async move {
                    begin.send(()).unwrap();
                    going_on.await.unwrap();
                    tell_path(request).await
                }
            });
            let connection = server::conn::http1::Builder::new().serve_connection(stream, handler);
            let mut connection = pin!(connection);
            futures::future::select(connection.as_mut(), shutting).await;
            connection.as_mut().graceful_shutdown();
            // The handler waits until the shutdown has begun.
            go_on.send(()).unwrap();
            connection.await
        });
        let mut sender = handshake(client).await;
        let answered = spawn(async move { sender.send_request(get("/last")).await });
        begun.await.unwrap();
        shut.send(()).unwrap();
        let response = answered.await.unwrap().unwrap();
        assert_eq!(response.headers()[CONNECTION], "close");
        assert_eq!(whole(response.into_body()).await.unwrap(), "/last");
        served.await.unwrap().unwrap();
    });
}

/// A client that closes in the middle of a body is an error to the handler that reads the body, and the connection ends.
#[test]
fn a_request_that_is_cut_off_is_told() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut client, stream) = pair().await;
        let (tell, told) = oneshot::channel();
        let tell = for_one_request(tell);
        let handler = service_fn(move |request: Request<Incoming>| {
            let tell = tell();
            async move {
                tell.send(whole(request.into_body()).await).unwrap();
                Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
            }
        });
        let served = spawn(async move {
            server::conn::http1::Builder::new()
                .serve_connection(stream, handler)
                .await
        });
        let part = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\nten bytes.";
        client.write_all(part).await.unwrap();
        drop(client);
        let error = told.await.unwrap().unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::UnexpectedEof), "{error:?}");
        // hyper leaves it to the handler to call this an error.
        let _ = served.await.unwrap();
    });
}

/// A server that closes in the middle of a body is an error to the client that reads it.
#[test]
fn an_answer_that_is_cut_off_is_told() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, mut stream) = pair().await;
        let mut sender = handshake(client).await;
        let asked = spawn(async move { sender.send_request(get("/")).await });
        let mut byte = [0];
        while byte != *b"\n" {
            stream.read_exact(&mut byte).await.unwrap();
        }
        let part = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nten bytes.";
        stream.write_all(part).await.unwrap();
        stream.close().await.unwrap();
        let response = asked.await.unwrap().unwrap();
        let error = whole(response.into_body()).await.unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::UnexpectedEof), "{error:?}");
    });
}

/// What the system says of a connection comes out of hyper as the error that it was.
#[test]
fn an_error_of_the_system_is_the_source() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (client, stream) = pair().await;
        let served = spawn(serve(stream));
        (&client).write_all(b"GET / HT").await.unwrap();
        // With this a drop resets the connection.
        client.set_linger(Some(Duration::ZERO)).unwrap();
        drop(client);
        let error = served.await.unwrap().unwrap_err();
        assert_eq!(kind(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    });
}
