//! A server's process.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process;
use std::thread;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike};
use socket2::{Domain, Socket, Type};

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// A server that accepts, serves, and knows nothing of the load. All have the same listener.
#[derive(Debug)]
pub struct Server {
    /// Its name in the tables.
    pub name: &'static str,
    /// Serves on that listener, with that many worker threads if it can have several. It comes back only where it can't go on.
    pub run: fn(TcpListener, usize) -> io::Result<Infallible>,
}

impl Server {
    /// One of that name, which runs so.
    pub const fn new(name: &'static str, run: fn(TcpListener, usize) -> io::Result<Infallible>) -> Server {
        Server { name, run }
    }
}

/// A non-blocking listener on a free port of the loopback.
///
/// # Errors
///
/// Those of the operating system.
pub fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Is the process of the server of that name: see [`Process`](super::Process) for what it prints, and what it is asked.
pub fn serve(servers: &[Server], name: &str, workers: usize) -> ! {
    let Some(server) = servers.iter().find(|server| server.name == name) else {
        give_up(format_args!("there is no server {name}"));
    };
    // Each connection takes a descriptor. The load, which needs as many, says so where they can't be had.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let served = listen().and_then(|listener| {
        say(format_args!("listening on {}", listener.local_addr()?))?;
        thread::spawn(answer);
        (server.run)(listener, workers)
    });
    match served {
        Ok(never) => match never {},
        Err(error) => give_up(format_args!("the server {name}: {error}")),
    }
}

/// Answers what the process is asked, and ends it where nobody asks any more.
fn answer() {
    for line in io::stdin().lines() {
        if line.is_ok_and(|line| line == "usage") && tell_usage().is_ok() {
            continue;
        }
        break;
    }
    process::exit(0);
}

fn tell_usage() -> io::Result<()> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let nanoseconds = |time: TimeVal| time.num_nanoseconds();
    let (user, system) = (nanoseconds(usage.user_time()), nanoseconds(usage.system_time()));
    say(format_args!("usage {user} {system}"))
}

fn say(what: fmt::Arguments<'_>) -> io::Result<()> {
    let mut output = io::stdout().lock();
    writeln!(output, "{what}")?;
    output.flush()
}

fn give_up(why: fmt::Arguments<'_>) -> ! {
    eprintln!("{why}");
    process::exit(1)
}
