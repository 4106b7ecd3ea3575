//! The backends, whose turn it is, and which of them are passed over.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use canter::net::TcpStream;
use canter::time;

use crate::server::listen::is_out_of_descriptors;
use crate::server::warn;

pub struct Backends {
    all: Vec<Backend>,
    turn: AtomicUsize,
    told_of_shortage: AtomicBool,
    connect_timeout: Duration,
    pass_over: Duration,
}

struct Backend {
    addr: String,
    /// Until when it is passed over, since it has not accepted a connection.
    down_until: Mutex<Option<Instant>>,
}

impl Backends {
    pub fn new(addrs: &[String], connect_timeout: Duration, pass_over: Duration) -> Self {
        let backend = |addr: &String| Backend {
            addr: addr.clone(),
            down_until: Mutex::new(None),
        };
        Self {
            all: addrs.iter().map(backend).collect(),
            turn: AtomicUsize::new(0),
            told_of_shortage: AtomicBool::new(false),
            connect_timeout,
            pass_over,
        }
    }

    /// A connection to the backend whose turn it is, or else to the next one that accepts it. Those that are passed over
    /// are asked when all others have failed: to be refused twice is better than not to try. `None` if nobody accepts.
    pub async fn connect(&self) -> Option<TcpStream> {
        let now = Instant::now();
        let (mut asked, passed_over): (Vec<_>, Vec<_>) = self
            .all
            .iter()
            .partition(|backend| backend.down_until().is_none_or(|until| until <= now));
        // Among those that are up, so that each of them takes as many of the turns of the others.
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        if !asked.is_empty() {
            let first = turn % asked.len();
            asked.rotate_left(first);
        }
        for backend in asked.into_iter().chain(passed_over) {
            if let Some(stream) = self.connect_to(backend).await {
                return Some(stream);
            }
        }
        None
    }

    async fn connect_to(&self, backend: &Backend) -> Option<TcpStream> {
        let connecting = time::timeout(self.connect_timeout, TcpStream::connect(&backend.addr));
        let error = match connecting.await {
            Ok(Ok(stream)) => {
                backend.is_up();
                return Some(stream);
            }
            Ok(Err(error)) => error,
            Err(_elapsed) => {
                let seconds = self.connect_timeout.as_secs_f64();
                io::Error::other(format!(
                    "could not connect to {} within {seconds} s",
                    backend.addr
                ))
            }
        };
        if !is_our_own(&error) {
            backend.is_down(&error, self.pass_over);
        } else if !self.told_of_shortage.swap(true, Ordering::Relaxed) {
            warn(&error.to_string());
        }
        None
    }
}

/// Whether the proxy is short of something, which says nothing about the backend.
fn is_our_own(error: &io::Error) -> bool {
    is_out_of_descriptors(error) || error.kind() == io::ErrorKind::AddrNotAvailable
}

impl Backend {
    fn down_until(&self) -> MutexGuard<'_, Option<Instant>> {
        self.down_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_up(&self) {
        if self.down_until().take().is_some() {
            warn(&format!("{} accepts connections again", self.addr));
        }
    }

    /// Says so once: until it is up again, further failures are the same one.
    fn is_down(&self, error: &io::Error, pass_over: Duration) {
        let before = self.down_until().replace(Instant::now() + pass_over);
        if before.is_none() {
            let seconds = pass_over.as_secs_f64();
            warn(&format!("{error}; it is passed over for {seconds} s at a time"));
        }
    }
}
