//! What the tasks of a group cost in memory: one allocation each, and nothing once they are joined.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use canter_executor::runtime::Runtime;
use canter_executor::task::Group;
use canter_executor::yield_now;

struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static LIVE_BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's allocator; the counts touch no memory of its own making.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        LIVE_BYTES.fetch_add(layout.size(), Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE_BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TASKS: usize = 100_000;

/// Tasks that have all ended.
static ENDED: AtomicUsize = AtomicUsize::new(0);

#[test]
fn a_task_of_a_group_is_one_allocation_and_a_crowd_leaves_nothing() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let measured = runtime.spawn(async {
        let mut group = Group::new();
        let allocations = ALLOCATIONS.load(Relaxed);
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
        let allocations = ALLOCATIONS.load(Relaxed) - allocations;
        let live = LIVE_BYTES.load(Relaxed);
        drop(group);
        (allocations, live - LIVE_BYTES.load(Relaxed))
    });
    let (allocations, kept) = runtime.block_on(measured).unwrap();
    println!("{allocations} allocations, and the group without tasks kept {kept} bytes");
    assert!(allocations >= TASKS, "the count shows nothing");
    // The queues of the scheduler take a block now and then.
    assert!(allocations <= TASKS + TASKS / 20, "{allocations} allocations");
    assert!(kept <= TASKS / 10, "the group kept {kept} bytes");
}
