//! The process-wide runtime, started on first use.

use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};

use super::handle::Handle;
use super::{Builder, Runtime};

static DEFAULT: OnceLock<Runtime> = OnceLock::new();

pub(super) fn try_handle() -> io::Result<&'static Handle> {
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = DEFAULT.get() {
        return Ok(runtime.handle());
    }
    let _one_starts = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if DEFAULT.get().is_none() {
        let runtime = Builder::new().build()?;
        // It lives as long as the process, so it is never dropped from within itself.
        assert!(DEFAULT.set(runtime).is_ok(), "the lock lets one thread in");
    }
    Ok(DEFAULT.get().expect("it was just set").handle())
}

#[track_caller]
pub(super) fn handle() -> &'static Handle {
    match try_handle() {
        Ok(handle) => handle,
        Err(error) => panic!("canter: the default runtime could not be started: {error}"),
    }
}
