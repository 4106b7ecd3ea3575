//! Which cores the server runs on, and which the load.

/// The cores of the two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cores {
    pub(super) server: Vec<usize>,
    pub(super) load: Vec<usize>,
}

impl Cores {
    /// One core for the server and another one for the load, where this thread may use two.
    pub(super) fn one_each() -> Cores {
        match *allowed() {
            [load, .., server] => Cores {
                server: vec![server],
                load: vec![load],
            },
            ref only => Cores {
                server: only.to_vec(),
                load: only.to_vec(),
            },
        }
    }

    /// A core for the load and the others for the server, where there are at least four; otherwise all for both.
    pub(super) fn all() -> Cores {
        match *allowed() {
            [load, ref server @ ..] if server.len() >= 3 => Cores {
                server: server.to_vec(),
                load: vec![load],
            },
            ref few => Cores {
                server: few.to_vec(),
                load: few.to_vec(),
            },
        }
    }

    /// Whether neither side disturbs the other.
    pub(super) fn are_apart(&self) -> bool {
        self.server.iter().all(|core| !self.load.contains(core))
    }
}

/// The cores that this thread may use, in their order.
#[cfg(target_os = "linux")]
fn allowed() -> Vec<usize> {
    use nix::sched::{CpuSet, sched_getaffinity};
    use nix::unistd::Pid;

    let set = sched_getaffinity(Pid::from_raw(0)).unwrap_or_default();
    (0..CpuSet::count())
        .filter(|&core| set.is_set(core) == Ok(true))
        .collect()
}

/// Keeps this thread, and the processes that it starts from now on, on these cores.
#[cfg(target_os = "linux")]
pub(super) fn keep_to(cores: &[usize]) -> std::io::Result<()> {
    use nix::sched::{CpuSet, sched_setaffinity};
    use nix::unistd::Pid;

    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core)?;
    }
    Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
}

/// None are known where threads can't be kept on a core.
#[cfg(not(target_os = "linux"))]
fn allowed() -> Vec<usize> {
    Vec::new()
}

/// Threads go where the system puts them.
#[cfg(not(target_os = "linux"))]
pub(super) fn keep_to(_cores: &[usize]) -> std::io::Result<()> {
    Ok(())
}
