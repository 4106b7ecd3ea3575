//! A live view of a canter program, as `top` gives one of a machine: its workers, its queues, and the places whose tasks keep the workers
//! busiest or wait longest.
//!
//! ```text
//! cargo run --release --features socket --example echo-server -- --diagnostics /tmp/echo.sock
//! cargo run --release --features socket --example canter-top -- /tmp/echo.sock
//! ```
//!
//! Any program that is built with canter's feature `socket` can be looked at: start it with `CANTER_SOCKET=PATH` in its environment.
//! `--once` prints the numbers as plain text instead, for pipes and tests. When the program goes, the view waits for it to come back.
//!
//! One task asks the program once an interval and a thread reads the keys; both send what they get to the main task, which alone knows
//! what is on the screen.

mod app;
mod feed;
mod rows;
mod screen;
mod snapshot;
#[path = "../common/stop.rs"]
mod stop;
mod text;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use canter::channel::{Receiver, bounded};
use canter::{select, time};
use clap::Parser;
use ratatui::crossterm::event::{self, Event};

use crate::app::{App, Wish};
use crate::feed::{Connection, follow};
use crate::stop::StopRequest;

/// Shows what a canter program does that offers its numbers on a Unix socket.
#[derive(Parser)]
#[command(name = "canter-top")]
struct Arguments {
    /// The socket: what the program was given as CANTER_SOCKET, or to Builder::diagnostics_socket
    path: PathBuf,
    /// Seconds between two looks, 0.1 to 60
    #[arg(long, default_value = "1", value_parser = interval)]
    interval: Duration,
    /// Print the numbers of one interval as plain text, and end
    #[arg(long)]
    once: bool,
}

fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| "a number of seconds is wanted, such as 0.5".to_owned())?;
    if !(0.1..=60.0).contains(&seconds) {
        return Err("it has to be 0.1 to 60 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[canter::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ended = if arguments.once {
        print_once(&arguments).await
    } else {
        show(arguments).await
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("canter-top: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Two snapshots, for there are no rates in one.
async fn print_once(arguments: &Arguments) -> Result<(), String> {
    let mut connection = Connection::open(&arguments.path).await?;
    let before = connection.snapshot().await?;
    time::sleep(arguments.interval).await;
    let now = connection.snapshot().await?;
    let text = text::report(&before, &now);
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("cannot write: {error}")),
        _ => Ok(()),
    }
}

async fn show(arguments: Arguments) -> Result<(), String> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err("this is no terminal; --once prints the numbers as plain text".to_owned());
    }
    let mut stop = StopRequest::new()?;
    let keys = keys();
    let (sender, news) = bounded(1);
    canter::go(follow(arguments.path.clone(), arguments.interval, sender));
    let mut app = App::new(arguments.path);
    let mut terminal = ratatui::try_init().map_err(|error| format!("cannot use the terminal: {error}"))?;
    let ended = loop {
        if let Err(error) = terminal.draw(|frame| screen::draw(frame, &mut app)) {
            break Err(format!("cannot draw: {error}"));
        }
        let wish = select! {
            event = keys.recv() => match event {
                Ok(Ok(Event::Key(key))) => app.press(key),
                Ok(Ok(_)) => Wish::GoOn, // such as another size of the terminal: it is drawn again
                Ok(Err(error)) => break Err(format!("cannot read the keys: {error}")),
                Err(_closed) => Wish::Quit,
            },
            heard = news.recv() => match heard {
                Ok(heard) => app.hear(heard),
                Err(_closed) => Wish::Quit,
            },
            _ = stop.requested() => Wish::Quit,
        };
        if wish == Wish::Quit {
            break Ok(());
        }
    };
    ratatui::restore();
    ended
}

/// The keys, from a thread that blocks for them. It ends with the process.
fn keys() -> Receiver<io::Result<Event>> {
    let (sender, keys) = bounded(16);
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let is_last = event.is_err();
            if sender.send_blocking(event).is_err() || is_last {
                return;
            }
        }
    });
    keys
}
