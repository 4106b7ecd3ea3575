//! HTTP/2, where hyper starts tasks.

use std::time::Duration;

use canter_executor::hyper::{Executor, Timer};
use canter_executor::{block_on, go, spawn};
use futures::AsyncReadExt;
use futures::future::join_all;
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2 as server;
use hyper::service::service_fn;

use crate::net_support::guard_against_hanging;
use crate::{echo, get, pair, pattern, post, tell_path, whole};

/// Many requests are under way on one connection at once, and each gets its own answer.
#[test]
fn requests_at_once_on_one_connection_get_their_own_answers() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, other) = pair().await;
        go(server::Builder::new(Executor)
            .timer(Timer)
            .serve_connection(other, service_fn(tell_path)));
        let (sender, connection) = client::handshake(Executor, stream).await.unwrap();
        go(connection);
        let asked = (0..100).map(|number| {
            let mut sender = sender.clone();
            spawn(async move {
                let path = format!("/{number}");
                let request = get(&format!("http://localhost{path}"));
                let response = sender.send_request(request).await.unwrap();
                assert_eq!(whole(response.into_body()).await.unwrap(), path);
            })
        });
        join_all(asked).await.into_iter().for_each(Result::unwrap);
    });
}

/// A body larger than the windows of HTTP/2 goes both ways.
#[test]
fn a_large_body_goes_both_ways() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, other) = pair().await;
        go(server::Builder::new(Executor).serve_connection(other, service_fn(echo)));
        let (mut sender, connection) = client::handshake(Executor, stream).await.unwrap();
        go(connection);
        let sent = pattern(4 << 20);
        let mut request = post(http_body_util::Full::new(sent.clone()));
        *request.uri_mut() = "http://localhost/".parse().unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert!(whole(response.into_body()).await.unwrap() == sent);
    });
}

/// A client whose pings are not answered gives the connection up: the timer runs, and is moved from ping to ping.
#[test]
fn a_silent_server_is_given_up() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (stream, mut silent) = pair().await;
        let (_sender, connection) = client::Builder::new(Executor)
            .timer(Timer)
            .keep_alive_interval(Duration::from_millis(10))
            .keep_alive_timeout(Duration::from_millis(10))
            .keep_alive_while_idle(true)
            .handshake::<_, http_body_util::Empty<hyper::body::Bytes>>(stream)
            .await
            .unwrap();
        let connected = spawn(connection);
        // It reads and never answers.
        let mut received = Vec::new();
        let _ = silent.read_to_end(&mut received).await;
        assert!(connected.await.unwrap().unwrap_err().is_timeout());
    });
}
