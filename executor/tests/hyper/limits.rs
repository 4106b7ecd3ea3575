//! hyper's limits of time.

use std::time::Duration;

use canter_executor::hyper::Timer;
use canter_executor::{block_on, spawn};
use futures::{AsyncReadExt, AsyncWriteExt};
use hyper::server::conn::http1;
use hyper::service::service_fn;

use crate::net_support::guard_against_hanging;
use crate::{pair, tell_path};

/// A client that sends half of a head, or nothing at all, is cut off; without the timer it would be waited for.
#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    let _guard = guard_against_hanging();
    block_on(async {
        for part in ["", "GET / HTTP/1.1\r\nhost: loc"] {
            let (mut client, stream) = pair().await;
            let served = spawn(async move {
                http1::Builder::new()
                    .timer(Timer)
                    .header_read_timeout(Duration::from_millis(20))
                    .serve_connection(stream, service_fn(tell_path))
                    .await
            });
            client.write_all(part.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            // The server closes, with or without a word.
            let _ = client.read_to_end(&mut answer).await;
            let error = served.await.unwrap().unwrap_err();
            assert!(error.is_timeout(), "{part:?}: {error:?}");
        }
    });
}

/// The limit counts anew for the second request of a connection, of which no head comes.
#[test]
fn a_second_head_that_does_not_come_ends_the_connection() {
    let _guard = guard_against_hanging();
    block_on(async {
        let (mut client, stream) = pair().await;
        // The first head is there before its time begins.
        let request = b"GET /first HTTP/1.1\r\nhost: localhost\r\n\r\n";
        client.write_all(request).await.unwrap();
        let served = spawn(async move {
            http1::Builder::new()
                .timer(Timer)
                .header_read_timeout(Duration::from_millis(20))
                .serve_connection(stream, service_fn(tell_path))
                .await
        });
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("\r\n\r\n/first"), "{answer}");
        let error = served.await.unwrap().unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
    });
}
