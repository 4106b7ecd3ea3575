//! What the operating system tells of this process.

use std::fs;

/// What there was to see of the process in one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    /// Its threads.
    pub(super) threads: u32,
    /// A bit for each signal that has a handler, beginning with signal 1.
    caught: u128,
}

impl Process {
    /// Reads it; `None` where the system has no `/proc` of the kind that Linux has, or it can't be read now.
    pub(super) fn look() -> Option<Process> {
        Process::parse(&fs::read_to_string("/proc/self/status").ok()?)
    }

    /// The kernel takes both numbers under one lock: `task_sig` in its `fs/proc/array.c`.
    fn parse(status: &str) -> Option<Process> {
        let field = |name: &str| {
            let mut lines = status.lines();
            lines.find_map(|line| line.strip_prefix(name)).map(str::trim)
        };
        Some(Process {
            threads: field("Threads:")?.parse().ok()?,
            caught: u128::from_str_radix(field("SigCgt:")?, 16).ok()?,
        })
    }

    /// Whether a signal has a handler.
    pub(super) fn catches(self, signal: u32) -> bool {
        self.caught & bit(signal) != 0
    }

    /// Whether any signal has a handler beside these.
    pub(super) fn catches_others_than(self, signals: impl IntoIterator<Item = u32>) -> bool {
        let known = signals.into_iter().map(bit).fold(0, |all, signal| all | signal);
        self.caught & !known != 0
    }
}

fn bit(signal: u32) -> u128 {
    1 << (signal - 1)
}

#[cfg(test)]
mod tests {
    use super::Process;

    const STATUS: &str =
        "Name:\tThreads: 7\nThreads:\t3\nSigIgn:\t0000000000001000\nSigCgt:\t0000000100000440\n";

    #[test]
    fn threads_and_handlers_are_read_from_their_lines() {
        let process = Process::parse(STATUS).expect("both are there");
        assert_eq!(process.threads, 3);
        assert!(process.catches(7) && process.catches(11) && process.catches(33));
        assert!(!process.catches(13), "it is ignored");
        assert!(process.catches_others_than([7, 11]));
        assert!(!process.catches_others_than([7, 11, 33, 9]));
    }

    #[test]
    fn a_status_of_another_kind_tells_nothing() {
        assert_eq!(Process::parse("Threads:\tmany\nSigCgt:\t0\n"), None);
        assert_eq!(Process::parse("Threads:\t1\n"), None);
    }
}
