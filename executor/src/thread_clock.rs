//! What the operating system tells of another thread of this process: how long it has run, and whether it could.
//!
//! Linux tells both; elsewhere threads have no number here, and nothing is known of them.

use std::time::Duration;

#[cfg(target_os = "linux")]
pub(crate) use linux::{is_runnable, processor_time, thread_number};

#[cfg(not(target_os = "linux"))]
pub(crate) use unknown::{is_runnable, processor_time, thread_number};

#[cfg(target_os = "linux")]
mod linux {
    use nix::time::{ClockId, clock_gettime};
    use nix::unistd::gettid;

    use super::Duration;

    /// The number of this thread.
    pub(crate) fn thread_number() -> i32 {
        gettid().as_raw()
    }

    /// How long a thread has run on a processor; `None` if it is gone.
    pub(crate) fn processor_time(thread: i32) -> Option<Duration> {
        // The kernel's numbering of clocks: the complement of the thread's number, and three bits that say "of a thread" (4) and
        // "time on the processor" (2). See clock_getres(2) and CPUCLOCK_PERTHREAD_MASK in the kernel's posix-timers.h.
        let clock = ClockId::from_raw(!thread << 3 | 4 | 2);
        clock_gettime(clock).ok().map(Duration::from)
    }

    /// Whether a thread runs, or waits for a processor only. False if that can't be read.
    pub(crate) fn is_runnable(thread: i32) -> bool {
        let Ok(stat) = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")) else {
            return false;
        };
        // The state follows the name, which stands in parentheses and may have some of its own: proc(5).
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('R'))
    }
}

#[cfg(not(target_os = "linux"))]
mod unknown {
    use super::Duration;

    pub(crate) fn thread_number() -> i32 {
        0
    }

    pub(crate) fn processor_time(_thread: i32) -> Option<Duration> {
        None
    }

    pub(crate) fn is_runnable(_thread: i32) -> bool {
        false
    }
}
