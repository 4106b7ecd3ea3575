//! A large future is spawned on a small stack: it never lies there whole twice.

#[path = "common/child.rs"]
mod child;

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use canter_executor::runtime::{Handle, Runtime};
use canter_executor::task::LocalSet;
use canter_executor::{block_on, go, spawn};
use child::{child, stderr_of};

const SIZE: usize = 300 << 10;

/// How often the future may lie on the stack. Without optimisation the compiler copies each argument into the frame of the
/// call, so that even `Box::pin` takes two: what is left to see then is that nobody adds to it.
const COPIES: usize = if cfg!(debug_assertions) { 10 } else { 1 };

/// Room for that many copies and what else a thread needs, and not for one more.
const STACK: usize = COPIES * SIZE + (SIZE - (32 << 10));

struct Large([u8; SIZE]);

impl Future for Large {
    type Output = u8;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u8> {
        Poll::Ready(black_box(&self.0)[SIZE / 2])
    }
}

// Each way to spawn has a frame of its own.

#[inline(never)]
fn by_handle(handle: &Handle) {
    assert_eq!(block_on(handle.spawn(Large([7; SIZE]))).unwrap(), 7);
}

#[inline(never)]
fn by_spawn(_: &Handle) {
    assert_eq!(block_on(spawn(Large([7; SIZE]))).unwrap(), 7);
}

#[inline(never)]
fn by_go(_: &Handle) {
    go(Large([7; SIZE]));
}

#[inline(never)]
fn by_local_set(_: &Handle) {
    let set = LocalSet::new();
    let task = set.spawn_local(Large([7; SIZE]));
    assert_eq!(block_on(set.run_until(task)).unwrap(), 7);
}

#[test]
fn a_large_future_lies_on_the_stack_of_its_spawner_once() {
    let command = child("a_large_future_lies_on_the_stack_of_its_spawner_once", || {
        let runtime = Runtime::builder().workers(1).build().unwrap();
        go(async {}); // starts the default runtime on this stack
        for spawns in [by_handle, by_spawn, by_go, by_local_set] {
            let handle = runtime.handle().clone();
            let thread = std::thread::Builder::new().stack_size(STACK);
            thread.spawn(move || spawns(&handle)).unwrap().join().unwrap();
        }
    });
    stderr_of(command);
}
