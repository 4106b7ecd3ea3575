//! The thread that serves the socket: it waits for all clients at once, in a poller of its own.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixListener as StdListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use canter_coop::census::Counted;
use mio::net::UnixListener;
use mio::{Events, Interest, Poll, Token, Waker};

use super::client::Client;
use super::snapshot::{LOOK_EVERY, Looks, snapshot};

/// Clients at a time; more wait until one has gone.
const MOST_CLIENTS: usize = 16;

/// Between two snapshots, however often clients ask: making one costs as much as a dump.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(50);

/// For how long workers are looked at after a client has asked.
const INTEREST: Duration = Duration::from_secs(10);

/// How long a client has to take its answer; shorter than the interest, during which the thread wakes by itself.
const TAKES: Duration = Duration::from_secs(5);

/// After an error of the operating system that another try would meet at once.
const PAUSE: Duration = Duration::from_millis(100);

const STOP: Token = Token(0);
const LISTENER: Token = Token(1);
const FIRST_CLIENT: usize = 2;

pub(super) struct Server {
    listener: UnixListener,
    poll: Poll,
    stopping: Arc<AtomicBool>,
    began: Instant,
    clients: HashMap<Token, Client>,
    next_client: usize,
    /// Somebody may wait to be accepted.
    may_accept: bool,
    looks: Looks,
    looked: Instant,
    asked: Option<Instant>,
    made: Option<Instant>,
}

/// Ends a server.
pub(super) struct Stop {
    stopping: Arc<AtomicBool>,
    waker: Waker,
}

impl Stop {
    pub(super) fn stop(&self) {
        self.stopping.store(true, SeqCst);
        let _ = self.waker.wake(); // it writes to a descriptor of our own, with room for it
    }
}

impl Server {
    pub(super) fn new(listener: StdListener) -> io::Result<(Server, Stop)> {
        let mut listener = UnixListener::from_std(listener);
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), STOP)?;
        poll.registry()
            .register(&mut listener, LISTENER, Interest::READABLE)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let stop = Stop {
            stopping: stopping.clone(),
            waker,
        };
        let began = Instant::now();
        let server = Server {
            listener,
            poll,
            stopping,
            began,
            clients: HashMap::new(),
            next_client: FIRST_CLIENT,
            may_accept: false,
            looks: Looks::default(),
            looked: began,
            asked: None,
            made: None,
        };
        Ok((server, stop))
    }

    /// Serves until it is stopped.
    pub(super) fn serve(mut self) {
        let counted = Counted::here(); // it looks, and wakes nobody
        let mut events = Events::with_capacity(MOST_CLIENTS + FIRST_CLIENT);
        while !self.stopping.load(SeqCst) {
            let timeout = self.is_of_interest().then_some(LOOK_EVERY);
            if let Err(error) = self.poll.poll(&mut events, timeout) {
                if error.kind() != ErrorKind::Interrupted {
                    std::thread::sleep(PAUSE);
                }
                continue;
            }
            for event in &events {
                match event.token() {
                    STOP => {}
                    LISTENER => self.may_accept = true,
                    client => self.advance(client),
                }
            }
            self.accept();
            if self.is_of_interest() && self.looked.elapsed() >= LOOK_EVERY {
                self.looked = Instant::now();
                self.looks.look(&counted);
            }
            self.answer(&counted);
            self.clients.retain(|_, client| !client.is_overdue(TAKES));
        }
    }

    /// Whether somebody is connected who asks, or has asked a moment ago.
    fn is_of_interest(&self) -> bool {
        !self.clients.is_empty() && self.asked.is_some_and(|asked| asked.elapsed() < INTEREST)
    }

    /// Takes in whoever waits. Where there are too many, the others wait in the kernel until one has gone.
    fn accept(&mut self) {
        while self.may_accept && self.clients.len() < MOST_CLIENTS {
            match self.listener.accept() {
                Ok((mut stream, _)) => {
                    let token = Token(self.next_client);
                    self.next_client += 1;
                    let both = Interest::READABLE | Interest::WRITABLE;
                    // One that can't be registered is cut off, which is all that it can be told.
                    if self.poll.registry().register(&mut stream, token, both).is_ok() {
                        self.clients.insert(token, Client::new(stream));
                        self.advance(token);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Out of descriptors: whoever comes next brings another event, and then this one is accepted too.
                Err(_) => self.may_accept = false,
            }
        }
    }

    /// Goes on with a client as far as it can.
    fn advance(&mut self, token: Token) {
        let Some(client) = self.clients.get_mut(&token) else {
            return;
        };
        match client.advance() {
            Ok(()) if client.asks() => self.asked = Some(Instant::now()),
            Ok(()) => {}
            Err(_) => {
                self.clients.remove(&token); // it has gone, and nobody else needs to know
            }
        }
    }

    /// Answers all who ask, with one snapshot, if the last one was long enough ago.
    fn answer(&mut self, counted: &Counted) {
        let is_early = self.made.is_some_and(|made| made.elapsed() < SNAPSHOT_EVERY);
        if is_early || !self.clients.values().any(Client::asks) {
            return;
        }
        let answer: Arc<[u8]> = snapshot(self.began.elapsed(), &self.looks, counted).into();
        self.made = Some(Instant::now());
        let asking = self.clients.iter_mut().filter(|(_, client)| client.asks());
        let tokens: Vec<Token> = asking
            .map(|(token, client)| {
                client.give(answer.clone());
                *token
            })
            .collect();
        tokens.into_iter().for_each(|token| self.advance(token));
    }
}
