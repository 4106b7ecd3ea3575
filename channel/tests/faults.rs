//! Faults that channels of this kind have had, each by its name.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::cell::RefCell;
use std::mem;
use std::pin::Pin;
use std::ptr;
use std::rc::Rc;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;

use by_hand::{ready, wait};
use canter_channel::{Receiver, Sender, bounded, unbounded, unbuffered};
use drops::{Drops, Guard};
use flag::{Flag, poll};
use futures::executor::block_on;
use futures::{FutureExt, SinkExt, StreamExt};

fn all_kinds<T>() -> Vec<(Sender<T>, Receiver<T>)> {
    vec![unbuffered(), bounded(1), bounded(7), unbounded()]
}

// A list freed twice when it is dropped during a send: a message whose destructor uses its own channel.

/// Does something when it is dropped.
struct OnDrop {
    act: Option<Box<dyn FnOnce()>>,
    _guard: Guard,
}

impl OnDrop {
    fn new(drops: &Drops, act: impl FnOnce() + 'static) -> OnDrop {
        OnDrop {
            act: Some(Box::new(act)),
            _guard: drops.guard(),
        }
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(act) = self.act.take() {
            act();
        }
    }
}

#[test]
fn a_message_that_is_dropped_with_the_channel_may_send_into_it() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        for _ in 0..3 {
            let (inner, again) = (tx.clone(), drops.clone());
            let message = OnDrop::new(&drops, move || {
                let error = inner.try_send(OnDrop::new(&again, || ())).unwrap_err();
                assert!(error.is_closed());
            });
            assert!(tx.try_send(message).is_ok());
        }
        drop(rx);
        assert_eq!(drops.count(), 6);
    }
}

#[test]
fn a_message_that_is_dropped_with_the_channel_may_ask_and_close_it() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        for left in [2, 1, 0] {
            let inner = tx.clone();
            let message = OnDrop::new(&drops, move || {
                assert_eq!(
                    (inner.len(), inner.is_closed(), inner.close()),
                    (left, true, false)
                );
                assert!(inner.try_reserve().is_err());
                assert!(inner.downgrade().upgrade().is_some());
            });
            assert!(tx.try_send(message).is_ok());
        }
        drop(rx);
        assert_eq!(drops.count(), 3);
    }
}

#[test]
fn the_last_sender_may_be_dropped_by_a_message_that_is_dropped_with_the_channel() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        let handles = Rc::new(RefCell::new(Vec::new()));
        for _ in 0..3 {
            let handles = handles.clone();
            let message = OnDrop::new(&drops, move || drop(handles.take()));
            assert!(tx.try_send(message).is_ok());
        }
        handles.borrow_mut().push(tx);
        drop(rx);
        assert_eq!(drops.count(), 3);
        assert!(handles.borrow().is_empty());
    }
}

#[test]
fn a_message_may_hold_the_sender_of_its_own_channel() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        for _ in 0..3 {
            let inner = tx.clone();
            let message = OnDrop::new(&drops, move || drop(inner));
            assert!(tx.try_send(message).is_ok());
        }
        drop(tx);
        assert!(!rx.is_closed(), "the messages hold senders");
        drop(rx);
        assert_eq!(drops.count(), 3);
    }
}

#[test]
fn a_message_that_is_displaced_may_drop_the_receiver() {
    let drops = Drops::default();
    let (tx, rx) = bounded(2);
    let inner = Rc::new(RefCell::new(Some(rx)));
    for _ in 0..2 {
        let inner = inner.clone();
        let message = OnDrop::new(&drops, move || drop(inner.take()));
        assert!(tx.try_send(message).is_ok());
    }
    let displaced = tx.force_send(OnDrop::new(&drops, || ())).ok().flatten();
    assert_eq!(drops.count(), 0);
    drop(displaced);
    assert_eq!(
        drops.count(),
        3,
        "the receiver is gone, and with it the channel's messages"
    );
    assert!(tx.is_closed());
}

