//! The number of workers follows that of the cores, as long as nobody has set it. One test alone in its process, since it changes the
//! affinity of all threads.
#![cfg(target_os = "linux")]

use canter_executor::runtime::{Builder, Runtime};
use canter_executor::yield_now;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// Lets all threads of this process run on these cores only.
fn set_affinity(cores: &CpuSet) {
    for thread in std::fs::read_dir("/proc/self/task").expect("the threads are listed") {
        let name = thread.expect("a thread is listed").file_name();
        let number = name.to_str().and_then(|name| name.parse().ok());
        // One that has just ended can't be set any more.
        let _ = sched_setaffinity(Pid::from_raw(number.expect("its name is a number")), cores);
    }
}

/// Keeps the runtime awake until it has so many workers. That it never has is the failure: a hang.
fn wait_for_workers(runtime: &Runtime, workers: usize) {
    let busy = runtime.spawn(async {
        loop {
            yield_now().await;
        }
    });
    while runtime.handle().workers() != workers {
        std::thread::yield_now();
    }
    busy.abort();
}

#[test]
fn the_number_of_workers_follows_the_cores_unless_it_was_set_by_hand() {
    let all = sched_getaffinity(Pid::from_raw(0)).expect("the affinity can be read");
    let of_all: Vec<usize> = (0..CpuSet::count())
        .filter(|&core| all.is_set(core).unwrap())
        .collect();
    let mut one = CpuSet::new();
    one.set(of_all[0]).unwrap();

    let follows = Builder::new().build().expect("a runtime");
    let by_hand = Builder::new().workers(3).build().expect("a runtime");
    let cores = follows.handle().workers();
    for _ in 0..2 {
        set_affinity(&one);
        wait_for_workers(&follows, 1);
        assert_eq!(follows.block_on(follows.spawn(async { 7 })).unwrap(), 7);
        set_affinity(&all);
        wait_for_workers(&follows, cores);
        assert_eq!(follows.block_on(follows.spawn(async { 7 })).unwrap(), 7);
    }
    wait_for_workers(&by_hand, 3);
    assert_eq!(by_hand.handle().workers(), 3);
}
