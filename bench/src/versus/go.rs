//! Go, by a program that is built beside this one.

use std::env::current_exe;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Failure, Run};

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/go");

/// The program of this process, with Go's beside it; or why there is none.
#[derive(Debug)]
pub(super) struct Go(Result<PathBuf, String>);

impl Go {
    /// Builds the program. What is in the way is said once on the standard error, and again in each row.
    pub(super) fn build() -> Go {
        Go(build().map_err(|refusal| {
            eprintln!(
                "without Go: {}",
                [&*refusal.what, &*refusal.output].join("\n").trim_end()
            );
            refusal.what
        }))
    }

    /// The command that measures a workload of Go's program.
    pub(super) fn command(&self, workload: &str, run: Run) -> Result<Command, Failure> {
        let mut command = command_beside(self.program()?, run.workers);
        command.args([workload, &run.times.to_string()]);
        Ok(command)
    }

    /// The program that Go's is beside.
    pub(super) fn program(&self) -> Result<&Path, Failure> {
        let program = self.0.as_deref();
        program.map_err(|what| Failure::Unavailable(what.clone()))
    }
}

/// The command of Go's program beside this one, with that many workers.
pub(super) fn command_beside(program: &Path, workers: usize) -> Command {
    let mut command = Command::new(path_beside(program));
    command.env("GOMAXPROCS", workers.to_string());
    command
}

fn path_beside(program: &Path) -> PathBuf {
    program.with_file_name("versus-go")
}

/// Why there is no program, and what the command said to it.
struct Refusal {
    what: String,
    output: String,
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Refusal {
        let what = match error.kind() {
            io::ErrorKind::NotFound => "no go command".into(),
            _ => format!("the go command can't be started: {error}"),
        };
        let output = String::new();
        Refusal { what, output }
    }
}

fn build() -> Result<PathBuf, Refusal> {
    let program = current_exe()?;
    let build = command()
        .args(["build", "-buildvcs=false", "-o"])
        .arg(path_beside(&program))
        .current_dir(Path::new(SOURCES))
        .output()?;
    if build.status.success() {
        Ok(program)
    } else {
        Err(Refusal {
            what: "go can't build the program".into(),
            output: String::from_utf8_lossy(&build.stderr).into_owned(),
        })
    }
}

/// The go command as it is, which fetches no other version of itself.
pub(super) fn command() -> Command {
    let mut command = Command::new("go");
    command.env("GOTOOLCHAIN", "local");
    command
}
