//! What the tasks of a group cost in memory: one allocation each, and nothing once they are joined.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use canter_executor::runtime::Runtime;
use canter_executor::task::Group;
use canter_executor::yield_now;
use counting::counts;

const TASKS: usize = 100_000;

/// Tasks that have all ended.
static ENDED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_task_of_a_group_is_one_allocation_and_a_crowd_leaves_nothing() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let measured = runtime.spawn(async {
        let mut group = Group::new();
        let before = counts();
        for _ in 0..TASKS {
            // The only worker is here, so none of them runs yet.
            let task = async { ENDED.fetch_add(1, Relaxed) };
            group.try_spawn(task).expect("there is no limit");
        }
        while ENDED.load(Relaxed) < TASKS {
            yield_now().await;
        }
        while let Some(result) = group.join_next().await {
            result.unwrap();
        }
        let full = counts();
        drop(group);
        let given_back = (counts() - full).live_bytes;
        ((full - before).allocations, -given_back)
    });
    let (allocations, kept) = runtime.block_on(measured).unwrap();
    println!("{allocations} allocations, and the group without tasks kept {kept} bytes");
    assert!(allocations >= TASKS, "the count shows nothing");
    // The queues of the scheduler take a block now and then.
    assert!(allocations <= TASKS + TASKS / 20, "{allocations} allocations");
    assert!(kept <= TASKS as isize / 10, "the group kept {kept} bytes");
}
