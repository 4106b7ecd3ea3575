//! Every message is received, handed back or dropped: once. Whatever its size, and wherever it was when its channel ended.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::cell::Cell;
use std::collections::VecDeque;

use by_hand::{ready, wait};
use canter_channel::{Receiver, Sender, bounded, unbounded, unbuffered};
use drops::{Drops, Guard};
use flag::{Flag, poll};

thread_local! {
    static DROPPED: Cell<usize> = const { Cell::new(0) };
}

/// Has no size, and is counted all the same.
struct Nothing;

impl Drop for Nothing {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
    }
}

/// Larger than the chunks of a queue would like.
#[expect(dead_code, reason = "it takes up space, and is counted when it is dropped")]
struct Large([u8; 4096], Guard);

fn large(drops: &Drops) -> Large {
    Large([7; 4096], drops.guard())
}

/// Sends `count` messages and receives some of them, over and over; each is dropped once in the end.
fn run<T>(channel: (Sender<T>, Receiver<T>), mut make: impl FnMut() -> T, dropped: impl Fn() -> usize) {
    let before = dropped();
    let (tx, rx) = channel;
    let mut made = 0;
    for round in 0..50 {
        for _ in 0..round % 7 * 5 {
            made += 1;
            _ = tx.try_send(make());
        }
        let mut receives: Vec<_> = (0..round % 3).map(|_| Box::pin(rx.recv())).collect();
        receives.iter_mut().for_each(|recv| _ = poll(recv, &Flag::new()));
        let mut sends: Vec<_> = (0..round % 4).map(|_| Box::pin(tx.send(make()))).collect();
        made += round % 4;
        sends.iter_mut().for_each(|send| _ = poll(send, &Flag::new()));
        if round % 5 == 0 {
            receives.iter_mut().for_each(|recv| _ = poll(recv, &Flag::new()));
            rx.drain().take(10).for_each(drop);
        }
        if round % 6 == 0 {
            made += 1;
            drop(tx.force_send(make()));
        }
        drop(receives);
        rx.drain().take(round % 8 * 3).for_each(drop);
        drop(sends);
    }
    made += 3;
    let mut messages: VecDeque<T> = (0..3).map(|_| make()).collect();
    _ = poll(&mut Box::pin(tx.send_many(&mut messages)), &Flag::new());
    drop(messages);
    drop(rx);
    assert_eq!(
        dropped() - before,
        made,
        "the last receiver leaves nothing behind"
    );
    drop(tx);
    assert_eq!(dropped() - before, made);
}

fn kinds<T>() -> Vec<(Sender<T>, Receiver<T>)> {
    vec![
        unbuffered(),
        bounded(1),
        bounded(2),
        bounded(7),
        bounded(64),
        unbounded(),
    ]
}

#[test]
fn messages_without_size_are_dropped_once() {
    for channel in kinds() {
        run(channel, || Nothing, || DROPPED.get());
    }
}

#[test]
fn large_messages_are_dropped_once() {
    for channel in kinds() {
        let drops = Drops::default();
        run(channel, || large(&drops), || drops.count());
    }
}

#[test]
fn small_messages_are_dropped_once() {
    for channel in kinds() {
        let drops = Drops::default();
        run(channel, || drops.guard(), || drops.count());
    }
}

#[test]
fn the_last_receiver_drops_what_is_queued() {
    for count in [1, 2, 63, 64, 65, 255, 256, 257, 1000, 5000] {
        for (tx, rx) in [bounded(count), unbounded()] {
            let drops = Drops::default();
            (0..count).for_each(|_| assert!(tx.try_send(drops.guard()).is_ok()));
            rx.drain().take(count / 3).for_each(drop);
            drop(rx);
            assert_eq!(drops.count(), count);
        }
    }
}

#[test]
fn messages_are_dropped_in_the_order_in_which_they_came() {
    struct Numbered(usize);
    impl Drop for Numbered {
        fn drop(&mut self) {
            assert_eq!(DROPPED.replace(self.0 + 1), self.0);
        }
    }
    DROPPED.set(0);
    let (tx, rx) = unbounded();
    (0..1000).for_each(|number| assert!(tx.try_send(Numbered(number)).is_ok()));
    drop(rx);
    assert_eq!(DROPPED.get(), 1000);
}

#[test]
fn a_message_promised_to_a_receive_is_dropped_with_the_last_receiver() {
    for (tx, rx) in kinds() {
        let drops = Drops::default();
        let mut recv = Box::pin(rx.recv());
        let _woken = wait(&mut recv);
        assert!(tx.try_send(drops.guard()).is_ok());
        drop(recv);
        assert_eq!(drops.count(), 0);
        drop(rx);
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn a_message_promised_to_a_stream_is_dropped_with_it() {
    for (tx, mut rx) in kinds() {
        use futures::{FutureExt, StreamExt};
        let drops = Drops::default();
        assert!(rx.next().now_or_never().is_none());
        assert!(tx.try_send(drops.guard()).is_ok());
        drop(rx);
        assert_eq!(drops.count(), 1);
    }
}

#[test]
fn a_message_in_an_error_is_dropped_with_that() {
    let drops = Drops::default();
    let (tx, rx) = bounded(1);
    drop(rx);
    let errors = (
        tx.try_send(drops.guard()).err(),
        tx.force_send(drops.guard()).err(),
        ready(&mut Box::pin(tx.send(drops.guard()))).err(),
    );
    assert_eq!(drops.count(), 0);
    drop(errors);
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_send_that_fails_hands_its_message_back_and_keeps_none() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut send = Box::pin(tx.send(drops.guard()));
    let _woken = wait(&mut send);
    drop(rx);
    let error = ready(&mut send).unwrap_err();
    drop(send);
    assert_eq!(drops.count(), 0);
    drop(error.into_inner());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_send_that_is_dropped_after_the_close_drops_its_message() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered();
    let mut send = Box::pin(tx.send(drops.guard()));
    let _woken = wait(&mut send);
    drop(rx);
    drop(send);
    assert_eq!(drops.count(), 1);
}
