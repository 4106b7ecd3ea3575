//! One connection, and the message under way on it.

use std::fmt::Debug;
use std::io::{ErrorKind, Read, Write};
use std::time::Instant;

use mio::net::TcpStream;

/// What is said on one connection.
pub trait Talk: Debug {
    /// Makes up the next message. The answer to the latest one is there.
    fn begin(&mut self);

    /// The latest message.
    fn message(&self) -> &[u8];

    /// Takes bytes of the answer to the latest message, of which so many bytes are sent. True if that was the last of them.
    ///
    /// # Errors
    ///
    /// What is wrong with the answer.
    fn take(&mut self, sent: usize, bytes: &[u8]) -> Result<bool, Broken>;
}

/// What became of a connection that is of no use any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// The other side closed it.
    Lost,
    /// Something else came back than should have.
    Mixed,
    /// The server refused, with this status.
    Refused(u16),
}

#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    talk: Box<dyn Talk>,
    /// How many bytes of the latest message are.
    sent: usize,
    sent_at: Instant,
    /// Whether the answer to it is not there yet.
    waits: bool,
}

impl Connection {
    /// A connection without a message.
    pub(super) fn new(stream: TcpStream, talk: Box<dyn Talk>) -> Connection {
        Connection {
            stream,
            talk,
            sent: 0,
            sent_at: Instant::now(),
            waits: false,
        }
    }

    /// When the latest message was begun.
    pub(super) fn sent_at(&self) -> Instant {
        self.sent_at
    }

    /// Begins the next message; the answer to the latest one is there.
    pub(super) fn send_next(&mut self, now: Instant) -> Result<(), Broken> {
        self.talk.begin();
        (self.sent, self.waits) = (0, true);
        self.sent_at = now;
        self.send()
    }

    /// After an event: sends and receives what can be. True if the answer is there with it.
    ///
    /// The poller is edge-triggered: what comes after a read that did not fill the buffer is another event, unless it was the
    /// `end` of the stream, of which this event told already.
    pub(super) fn go_on(&mut self, end: bool, buffer: &mut [u8]) -> Result<bool, Broken> {
        if !self.waits {
            return Ok(false);
        }
        self.send()?;
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(Broken::Lost),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return Err(Broken::Lost),
            };
            if self.talk.take(self.sent, &buffer[..read])? {
                self.waits = false;
                return Ok(true);
            }
            if read < buffer.len() && !end {
                return Ok(false);
            }
        }
    }

    fn send(&mut self) -> Result<(), Broken> {
        let message = self.talk.message();
        while self.sent < message.len() {
            match self.stream.write(&message[self.sent..]) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(Broken::Lost),
            }
        }
        Ok(())
    }
}