#[test]
fn a_send_that_is_dropped_may_drop_the_other_side_with_its_message() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let inner = Rc::new(RefCell::new(Some(rx)));
    let held = inner.clone();
    let message = OnDrop::new(&drops, move || drop(held.take()));
    let mut send = Box::pin(tx.send(message));
    let mut behind = Box::pin(tx.send(OnDrop::new(&drops, || ())));
    let _flag = wait(&mut send);
    let flag = wait(&mut behind);
    drop(send);
    assert!(flag.take(), "the channel was closed");
    assert!(ready(&mut behind).is_err());
    assert_eq!(drops.count(), 2);
}

#[test]
fn a_message_may_receive_from_its_own_channel_when_it_is_dropped() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        let shared = Rc::new(rx);
        for _ in 0..3 {
            let inner = shared.clone();
            let message = OnDrop::new(&drops, move || drop(inner.try_recv().ok()));
            assert!(tx.try_send(message).is_ok());
        }
        drop(shared.try_recv().ok());
        assert_eq!(drops.count(), 3, "each dropped the next one");
    }
}

#[test]
fn a_channel_of_handles_of_itself_is_freed() {
    struct Knot(
        #[expect(dead_code, reason = "it is held")] Option<Receiver<Knot>>,
        #[expect(dead_code, reason = "it is held")] Guard,
    );
    let drops = Drops::default();
    let (tx, rx) = bounded(4);
    assert!(tx.try_send(Knot(Some(rx.clone()), drops.guard())).is_ok());
    assert!(tx.try_send(Knot(None, drops.guard())).is_ok());
    drop(rx.try_recv().ok());
    assert_eq!(drops.count(), 1);
    drop(rx);
    assert_eq!(drops.count(), 2);
}

// A wake-up lost when a waiter that was woken is dropped.

#[test]
fn a_waiter_that_was_woken_and_is_dropped_passes_it_on() {
    for (tx, rx) in all_kinds() {
        let mut first = Box::pin(rx.recv());
        let mut second = Box::pin(rx.recv());
        let flags = [wait(&mut first), wait(&mut second)];
        tx.try_send(1).unwrap();
        assert!(flags[0].take());
        drop(first);
        assert!(flags[1].take());
        assert_eq!(ready(&mut second), Ok(1));
    }
}

#[test]
fn room_that_was_granted_to_a_reservation_that_is_dropped_is_passed_on() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut first = Box::pin(tx.reserve());
    let mut second = Box::pin(tx.send(1));
    let flags = [wait(&mut first), wait(&mut second)];
    rx.try_recv().unwrap();
    assert!(flags[0].take() && !flags[1].take());
    drop(first);
    assert!(flags[1].take());
    assert_eq!(rx.try_recv(), Ok(1));
}

// A wake-up lost when a waiter that was woken is leaked.

/// Leaks a future. A note of its address tells a leak checker that this is meant to be.
fn leak<F>(future: Pin<Box<F>>) {
    static LEAKED: Mutex<Vec<usize>> = Mutex::new(Vec::new());
    LEAKED.lock().unwrap().push(ptr::from_ref(&*future).addr());
    mem::forget(future);
}

/// Leaks a receive that waits.
fn leak_a_receive<T>(rx: &Receiver<T>) {
    let mut recv = Box::pin(rx.recv());
    _ = wait(&mut recv);
    leak(recv);
}

#[test]
fn a_message_promised_to_a_receive_that_was_leaked_goes_to_the_next_one_that_comes() {
    for (tx, rx) in all_kinds().into_iter().skip(1) {
        leak_a_receive(&rx);
        tx.try_send(1).unwrap();
        assert_eq!(block_on(rx.recv()), Ok(1));
        leak_a_receive(&rx);
        tx.try_send(2).unwrap();
        assert_eq!(rx.recv_blocking(), Ok(2));
    }
}

