//! Go, by a program that is built here and asked for a run at a time.

use std::env::current_exe;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::{Failure, Outcome, Work};

/// The name in the tables.
pub(super) const NAME: &str = "go";

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/go");

/// The running program. It ends when its input does.
pub(super) struct Go {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Go {
    /// Builds the program beside this one, and starts it.
    ///
    /// # Errors
    ///
    /// Fails if there is no `go` command, or if it can't build the program.
    pub(super) fn start(source: &str) -> Result<Go, Box<dyn Error>> {
        let binary = current_exe()?.with_file_name(source.replace(".go", "-go"));
        let source = Path::new(SOURCES).join(source);
        let build = Command::new("go")
            .args(["build", "-o"])
            .arg(&binary)
            .arg(&source)
            .env("GOTOOLCHAIN", "local")
            .status()
            .map_err(|error| format!("the go command can't be started: {error}"))?;
        if !build.success() {
            return Err(format!("{} can't be built: {build}", source.display()).into());
        }
        let mut child = Command::new(&binary)
            .env("GOMAXPROCS", "2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both are pipes");
        };
        Ok(Go {
            child,
            input: Some(input),
            output: BufReader::new(output),
        })
    }

    /// Does the work of a row that many times, as an entry does.
    pub(super) fn run<W: Work>(&mut self, row: W, times: u64) -> Outcome {
        row.is_in_go()
            .then(|| self.ask(row, times).map_err(|_| Failure::Panicked))
    }

    fn ask<W: Work>(&mut self, row: W, times: u64) -> io::Result<Duration> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{row} {times}")?;
        let mut answer = String::new();
        self.output.read_line(&mut answer)?;
        let nanoseconds = answer
            .strip_prefix(&format!("{row} "))
            .and_then(|text| text.trim().parse().ok());
        nanoseconds
            .map(Duration::from_nanos)
            .ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
