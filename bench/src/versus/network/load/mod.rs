//! The load: one thread, and connections that each have one message under way.

mod connection;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use mio::{Events, Interest, Poll, Token};
use socket2::SockRef;

use self::connection::Connection;
pub use self::connection::{Broken, Talk};
use crate::versus::Failure;

/// Connections opened before the server has to have answered them all: fewer than a listener lets wait.
const SLICE: usize = 64;
/// Descriptors of the process beside those of the connections.
const OTHER_DESCRIPTORS: u64 = 32;
/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// What is read at once; no answer comes in more, so that a byte too many is seen.
const BUFFER: usize = 64 * 1024;
/// The longest time that is told from longer ones.
const LONGEST: Duration = Duration::from_secs(100);

/// Connections to a server.
#[derive(Debug)]
pub struct Load {
    poll: Poll,
    events: Events,
    connections: Vec<Connection>,
    buffer: Box<[u8]>,
}

/// What a number of round trips took.
#[derive(Debug)]
pub struct Trips {
    /// From the first message that was sent to the last answer that came.
    pub took: Duration,
    /// The time of each round trip, in nanoseconds.
    pub latencies: Histogram<u64>,
}

impl Load {
    /// Connects that often; `talk` gives what is said on the connection of each number. The server has answered one message on each
    /// then.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the process may not open that many sockets; otherwise as for [`Load::round_trips`].
    pub fn connect(
        address: SocketAddr,
        connections: usize,
        talk: impl Fn(usize) -> Box<dyn Talk>,
    ) -> Result<Load, Failure> {
        allow_descriptors(connections as u64 + OTHER_DESCRIPTORS)?;
        let mut load = Load {
            poll: Poll::new().map_err(died)?,
            events: Events::with_capacity(EVENTS),
            connections: Vec::with_capacity(connections),
            buffer: vec![0; BUFFER].into_boxed_slice(),
        };
        while load.connections.len() < connections {
            let slice = load.connections.len()..connections.min(load.connections.len() + SLICE);
            for number in slice.clone() {
                load.open(address, talk(number)).map_err(died)?;
            }
            let greetings = slice.len() as u64;
            load.exchange(slice, greetings)?;
        }
        Ok(load)
    }

    /// Makes that many round trips, over all connections together.
    ///
    /// # Errors
    ///
    /// `Miscounted` where the server closes a connection, `Mixed` where something else comes back than should,
    /// and `Died` where it refuses what it is asked.
    pub fn round_trips(&mut self, times: u64) -> Result<Trips, Failure> {
        self.exchange(0..self.connections.len(), times)
    }

    fn open(&mut self, address: SocketAddr, talk: Box<dyn Talk>) -> io::Result<()> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        // A reset leaves no port behind that lingers, and the next measurement needs as many.
        SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        let mut stream = mio::net::TcpStream::from_std(stream);
        let interests = Interest::READABLE | Interest::WRITABLE;
        let token = Token(self.connections.len());
        self.poll.registry().register(&mut stream, token, interests)?;
        self.connections.push(Connection::new(stream, talk));
        Ok(())
    }

    /// Makes that many round trips over some of the connections: whichever is done with one takes the next.
    fn exchange(&mut self, connections: Range<usize>, times: u64) -> Result<Trips, Failure> {
        let mut latencies = no_latencies();
        let mut counted = 0;
        let mut unsent = times;
        let failed = |broken, counted| match broken {
            Broken::Lost => Failure::Miscounted {
                counted,
                expected: times,
            },
            Broken::Mixed => Failure::Mixed,
            Broken::Refused(status) => Failure::Died(format!("the server refused: status {status}")),
        };
        let started = Instant::now();
        for connection in &mut self.connections[connections] {
            if unsent == 0 {
                break;
            }
            unsent -= 1;
            connection
                .send_next(Instant::now())
                .map_err(|broken| failed(broken, counted))?;
        }
        while counted < times {
            wait(&mut self.poll, &mut self.events).map_err(died)?;
            for event in &self.events {
                let connection = &mut self.connections[event.token().0];
                let is_answered = connection
                    .go_on(event.is_read_closed(), &mut self.buffer)
                    .map_err(|broken| failed(broken, counted))?;
                if !is_answered {
                    continue;
                }
                counted += 1;
                let now = Instant::now();
                let latency = now - connection.sent_at();
                latencies.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
                if unsent > 0 {
                    unsent -= 1;
                    connection
                        .send_next(now)
                        .map_err(|broken| failed(broken, counted))?;
                }
            }
        }
        Ok(Trips {
            took: started.elapsed(),
            latencies,
        })
    }
}

/// Where times in nanoseconds are noted.
pub(in crate::versus) fn no_latencies() -> Histogram<u64> {
    let longest = u64::try_from(LONGEST.as_nanos()).expect("less than centuries");
    Histogram::new_with_bounds(1, longest, 3).expect("the bounds are in order")
}

fn wait(poll: &mut Poll, events: &mut Events) -> io::Result<()> {
    loop {
        match poll.poll(events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Raises the process's limit as far as it goes, which has to be as far as this.
fn allow_descriptors(needed: u64) -> Result<(), Failure> {
    let limit = rlimit::increase_nofile_limit(u64::MAX).map_err(died)?;
    if limit < needed {
        return Err(Failure::Unavailable(format!(
            "needs {needed} file descriptors a process, and {limit} are allowed (ulimit -Hn)"
        )));
    }
    Ok(())
}

fn died(error: io::Error) -> Failure {
    Failure::Died(format!("the load: {error}"))
}
