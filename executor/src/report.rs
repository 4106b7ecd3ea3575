//! What a runtime has to say where nobody is there to be given an error: a line on standard error.

use std::fmt;
use std::io::{self, Write};

/// Prints a line, in one write, so that those of several threads do not mix. One that can't be written is no reason to panic.
pub(crate) fn report(line: fmt::Arguments<'_>) {
    let line = format!("canter: {line}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}
