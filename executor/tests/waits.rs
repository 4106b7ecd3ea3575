//! What a task that has not ended says it waits for: the reason, and the line in the program.

use std::future::poll_fn;
use std::panic::Location;
use std::task::Poll;
use std::time::Duration;

use canter_executor::context::Context;
use canter_executor::net::{TcpListener, UdpSocket};
use canter_executor::runtime::{Builder, Unfinished};
use canter_executor::task::Group;
use canter_executor::time::{sleep, timeout};
use canter_executor::{spawn, yield_now};

/// Runs `future` until it waits, and gives what the runtime's end says of it.
fn wait_of<F>(future: F) -> (String, String, u32)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = Builder::new().workers(1).build().expect("a runtime starts");
    let (polled, was_polled) = std::sync::mpsc::channel();
    let mut future = Box::pin(future);
    let _task = runtime.spawn(poll_fn(move |cx| {
        let ended = future.as_mut().poll(cx);
        assert_eq!(ended, Poll::Pending, "the future waits");
        polled.send(()).expect("the test listens");
        ended
    }));
    was_polled.recv().expect("the task is polled");
    // The one worker has ended the poll above when it runs this.
    runtime.block_on(runtime.spawn(yield_now())).expect("it ends");
    let error = runtime
        .shutdown(Duration::ZERO)
        .expect_err("the task waits for ever");
    let mut unfinished = error.unfinished().iter();
    let waiting = unfinished
        .find_map(Unfinished::waiting)
        .expect("the leaf said what it waits for");
    (
        waiting.reason.to_string(),
        waiting.place.file().to_owned(),
        waiting.place.line(),
    )
}

#[track_caller]
fn assert_waits<F>(future: F, reason: &str, line: u32)
where
    F: Future<Output = ()> + Send + 'static,
{
    let here = Location::caller().file();
    assert_eq!(wait_of(future), (reason.to_owned(), here.to_owned(), line));
}

#[test]
fn a_sleep_names_the_line_that_made_it() {
    assert_waits(async { sleep(Duration::MAX).await }, "sleep", line!());
    assert_waits(async { sleep(Duration::from_secs(3600)).await }, "sleep", line!());
    let inner = timeout(Duration::from_secs(3600), std::future::pending::<()>());
    let line = line!() - 1;
    assert_waits(async { assert!(inner.await.is_ok()) }, "sleep", line);
}

#[test]
fn a_wait_for_a_context_names_the_line_that_asked() {
    let (ctx, canceller) = Context::background().with_cancel();
    let (owned, inner) = (ctx.clone(), ctx.clone());
    assert_waits(
        async move { ctx.cancelled().await },
        "context cancel",
        line!() - 2,
    );
    assert_waits(
        async move { owned.cancelled_owned().await },
        "context cancel",
        line!() - 2,
    );
    // What a future waits for says more than that its context may end.
    let runs = async move { assert!(inner.run(sleep(Duration::MAX)).await.is_err()) };
    assert_waits(runs, "sleep", line!() - 1);
    drop(canceller);
}

#[test]
fn a_join_names_the_line_that_awaits() {
    let never = async {
        let task = spawn(std::future::pending::<()>());
        drop(task.await);
    };
    let line = line!() - 2;
    assert_waits(never, "join", line);
}

#[test]
fn a_group_names_the_line_that_joins_or_that_spawns() {
    fn full() -> Group<Result<(), ()>> {
        let group = Group::new().limit(1);
        group.try_spawn(std::future::pending()).expect("the first place");
        group
    }
    let next = async { drop(full().join_next().await) };
    assert_waits(next, "group join", line!() - 1);
    let with_id = async { drop(full().join_next_with_id().await) };
    assert_waits(with_id, "group join", line!() - 1);
    let all = async { drop(full().join_all().await) };
    assert_waits(all, "group join", line!() - 1);
    let wait = async { drop(full().wait().await) };
    assert_waits(wait, "group join", line!() - 1);
    let own = async {
        full().spawn(async { Ok(()) }).await;
    };
    let line = line!() - 2;
    assert_waits(own, "group spawn", line);
    let by_spawner = async {
        let group = full();
        drop(group.spawner().spawn(async { Ok(()) }).await);
    };
    let line = line!() - 2;
    assert_waits(by_spawner, "group spawn", line);
}

#[test]
fn a_socket_names_the_line_that_waits_for_it() {
    let accept = async {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("loopback can be bound");
        drop(listener.accept().await);
    };
    assert_waits(accept, "I/O read", line!() - 2);
    let receive = async {
        let socket = UdpSocket::bind("127.0.0.1:0")
            .await
            .expect("loopback can be bound");
        drop(socket.recv(&mut [0; 8]).await);
    };
    assert_waits(receive, "I/O read", line!() - 2);
}
