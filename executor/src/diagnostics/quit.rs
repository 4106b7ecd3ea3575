//! `SIGQUIT`: the dump of every runtime, written by a thread that does nothing else.
//!
//! The handler writes a byte to a socket, and the thread sleeps until there is one. So the dump needs no worker, no monitor and no
//! descriptor that could be missing in the moment of need, and while nobody asks nothing runs.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread;

use canter_coop::census::Counted;
use signal_hook::consts::{SIGBUS, SIGQUIT, SIGSEGV};
use signal_hook::low_level::{pipe, unregister};

use super::Dump;
use super::process::Process;
use crate::runtime;

/// The dump is printed, and when that began nobody else had a handler.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// The program has asked for the signal through `signal`.
static IS_WANTED: AtomicBool = AtomicBool::new(false);

/// Sees to it that `SIGQUIT` prints the dump of every runtime, from now on.
pub(crate) fn dump_on_signal() -> io::Result<()> {
    static STARTED: Mutex<bool> = Mutex::new(false);
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if *started {
        return Ok(());
    }
    let is_free = Process::look().is_some_and(|process| !process.catches(SIGQUIT.unsigned_abs()));
    let (arrivals, handler_end) = UnixStream::pair()?;
    let handler = pipe::register(SIGQUIT, handler_end)?;
    let thread = thread::Builder::new().name("canter-dump".to_owned());
    if let Err(error) = thread.spawn(move || print_dumps(&arrivals)) {
        unregister(handler);
        return Err(error);
    }
    IS_OURS.store(is_free, SeqCst);
    *started = true;
    Ok(())
}

/// The program itself asks for the signal.
pub(crate) fn quit_is_wanted() {
    IS_WANTED.store(true, SeqCst);
}

/// The signals whose handlers are not the program's own: those of Rust's runtime, for a stack that overflows, and of the C library, for
/// what it does to all threads; and `SIGQUIT`, if it prints the dump and nothing else.
pub(super) fn known_signals() -> impl Iterator<Item = u32> {
    const OF_THE_C_LIBRARY: [u32; 2] = [32, 33]; // glibc: SIGCANCEL and SIGSETXID; musl: SIGTIMER and SIGCANCEL
    const OF_MUSL: u32 = 34; // SIGSYNCCALL; for glibc it is the first one that is free
    let of_rust = [SIGSEGV, SIGBUS].map(i32::unsigned_abs);
    let quit = (IS_OURS.load(SeqCst) && !IS_WANTED.load(SeqCst)).then_some(SIGQUIT.unsigned_abs());
    let of_musl = cfg!(target_env = "musl").then_some(OF_MUSL);
    of_rust
        .into_iter()
        .chain(OF_THE_C_LIBRARY)
        .chain(of_musl)
        .chain(quit)
}

fn print_dumps(mut arrivals: &UnixStream) {
    let counted = Counted::here(); // it looks, and wakes nobody
    let mut buffer = [0; 64];
    loop {
        match arrivals.read(&mut buffer) {
            Ok(0) => return,
            Ok(_) => print_all(&counted),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn print_all(counted: &Counted) {
    let dumps: Vec<Dump> = runtime::with_running(counted, |running| {
        running.iter().map(|shared| Dump::with_suspects(shared)).collect()
    });
    let mut text = String::new();
    for (index, dump) in dumps.iter().enumerate() {
        text += &format!(
            "canter: dump of runtime {} of {}\n{dump}\n",
            index + 1,
            dumps.len()
        );
    }
    if dumps.is_empty() {
        text += "canter: no runtime is there to be dumped\n";
    }
    // In one write, so that nothing falls between the lines. There is nobody to be told if it fails.
    let _ = io::stderr().write_all(text.as_bytes());
}
