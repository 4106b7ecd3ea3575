//! Handles: how many there are, which belong together, and weak ones.

use std::fmt::{self, Write};

use canter_channel::{Sender, bounded, never, unbounded, unbuffered};
use futures::executor::block_on;

#[test]
fn handles_are_counted() {
    let (tx, rx) = bounded::<u32>(1);
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
    let (tx2, rx2, rx3) = (tx.clone(), rx.clone(), rx.clone());
    assert_eq!((rx.sender_count(), rx.receiver_count()), (2, 3));
    drop((tx2, rx2, rx3));
    assert_eq!((rx.sender_count(), rx.receiver_count()), (1, 1));
    drop(tx);
    assert_eq!((rx.sender_count(), rx.receiver_count()), (0, 1));
}

#[test]
fn weak_handles_are_not_counted() {
    let (tx, rx) = bounded::<u32>(1);
    let weak = (tx.downgrade(), rx.downgrade());
    let _more = weak.clone();
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
}

#[test]
fn weak_handles_do_not_keep_the_channel_open() {
    let (tx, rx) = bounded::<u32>(1);
    let weak = tx.downgrade();
    drop(tx);
    assert!(rx.is_closed());
    assert!(weak.upgrade().is_none());

    let (tx, rx) = bounded::<u32>(1);
    let weak = rx.downgrade();
    drop(rx);
    assert!(tx.is_closed());
    assert!(weak.upgrade().is_none());
}

#[test]
fn an_upgraded_handle_is_one_like_others() {
    let (tx, rx) = bounded(1);
    let (weak_tx, weak_rx) = (tx.downgrade(), rx.downgrade());
    let (tx2, rx2) = (weak_tx.upgrade().unwrap(), weak_rx.upgrade().unwrap());
    assert_eq!((tx2.sender_count(), tx2.receiver_count()), (2, 2));
    assert!(tx2.same_channel(&tx) && rx2.same_channel(&rx));
    drop((tx, rx));
    tx2.try_send(1).unwrap();
    assert_eq!(rx2.try_recv(), Ok(1));
    drop(tx2);
    assert!(rx2.is_closed());
}

#[test]
fn one_side_that_is_gone_does_not_come_back_while_the_other_is_there() {
    let (tx, rx) = bounded::<u32>(1);
    let weak = (tx.downgrade(), rx.downgrade());
    drop(rx);
    assert!(weak.1.upgrade().is_none());
    assert!(weak.0.upgrade().is_some(), "there is a sender");
}

#[test]
fn a_closed_channel_can_be_upgraded_while_there_are_handles() {
    let (tx, rx) = bounded::<u32>(1);
    let weak = tx.downgrade();
    rx.close();
    assert!(weak.upgrade().unwrap().is_closed());
}

#[test]
fn weak_handles_outlive_the_channel() {
    let (tx, rx) = bounded(1);
    let weak = (tx.downgrade(), rx.downgrade());
    let message = std::rc::Rc::new(());
    tx.try_send(message.clone()).unwrap();
    drop((tx, rx));
    assert_eq!(std::rc::Rc::strong_count(&message), 1, "they hold no message");
    assert!(weak.0.upgrade().is_none() && weak.1.upgrade().is_none());
}

#[test]
fn handles_know_their_channel() {
    let (tx, rx) = bounded::<u32>(1);
    let (other_tx, other_rx) = bounded::<u32>(1);
    assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
    assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
}

#[test]
fn lengths_are_seen_from_both_sides() {
    let (tx, rx) = bounded(2);
    let seen = || {
        assert_eq!(
            (tx.len(), tx.is_empty(), tx.is_full()),
            (rx.len(), rx.is_empty(), rx.is_full())
        );
        assert_eq!((tx.capacity(), rx.capacity()), (Some(2), Some(2)));
        (tx.len(), tx.is_empty(), tx.is_full())
    };
    assert_eq!(seen(), (0, true, false));
    tx.try_send(1).unwrap();
    assert_eq!(seen(), (1, false, false));
    tx.try_send(2).unwrap();
    assert_eq!(seen(), (2, false, true));
    tx.close();
    assert_eq!(seen(), (2, false, true));
    rx.try_recv().unwrap();
    assert_eq!(seen(), (1, false, false));
}

#[test]
fn an_unbuffered_channel_is_empty_and_full_and_an_unbounded_one_never_full() {
    let (tx, _rx) = unbuffered::<u32>();
    assert_eq!(
        (tx.len(), tx.is_empty(), tx.is_full(), tx.capacity()),
        (0, true, true, Some(0))
    );
    let (tx, _rx) = unbounded();
    (0..1000).for_each(|number| tx.try_send(number).unwrap());
    assert_eq!(
        (tx.len(), tx.is_empty(), tx.is_full(), tx.capacity()),
        (1000, false, false, None)
    );
}

#[test]
fn everything_can_be_shown_for_debugging_whatever_the_messages_are() {
    struct Opaque;
    let (tx, rx) = bounded::<Opaque>(3);
    tx.try_send(Opaque).unwrap();
    assert_eq!(
        format!("{tx:?}"),
        "Sender(Chan { len: 1, capacity: 3, closed: false, .. })"
    );
    assert_eq!(
        format!("{rx:?}"),
        "Receiver(Chan { len: 1, capacity: 3, closed: false, .. })"
    );
    let mut messages = std::collections::VecDeque::new();
    let mut buffer = Vec::new();
    let shown = [
        format!("{:?}", tx.downgrade()),
        format!("{:?}", rx.downgrade()),
        format!("{:?}", tx.send(Opaque)),
        format!("{:?}", tx.send_many(&mut messages)),
        format!("{:?}", tx.reserve()),
        format!("{:?}", tx.try_reserve()),
        format!("{:?}", tx.closed()),
        format!("{:?}", tx.clone().into_sink()),
        format!("{:?}", rx.recv()),
        format!("{:?}", rx.recv_many(&mut buffer, 1)),
        format!("{:?}", rx.drain()),
        format!("{:?}", rx.iter()),
        format!("{:?}", rx.closed()),
        format!("{:?}", never::<Opaque>()),
    ];
    assert!(shown.iter().all(|text| !text.is_empty()));
}

/// Sends what is written to it.
struct Lines(Sender<String>);

impl Write for Lines {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.try_send(text.to_owned()).map_err(|_| fmt::Error)
    }
}

#[test]
fn a_handle_can_be_shown_into_its_own_channel() {
    let (tx, rx) = unbounded();
    write!(Lines(tx.clone()), "{tx:?}").unwrap();
    assert!(rx.drain().collect::<String>().starts_with("Sender"));
}

#[test]
fn handles_are_not_held_by_futures() {
    let (tx, rx) = bounded::<u32>(1);
    let recv = rx.recv();
    assert_eq!(rx.receiver_count(), 1);
    drop(tx);
    assert!(block_on(recv).is_err());
}
