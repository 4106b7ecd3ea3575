//! A person at the chat server, as far as a test needs one.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use crate::program::connect;

pub struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    /// Connects, and reads nothing.
    pub fn connect(addr: SocketAddr) -> Self {
        Self {
            stream: BufReader::new(connect(addr)),
        }
    }

    /// Somebody who has been welcomed to a room of the test, under a name.
    pub fn enter(addr: SocketAddr, nick: &str, room: &str) -> Self {
        let mut client = Self::connect(addr);
        client.send(format!("/leave\n/nick {nick}\n/join {room}\n"));
        client.skip_to(&format!("* you are now {nick}"));
        let joined = client.line().expect("it is in the room");
        assert!(joined.starts_with(&format!("* you are in {room}")), "{joined}");
        client
    }

    /// Sends text as it stands, with the ends of its lines.
    pub fn send(&mut self, text: impl AsRef<[u8]>) {
        let sent = self.stream.get_mut().write_all(text.as_ref());
        sent.expect("the server reads");
    }

    /// Sends the same again and again, until the server ends the connection.
    pub fn send_until_cut(&mut self, text: impl AsRef<[u8]>) {
        let error = loop {
            if let Err(error) = self.stream.get_mut().write_all(text.as_ref()) {
                break error;
            }
        };
        let cut = matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe);
        assert!(cut, "{error}");
    }

    /// The next line without its end; `None` if there will be no more.
    pub fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).expect("the server answers");
        if read == 0 {
            return None;
        }
        assert_eq!(line.pop(), Some('\n'), "a line is whole: {line}");
        Some(line)
    }

    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line().as_deref(), Some(line));
    }

    /// Reads up to a line, and gives those before it.
    #[track_caller]
    pub fn skip_to(&mut self, line: &str) -> Vec<String> {
        let mut before = Vec::new();
        loop {
            match self.line() {
                Some(next) if next == line => return before,
                Some(next) => before.push(next),
                None => panic!("no {line:?} came, but {before:?}"),
            }
        }
    }

    /// What comes until the end.
    pub fn rest(mut self) -> String {
        let mut rest = String::new();
        self.stream
            .read_to_string(&mut rest)
            .expect("the server ends the connection");
        rest
    }

    /// Says that it sends no more.
    pub fn end_sending(&self) {
        let ended = self.stream.get_ref().shutdown(Shutdown::Write);
        ended.expect("it is connected");
    }

    /// Goes without having read what it was sent, which resets the connection.
    pub fn reset(self) {
        let peeked = self.stream.get_ref().peek(&mut [0; 1]);
        peeked.expect("the server has sent something");
    }
}
