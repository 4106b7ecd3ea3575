//! Errors that say what was asked for.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Puts what was asked for before what the operating system said. The kind stays, and the error itself as the source.
pub(super) fn explained(error: io::Error, asked: impl fmt::Display) -> io::Error {
    let message = format!("{asked}: {error}");
    io::Error::new(
        error.kind(),
        Explained {
            message,
            source: error,
        },
    )
}

#[derive(Debug)]
struct Explained {
    message: String,
    source: io::Error,
}

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Explained {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// What came of the addresses that were tried so far.
#[derive(Default)]
pub(super) struct Failures(Vec<(SocketAddr, io::Error)>);

impl Failures {
    pub(super) fn add(&mut self, address: SocketAddr, error: io::Error) {
        self.0.push((address, error));
    }

    /// One error for all: of the kind of the last one, and with what each address said. `action` completes "could not ...",
    /// `name` is the name that was looked up, if there was one.
    pub(super) fn into_error(mut self, action: &str, name: Option<&str>) -> io::Error {
        let Some((last_address, last)) = self.0.pop() else {
            return io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("could not {action} anything: the list of addresses is empty"),
            );
        };
        let mut asked = format!("could not {action} ");
        match name {
            Some(name) => asked += &format!("{name}: "),
            None if !self.0.is_empty() => asked += &format!("any of {} addresses: ", self.0.len() + 1),
            None => {}
        }
        for (address, error) in self.0 {
            asked += &format!("{address}: {error}; ");
        }
        asked += &last_address.to_string();
        explained(last, asked)
    }
}