#[test]
fn an_unbuffered_message_that_a_leaked_receive_has_comes_with_the_next_one_or_at_the_close() {
    let (tx, rx) = unbuffered();
    leak_a_receive(&rx);
    tx.try_send(1).unwrap();
    let mut recv = Box::pin(rx.recv());
    let flag = wait(&mut recv);
    tx.try_send(2).unwrap();
    assert!(flag.take());
    assert_eq!(block_on(recv), Ok(1));
    let mut waits = Box::pin(rx.recv());
    let flag = wait(&mut waits);
    drop(tx);
    assert!(flag.take());
    assert_eq!(block_on(waits), Ok(2));
    assert!(block_on(rx.recv()).is_err());
}

#[test]
fn a_message_promised_to_a_receive_that_was_leaked_goes_to_a_stream_and_to_recv_many() {
    for (tx, mut rx) in all_kinds().into_iter().skip(1) {
        leak_a_receive(&rx);
        tx.try_send(1).unwrap();
        assert_eq!(block_on(rx.next()), Some(1));
        leak_a_receive(&rx);
        tx.try_send(2).unwrap();
        let mut buffer = Vec::new();
        assert_eq!(block_on(rx.recv_many(&mut buffer, 10)), Ok(1));
        assert_eq!(buffer, [2]);
    }
}

#[test]
fn a_message_promised_to_a_receive_that_was_leaked_outlives_the_last_sender() {
    for (tx, rx) in all_kinds() {
        leak_a_receive(&rx);
        tx.try_send(1).unwrap();
        drop(tx);
        assert_eq!(block_on(rx.recv()), Ok(1));
        assert!(block_on(rx.recv()).is_err());
    }
}

#[test]
fn a_channel_with_leaked_receives_carries_all_messages_in_order() {
    for (tx, rx) in all_kinds() {
        let receiver = thread::spawn(move || {
            (0..3).for_each(|_| {
                let mut recv = Box::pin(rx.recv());
                match poll(&mut recv, &Flag::new()) {
                    Poll::Ready(message) => assert!(message.is_ok()),
                    Poll::Pending => leak(recv),
                }
            });
            rx.iter().collect::<Vec<u32>>()
        });
        (0..1000).for_each(|number| tx.send_blocking(number).unwrap());
        drop(tx);
        let received = receiver.join().unwrap();
        assert!(
            received.is_sorted() && received.len() >= 997,
            "{} messages",
            received.len()
        );
    }
}

#[test]
fn a_message_promised_to_a_receive_that_was_leaked_is_dropped_with_the_last_receiver() {
    for (tx, rx) in all_kinds() {
        let drops = Drops::default();
        leak_a_receive(&rx);
        assert!(tx.try_send(drops.guard()).is_ok());
        drop(rx);
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn a_send_that_was_leaked_is_received_in_its_turn() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let room = usize::from(tx.try_send(0).is_ok());
        let mut leaked = Box::pin(tx.send(1));
        _ = wait(&mut leaked);
        leak(leaked);
        let mut send = Box::pin(tx.send(2));
        _ = wait(&mut send);
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert_eq!(received, [0, 1, 2][1 - room..]);
    }
}

#[test]
fn a_wait_for_the_close_that_was_leaked_hinders_nobody() {
    let (tx, rx) = bounded::<u32>(1);
    let mut leaked = Box::pin(rx.closed());
    _ = wait(&mut leaked);
    leak(leaked);
    let mut closed = Box::pin(rx.closed());
    let flag = wait(&mut closed);
    tx.close();
    assert!(flag.take());
}

// A notification lost between a sink and a send.

