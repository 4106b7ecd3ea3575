//! What the tests of the network have in common.

use std::panic::Location;
use std::process;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

/// After so long a test hangs. Nothing waits for it to pass.
const HANGS_AFTER: Duration = Duration::from_secs(120);

/// A test that hangs while this is alive ends the test program instead of keeping it for ever.
#[track_caller]
pub fn guard_against_hanging() -> Sender<()> {
    let place = Location::caller();
    let (ended, end) = channel::<()>();
    thread::spawn(move || {
        if let Err(RecvTimeoutError::Timeout) = end.recv_timeout(HANGS_AFTER) {
            eprintln!("the test at {place} hangs");
            process::abort();
        }
    });
    ended
}
