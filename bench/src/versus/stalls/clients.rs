//! Clients of an echo server, a thread each, that notice how long every message takes.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use crate::versus::Failure;
use crate::versus::echo::MESSAGE;
use crate::versus::network::no_latencies;

/// How many there are.
pub(super) const CLIENTS: usize = 16;

/// How long each waits after an echo before it sends the next message.
const PAUSE: Duration = Duration::from_millis(1);

/// How long they send before the work begins.
const WARM_UP: Duration = Duration::from_millis(100);

/// A message: when it was sent, and when it was back.
type Trip = (Instant, Instant);

/// Does the work while the clients send, and gives the nanoseconds that each message took that was under way meanwhile: also one that
/// was sent before the work began, or came back after it had ended.
pub(super) fn latencies_during(
    address: SocketAddr,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<Histogram<u64>, Failure> {
    let mut connections = Vec::new();
    for number in 0..CLIENTS {
        connections.push(Client::connect(address, number as u8)?);
    }
    let is_over = AtomicBool::new(false);
    let (started, worked, ended, trips) = thread::scope(|scope| {
        let clients: Vec<_> = connections
            .into_iter()
            .map(|client| scope.spawn(|| client.send_until(&is_over)))
            .collect();
        thread::sleep(WARM_UP);
        let started = Instant::now();
        let worked = work();
        let ended = Instant::now();
        is_over.store(true, Ordering::Relaxed);
        let joined = clients.into_iter().map(|client| client.join());
        let trips: Result<Vec<Vec<Trip>>, Failure> = joined
            .map(|trips| trips.expect("a client does not panic"))
            .collect();
        (started, worked, ended, trips)
    });
    worked?;
    Ok(latencies_within(started..=ended, trips?.into_iter().flatten()))
}

/// Those of the messages that were under way in that time.
fn latencies_within(time: RangeInclusive<Instant>, trips: impl Iterator<Item = Trip>) -> Histogram<u64> {
    let mut latencies = no_latencies();
    for (sent, back) in trips {
        if back >= *time.start() && sent <= *time.end() {
            let latency = u64::try_from((back - sent).as_nanos()).unwrap_or(u64::MAX);
            latencies.saturating_record(latency);
        }
    }
    latencies
}

struct Client {
    stream: TcpStream,
    number: u8,
    sent: u64,
}

impl Client {
    /// A client whose first message is back.
    fn connect(address: SocketAddr, number: u8) -> Result<Client, Failure> {
        let stream = TcpStream::connect(address).map_err(died)?;
        stream.set_nodelay(true).map_err(died)?;
        let mut client = Client {
            stream,
            number,
            sent: 0,
        };
        client.round_trip()?;
        Ok(client)
    }

    fn send_until(mut self, is_over: &AtomicBool) -> Result<Vec<Trip>, Failure> {
        let mut trips = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            trips.push(self.round_trip()?);
            thread::sleep(PAUSE);
        }
        Ok(trips)
    }

    /// Sends the next message, which no client has sent before, and waits until it is back.
    fn round_trip(&mut self) -> Result<Trip, Failure> {
        self.sent += 1;
        let mut message = [self.number; MESSAGE];
        message[..8].copy_from_slice(&self.sent.to_le_bytes());
        let mut echo = [0; MESSAGE];
        let sent = Instant::now();
        self.stream.write_all(&message).map_err(died)?;
        self.stream.read_exact(&mut echo).map_err(died)?;
        if echo != message {
            return Err(Failure::Mixed);
        }
        Ok((sent, Instant::now()))
    }
}

fn died(error: io::Error) -> Failure {
    Failure::Died(format!("a client: {error}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// An echo server that changes what it sends back, and where it counts the echoes.
    fn server(change: fn(&mut [u8; MESSAGE])) -> (SocketAddr, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
        let address = listener.local_addr().expect("a bound listener has an address");
        let echoes = Arc::new(AtomicU64::new(0));
        let counted = echoes.clone();
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let counted = counted.clone();
                thread::spawn(move || {
                    let mut message = [0; MESSAGE];
                    while stream.read_exact(&mut message).is_ok() {
                        change(&mut message);
                        counted.fetch_add(1, Ordering::Relaxed);
                        if stream.write_all(&message).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        (address, echoes)
    }

    /// A message counts that was sent before the time or is back after it, and not one that was back before or sent after; and it
    /// counts with the time that it took.
    #[test]
    fn what_was_under_way_counts() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let trips = [
            (0, 99),
            (90, 100),
            (120, 150),
            (200, 2_000),
            (50, 700),
            (201, 202),
        ];
        let trips = trips.map(|(sent, back)| (at(sent), at(back)));
        let latencies = latencies_within(at(100)..=at(200), trips.into_iter());
        let millis: Vec<u64> = latencies
            .iter_recorded()
            .map(|value| value.value_iterated_to() / 1_000_000)
            .collect();
        assert_eq!(millis, [10, 30, 650, 1_800]);
    }

    /// Every message counts that the server answered while the work was done.
    #[test]
    fn each_message_meanwhile_has_its_latency() {
        let (address, echoes) = server(|_| {});
        let messages = || echoes.load(Ordering::Relaxed);
        let mut answered = 0;
        let latencies = latencies_during(address, || {
            let before = messages();
            while messages() < before + 100 {
                thread::yield_now();
            }
            answered = messages() - before;
            Ok(())
        });
        let latencies = latencies.expect("each message came back");
        assert!(latencies.len() >= answered, "{} of {answered}", latencies.len());
    }

    /// Other bytes than those that were sent are seen, and work that failed is a failure.
    #[test]
    fn a_failure_is_told() {
        let (address, _) = server(|message| message[MESSAGE - 1] ^= 1);
        assert_eq!(latencies_during(address, || Ok(())).err(), Some(Failure::Mixed));
        let (address, _) = server(|_| {});
        let failed = latencies_during(address, || Err(Failure::Stuck)).err();
        assert_eq!(failed, Some(Failure::Stuck));
    }
}
