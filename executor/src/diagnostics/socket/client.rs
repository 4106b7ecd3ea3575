//! One connection: a line in, a line out, in turns.
//!
//! Nothing is read from a client while it asks or has an answer to take, so that it can't fill any memory: it has a line's buffer, and
//! shares its answer with all who asked at the same moment.

use std::io::{self, ErrorKind, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest line that is read: longer than any that is understood.
const LONGEST_LINE: usize = 64;

const NOT_UNDERSTOOD: &str = concat!(
    r#"{"version":1,"error":"that is no request: send an empty line for a snapshot"}"#,
    "\n"
);

pub(super) struct Client<S = mio::net::UnixStream> {
    stream: S,
    line: Vec<u8>,
    state: State,
    /// It sends no more.
    has_ended: bool,
}

enum State {
    /// It may send a line.
    Quiet,
    /// It waits for a snapshot.
    Asks,
    Takes {
        answer: Arc<[u8]>,
        taken: usize,
        since: Instant,
        is_last: bool,
    },
}

impl<S: Read + Write> Client<S> {
    pub(super) fn new(stream: S) -> Client<S> {
        Client {
            stream,
            line: Vec::new(),
            state: State::Quiet,
            has_ended: false,
        }
    }

    /// Whether it waits for a snapshot.
    pub(super) fn asks(&self) -> bool {
        matches!(self.state, State::Asks)
    }

    pub(super) fn give(&mut self, answer: Arc<[u8]>) {
        self.answer(answer, false);
    }

    /// Whether it leaves its answer lying for so long.
    pub(super) fn is_overdue(&self, after: Duration) -> bool {
        matches!(self.state, State::Takes { since, .. } if since.elapsed() >= after)
    }

    /// Reads and writes as far as that goes without waiting, up to the next request. An error says that the connection is at its end.
    pub(super) fn advance(&mut self) -> io::Result<()> {
        loop {
            let done = match self.state {
                State::Asks => return Ok(()),
                State::Takes { .. } => self.write(),
                State::Quiet => self.read(),
            };
            match done {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn answer(&mut self, answer: Arc<[u8]>, is_last: bool) {
        self.state = State::Takes {
            answer,
            taken: 0,
            since: Instant::now(),
            is_last,
        };
    }

    fn write(&mut self) -> io::Result<()> {
        let State::Takes {
            answer,
            taken,
            is_last,
            ..
        } = &mut self.state
        else {
            return Ok(());
        };
        match self.stream.write(&answer[*taken..])? {
            0 => return Err(ErrorKind::WriteZero.into()),
            written => *taken += written,
        }
        if *taken == answer.len() {
            if *is_last {
                return Err(ErrorKind::InvalidData.into());
            }
            self.state = State::Quiet;
        }
        Ok(())
    }

    fn read(&mut self) -> io::Result<()> {
        if let Some(end) = self.line.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.line.drain(..=end).collect();
            if line.trim_ascii().is_empty() {
                self.state = State::Asks;
            } else {
                self.refuse();
            }
        } else if self.line.len() >= LONGEST_LINE {
            self.refuse();
        } else if self.has_ended {
            return Err(ErrorKind::UnexpectedEof.into());
        } else {
            let mut buffer = [0; LONGEST_LINE];
            let room = LONGEST_LINE - self.line.len();
            let read = self.stream.read(&mut buffer[..room])?;
            self.line.extend_from_slice(&buffer[..read]);
            self.has_ended = read == 0;
        }
        Ok(())
    }

    fn refuse(&mut self) {
        self.answer(NOT_UNDERSTOOD.as_bytes().into(), true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    fn pair() -> (Client<UnixStream>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a pair can be had");
        ours.set_nonblocking(true).expect("it is a socket");
        (Client::new(ours), theirs)
    }

    #[test]
    fn a_line_asks_once_and_the_next_one_after_its_answer() {
        let (mut client, mut theirs) = pair();
        theirs.write_all(b"\n\r\n").expect("there is room");
        client.advance().expect("it is there");
        assert!(client.asks());
        client.give(b"one\n".as_slice().into());
        client.advance().expect("it is there");
        assert!(client.asks(), "the second line has come already");
        client.give(b"two\n".as_slice().into());
        client.advance().expect("it is there");
        assert!(!client.asks());
        let mut answers = [0; 8];
        theirs.read_exact(&mut answers).expect("both have come");
        assert_eq!(&answers, b"one\ntwo\n");
    }

    #[test]
    fn one_that_sends_no_more_gets_its_answer_before_it_is_let_go() {
        let (mut client, mut theirs) = pair();
        theirs.write_all(b"\n").expect("there is room");
        theirs
            .shutdown(std::net::Shutdown::Write)
            .expect("it is a socket");
        client.advance().expect("it asks");
        assert!(client.asks());
        client.give(b"one\n".as_slice().into());
        assert!(client.advance().is_err());
        drop(client);
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).expect("it is text");
        assert_eq!(answer, "one\n");
    }

    #[test]
    fn what_is_no_request_is_told_so_however_long_it_is() {
        for line in [b"GET / HTTP/1.0\r\n".as_slice(), &[b' '; 1000]] {
            let (mut client, mut theirs) = pair();
            theirs.write_all(line).expect("there is room");
            assert!(client.advance().is_err());
            assert!(client.line.capacity() <= 2 * LONGEST_LINE);
            drop(client);
            let mut answer = vec![0; NOT_UNDERSTOOD.len()];
            theirs.read_exact(&mut answer).expect("the answer has come");
            assert_eq!(answer, NOT_UNDERSTOOD.as_bytes());
        }
    }

    #[test]
    fn one_that_does_not_take_its_answer_is_overdue_and_reads_nothing_meanwhile() {
        let (mut client, mut theirs) = pair();
        theirs.write_all(b"\n\n").expect("there is room");
        client.advance().expect("it asks");
        client.give(vec![b'x'; 64 << 20].into());
        client.advance().expect("it waits for room");
        assert!(!client.asks() && client.is_overdue(Duration::ZERO));
        assert!(!client.is_overdue(Duration::MAX));
    }
}
