//! What memory a channel takes, and when: counted by the allocator, for each thread by itself.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;

use std::collections::VecDeque;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use canter_channel::{Receiver, Sender, bounded, unbounded, unbuffered};
use counting::{allocates_nothing, counted};

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_bounded_channel_is_one_allocation_as_large_as_its_capacity() {
    for capacity in [1, 2, 7, 64, 1000] {
        let ((tx, rx), counts) = counted(|| bounded::<u64>(capacity));
        assert_eq!(counts.allocations, 1);
        let messages = 8 * capacity as isize;
        assert!(
            (messages..messages + 512).contains(&counts.live_bytes),
            "{counts:?}"
        );
        let ((), counts) = counted(|| drop((tx, rx)));
        assert!(counts.live_bytes < -messages, "all is given back");
    }
}

#[test]
fn sending_and_receiving_up_to_the_capacity_allocates_nothing() {
    for capacity in [1, 2, 7, 64, 1000] {
        let (tx, rx) = bounded::<u64>(capacity);
        allocates_nothing(|| {
            for round in 0..10 {
                (0..capacity as u64).for_each(|number| tx.try_send(number).unwrap());
                assert!(tx.try_send(0).is_err());
                _ = tx.force_send(0);
                rx.drain().take(capacity - round % capacity).for_each(drop);
                rx.drain().for_each(drop);
            }
        });
    }
}

