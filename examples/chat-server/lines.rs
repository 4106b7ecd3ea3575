//! Lines of a bounded length, as a person types them.

use std::io;
use std::mem;

use canter::net::TcpStream;
use futures::AsyncReadExt;

/// What a client has sent.
#[derive(Debug)]
pub enum Line {
    /// A line without its end. What is not UTF-8 has become `�`, and what could upset a terminal is gone.
    Text(String),
    /// A line that was too long; it has been thrown away.
    TooLong,
    /// There will be no more.
    End,
}

/// Reads the lines of a client, and keeps no more of one than may be passed on.
pub struct Lines<'a> {
    stream: &'a TcpStream,
    longest: usize,
    /// What the last read brought; `unread` is the part that has not been looked at.
    chunk: [u8; 1024],
    unread: std::ops::Range<usize>,
    line: Vec<u8>,
    too_long: bool,
}

impl<'a> Lines<'a> {
    pub fn new(stream: &'a TcpStream, longest: usize) -> Self {
        Self {
            stream,
            longest,
            chunk: [0; 1024],
            unread: 0..0,
            line: Vec::new(),
            too_long: false,
        }
    }

    /// The next line; the last one need not have an end. Dropping the future loses nothing.
    pub async fn next(&mut self) -> io::Result<Line> {
        loop {
            if self.take_to_the_end_of_the_line() {
                return Ok(self.complete());
            }
            let read = self.stream.read(&mut self.chunk).await?;
            self.unread = 0..read;
            if read == 0 {
                let nothing = self.line.is_empty() && !self.too_long;
                return Ok(if nothing { Line::End } else { self.complete() });
            }
        }
    }

    fn take_to_the_end_of_the_line(&mut self) -> bool {
        let unread = &self.chunk[self.unread.clone()];
        let end = unread.iter().position(|&byte| byte == b'\n');
        let part = &unread[..end.unwrap_or(unread.len())];
        self.too_long |= part.len() > self.longest - self.line.len();
        if !self.too_long {
            self.line.extend_from_slice(part);
        }
        self.unread.start += part.len() + usize::from(end.is_some());
        end.is_some()
    }

    fn complete(&mut self) -> Line {
        let line = mem::take(&mut self.line);
        if mem::take(&mut self.too_long) {
            return Line::TooLong;
        }
        let text = String::from_utf8_lossy(&line);
        let harmless = |&char: &char| char == '\t' || !char.is_control();
        Line::Text(text.chars().filter(harmless).collect())
    }
}
