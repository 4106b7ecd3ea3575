//! A million tasks.
//!
//! ```go
//! func main() {
//!     release := make(chan bool)
//!     var group sync.WaitGroup
//!     var sum atomic.Int64
//!     for i := 1; i <= 1_000_000; i++ {
//!         group.Go(func() {
//!             <-release
//!             sum.Add(int64(i))
//!         })
//!     }
//!     close(release)
//!     group.Wait()
//!     fmt.Println("the sum of their numbers is", sum.Load())
//! }
//! ```
//!
//! A goroutine needs a stack of two kilobytes or more. A task needs what its future keeps across an await, and some words of bookkeeping.
//!
//! ```text
//! 1000000 tasks wait, started in [..]
//! each of them takes [..] bytes
//! the sum of their numbers is 500000500000
//! ```

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use canter::sync::{Event, WaitGroup};

const TASKS: u64 = 1_000_000;

#[canter::main]
pub async fn main() {
    let sum = Arc::new(AtomicU64::new(0));
    let release = Arc::new(Event::new());
    let (ready, group) = (WaitGroup::new(), WaitGroup::new());
    ready.add(TASKS as usize);
    let (before, begun) = (memory(), Instant::now());
    for number in 1..=TASKS {
        let (sum, release, ready) = (sum.clone(), release.clone(), ready.clone());
        canter::go(group.track(async move {
            let released = release.wait();
            ready.done();
            released.await;
            sum.fetch_add(number, Ordering::Relaxed);
        }));
    }
    ready.wait().await;
    println!("{TASKS} tasks wait, started in {:.1?}", begun.elapsed());
    match (before, memory()) {
        (Some(before), Some(after)) => println!("each of them takes {} bytes", (after - before) / TASKS),
        _ => println!("each of them takes a number of bytes that this system does not tell"),
    }
    release.notify_all();
    group.wait().await;
    println!("the sum of their numbers is {}", sum.load(Ordering::Relaxed));
}

/// The bytes of memory that the process has, where the system says so as Linux does.
fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = kilobytes.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
