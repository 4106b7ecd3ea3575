//! An HTTP client that sends what it is told to, byte for byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::program::connect;

/// One connection.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: String,
    /// The names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|header| header.0 == name);
        found.map(|(_, value)| &**value)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("it is a text")
    }
}

impl Client {
    pub fn connect(addr: SocketAddr) -> Client {
        Client {
            stream: BufReader::new(connect(addr)),
        }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream
            .get_mut()
            .write_all(bytes.as_ref())
            .expect("the server reads");
    }

    /// The same connection, for a thread that sends while another one reads.
    pub fn clone_to_send(&self) -> Client {
        let stream = self.stream.get_ref().try_clone();
        Client {
            stream: BufReader::new(stream.expect("there are descriptors")),
        }
    }

    /// Sends a request without a body, and waits for the answer.
    pub fn ask(&mut self, method: &str, path: &str) -> Answer {
        self.send(format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n"));
        self.answer(method != "HEAD")
    }

    /// The next answer, which has a body unless it is to a `HEAD`.
    pub fn answer(&mut self, has_body: bool) -> Answer {
        let head = self.head();
        if has_body { self.with_body(head) } else { head }
    }

    /// An answer whose head has come, with its body.
    pub fn with_body(&mut self, mut answer: Answer) -> Answer {
        answer.body = match answer.header("content-length") {
            Some(length) => self.bytes(length.parse().expect("it is a number")),
            None => self.chunks(),
        };
        answer
    }

    /// The next answer without the body that it may have.
    pub fn head(&mut self) -> Answer {
        let status = self.line();
        let mut headers = Vec::new();
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(": ") else {
                assert_eq!(line, "", "a header has a name and a value");
                break;
            };
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        Answer {
            status,
            headers,
            body: Vec::new(),
        }
    }

    /// Reads to the end of the connection.
    pub fn rest(mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).expect("the server closes");
        rest
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(&self.line(), 16).expect("a chunk begins with its length");
            body.extend(self.bytes(length));
            assert_eq!(self.line(), "", "a chunk ends with its line");
            if length == 0 {
                return body;
            }
        }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).expect("the server goes on");
        bytes
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).expect("the server goes on");
        let line = line.strip_suffix("\r\n").expect("the server ends its lines");
        line.to_owned()
    }
}
