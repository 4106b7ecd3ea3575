//! The limit: one thread between the kernel's poller and the sockets, and nothing else.

use std::convert::Infallible;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};
use slab::Slab;

use super::servers::BUFFER;

/// Events taken from the kernel at once.
const EVENTS: usize = 1024;
/// No connection has this number.
const LISTENER: Token = Token(usize::MAX - 1);

pub(super) fn run(listener: std::net::TcpListener) -> io::Result<Infallible> {
    let mut poll = Poll::new()?;
    let mut listener = TcpListener::from_std(listener);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(EVENTS);
    let mut connections = Slab::new();
    let mut buffer = [0; BUFFER];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            result => result?,
        }
        for event in &events {
            match event.token() {
                LISTENER => accept_all(&listener, poll.registry(), &mut connections)?,
                Token(number) => {
                    if connections[number].serve(event, &mut buffer).is_err() {
                        // Closed, it is no longer in the poller.
                        drop(connections.remove(number));
                    }
                }
            }
        }
    }
}

fn accept_all(
    listener: &TcpListener,
    registry: &Registry,
    connections: &mut Slab<Connection>,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let vacant = connections.vacant_entry();
        let interests = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, Token(vacant.key()), interests)?;
        vacant.insert(Connection {
            stream,
            unsent: Vec::new(),
        });
    }
}

struct Connection {
    stream: TcpStream,
    /// What the client did not take yet. Nothing is read from it meanwhile.
    unsent: Vec<u8>,
}

impl Connection {
    /// Sends and reads until that would block. An error, too, where the client has sent all.
    fn serve(&mut self, event: &Event, buffer: &mut [u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            let sent = send(&self.stream, &self.unsent)?;
            self.unsent.drain(..sent);
        }
        while self.unsent.is_empty() {
            let read = match self.stream.read(buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let sent = send(&self.stream, &buffer[..read])?;
            self.unsent.extend_from_slice(&buffer[sent..read]);
            // What comes after this is another event; the end of the stream was perhaps part of this one.
            if read < buffer.len() && !event.is_read_closed() {
                break;
            }
        }
        Ok(())
    }
}

/// Sends what can be sent now, and gives the number of bytes.
fn send(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(written) => sent += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}
