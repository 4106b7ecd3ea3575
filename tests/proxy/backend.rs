//! Backends of a test's own.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::program::{connect, patient};

/// A backend in a thread, with one more for each connection, which `serve` treats.
pub fn backend(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    serve_on(listener, serve);
    addr
}

pub fn serve_on(listener: TcpListener, serve: impl Fn(TcpStream) + Send + Sync + 'static) {
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = serve.clone();
            thread::spawn(move || serve(patient(stream)));
        }
    });
}

/// A backend that says its name and ends.
pub fn named(name: &'static str) -> impl Fn(TcpStream) + Send + Sync + 'static {
    move |mut stream| {
        // Whoever only looks whether somebody is there need not listen.
        let _ = stream.write_all(name.as_bytes());
    }
}

/// The next connection to a backend that the test serves itself.
pub fn accept(listener: &TcpListener) -> TcpStream {
    patient(listener.accept().expect("the proxy connects").0)
}

pub fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let addr = listener.local_addr().expect("it is bound");
    (listener, addr)
}

/// An address of this machine where nobody listens, and where the test may listen later.
pub fn nobody() -> SocketAddr {
    // The system takes free ports, for listeners and for whoever connects, on 127.0.0.1. So it takes none of these.
    static HOSTS: AtomicU8 = AtomicU8::new(2);
    let host = HOSTS.fetch_add(1, Ordering::SeqCst);
    SocketAddr::from(([127, 0, 0, host], listener().1.port()))
}

/// A backend whose queue is full, so that it never answers whoever connects. It stays so while the streams live.
pub fn deaf() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let (listener, addr) = listener();
    let mut waiting = Vec::new();
    // On the loopback a connection for which there is room is there at once, without anybody's help. One that is not there
    // after this time waits for room.
    while let Ok(stream) = TcpStream::connect_timeout(&addr, Duration::from_millis(500)) {
        waiting.push(stream);
        assert!(waiting.len() < 100_000, "the queue has no end");
    }
    (listener, waiting, addr)
}

/// Counts those that are there at once.
#[derive(Default)]
pub struct Crowd {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Crowd {
    pub fn enter(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
    }

    pub fn leave(&self) {
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    pub fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// What comes on a connection from now to its end.
pub fn rest(stream: &mut TcpStream) -> String {
    let mut rest = String::new();
    stream.read_to_string(&mut rest).expect("the connection ends");
    rest
}

/// What comes through a proxy on a new connection. A proxy that reaches nobody resets it.
pub fn ask(proxy: SocketAddr) -> Option<String> {
    let mut answer = String::new();
    match connect(proxy).read_to_string(&mut answer) {
        Ok(_) => Some(answer),
        Err(error) if error.kind() == ErrorKind::ConnectionReset => None,
        Err(error) => panic!("{error}"),
    }
}

/// Reads to the end of a connection, which is a reset.
pub fn read_to_reset(stream: &mut TcpStream) {
    let end = stream.read_to_end(&mut Vec::new());
    let error = end.expect_err("the connection is reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

/// Ends a connection with a reset.
pub fn reset(stream: TcpStream, other: &mut TcpStream) {
    // To close with something unread is to reset.
    other.write_all(b"never read").expect("it is passed on");
    stream.peek(&mut [0; 1]).expect("it arrives");
    drop(stream);
}
