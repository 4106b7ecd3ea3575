//! One connection: what it sends, and the comparison with what comes back.
//!
//! The messages of a connection differ from each other and from those of every other connection, so a server that
//! mixes up two clients, loses a message or sends one twice is found out.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use canter::net::TcpStream;
use futures::future::select;
use hdrhistogram::Histogram;

pub struct Exchange {
    stream: TcpStream,
    id: u64,
    size: usize,
    /// The messages in flight, as they were sent: message `n` lies in slot `n % slots`.
    window: Vec<u8>,
    /// When the message in each slot was queued.
    queued_at: Vec<Instant>,
    /// Bytes since the connection opened. Always `received <= sent <= queued <= received + window.len()`.
    queued: u64,
    sent: u64,
    received: u64,
    /// Whether the message that is arriving has differed so far.
    differs: bool,
    /// Messages that came back whole, without the one that greets.
    pub messages: u64,
    pub corrupt: u64,
    /// When the latest of them came.
    pub latest: Instant,
}

impl Exchange {
    pub fn new(stream: TcpStream, id: u64, size: usize, pipeline: usize) -> Self {
        let now = Instant::now();
        Self {
            stream,
            id,
            size,
            window: vec![0; size * pipeline],
            queued_at: vec![now; pipeline],
            queued: 0,
            sent: 0,
            received: 0,
            differs: false,
            messages: 0,
            corrupt: 0,
            latest: now,
        }
    }

    /// Exchanges one message outside of the measurement: after it, the server has accepted the connection.
    pub async fn greet(&mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        let now = Instant::now();
        self.queue(now);
        self.drain(now, None).await?;
        self.messages = 0;
        Ok(())
    }

    /// Keeps the window full until `deadline`, then waits for what is in flight. Dropped, it has counted what came
    /// back until then.
    pub async fn run(&mut self, deadline: Instant, latencies: &Latencies) -> io::Result<()> {
        let now = Instant::now();
        for _ in 0..self.queued_at.len() {
            self.queue(now);
        }
        self.drain(deadline, Some(latencies)).await
    }

    async fn drain(&mut self, deadline: Instant, latencies: Option<&Latencies>) -> io::Result<()> {
        while self.received < self.queued {
            self.send()?;
            if self.sent == self.queued {
                self.stream.readable().await?;
            } else {
                // The server takes no more before its echo is read, so both directions have to be watched.
                let readable = pin!(self.stream.readable());
                let writable = pin!(self.stream.writable());
                select(readable, writable).await.factor_first().0?;
            }
            self.receive(deadline, latencies)?;
        }
        Ok(())
    }

    fn queue(&mut self, now: Instant) {
        let message = self.queued / self.size as u64;
        let slot = self.slot(self.queued);
        self.queued_at[slot] = now;
        fill(
            &mut self.window[slot * self.size..][..self.size],
            self.id,
            message,
        );
        self.queued += self.size as u64;
    }

    fn slot(&self, position: u64) -> usize {
        (position / self.size as u64) as usize % self.queued_at.len()
    }

    fn send(&mut self) -> io::Result<()> {
        while self.sent < self.queued {
            let start = (self.sent % self.window.len() as u64) as usize;
            let end = self.window.len().min(start + (self.queued - self.sent) as usize);
            match self.stream.try_write(&self.window[start..end]) {
                Ok(count) => self.sent += count as u64,
                Err(error) if would_block(&error) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn receive(&mut self, deadline: Instant, latencies: Option<&Latencies>) -> io::Result<()> {
        BUFFER.with_borrow_mut(|buffer| {
            let count = match self.stream.try_read(buffer) {
                Ok(0) => {
                    return Err(io::Error::new(
                        ErrorKind::UnexpectedEof,
                        "the server closed the connection",
                    ));
                }
                Ok(count) => count,
                Err(error) if would_block(&error) => return Ok(()),
                Err(error) => return Err(error),
            };
            self.compare(&buffer[..count], deadline, latencies)
        })
    }

    fn compare(
        &mut self,
        mut bytes: &[u8],
        deadline: Instant,
        latencies: Option<&Latencies>,
    ) -> io::Result<()> {
        if bytes.len() as u64 > self.sent - self.received {
            self.corrupt += 1;
            return Err(io::Error::new(
                ErrorKind::InvalidData,
                "more bytes came back than were sent",
            ));
        }
        let now = Instant::now();
        while !bytes.is_empty() {
            let missing = self.size - (self.received % self.size as u64) as usize;
            let (part, rest) = bytes.split_at(missing.min(bytes.len()));
            let start = (self.received % self.window.len() as u64) as usize;
            self.differs |= part != &self.window[start..start + part.len()];
            let slot = self.slot(self.received);
            self.received += part.len() as u64;
            bytes = rest;
            if part.len() == missing {
                self.complete(now, now - self.queued_at[slot], latencies);
                if now < deadline {
                    self.queue(now);
                }
            }
        }
        Ok(())
    }

    fn complete(&mut self, now: Instant, latency: Duration, latencies: Option<&Latencies>) {
        self.messages += 1;
        self.corrupt += u64::from(std::mem::take(&mut self.differs));
        self.latest = now;
        if let Some(latencies) = latencies {
            latencies.record(latency);
        }
    }
}

thread_local! {
    /// For the time of one read; a buffer a connection would cost gigabytes where there are many.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Fills a message with the numbers that `SplitMix64` (Steele, Lea and Flood, 2014) gives from a seed of its own.
fn fill(bytes: &mut [u8], connection: u64, message: u64) {
    let mut state = mixed(connection).wrapping_add(mixed(!message));
    for word in bytes.chunks_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        word.copy_from_slice(&mixed(state).to_le_bytes()[..word.len()]);
    }
}

fn mixed(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// How long messages took, in nanoseconds. Each thread records into a histogram of its own, so that the clients wait
/// neither for each other nor for each other's cache lines.
pub struct Latencies {
    threads: Vec<Mutex<Histogram<u64>>>,
}

thread_local! {
    static THREAD_INDEX: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    };
}

impl Latencies {
    const HIGHEST_NS: u64 = 100_000_000_000;
    const DIGITS: u8 = 3;

    pub fn new() -> Self {
        Self {
            threads: (0..8).map(|_| Mutex::new(Self::empty())).collect(),
        }
    }

    pub fn empty() -> Histogram<u64> {
        Histogram::new_with_bounds(1, Self::HIGHEST_NS, Self::DIGITS).expect("the bounds are in order")
    }

    fn record(&self, latency: Duration) {
        let index = THREAD_INDEX.with(|index| index % self.threads.len());
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.threads[index]
            .lock()
            .expect("nobody panics while recording")
            .saturating_record(nanoseconds);
    }

    pub fn merged(&self) -> Histogram<u64> {
        let mut all = Self::empty();
        for thread in &self.threads {
            all.add(&*thread.lock().expect("nobody panics while recording"))
                .expect("the bounds are the same");
        }
        all
    }
}
