//! Bytes and allocations of a parked task, and the time to start, wake and end a million of them.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::Poll;
use std::time::Instant;

use canter_bench::{Flag, runtime};
use canter_executor::{go, yield_now};

/// The system's allocator, with what is live and how often it was asked.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

#[expect(unsafe_code, reason = "a global allocator is unsafe to implement")]
// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Relaxed);
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: passed on with the caller's promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: passed on with the caller's promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TASKS: usize = 1_000_000;

/// What all tasks share. Each parks in the list of wakers and ends when it is woken.
#[derive(Default)]
struct Lot {
    parked: AtomicUsize,
    open: AtomicBool,
    ended: AtomicUsize,
    wakers: std::sync::Mutex<Vec<std::task::Waker>>,
    all_ended: Flag,
}

async fn park(lot: Arc<Lot>) {
    let mut waits = false;
    std::future::poll_fn(|cx| {
        if lot.open.load(Relaxed) {
            return Poll::Ready(());
        }
        if !std::mem::replace(&mut waits, true) {
            lot.wakers
                .lock()
                .expect("no panic under this lock")
                .push(cx.waker().clone());
            lot.parked.fetch_add(1, Relaxed);
        }
        Poll::Pending
    })
    .await;
    if lot.ended.fetch_add(1, Relaxed) + 1 == TASKS {
        lot.all_ended.raise();
    }
}

fn main() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let lot = Arc::new(Lot::default());
        lot.wakers
            .lock()
            .expect("no panic under this lock")
            .reserve(TASKS);
        let (live, allocations, start) = (LIVE.load(Relaxed), ALLOCATIONS.load(Relaxed), Instant::now());
        runtime.block_on(async {
            for _ in 0..TASKS {
                go(park(lot.clone()));
            }
            while lot.parked.load(Relaxed) < TASKS {
                yield_now().await;
            }
        });
        let (started, parked) = (start.elapsed(), lot.parked.load(Relaxed));
        let bytes = (LIVE.load(Relaxed) - live) as f64 / TASKS as f64;
        let allocations = (ALLOCATIONS.load(Relaxed) - allocations) as f64 / TASKS as f64;
        let start = Instant::now();
        lot.open.store(true, Relaxed);
        let wakers = std::mem::take(&mut *lot.wakers.lock().expect("no panic under this lock"));
        wakers.into_iter().for_each(std::task::Waker::wake);
        runtime.block_on(lot.all_ended.lowered());
        assert_eq!((parked, lot.ended.load(Relaxed)), (TASKS, TASKS));
        println!(
            "{workers} workers, a million parked tasks: {bytes:.0} bytes and {allocations:.3} allocations each, \
             started in {started:.2?}, woken and ended in {:.2?}",
            start.elapsed()
        );
    }
}
