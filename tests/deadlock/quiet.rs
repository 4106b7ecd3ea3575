//! Whether a process does nothing at all.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::program::PATIENCE;

/// Longer than any pause after which canter looks again, so that whoever has rested for so long has nothing planned.
const LONG: Duration = Duration::from_millis(2500);

/// How often the threads of a process have gone to sleep or lost the processor so far; it changes with each system call that waits.
fn switches(process: u32) -> Vec<(String, u64)> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    let mut switches: Vec<_> = tasks
        .filter_map(|task| {
            let task = task.ok()?.path();
            let status = fs::read_to_string(task.join("status")).ok()?;
            let numbers = status.lines().filter_map(|line| {
                let (name, number) = line.split_once(':')?;
                name.ends_with("_ctxt_switches")
                    .then(|| number.trim().parse::<u64>().ok())?
            });
            Some((task.to_string_lossy().into_owned(), numbers.sum()))
        })
        .collect();
    switches.sort();
    switches
}

/// Waits until no thread of the process has run for long: it then sleeps until somebody else does something.
pub fn wait_until_quiet(process: u32) {
    let began = Instant::now();
    let mut before = switches(process);
    loop {
        thread::sleep(LONG);
        let now = switches(process);
        if now == before {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "it does not come to rest: {now:?}");
        before = now;
    }
}
