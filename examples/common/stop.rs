//! The request to stop.

use std::io;

use canter::select;
use canter::signal::unix::{Signal, SignalKind, signal};

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
