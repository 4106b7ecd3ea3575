//! On what was measured, and how.

use std::fmt;
use std::fs::read_to_string;
use std::process::Command;

use serde::Serialize;

use super::options::{Options, usable_cores};
use super::{allocator, go};

/// The machine, as far as it can be known, and how it was used.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    cpu: Option<String>,
    cores: usize,
    memory_bytes: Option<u64>,
    kernel: Option<String>,
    rustc: Option<String>,
    go: Option<String>,
    allocator: &'static str,
    workers: usize,
    rounds: u16,
    quick: bool,
}

impl Machine {
    /// This machine, and how the options use it.
    pub(super) fn this(options: &Options) -> Machine {
        Machine {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: usable_cores(),
            memory_bytes: memory_bytes("MemTotal"),
            kernel: read_to_string("/proc/sys/kernel/osrelease")
                .ok()
                .map(|text| text.trim().into()),
            rustc: version(Command::new("rustc").arg("--version")),
            go: version(go::command().arg("version")),
            allocator: allocator::NAME,
            workers: options.workers(),
            rounds: options.rounds(),
            quick: options.quick,
        }
    }
}

/// The value of a field of the file `/proc/meminfo`, such as `MemAvailable`, if there is one.
pub(super) fn memory_bytes(name: &str) -> Option<u64> {
    let kibibytes = field("/proc/meminfo", name)?;
    let kibibytes: u64 = kibibytes.strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = read_to_string(path).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    fields
        .find(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().into())
}

/// What a command says of its version, if it is there.
fn version(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().into())
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unknown = "unknown";
        let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| unknown.into());
        write!(
            f,
            "{}, {} usable",
            or_unknown(&self.cpu),
            counted(self.cores, "core")
        )?;
        if let Some(bytes) = self.memory_bytes {
            write!(f, ", {:.1} GiB", bytes as f64 / f64::from(1 << 30))?;
        }
        writeln!(f, ", kernel {}", or_unknown(&self.kernel))?;
        let go = self.go.as_deref().unwrap_or("no go");
        writeln!(
            f,
            "{}, {go}, allocator: {}",
            or_unknown(&self.rustc),
            self.allocator
        )?;
        let up_to = if self.quick { "up to " } else { "" };
        let (workers, rounds) = (
            counted(self.workers, "worker"),
            counted(self.rounds.into(), "round"),
        );
        write!(f, "{workers}, {up_to}{rounds}")
    }
}

/// A number of things: `1 round`, `2 rounds`.
pub(super) fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
