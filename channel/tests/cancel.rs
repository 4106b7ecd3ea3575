//! Futures that are dropped: before their first poll, while they wait, and after they were served.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;
#[path = "common/seed.rs"]
mod seed;

use std::task::Poll;

use by_hand::{ready, wait};
use canter_channel::{Receiver, Sender, TryRecvError, bounded, unbounded, unbuffered};
use drops::Drops;
use flag::{Flag, poll};
use seed::random;

fn all_kinds() -> Vec<(Sender<u32>, Receiver<u32>)> {
    vec![unbuffered(), bounded(1), bounded(7), unbounded()]
}

#[test]
fn a_future_that_was_never_polled_has_no_effect() {
    for (tx, rx) in all_kinds() {
        drop(tx.send(1));
        drop(rx.recv());
        drop(tx.reserve());
        drop(tx.closed());
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(tx.is_full(), tx.capacity() == Some(0));
    }
}

#[test]
fn a_send_that_is_dropped_while_it_waits_drops_its_message_unsent() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let is_bounded = tx.try_send(drops.guard()).is_ok();
        let before = drops.count();
        let mut send = Box::pin(tx.send(drops.guard()));
        let _woken = wait(&mut send);
        drop(send);
        assert_eq!(drops.count(), before + 1);
        assert_eq!(rx.drain().count(), usize::from(is_bounded));
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_send_that_is_dropped_after_it_was_taken_has_been_sent() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let is_bounded = tx.try_send(drops.guard()).is_ok();
        let before = drops.count();
        let mut send = Box::pin(tx.send(drops.guard()));
        let woken = wait(&mut send);
        let first = rx.try_recv().ok();
        assert!(woken.take());
        drop(send);
        assert_eq!(drops.count(), before, "the message is out");
        let second = rx.try_recv().ok();
        assert_eq!(second.is_some(), is_bounded);
        drop((first, second));
        assert_eq!(drops.count(), before + 1 + usize::from(is_bounded));
    }
}

#[test]
fn a_send_that_is_dropped_makes_way_for_those_behind_it() {
    let (tx, rx) = unbuffered();
    let mut sends: Vec<_> = (0..3).map(|number| Some(Box::pin(tx.send(number)))).collect();
    let _woken: Vec<_> = sends.iter_mut().flatten().map(wait).collect();
    sends[1] = None;
    assert_eq!([rx.try_recv(), rx.try_recv()], [Ok(0), Ok(2)]);
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_receive_that_is_dropped_while_it_waits_has_no_effect() {
    for (tx, rx) in all_kinds() {
        let mut receives: Vec<_> = (0..3).map(|_| Some(Box::pin(rx.recv()))).collect();
        let woken: Vec<_> = receives.iter_mut().flatten().map(wait).collect();
        receives[1] = None;
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        let woken: Vec<_> = woken.iter().map(|flag| flag.take()).collect();
        assert_eq!(woken, [true, false, true]);
    }
}

#[test]
fn a_message_promised_to_a_receive_that_is_dropped_goes_to_the_next_in_line() {
    for (tx, rx) in all_kinds() {
        let mut receives: Vec<_> = (0..3).map(|_| Box::pin(rx.recv())).collect();
        let woken: Vec<_> = receives.iter_mut().map(wait).collect();
        tx.try_send(0).unwrap();
        tx.try_send(1).unwrap();
        drop(receives.remove(0));
        let woken: Vec<_> = woken.iter().map(|flag| flag.take()).collect();
        assert_eq!(woken, [true, true, true]);
        assert_eq!(
            ready(&mut receives[1]),
            Ok(0),
            "whoever comes first takes the oldest"
        );
        assert_eq!(ready(&mut receives[0]), Ok(1));
    }
}

#[test]
fn a_message_promised_to_a_receive_that_is_dropped_keeps_its_place_in_the_order() {
    for (tx, rx) in all_kinds() {
        let mut recv = Box::pin(rx.recv());
        let _woken = wait(&mut recv);
        tx.try_send(0).unwrap();
        let mut later: Vec<_> = (1..4).map(|number| Box::pin(tx.send(number))).collect();
        later.iter_mut().for_each(|send| _ = poll(send, &Flag::new()));
        drop(recv);
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert_eq!(received, [0, 1, 2, 3]);
    }
}

#[test]
fn dropping_every_receive_in_turn_hands_the_message_down_the_line() {
    for (tx, rx) in all_kinds() {
        let mut receives: Vec<_> = (0..10).map(|_| Box::pin(rx.recv())).collect();
        let woken: Vec<_> = receives.iter_mut().map(wait).collect();
        tx.try_send(7).unwrap();
        for flag in woken {
            assert!(flag.take());
            drop(receives.remove(0));
        }
        assert_eq!(rx.try_recv(), Ok(7));
    }
}

#[test]
fn a_receive_that_is_dropped_in_its_turn_leaves_the_message_to_whom_it_is_promised() {
    let (tx, rx) = bounded(1);
    let mut first = Box::pin(rx.recv());
    let _woken = wait(&mut first);
    tx.try_send(1).unwrap();
    let mut gives_way = Box::pin(rx.recv());
    assert!(poll(&mut gives_way, &Flag::new()).is_pending());
    drop(gives_way);
    assert_eq!(ready(&mut first), Ok(1));
}

#[test]
fn a_receive_that_was_overtaken_can_be_dropped() {
    let (tx, rx) = bounded(1);
    let mut overtaken = Box::pin(rx.recv());
    let _woken = wait(&mut overtaken);
    tx.try_send(1).unwrap();
    let mut newcomer = Box::pin(rx.recv());
    assert!(poll(&mut newcomer, &Flag::new()).is_pending());
    assert_eq!(ready(&mut newcomer), Ok(1));
    drop(overtaken);
    tx.try_send(2).unwrap();
    assert_eq!((tx.len(), tx.is_full()), (1, true));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn messages_of_a_sender_come_in_order_whatever_receives_are_dropped() {
    let mut random = random("messages_of_a_sender_come_in_order_whatever_receives_are_dropped");
    for _ in 0..300 {
        let (tx, rx) = all_kinds().swap_remove(random.usize(..4));
        let (mut sent, mut received) = (0_u32, Vec::new());
        let mut waiting = Vec::new();
        for _ in 0..random.usize(..100) {
            match random.u32(..6) {
                0 | 1 => {
                    let mut recv = Box::pin(rx.recv());
                    match poll(&mut recv, &Flag::new()) {
                        Poll::Ready(message) => received.extend(message),
                        Poll::Pending => waiting.push(recv),
                    }
                }
                2 if !waiting.is_empty() => {
                    drop(waiting.swap_remove(random.usize(..waiting.len())));
                }
                3 if !waiting.is_empty() => {
                    let at = random.usize(..waiting.len());
                    if let Poll::Ready(message) = poll(&mut waiting[at], &Flag::new()) {
                        received.extend(message);
                        drop(waiting.swap_remove(at));
                    }
                }
                _ => sent += u32::from(tx.try_send(sent).is_ok()),
            }
        }
        waiting.clear();
        received.extend(std::iter::from_fn(|| rx.try_recv().ok()));
        assert!((0..sent).eq(received));
    }
}
