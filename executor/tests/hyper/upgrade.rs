//! Connections that become something else.

use std::convert::Infallible;

use canter_executor::hyper::Io;
use canter_executor::net::TcpStream;
use canter_executor::{block_on, go, spawn};
use futures::channel::oneshot;
use futures::{AsyncReadExt, AsyncWriteExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, HOST, UPGRADE};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper::{Request, Response, StatusCode, client, server};

use crate::net_support::guard_against_hanging;
use crate::{for_one_request, pair};

/// The client's side of an upgraded connection, and the server's.
async fn upgraded() -> (Upgraded, Upgraded) {
    let (stream, other) = pair().await;
    let (give, given) = oneshot::channel();
    let give = for_one_request(give);
    let handler = service_fn(move |request: Request<Incoming>| {
        let give = give();
        async move {
            assert_eq!(request.headers()[UPGRADE], "talk");
            go(async move { give.send(hyper::upgrade::on(request).await.unwrap()).unwrap() });
            let response = Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header(CONNECTION, "upgrade")
                .header(UPGRADE, "talk")
                .body(Empty::<Bytes>::new());
            Ok::<_, Infallible>(response.unwrap())
        }
    });
    go(async move {
        server::conn::http1::Builder::new()
            .serve_connection(other, handler)
            .with_upgrades()
            .await
    });
    let (mut sender, connection) = client::conn::http1::handshake(stream).await.unwrap();
    go(connection.with_upgrades());
    let request = Request::get("/")
        .header(HOST, "localhost")
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "talk")
        .body(Empty::<Bytes>::new());
    let response = sender.send_request(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
    let ours = hyper::upgrade::on(response).await.unwrap();
    (ours, given.await.unwrap())
}

/// What was upgraded is the stream that hyper was given.
#[test]
fn an_upgraded_connection_is_the_stream_again() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, theirs) = upgraded().await;
        let ours = ours.downcast::<TcpStream>().expect("it went in as that");
        let theirs = theirs.downcast::<TcpStream>().expect("it went in as that");
        assert!(ours.read_buf.is_empty() && theirs.read_buf.is_empty());
        assert_eq!(ours.io.local_addr().unwrap(), theirs.io.peer_addr().unwrap());
    });
}

/// An upgraded connection that is not taken apart is read and written with the traits of `futures`, to its end.
#[test]
fn an_upgraded_connection_is_read_and_written() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (ours, theirs) = upgraded().await;
        let (mut ours, mut theirs) = (Io::new(ours), Io::new(theirs));
        let said = spawn(async move {
            ours.write_all(b"hello").await.unwrap();
            ours.close().await.unwrap();
            let mut answer = String::new();
            ours.read_to_string(&mut answer).await.unwrap();
            answer
        });
        let mut heard = String::new();
        theirs.read_to_string(&mut heard).await.unwrap();
        assert_eq!(heard, "hello");
        theirs.write_all(b"good-bye").await.unwrap();
        theirs.close().await.unwrap();
        assert_eq!(said.await.unwrap(), "good-bye");
    });
}
