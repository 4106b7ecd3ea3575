//! What is said to an HTTP server.

use std::io::Write;

use httparse::{EMPTY_HEADER, Response, Status};

use crate::versus::network::{Broken, Talk};

/// The headers that an answer may have.
const HEADERS: usize = 16;

/// Requests for paths that differ from each other, of one connection and of several. An answer is right if its status is 200 and
/// its body the path.
#[derive(Debug)]
pub struct Http {
    number: usize,
    /// Requests so far.
    count: u64,
    /// The latest path.
    path: Vec<u8>,
    /// The latest request.
    request: Vec<u8>,
    /// What has come of the answer, if not all of it.
    answer: Vec<u8>,
}

impl Http {
    /// The requests of the connection with this number.
    pub fn new(number: usize) -> Http {
        Http {
            number,
            count: 0,
            path: Vec::new(),
            request: Vec::new(),
            answer: Vec::new(),
        }
    }
}

impl Talk for Http {
    fn begin(&mut self) {
        self.count += 1;
        self.path.clear();
        self.request.clear();
        write!(self.path, "/{}/{}", self.number, self.count).expect("a vector has room");
        self.request.extend_from_slice(b"GET ");
        self.request.extend_from_slice(&self.path);
        self.request
            .extend_from_slice(b" HTTP/1.1\r\nHost: localhost\r\n\r\n");
    }

    fn message(&self) -> &[u8] {
        &self.request
    }

    fn take(&mut self, _sent: usize, bytes: &[u8]) -> Result<bool, Broken> {
        // Most answers come in one piece, which then needs no other place.
        if self.answer.is_empty() {
            let whole = answers(bytes, &self.path)?;
            if !whole {
                self.answer.extend_from_slice(bytes);
            }
            return Ok(whole);
        }
        self.answer.extend_from_slice(bytes);
        let whole = answers(&self.answer, &self.path)?;
        if whole {
            self.answer.clear();
        }
        Ok(whole)
    }
}

/// Whether this is the whole answer to a request for this path. Not yet, if it may become one.
fn answers(bytes: &[u8], path: &[u8]) -> Result<bool, Broken> {
    let mut headers = [EMPTY_HEADER; HEADERS];
    let mut response = Response::new(&mut headers);
    let head = match response.parse(bytes) {
        Ok(Status::Complete(head)) => head,
        Ok(Status::Partial) => return Ok(false),
        Err(_) => return Err(Broken::Mixed),
    };
    match response.code {
        Some(200) => {}
        Some(status) => return Err(Broken::Refused(status)),
        None => return Err(Broken::Mixed),
    }
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let body = &bytes[head..];
    if length != Some(path.len()) || !path.starts_with(body) {
        return Err(Broken::Mixed);
    }
    Ok(body.len() == path.len())
}
