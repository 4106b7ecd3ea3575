//! The program, started and looked at.

use std::env::{current_exe, var_os};
use std::ffi::OsStr;
use std::fs::read_to_string;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The variable with the path of the log, which is there only in processes that play the program.
const LOG: &str = "VERSUS_TEST_LOG";

/// Whether this process plays the program.
pub(crate) fn is_played() -> bool {
    var_os(LOG).is_some()
}

/// Where the contenders log that they ran.
pub(crate) fn log_path() -> PathBuf {
    var_os(LOG).expect("this process plays the program").into()
}

/// A run of the program that is about to be.
pub(crate) struct Versus {
    command: Command,
    folder: TempDir,
}

/// A run that ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// What the contenders logged.
    pub(crate) log: String,
    folder: TempDir,
}

impl Versus {
    /// The program with these arguments.
    pub(crate) fn new(arguments: &[&str]) -> Versus {
        let folder = TempDir::new().expect("a folder");
        let mut command = Command::new(current_exe().expect("this program"));
        command
            .args(arguments)
            .env(LOG, folder.path().join("log"))
            .current_dir(folder.path());
        Versus { command, folder }
    }

    /// The folder in which it runs.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets it look for commands there.
    pub(crate) fn with_path(mut self, path: impl AsRef<OsStr>) -> Versus {
        self.command.env("PATH", path);
        self
    }

    /// Lets nobody read what it prints.
    pub(crate) fn without_reader(mut self) -> Versus {
        let (written, _) = UnixStream::pair().expect("a pair of sockets");
        self.command.stdout(OwnedFd::from(written));
        self
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Ended {
        let output = self.command.output().expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it is text");
        Ended {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            log: read_to_string(self.folder.path().join("log")).unwrap_or_default(),
            folder: self.folder,
        }
    }
}

/// Runs the program with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    Versus::new(arguments).run()
}

impl Ended {
    /// The lines of the tables that begin with this word, with single blanks.
    pub(crate) fn lines(&self, first: &str) -> Vec<String> {
        let lines = self
            .stdout
            .lines()
            .filter(|line| line.starts_with("  "))
            .map(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.join(" ")
            });
        lines
            .filter(|line| line.split(' ').next() == Some(first))
            .collect()
    }

    /// The only such line.
    #[track_caller]
    pub(crate) fn line(&self, first: &str) -> String {
        let mut lines = self.lines(first);
        assert_eq!(lines.len(), 1, "{first} in\n{}", self.stdout);
        lines.remove(0)
    }

    /// A file that it wrote.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A JSON file that it wrote.
    pub(crate) fn json(&self, name: &str) -> Value {
        let text = read_to_string(self.file(name)).expect("the file is there");
        serde_json::from_str(&text).expect("it is JSON")
    }
}
