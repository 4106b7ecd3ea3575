//! A program under test, and its clients.

mod example;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

pub use example::example;

/// No test depends on how long anything takes; past this, what should have come is taken as lost.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A running program. Dropped, it is killed.
pub struct Program {
    pub child: Child,
    pub stdout: Receiver<String>,
    pub stderr: Receiver<String>,
}

/// What a program left behind.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: Vec<String>,
    pub stderr: Vec<String>,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        Self::spawn(command.stdin(Stdio::null()))
    }

    /// As [`start`](Program::start), with whatever standard input the command has.
    pub fn spawn(command: &mut Command) -> Self {
        let piped = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().expect("the program starts");
        let stdout = lines(child.stdout.take().expect("it was piped"));
        let stderr = lines(child.stderr.take().expect("it was piped"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    pub fn example(name: &str, arguments: &[&str]) -> Self {
        Self::start(Command::new(example(name)).args(arguments))
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args([name, &self.id().to_string()]).status();
        assert!(status.expect("kill runs").success());
    }

    pub fn end(mut self) -> Ended {
        let stdout = rest(&self.stdout);
        let stderr = rest(&self.stderr);
        let status = self.child.wait().expect("a program that closed its output ends");
        Ended {
            code: status.code(),
            stdout,
            stderr,
        }
    }
}

/// What a program says on standard error that ends with this code, and has nothing else to say.
pub fn refused(program: &str, arguments: &[&str], code: i32) -> Vec<String> {
    let ended = Program::example(program, arguments).end();
    assert_eq!(ended.code, Some(code), "{program} {arguments:?}");
    assert!(ended.stdout.is_empty(), "{:?}", ended.stdout);
    ended.stderr
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

fn rest(lines: &Receiver<String>) -> Vec<String> {
    let mut rest = Vec::new();
    loop {
        match lines.recv_timeout(PATIENCE) {
            Ok(line) => rest.push(line),
            Err(RecvTimeoutError::Disconnected) => return rest,
            Err(RecvTimeoutError::Timeout) => panic!("the program does not end; so far it said {rest:?}"),
        }
    }
}

/// Where a server listens, which it tells first.
pub fn listening(server: Program) -> (Program, SocketAddr) {
    let line = server
        .stdout
        .recv_timeout(PATIENCE)
        .expect("it tells where it listens");
    let addr = line
        .strip_prefix("listening on ")
        .expect("that is its first line");
    let addr = addr.parse().expect("it is an address");
    (server, addr)
}

pub fn connect(addr: SocketAddr) -> TcpStream {
    patient(TcpStream::connect(addr).expect("the server accepts"))
}

/// A stream of which a read or write that never ends fails.
pub fn patient(stream: TcpStream) -> TcpStream {
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("the time is not zero");
    stream
        .set_write_timeout(Some(PATIENCE))
        .expect("the time is not zero");
    stream
}

/// Connects until nobody accepts any more. What connects meanwhile is dropped at once.
pub fn wait_until_refused(addr: SocketAddr) {
    while TcpStream::connect(addr).is_ok() {
        thread::yield_now();
    }
}

pub fn stop(server: Program) -> Ended {
    server.signal("-TERM");
    let ended = server.end();
    assert_eq!(ended.code, Some(0), "{:?}", ended.stderr);
    ended
}
