//! An allocator that counts, for each thread by itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

/// What was allocated: how often, how much, and how much of it is still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub allocations: usize,
    pub bytes: usize,
    pub live_bytes: isize,
}

thread_local! {
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { allocations: 0, bytes: 0, live_bytes: 0 }) };
}

fn note(allocations: usize, allocated: usize, freed: usize) {
    _ = COUNTS.try_with(|counts| {
        let before = counts.get();
        counts.set(Counts {
            allocations: before.allocations + allocations,
            bytes: before.bytes + allocated,
            live_bytes: before.live_bytes + allocated as isize - freed as isize,
        });
    });
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size(), 0);
        // SAFETY: what the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, 0, layout.size());
        // SAFETY: what the caller promises.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size, layout.size());
        // SAFETY: what the caller promises.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What the code allocated on this thread.
pub fn counted<R>(code: impl FnOnce() -> R) -> (R, Counts) {
    let before = COUNTS.get();
    let result = code();
    let after = COUNTS.get();
    let counts = Counts {
        allocations: after.allocations - before.allocations,
        bytes: after.bytes - before.bytes,
        live_bytes: after.live_bytes - before.live_bytes,
    };
    (result, counts)
}

/// Runs code that must neither allocate nor give anything back.
#[track_caller]
pub fn allocates_nothing<R>(code: impl FnOnce() -> R) -> R {
    let (result, counts) = counted(code);
    assert_eq!(counts, Counts::default());
    result
}
