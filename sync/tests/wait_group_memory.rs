//! What memory a wait group takes, and when.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "../../channel/tests/common/counting.rs"]
mod counting;
#[path = "common/poll.rs"]
mod poll;

use std::pin::pin;

use canter_sync::WaitGroup;
use counting::{allocates_nothing, counted};
use poll::poll;

#[test]
fn a_group_is_one_small_allocation() {
    assert_eq!(size_of::<WaitGroup>(), size_of::<usize>());
    let (group, counts) = counted(WaitGroup::new);
    assert_eq!(counts.allocations, 1);
    let words = counts.live_bytes / size_of::<usize>() as isize;
    assert!(words <= 6, "the counts of the `Arc`, and four words: {words}");
    let ((), counts) = counted(|| drop(group));
    assert_eq!(counts.live_bytes, -words * size_of::<usize>() as isize);
}

#[test]
fn what_need_not_wait_allocates_nothing() {
    let group = WaitGroup::new();
    group.wait_blocking(); // the thread's own waker is made
    allocates_nothing(|| {
        for amount in 0..100 {
            assert!(poll(pin!(group.wait())).is_ready());
            group.add(amount);
            (0..amount).for_each(|_| group.done());
            group.wait_blocking();
            assert!(poll(pin!(group.track(async {}))).is_ready());
            drop(group.clone().track(async {}));
        }
    });
}

#[test]
fn a_wait_allocates_nothing_once_the_list_has_grown() {
    let group = WaitGroup::new();
    let round = || {
        group.add(1);
        let mut first = pin!(group.wait());
        assert!(poll(first.as_mut()).is_pending());
        for _ in 0..10 {
            let (mut second, mut third) = (pin!(group.wait()), pin!(group.wait()));
            assert!(poll(second.as_mut()).is_pending());
            assert!(poll(third.as_mut()).is_pending());
            assert!(poll(first.as_mut()).is_pending());
        }
        group.done();
        assert!(poll(first).is_ready());
    };
    round();
    allocates_nothing(|| (0..100).for_each(|_| round()));
}

#[test]
fn memory_comes_back_when_those_who_waited_have_left() {
    let group = WaitGroup::new();
    for gives_up in [false, true] {
        let ((), counts) = counted(|| {
            group.add(1);
            let mut waits: Vec<_> = (0..100_000).map(|_| Box::pin(group.wait())).collect();
            for future in &mut waits {
                assert!(poll(future.as_mut()).is_pending());
            }
            if !gives_up {
                group.done();
                assert!(waits.iter_mut().all(|future| poll(future.as_mut()).is_ready()));
            }
            drop(waits);
            if gives_up {
                group.done();
            }
        });
        assert!(counts.live_bytes < 4096, "{counts:?}");
    }
}
