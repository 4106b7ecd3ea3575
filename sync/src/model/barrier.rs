//! The barrier.

use std::sync::Arc;

use super::{block_on, check, poll_once, spawn_on};
use crate::Barrier;

/// Race: the last one at a barrier, against those that it lets through, which give up.
#[test]
fn model_a_barrier_counts_nobody_who_gave_up() {
    check(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let come = |barrier: &Barrier| {
            poll_once(barrier.wait());
        };
        let threads = [spawn_on(&barrier, come), spawn_on(&barrier, come)];
        come(&barrier);
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(format!("{barrier:?}").contains("arrived: 0"), "{barrier:?}");
        let other = spawn_on(&barrier, |barrier| {
            block_on(barrier.wait());
        });
        block_on(barrier.wait());
        other.join().unwrap();
    });
}
