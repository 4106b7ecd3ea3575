//! What memory a semaphore takes, and when.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "../../channel/tests/common/counting.rs"]
mod counting;
#[path = "common/poll.rs"]
mod poll;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use canter_sync::Semaphore;
use counting::{allocates_nothing, counted};
use poll::poll;

#[test]
fn a_semaphore_is_four_words_or_less_and_allocates_nothing() {
    assert!(size_of::<Semaphore>() <= 4 * size_of::<usize>());
    allocates_nothing(|| drop(Semaphore::new(3)));
}

#[test]
fn what_need_not_wait_allocates_nothing() {
    let semaphore = Arc::new(Semaphore::new(3));
    drop(semaphore.acquire_blocking()); // the thread's own waker is made
    allocates_nothing(|| {
        for _ in 0..100 {
            let Poll::Ready(Ok(mut permit)) = poll(pin!(semaphore.acquire_many(2))) else {
                panic!("it need not wait");
            };
            let other = permit.split(1).unwrap();
            permit.merge(other);
            let Poll::Ready(Ok(owned)) = poll(pin!(semaphore.acquire_owned())) else {
                panic!("it need not wait");
            };
            assert!(semaphore.try_acquire().is_err());
            drop((permit, owned));
            drop(semaphore.acquire_many_blocking(3));
            semaphore.add_permits(1);
            assert_eq!(semaphore.forget_permits(1), 1);
        }
    });
}

#[test]
fn a_wait_allocates_nothing_once_the_list_has_grown() {
    let semaphore = Semaphore::new(1);
    let round = || {
        let permit = semaphore.try_acquire().unwrap();
        let (mut first, mut second) = (pin!(semaphore.acquire()), pin!(semaphore.acquire()));
        assert!(poll(first.as_mut()).is_pending());
        {
            let mut gives_up = pin!(semaphore.acquire_many(7));
            assert!(poll(gives_up.as_mut()).is_pending());
        }
        assert!(poll(second.as_mut()).is_pending());
        assert!(poll(first.as_mut()).is_pending());
        drop(permit);
        assert!(poll(first).is_ready());
        let Poll::Ready(Ok(_)) = poll(second) else {
            panic!("it was handed on");
        };
    };
    round();
    allocates_nothing(|| (0..100).for_each(|_| round()));
}

#[test]
fn memory_comes_back_when_those_who_waited_have_left() {
    let semaphore = Semaphore::new(0);
    for gives_up in [false, true] {
        let ((), counts) = counted(|| {
            let mut acquires: Vec<_> = (0..100_000).map(|_| Box::pin(semaphore.acquire())).collect();
            for acquire in &mut acquires {
                assert!(poll(acquire.as_mut()).is_pending());
            }
            if !gives_up {
                semaphore.add_permits(1);
                assert!(
                    acquires
                        .iter_mut()
                        .all(|acquire| poll(acquire.as_mut()).is_ready())
                );
            }
            drop(acquires);
            semaphore.forget_permits(1);
        });
        assert!(counts.live_bytes < 4096, "{counts:?}");
    }
}
