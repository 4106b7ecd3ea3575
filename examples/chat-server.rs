//! A chat server for `nc`: rooms, nicknames, private lines.
//!
//! ```text
//! cargo run --release --example chat-server
//! nc 127.0.0.1 7778
//! ```
//!
//! It prints `listening on ADDR` once it accepts. Ctrl-C or SIGTERM says good-bye to everybody, gives them up to five
//! seconds to take what they were sent (a second one cuts that short), prints the totals and exits with 0.
//!
//! Each client has a task, which reads its lines and writes what it is sent. A room is a broadcast channel: what is said
//! there gets one place in one order, and a send never waits, so nobody is kept up by a client that reads slowly.

#[path = "chat-server/client.rs"]
mod client;
#[path = "chat-server/command.rs"]
mod command;
#[path = "chat-server/house.rs"]
mod house;
#[path = "chat-server/lines.rs"]
mod lines;
#[path = "common/server.rs"]
mod server;

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use canter::channel::unbuffered;
use canter::net::TcpStream;
use canter::select;
use canter::sync::{Semaphore, WaitGroup};
use canter::time;
use clap::{Parser, value_parser};
use futures::AsyncWriteExt;

use crate::client::{Client, Limits};
use crate::house::House;
use crate::server::{Acceptor, StopRequest, host_and_port, say, seconds, warn};

/// How long clients may take to read what was sent to them before the server stopped.
const GRACE: Duration = Duration::from_secs(5);

/// A chat server with rooms, to talk to with nc; /help there lists the commands.
///
/// A client that reads more slowly than its room talks misses the oldest lines and is told how many (--queue); one that
/// takes nothing at all is sent away in the end (--idle-timeout). Neither keeps the others waiting.
#[derive(Parser)]
#[command(name = "chat-server")]
struct Arguments {
    /// Where to listen, as HOST:PORT; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:7778", value_parser = host_and_port)]
    addr: String,
    /// Clients at once; whoever comes beyond is told so and sent away
    #[arg(long, value_name = "CLIENTS", default_value = "1000", value_parser = value_parser!(u32).range(1..))]
    max_clients: u32,
    /// Lines that a room keeps for those who read slowly
    #[arg(long, value_name = "LINES", default_value = "256", value_parser = value_parser!(u32).range(1..=100_000))]
    queue: u32,
    /// Bytes that a line may have; a longer one is not passed on, and its writer is told
    #[arg(long, value_name = "BYTES", default_value = "1000", value_parser = value_parser!(u32).range(1..=65_536))]
    max_line: u32,
    /// Seconds after which a client is sent away that has sent no line, or has not taken what was sent to it
    #[arg(long, value_name = "SECONDS", default_value = "3600", value_parser = seconds)]
    idle_timeout: Duration,
}

#[canter::main]
async fn main() -> ExitCode {
    match serve(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            warn(&problem);
            ExitCode::FAILURE
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), String> {
    // Each client takes a descriptor. Where the limit can't be raised, the server lives with the one it has.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let mut acceptor = Acceptor::bind("--addr", &arguments.addr).await?;
    // Before the address is told, so that whoever was told can stop the server.
    let mut stop = StopRequest::new()?;
    say(&format!("listening on {}", acceptor.local_addr()?));

    let limits = Limits {
        line: arguments.max_line as usize,
        idle: arguments.idle_timeout,
    };
    let house = Arc::new(House::new(arguments.queue as usize));
    let places = Arc::new(Semaphore::new(arguments.max_clients as usize));
    let clients = WaitGroup::new();
    // Nothing is ever sent here: that it closes is the message, which reaches all clients at once.
    let (open, closing) = unbuffered::<Infallible>();
    loop {
        let stream = select! {
            stream = acceptor.accept() => stream,
            () = stop.requested() => break,
        };
        match places.try_acquire_owned() {
            Ok(place) => {
                house.totals.clients.add(1);
                let client = Client::new(stream, place, house.clone(), limits);
                canter::go(clients.track(client.run(closing.clone())));
            }
            Err(_full) => {
                house.totals.turned_away.add(1);
                canter::go(turn_away(stream, arguments.max_clients));
            }
        }
    }

    drop(acceptor);
    house.close();
    drop(open);
    select! {
        _ = time::timeout(GRACE, clients.wait()) => {}
        () = stop.requested() => {}
    }
    say(&house.totals.summary(clients.count()));
    Ok(())
}

/// Tells a client that there is no place for it. Its socket has room for a line, so this takes a moment.
async fn turn_away(stream: TcpStream, max_clients: u32) {
    let text = format!("* all {max_clients} places are taken; come again later\n");
    let _ = time::timeout(GRACE, (&stream).write_all(text.as_bytes())).await;
}
