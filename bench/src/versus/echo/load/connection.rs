//! One connection: the message under way, and the comparison with what comes back.

use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    number: u64,
    /// Messages so far.
    count: u64,
    /// The latest message: always `received <= sent <= message.len()`.
    message: Box<[u8]>,
    sent: usize,
    received: usize,
    sent_at: Instant,
}

/// What became of a connection that is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Broken {
    /// The other side closed it.
    Lost,
    /// Other bytes came back than were sent.
    Mixed,
}

impl Connection {
    /// A connection without a message.
    pub(super) fn new(stream: TcpStream, number: usize, size: usize) -> Connection {
        Connection {
            stream,
            number: number as u64,
            count: 0,
            message: vec![0; size].into_boxed_slice(),
            sent: size,
            received: size,
            sent_at: Instant::now(),
        }
    }

    /// When the latest message was begun.
    pub(super) fn sent_at(&self) -> Instant {
        self.sent_at
    }

    /// Begins the next message; the latest one has come back.
    pub(super) fn send_next(&mut self, now: Instant) -> Result<(), Broken> {
        self.count += 1;
        fill(&mut self.message, self.number, self.count);
        (self.sent, self.received) = (0, 0);
        self.sent_at = now;
        self.send()
    }

    /// After an event: sends and receives what can be. True if the message is back.
    ///
    /// The poller is edge-triggered: what comes after a read that did not fill the buffer is another event, unless it was the
    /// `end` of the stream, of which this event told already.
    pub(super) fn go_on(&mut self, end: bool, buffer: &mut [u8]) -> Result<bool, Broken> {
        self.send()?;
        while self.received < self.message.len() {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(Broken::Lost),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Err(Broken::Lost),
            };
            let expected = &self.message[self.received..self.sent];
            if expected.get(..read) != Some(&buffer[..read]) {
                return Err(Broken::Mixed);
            }
            self.received += read;
            if self.received == self.message.len() {
                return Ok(true);
            }
            if read < buffer.len() && !end {
                return Ok(false);
            }
        }
        Ok(false)
    }

    fn send(&mut self) -> Result<(), Broken> {
        while self.sent < self.message.len() {
            match self.stream.write(&self.message[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken::Lost),
            }
        }
        Ok(())
    }
}

/// Fills a message with the connection's number, the message's own, and words that differ from place to place.
fn fill(message: &mut [u8], connection: u64, count: u64) {
    let mut word = connection;
    for bytes in message.chunks_mut(size_of::<u64>()) {
        bytes.copy_from_slice(&word.to_le_bytes()[..bytes.len()]);
        word = word.rotate_left(7).wrapping_add(count);
    }
}