#[test]
fn sinks_and_sends_on_one_full_channel_lose_no_wake_up() {
    for capacity in [0, 1, 2] {
        let (tx, rx) = bounded(capacity);
        let sinks = (0..2).map(|_| {
            let mut sink = tx.clone().into_sink();
            thread::spawn(move || (0..2000).for_each(|number| block_on(sink.send(number)).unwrap()))
        });
        let sends = (0..2).map(|_| {
            let tx = tx.clone();
            thread::spawn(move || (0..2000).for_each(|number| block_on(tx.send(number)).unwrap()))
        });
        let threads: Vec<_> = sinks.chain(sends).collect();
        drop(tx);
        assert_eq!(rx.iter().sum::<u32>(), 4 * (1999 * 2000 / 2));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

#[test]
fn a_sink_that_was_woken_and_is_dropped_lets_the_next_send_in() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut sink = tx.clone().into_sink();
    assert!(sink.feed(1).now_or_never().is_none_or(|fed| fed.is_ok()));
    assert!(sink.flush().now_or_never().is_none());
    let mut send = Box::pin(tx.send(2));
    let flag = wait(&mut send);
    drop(sink);
    assert!(!flag.take());
    assert_eq!(rx.try_recv(), Ok(0));
    assert!(flag.take());
    assert_eq!(rx.try_recv(), Ok(2));
}

// A value lost in a rendezvous that is cancelled.

#[test]
fn a_rendezvous_that_is_cancelled_loses_no_value() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _flag = wait(&mut recv);
    let mut send = Box::pin(tx.send(drops.guard()));
    assert!(ready(&mut send).is_ok());
    drop((send, recv));
    assert_eq!(drops.count(), 0, "it was sent");
    assert!(rx.try_recv().is_ok());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_rendezvous_whose_two_sides_are_cancelled_leaves_the_value_in_the_channel() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _flag = wait(&mut recv);
    assert!(tx.try_send(drops.guard()).is_ok());
    drop(recv);
    drop(tx);
    assert_eq!((drops.count(), rx.len()), (0, 1));
    drop(rx);
    assert_eq!(drops.count(), 1);
}

// A waker that was replaced by another.

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    for (tx, rx) in all_kinds() {
        let mut recv = Box::pin(rx.recv());
        let first = wait(&mut recv);
        let second = wait(&mut recv);
        tx.try_send(1).unwrap();
        assert!(second.take());
        assert!(!first.take(), "its task has given the future away");
        assert_eq!(ready(&mut recv), Ok(1));
    }
    for (tx, rx) in [unbuffered(), bounded(1)] {
        _ = tx.try_send(0);
        let mut send = Box::pin(tx.send(1));
        let first = wait(&mut send);
        let second = wait(&mut send);
        rx.try_recv().unwrap();
        assert!(second.take());
        assert!(!first.take());
        assert_eq!(ready(&mut send), Ok(()));
    }
}

#[test]
fn a_future_can_move_to_another_thread_between_polls() {
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _first = wait(&mut recv);
    thread::scope(|scope| {
        let waits = scope.spawn(|| block_on(recv));
        tx.send_blocking(1).unwrap();
        assert_eq!(waits.join().unwrap(), Ok(1));
    });
}

// Polls without a reason.

#[test]
fn polls_without_a_reason_change_nothing() {
    let (tx, rx) = bounded(1);
    let mut receives = [Box::pin(rx.recv()), Box::pin(rx.recv())];
    let flag = Flag::new();
    for _ in 0..100 {
        assert!(
            receives
                .each_mut()
                .into_iter()
                .all(|recv| poll(recv, &flag).is_pending())
        );
    }
    assert!(!flag.take());
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    assert_eq!(receives.each_mut().map(ready), [Ok(0), Ok(1)]);

    tx.try_send(0).unwrap();
    let mut sends = [Box::pin(tx.send(1)), Box::pin(tx.send(2))];
    for _ in 0..100 {
        assert!(
            sends
                .each_mut()
                .into_iter()
                .all(|send| poll(send, &flag).is_pending())
        );
    }
    assert_eq!(
        [rx.try_recv(), rx.try_recv(), rx.try_recv()],
        [Ok(0), Ok(1), Ok(2)]
    );
    assert_eq!(sends.each_mut().map(ready), [Ok(()), Ok(())]);
}

#[test]
fn one_waker_for_many_futures_wakes_once_for_each() {
    let (tx, rx) = unbuffered();
    let flag = Flag::new();
    let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
    assert!(receives.iter_mut().all(|recv| poll(recv, &flag).is_pending()));
    for number in 0..5 {
        tx.try_send(number).unwrap();
        assert!(flag.take());
    }
    assert!((0..5).eq(receives.iter_mut().map(|recv| ready(recv).unwrap())));
}
