//! The Unix socket on which a process offers its numbers.
//!
//! # The protocol, version 1
//!
//! A client sends an empty line, and gets a line: one JSON object, a *snapshot*. It asks as often as it likes, and gets at most twenty a
//! second; several clients may be connected. So `echo | nc -U -q1 PATH` prints one. Whoever sends anything else gets
//! `{"version":1,"error":"..."}` and is cut off, and so is one that does not take its answer within five seconds.
//!
//! | Field | What it is |
//! |---|---|
//! | `version` | `1`. Fields may be added without a new number; none is taken away |
//! | `process` | `id` and `name` (that of the program's file) |
//! | `uptime_ms` | for how long the socket has been there |
//! | `looks` | which tasks the workers poll, as a sample: see below |
//! | `runtimes` | each runtime of the process, in the order in which they were built |
//!
//! Of a runtime: `workers` (their number, without spare ones), `seats` (for each worker what it polls now, or `null`: `task`, `spawned_at`,
//! `for_ms`), `metrics` ([`Metrics`](super::Metrics)) and `dump` (a [`Dump`](super::Dump), without a search for suspects).
//!
//! `looks` holds `rate` (looks a second, as it is meant to be), `seats` (how many workers were looked at, idle ones included, all looks
//! together) and `places`: for each place `spawned_at`, where the tasks were spawned, and `seen`, how often a worker was polling one of
//! them. A client that takes the difference of two snapshots knows which *share of looks* went to a place: an estimate of the share of
//! the workers' time, good to a few hundredths with some hundreds of looks. Looks are made while somebody has asked within the last ten
//! seconds, and cost some microseconds each.
//!
//! # What it costs
//!
//! A thread, which sleeps in the kernel until somebody connects. It needs no worker, so that it answers also when every worker is stuck,
//! and it counts as one that sleeps, so that a deadlock is found all the same.

mod client;
mod server;
mod snapshot;

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;

use socket2::{Domain, SockAddr, Socket, Type};

use crate::report::report;
use server::{Server, Stop};

/// The environment variable that names a socket.
const VARIABLE: &str = "CANTER_SOCKET";

/// Connections that wait to be accepted.
const BACKLOG: i32 = 16;

/// Offers the numbers of this process on a Unix socket, until what it returns is dropped.
///
/// All runtimes of the process are on it, those that start later included. `examples/canter-top` shows them in a terminal; the protocol,
/// JSON line by line, is told in [`socket`](self). Only the owner of the file may connect.
///
/// A file that a dead process has left at `path` is replaced. The socket is served by a thread of its own, which makes no system call while
/// nobody is connected, and does not keep a deadlock from being found.
///
/// # Errors
///
/// [`ErrorKind::AddrInUse`] if a process serves a socket there, [`ErrorKind::AlreadyExists`] if there is another file; the operating
/// system's error where the path can't be used, or no descriptor or thread is left. The text names the path and what to do.
///
/// # Examples
///
/// ```
/// let path = std::env::temp_dir().join(format!("canter-doc-{}", std::process::id()));
/// let served = canter_executor::diagnostics::serve(&path).unwrap();
/// assert!(path.exists());
/// drop(served);
/// assert!(!path.exists());
/// ```
pub fn serve(path: impl AsRef<Path>) -> io::Result<Served> {
    let path = path.as_ref();
    let refused = |error: io::Error| {
        io::Error::new(
            error.kind(),
            format!(
                "the diagnostics cannot be offered on the socket {}: {}",
                path.display(),
                advised(&error)
            ),
        )
    };
    let listener = listen(path).map_err(refused)?;
    let file = File::at(path).map_err(refused)?; // from here on it is removed
    let (server, stop) = Server::new(listener).map_err(refused)?;
    let thread = thread::Builder::new().name("canter-socket".to_owned());
    let thread = thread.spawn(move || server.serve()).map_err(refused)?;
    Ok(Served {
        file,
        stop,
        thread: Some(thread),
    })
}

/// Numbers that are offered on a socket: see [`serve`]. Dropped, it closes the socket and all connections, and removes the file.
#[must_use = "the socket is closed when this is dropped"]
pub struct Served {
    file: File,
    stop: Stop,
    thread: Option<thread::JoinHandle<()>>,
}

impl Served {
    /// Where the socket is.
    pub fn path(&self) -> &Path {
        &self.file.path
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stop.stop();
        let thread = self.thread.take().expect("it is taken here alone");
        // On the thread itself, it goes with something of the program's that went with the last user of a runtime.
        if thread.thread().id() != thread::current().id() {
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Served")
            .field("path", &self.file.path)
            .finish_non_exhaustive()
    }
}

/// What the environment asks for: the same socket for all runtimes that were built meanwhile. It is a wish of whoever started the program,
/// and may have been meant for its parent, so that the program goes on without the socket where it can't be had.
pub(crate) fn serve_as_environment_says() -> Option<Arc<Served>> {
    static SERVED: Mutex<Weak<Served>> = Mutex::new(Weak::new());
    let path = std::env::var_os(VARIABLE).filter(|path| !path.is_empty())?;
    let mut served = SERVED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(served) = served.upgrade() {
        return Some(served);
    }
    match serve(&path) {
        Ok(new) => {
            let new = Arc::new(new);
            *served = Arc::downgrade(&new);
            Some(new)
        }
        Err(error) => {
            report(format_args!(
                "{error} (asked for by the environment variable {VARIABLE})"
            ));
            None
        }
    }
}

/// Listens at a path. The file is its owner's alone before anybody can connect.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    if let Err(error) = socket.bind(&address) {
        if error.kind() != ErrorKind::AddrInUse {
            return Err(error);
        }
        remove_stale(path)?;
        socket.bind(&address)?;
    }
    fs::set_permissions(path, Permissions::from_mode(0o600))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// Removes what a process that has ended has left behind.
fn remove_stale(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => fs::remove_file(path),
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}

fn advised(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::AddrInUse => "another process serves it; end that one, or choose another path".to_owned(),
        ErrorKind::AlreadyExists => {
            "there is a file that is no socket; remove it, or choose another path".to_owned()
        }
        ErrorKind::NotFound => "its folder is not there; create it, or choose another path".to_owned(),
        ErrorKind::PermissionDenied => format!("{error}; choose a path in a folder of your own"),
        ErrorKind::InvalidInput => format!("{error}; choose a path of less than a hundred bytes"),
        _ => error.to_string(),
    }
}

/// The file of a socket. Dropped, it is removed, if no other has taken its place.
struct File {
    path: PathBuf,
    identity: (u64, u64),
}

impl File {
    fn at(path: &Path) -> io::Result<File> {
        Ok(File {
            path: std::path::absolute(path)?,
            identity: File::identity(path)?,
        })
    }

    fn identity(path: &Path) -> io::Result<(u64, u64)> {
        let metadata = fs::symlink_metadata(path)?;
        Ok((metadata.dev(), metadata.ino()))
    }
}

impl Drop for File {
    fn drop(&mut self) {
        if File::identity(&self.path).is_ok_and(|identity| identity == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}
