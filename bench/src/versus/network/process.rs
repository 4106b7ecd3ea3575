//! A server's process, as the load sees it.
//!
//! It prints `listening on ADDRESS`; to each line `usage` of its input it answers with `usage USER SYSTEM`, what it has used of
//! the processor so far, in nanoseconds; and it serves until its input ends. Go's has one request more, see [`Process::block`].

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::versus::Failure;

/// A process that listens. It ends when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// `None` once it is asked to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// What a process has used of the processor, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// In its own code.
    pub user: u64,
    /// In the kernel, on its behalf.
    pub system: u64,
}

impl Process {
    /// Starts it, and waits until it listens.
    ///
    /// # Errors
    ///
    /// `Unavailable` where there is no such program, `Died` where it does not listen.
    pub fn start(command: &mut Command) -> Result<Process, Failure> {
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.map_err(|error| {
            let problem = format!("{}: {error}", Path::new(command.get_program()).display());
            match error.kind() {
                ErrorKind::NotFound => Failure::Unavailable(problem),
                _ => Failure::Died(problem),
            }
        })?;
        let input = child.stdin.take().expect("the input is a pipe");
        let mut output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        let line = next_line(&mut output);
        let address = line.as_ref().ok().and_then(|line| {
            let address = line.strip_prefix("listening on ")?;
            address.parse().ok()
        });
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return Err(unexpected(line));
        };
        Ok(Process {
            child,
            input: Some(input),
            output,
            address,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Asks it what it has used.
    ///
    /// # Errors
    ///
    /// `Died` where it does not say.
    pub fn usage(&mut self) -> Result<Usage, Failure> {
        let line = self.ask("usage");
        let usage = line.as_ref().ok().and_then(|line| {
            let (user, system) = line.strip_prefix("usage ")?.split_once(' ')?;
            Some(Usage {
                user: user.parse().ok()?,
                system: system.parse().ok()?,
            })
        });
        usage.ok_or_else(|| unexpected(line))
    }

    /// Asks Go's server to start so many goroutines that each block their thread for a tenth of a second, and waits until it answers
    /// `blocked` with their number: all have ended then.
    pub(in crate::versus) fn block(&mut self, tasks: u64) -> Result<u64, Failure> {
        let line = self.ask(&format!("block {tasks}"));
        let ended = line.as_ref().ok().and_then(|line| {
            let ended = line.strip_prefix("blocked ")?;
            ended.parse().ok()
        });
        ended.ok_or_else(|| unexpected(line))
    }

    /// Its answer to a line.
    fn ask(&mut self, request: &str) -> io::Result<String> {
        // A server that is gone does not answer either.
        let _ = self
            .input
            .iter_mut()
            .try_for_each(|input| writeln!(input, "{request}"));
        next_line(&mut self.output)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.input.take());
        // It fails only where somebody else has waited for the process.
        let _ = self.child.wait();
    }
}

fn next_line(output: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    output.read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

fn unexpected(line: io::Result<String>) -> Failure {
    Failure::Died(match line {
        Ok(line) if line.is_empty() => "the server ended".to_owned(),
        Ok(line) => format!("the server said: {line}"),
        Err(error) => format!("the server: {error}"),
    })
}
