//! Lines for a person.

use std::io::{self, Write};

/// A line on standard output. A reader that has gone away is no reason to stop serving.
pub fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
