//! What the servers have in common: reading options, listening, accepting, and the request to stop.

use std::error::Error;
use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::time::Duration;

use canter::net::{TcpListener, TcpStream};
use canter::select;
use canter::signal::unix::{Signal, SignalKind, signal};
use canter::time;

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

/// A line on standard output. A reader that has gone away is no reason to stop serving.
pub fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// A line on standard error, with the same indifference.
pub fn warn(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{PROGRAM}: {line}");
}

/// Ctrl-C and SIGTERM.
pub struct StopRequest {
    interrupt: Signal,
    terminate: Signal,
}

impl StopRequest {
    pub fn new() -> Result<Self, String> {
        let watch = || -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        };
        watch().map_err(|error| format!("cannot watch for signals: {error}"))
    }

    /// Dropping the future loses no request.
    pub async fn requested(&mut self) {
        select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// A listener that outlives its errors.
pub struct Acceptor {
    listener: TcpListener,
    told: bool,
}

impl Acceptor {
    /// Listens at `addr`, which the person gave as `option`.
    pub async fn bind(option: &str, addr: &str) -> Result<Self, String> {
        let listener = TcpListener::bind(addr).await.map_err(|error| {
            let advice = match error.kind() {
                ErrorKind::AddrInUse => {
                    "stop the program that holds it, or choose another port (0 takes a free one)".to_owned()
                }
                ErrorKind::AddrNotAvailable => {
                    "choose an address of this machine, or 0.0.0.0 for all of them".to_owned()
                }
                ErrorKind::PermissionDenied => "choose a port from 1024 up".to_owned(),
                _ => format!("check {option}"),
            };
            format!("{error}; {advice}")
        })?;
        Ok(Self {
            listener,
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

/// Whether the connection that was to be accepted has failed, and the next one may well be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

fn accept_problem(error: &io::Error) -> String {
    if is_out_of_descriptors(error) {
        "out of file descriptors; new connections wait until one ends (raise the limit with ulimit -n)"
            .to_owned()
    } else {
        format!("cannot accept a connection: {error}; it goes on trying")
    }
}

/// Whether the process or the system has no descriptor left. `connect` wraps what the system said, so the causes of the
/// error are looked at too.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    // The process's and the system's limit; the numbers are the same on every Unix.
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    let code = |cause: &(dyn Error + 'static)| cause.downcast_ref().and_then(io::Error::raw_os_error);
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if matches!(code(error), Some(EMFILE | ENFILE)) {
            return true;
        }
        cause = error.source();
    }
    false
}
