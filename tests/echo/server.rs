//! The echo server, and a word with it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::program::{Program, listening};

/// An echo server on a free port, and where it listens.
pub fn server() -> (Program, SocketAddr) {
    listening(Program::example("echo-server", &["--addr", "127.0.0.1:0"]))
}

pub fn round_trip(client: &mut TcpStream, message: &[u8]) {
    client.write_all(message).expect("the server reads");
    let mut echo = vec![0; message.len()];
    client.read_exact(&mut echo).expect("the server answers");
    assert_eq!(echo, message);
}
