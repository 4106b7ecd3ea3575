//! The file that the environment variable `CANTER_TRACE` asks for, one for each runtime of the process.
//!
//! It is written when its runtime has ended. A runtime may never end: the default one doesn't, and one whose owner calls `process::exit`
//! doesn't either. So the thread that builds a runtime with such a file keeps a value whose destructor, at the thread's end, writes the files
//! of all runtimes that are still there. One that is written too early is written once more when its runtime ends.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Recorder, Trace};
use crate::report::report;

/// The files whose runtimes have not ended.
static FILES: Mutex<Vec<Arc<TraceFile>>> = Mutex::new(Vec::new());

pub(crate) struct TraceFile {
    path: PathBuf,
    file: Mutex<File>,
    trace: Trace,
}

impl TraceFile {
    /// Makes the file and starts the trace, if the environment asks for one.
    ///
    /// # Errors
    /// The file can't be made; the message names it.
    pub(crate) fn from_environment(recorder: &Arc<Recorder>) -> io::Result<Option<Arc<TraceFile>>> {
        static FILES_SO_FAR: AtomicUsize = AtomicUsize::new(0);
        let Some(path) = std::env::var_os("CANTER_TRACE").filter(|path| !path.is_empty()) else {
            return Ok(None);
        };
        let path = numbered(Path::new(&path), FILES_SO_FAR.fetch_add(1, Relaxed) + 1);
        let file = File::create(&path).map_err(|error| {
            let message = format!(
                "the file {path:?} that the environment variable CANTER_TRACE asks for can't be written: {error}"
            );
            io::Error::new(error.kind(), message)
        })?;
        let file = Arc::new(TraceFile {
            path,
            file: Mutex::new(file),
            trace: Trace::start(recorder),
        });
        files().push(file.clone());
        // At the very end of a thread the runtime has to end by itself.
        let _ = AT_END.try_with(|at_end| {
            at_end.borrow_mut().get_or_insert(WriteAll);
        });
        Ok(Some(file))
    }

    /// The runtime has ended: stops the trace and writes the file for the last time.
    pub(crate) fn finish(&self) {
        self.trace.stop();
        let own = {
            let mut files = files();
            let index = files.iter().position(|file| std::ptr::eq(&**file, self));
            index.map(|index| files.swap_remove(index))
        };
        if own.is_some() {
            self.write();
        }
    }

    fn write(&self) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| self.trace.write(BufWriter::new(&mut *file)));
        if let Err(error) = written {
            report(format_args!(
                "the trace {:?} could not be written: {error}",
                self.path
            ));
        }
    }
}

fn files() -> std::sync::MutexGuard<'static, Vec<Arc<TraceFile>>> {
    FILES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes the files of all runtimes that have not ended. For one who is about to end the process.
pub(crate) fn write_all() {
    let files = files().clone(); // without the lock: a runtime may end meanwhile
    files.iter().for_each(|file| file.write());
}

/// Its destructor writes all files.
struct WriteAll;

impl Drop for WriteAll {
    fn drop(&mut self) {
        write_all();
    }
}

thread_local! {
    static AT_END: RefCell<Option<WriteAll>> = const { RefCell::new(None) };
}

/// `trace.json` for the first runtime, `trace.2.json` for the second.
fn numbered(path: &Path, number: usize) -> PathBuf {
    if number == 1 {
        return path.to_owned();
    }
    let mut extension = OsString::from(number.to_string());
    if let Some(own) = path.extension() {
        extension.push(".");
        extension.push(own);
    }
    path.with_extension(extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_runtime_stands_before_the_extension_and_the_first_has_none() {
        for (path, number, expected) in [
            ("a/trace.json", 1, "a/trace.json"),
            ("a/trace.json", 2, "a/trace.2.json"),
            ("a/trace.json.txt", 11, "a/trace.json.11.txt"),
            ("trace", 3, "trace.3"),
        ] {
            assert_eq!(numbered(Path::new(path), number), Path::new(expected));
        }
    }
}
