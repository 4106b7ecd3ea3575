//! What the servers have in common: reading options, listening, accepting, and the request to stop.

#[path = "count.rs"]
mod count;
#[path = "listen.rs"]
pub mod listen;
#[path = "say.rs"]
mod say;
#[path = "stop.rs"]
mod stop;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

use canter::net::{TcpListener, TcpStream};
use canter::time;

pub use count::Count;
use listen::{concerns_one_connection, is_out_of_descriptors, listen};
pub use say::say;
pub use stop::StopRequest;

/// The name of the program that this is compiled into.
const PROGRAM: &str = env!("CARGO_BIN_NAME");
/// How long accepting pauses after an error that the next connection would meet as well.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// For clap: an address whose host may be a name, which is not looked up yet.
pub fn host_and_port(text: &str) -> Result<String, String> {
    let form = "it has to be of the form HOST:PORT, such as 127.0.0.1:8080, localhost:8080 or [::1]:8080";
    let (host, port) = text.rsplit_once(':').ok_or(form)?;
    if port.parse::<u16>().is_err() {
        return Err("its port has to be a number from 0 to 65535".to_owned());
    }
    if host.is_empty() || (host.contains(':') && text.parse::<SocketAddr>().is_err()) {
        return Err(form.to_owned());
    }
    Ok(text.to_owned())
}

/// For clap: a time in seconds, with or without a fraction.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let year = 365.0 * 86_400.0;
    match text.parse::<f64>() {
        Ok(seconds) if seconds >= 0.001 && seconds <= year => Ok(Duration::from_secs_f64(seconds)),
        Ok(_) => Err("it must be at least 0.001 s and at most a year".to_owned()),
        Err(_) => Err("it must be a number of seconds, such as 30 or 0.5".to_owned()),
    }
}

/// A line on standard error, with the same indifference.
pub fn warn(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{PROGRAM}: {line}");
}

/// A listener that outlives its errors.
pub struct Acceptor {
    listener: TcpListener,
    told: bool,
}

impl Acceptor {
    /// Listens at `addr`, which the person gave as `option`.
    pub async fn bind(option: &str, addr: &str) -> Result<Self, String> {
        Ok(Self {
            listener: listen(option, addr).await?,
            told: false,
        })
    }

    pub fn local_addr(&self) -> Result<SocketAddr, String> {
        self.listener
            .local_addr()
            .map_err(|error| format!("cannot tell where it listens: {error}"))
    }

    /// The next connection. Dropping the future loses none.
    ///
    /// Out of descriptors, it says so (once in its life: a full server would say it again with each client) and tries
    /// again and again, while new connections wait in the system's queue.
    pub async fn accept(&mut self) -> TcpStream {
        loop {
            let error = match self.listener.accept().await {
                Ok((stream, _)) => return stream,
                Err(error) => error,
            };
            if concerns_one_connection(&error) {
                continue;
            }
            if !self.told {
                self.told = true;
                warn(&accept_problem(&error));
            }
            time::sleep(ACCEPT_PAUSE).await;
        }
    }
}

fn accept_problem(error: &io::Error) -> String {
    if is_out_of_descriptors(error) {
        "out of file descriptors; new connections wait until one ends (raise the limit with ulimit -n)"
            .to_owned()
    } else {
        format!("cannot accept a connection: {error}; it goes on trying")
    }
}