fn every_wait((tx, rx): &(Sender<u64>, Receiver<u64>)) {
    let (mut first, mut second) = (pin!(rx.recv()), pin!(rx.recv()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    tx.try_send(1).unwrap();
    assert_eq!(poll(first), Poll::Ready(Ok(1)));
    tx.try_send(2).unwrap();
    assert_eq!(poll(second), Poll::Ready(Ok(2)));

    while tx.capacity().is_some() && tx.try_send(0).is_ok() {}
    let (mut first, mut second) = (pin!(tx.send(3)), pin!(tx.send(4)));
    let waits = tx.capacity().is_some();
    assert_eq!(poll(first.as_mut()).is_pending(), waits);
    assert_eq!(poll(second.as_mut()).is_pending(), waits);
    if waits {
        let mut place = pin!(tx.reserve());
        assert!(poll(place.as_mut()).is_pending());
        assert!((0..tx.len() + 2).all(|_| rx.try_recv().is_ok()));
        assert_eq!(poll(first), Poll::Ready(Ok(())));
        assert_eq!(poll(second), Poll::Ready(Ok(())));
    }
    assert!(poll(pin!(tx.closed())).is_pending());
    {
        let mut cancelled = pin!(rx.recv());
        while rx.try_recv().is_ok() {}
        assert!(poll(cancelled.as_mut()).is_pending());
        tx.try_send(5).unwrap();
    }
    while rx.try_recv().is_ok() {}
}

#[test]
fn a_send_or_receive_that_waits_allocates_nothing() {
    for channel in [unbuffered(), bounded(1), bounded(7)] {
        allocates_nothing(|| every_wait(&channel));
    }
    let channel = unbounded();
    every_wait(&channel);
    allocates_nothing(|| every_wait(&channel));
}

#[test]
fn a_rendezvous_allocates_nothing() {
    let (tx, rx) = unbuffered::<[u64; 100]>();
    allocates_nothing(|| {
        for _ in 0..100 {
            let mut send = pin!(tx.send([1; 100]));
            assert!(poll(send.as_mut()).is_pending());
            assert!(rx.try_recv().is_ok());
            assert!(poll(send).is_ready());

            let mut recv = pin!(rx.recv());
            assert!(poll(recv.as_mut()).is_pending());
            assert!(poll(pin!(tx.send([2; 100]))).is_ready());
            assert!(poll(recv).is_ready());
        }
    });
}

#[test]
fn handles_allocate_nothing() {
    let (tx, rx) = bounded::<u64>(1);
    allocates_nothing(|| {
        let handles = (tx.clone(), rx.clone(), tx.downgrade(), rx.downgrade());
        drop((handles.2.upgrade(), handles.3.upgrade()));
        drop(handles);
        drop(tx.try_reserve());
    });
}

#[test]
fn what_is_promised_beyond_the_capacity_allocates_once() {
    for (tx, rx) in [unbuffered(), bounded(1), bounded(7)] {
        let round = || {
            let (mut a, mut b, mut c) = (pin!(rx.recv()), pin!(rx.recv()), pin!(rx.recv()));
            assert!(poll(a.as_mut()).is_pending() && poll(b.as_mut()).is_pending());
            assert!(poll(c.as_mut()).is_pending());
            while tx.try_send(1).is_ok() {}
            assert!(poll(a).is_ready() && poll(b).is_ready() && poll(c).is_ready());
            rx.drain().for_each(drop);
        };
        round();
        allocates_nothing(|| (0..100).for_each(|_| round()));
    }
}

#[test]
fn an_unbounded_channel_gives_memory_back_as_it_drains() {
    const MESSAGES: isize = 100_000;
    let (tx, rx) = unbounded::<[u64; 4]>();
    let fill = || (0..MESSAGES as u64).for_each(|number| tx.try_send([number; 4]).unwrap());
    let ((), filled) = counted(fill);
    assert!(filled.live_bytes >= MESSAGES * 32);
    assert!(filled.live_bytes < MESSAGES * 36, "{filled:?}");
    for part in 1..=10 {
        let ((), drained) = counted(|| rx.drain().take(MESSAGES as usize / 10).for_each(drop));
        let expected = MESSAGES / 10 * 32;
        assert!(
            drained.live_bytes < -expected * 9 / 10,
            "part {part}: {drained:?}"
        );
    }
    let ((), again) = counted(|| {
        fill();
        rx.drain().for_each(drop);
    });
    assert!(again.live_bytes <= 0, "{again:?}");
}

#[test]
fn an_unbounded_channel_that_is_drained_holds_little() {
    let ((tx, rx), created) = counted(unbounded::<[u64; 4]>);
    let ((), used) = counted(|| {
        (0..100_000).for_each(|number| tx.try_send([number; 4]).unwrap());
        rx.drain().for_each(drop);
    });
    let held = created.live_bytes + used.live_bytes;
    assert!(held < 40_000, "{held} bytes");
    let ((), dropped) = counted(|| drop((tx, rx)));
    assert_eq!(dropped.live_bytes, -held, "all is given back");
}

#[test]
fn an_unbounded_channel_that_is_filled_and_emptied_in_turn_allocates_nothing() {
    let (tx, rx) = unbounded::<u64>();
    let round = |count| {
        (0..count).for_each(|number| tx.try_send(number).unwrap());
        assert!((0..count).eq(rx.drain()));
    };
    round(300);
    allocates_nothing(|| (0..1000).for_each(|at| round(at % 100)));
}

#[test]
fn a_queue_that_moves_on_at_one_length_allocates_nothing() {
    let (tx, rx) = unbounded::<u64>();
    let step = |number| {
        tx.try_send(number).unwrap();
        if number >= 1000 {
            assert_eq!(rx.try_recv(), Ok(number - 1000));
        }
    };
    (0..5000).for_each(step);
    allocates_nothing(|| (5000..50_000).for_each(step));
}

#[test]
fn send_many_and_recv_many_allocate_only_for_the_buffer() {
    let (tx, rx) = bounded::<u64>(64);
    let mut messages: VecDeque<u64> = (0..64).collect();
    let mut buffer = Vec::with_capacity(64);
    allocates_nothing(|| {
        for _ in 0..10 {
            assert!(poll(pin!(tx.send_many(&mut messages))).is_ready());
            assert!(poll(pin!(rx.recv_many(&mut buffer, 64))).is_ready());
            messages.extend(buffer.drain(..));
        }
    });
}

#[test]
fn messages_without_size_take_no_memory() {
    let ((), counts) = counted(|| {
        let ((_tx, rx), filled) = counted(|| {
            let (tx, rx) = unbounded();
            (0..100_000).for_each(|_| tx.try_send(()).unwrap());
            (tx, rx)
        });
        assert!(filled.live_bytes < 1_000_000);
        assert_eq!(rx.drain().count(), 100_000);
    });
    assert_eq!(counts.live_bytes, 0);
}
