//! Several messages at once.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use std::collections::VecDeque;
use std::thread;

use by_hand::{ready, wait};
use canter_channel::{RecvError, SendError, bounded, unbounded, unbuffered};
use futures::executor::block_on;

#[test]
fn send_many_sends_all_in_their_order() {
    for (tx, rx) in [bounded(500), unbounded()] {
        let mut messages: VecDeque<u32> = (0..500).collect();
        assert_eq!(block_on(tx.send_many(&mut messages)), Ok(500));
        assert!(messages.is_empty());
        assert!((0..500).eq(rx.drain()));
    }
}

#[test]
fn send_many_waits_for_room_as_often_as_it_takes() {
    for capacity in [0, 1, 2, 7] {
        let (tx, rx) = bounded(capacity);
        let mut messages: VecDeque<u32> = (0..100).collect();
        let mut send = Box::pin(tx.send_many(&mut messages));
        let mut woken = wait(&mut send);
        for number in 0..100 - capacity as u32 {
            assert!(!woken.take());
            assert_eq!(rx.try_recv(), Ok(number));
            if number + 1 < 100 - capacity as u32 {
                assert!(woken.take());
                woken = wait(&mut send);
            }
        }
        assert_eq!(ready(&mut send), Ok(100));
        assert_eq!(rx.drain().count(), capacity);
    }
}

#[test]
fn send_many_of_nothing_ends_at_once() {
    let (tx, _rx) = unbuffered::<u32>();
    assert_eq!(ready(&mut Box::pin(tx.send_many(&mut VecDeque::new()))), Ok(0));
}

#[test]
fn send_many_wakes_as_many_receivers_as_it_has_messages() {
    for (tx, rx) in [unbuffered(), bounded(1), unbounded()] {
        let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
        let woken: Vec<_> = receives.iter_mut().map(wait).collect();
        assert_eq!(ready(&mut Box::pin(tx.send_many(&mut (0..3).collect()))), Ok(3));
        let woken: Vec<_> = woken.iter().map(|flag| flag.take()).collect();
        assert_eq!(woken, [true, true, true, false, false]);
        for (recv, number) in receives.iter_mut().zip(0..3) {
            assert_eq!(ready(recv), Ok(number));
        }
    }
}

#[test]
fn send_many_keeps_what_it_did_not_send_when_it_is_dropped() {
    let (tx, rx) = bounded(2);
    let mut messages: VecDeque<u32> = (0..5).collect();
    let mut send = Box::pin(tx.send_many(&mut messages));
    let _woken = wait(&mut send);
    drop(send);
    assert_eq!(messages, [2, 3, 4]);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn send_many_does_not_keep_what_was_taken_before_it_is_dropped() {
    let (tx, rx) = bounded(2);
    let mut messages: VecDeque<u32> = (0..5).collect();
    let mut send = Box::pin(tx.send_many(&mut messages));
    let woken = wait(&mut send);
    assert_eq!(rx.try_recv(), Ok(0));
    assert!(woken.take());
    drop(send);
    assert_eq!(messages, [3, 4]);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn send_many_that_was_never_polled_keeps_all() {
    let (tx, rx) = unbounded();
    let mut messages: VecDeque<u32> = (0..5).collect();
    drop(tx.send_many(&mut messages));
    assert_eq!((messages.len(), rx.len()), (5, 0));
}

#[test]
fn send_many_keeps_what_it_did_not_send_when_the_channel_is_closed() {
    let (tx, rx) = bounded(2);
    let mut messages: VecDeque<u32> = (0..5).collect();
    let mut send = Box::pin(tx.send_many(&mut messages));
    let woken = wait(&mut send);
    rx.close();
    assert!(woken.take());
    assert_eq!(ready(&mut send), Err(SendError(())));
    drop(send);
    assert_eq!(messages, [2, 3, 4]);
    assert_eq!(block_on(tx.send_many(&mut messages)), Err(SendError(())));
    assert_eq!(messages, [2, 3, 4]);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn recv_many_waits_for_one_message_and_takes_those_that_are_there() {
    for (tx, rx) in [bounded(500), unbounded()] {
        let mut buffer = vec![u32::MAX];
        let mut recv = Box::pin(rx.recv_many(&mut buffer, 1000));
        let woken = wait(&mut recv);
        (0..300).for_each(|number| tx.try_send(number).unwrap());
        assert!(woken.take());
        assert_eq!(ready(&mut recv), Ok(300));
        drop(recv);
        assert_eq!(buffer[0], u32::MAX, "what was there stays");
        assert!((0..300).eq(buffer.drain(1..)));
        assert!(rx.is_empty());
    }
}

#[test]
fn recv_many_takes_no_more_than_its_limit() {
    let (tx, rx) = unbounded();
    (0..300).for_each(|number| tx.try_send(number).unwrap());
    for limit in [0, 1, 2, 31, 32, 33, 100] {
        let mut buffer = Vec::new();
        assert_eq!(block_on(rx.recv_many(&mut buffer, limit)), Ok(limit));
        assert_eq!(buffer.len(), limit);
    }
    let mut rest = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut rest, usize::MAX)), Ok(101));
    assert!((199..300).eq(rest));
}

#[test]
fn recv_many_of_nothing_ends_at_once() {
    let (_tx, rx) = unbuffered::<u32>();
    assert_eq!(ready(&mut Box::pin(rx.recv_many(&mut Vec::new(), 0))), Ok(0));
}

#[test]
fn recv_many_takes_from_senders_that_wait() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = bounded(capacity);
        let mut sends: Vec<_> = (0..10).map(|number| Box::pin(tx.send(number))).collect();
        sends
            .iter_mut()
            .for_each(|send| _ = flag::poll(send, &flag::Flag::new()));
        let mut buffer = Vec::new();
        assert_eq!(block_on(rx.recv_many(&mut buffer, 100)), Ok(10));
        assert!((0..10).eq(buffer));
    }
}

#[test]
fn recv_many_leaves_messages_to_those_to_whom_they_are_promised() {
    let (tx, rx) = unbounded();
    let mut promised = Box::pin(rx.recv());
    let _woken = wait(&mut promised);
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    let mut buffer = Vec::new();
    assert_eq!(ready(&mut Box::pin(rx.recv_many(&mut buffer, 10))), Ok(2));
    assert_eq!(buffer, [0, 1]);
    assert_eq!(ready(&mut promised), Ok(2));
}

#[test]
fn recv_many_that_is_dropped_has_appended_nothing_and_leaves_its_message() {
    let (tx, rx) = unbounded();
    let mut buffer = Vec::new();
    let mut recv = Box::pin(rx.recv_many(&mut buffer, 10));
    let woken = wait(&mut recv);
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    assert!(woken.take());
    drop(recv);
    assert!(buffer.is_empty());
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn recv_many_of_a_closed_channel_takes_the_rest_and_then_fails() {
    let (tx, rx) = unbounded();
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    drop(tx);
    let mut buffer = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut buffer, 10)), Ok(3));
    assert_eq!(block_on(rx.recv_many(&mut buffer, 10)), Err(RecvError));
    assert_eq!(buffer, [0, 1, 2]);
}

#[test]
fn recv_many_takes_any_number_of_messages_without_size() {
    let (tx, rx) = unbounded();
    (0..1000).for_each(|_| tx.try_send(()).unwrap());
    let mut buffer = Vec::new();
    assert_eq!(block_on(rx.recv_many(&mut buffer, usize::MAX)), Ok(1000));
    assert_eq!(buffer.len(), 1000);
}

#[test]
fn drain_takes_what_is_there_at_its_call() {
    let (tx, rx) = unbounded();
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    let mut drain = rx.drain();
    assert_eq!(drain.size_hint(), (0, Some(3)));
    assert_eq!(drain.next(), Some(0));
    tx.try_send(3).unwrap();
    assert_eq!(drain.by_ref().collect::<Vec<_>>(), [1, 2]);
    assert_eq!(drain.next(), None);
    assert_eq!(rx.len(), 1, "what came later stays");
}

#[test]
fn drain_that_is_dropped_leaves_the_rest() {
    let (tx, rx) = unbounded();
    (0..3).for_each(|number| tx.try_send(number).unwrap());
    rx.drain().next();
    assert_eq!(rx.len(), 2);
}

#[test]
fn drain_lets_senders_in_that_wait() {
    let (tx, rx) = bounded(2);
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    let mut send = Box::pin(tx.send(2));
    let woken = wait(&mut send);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [0, 1]);
    assert!(woken.take());
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn iter_ends_when_the_channel_is_closed_and_empty() {
    for (tx, rx) in [unbuffered(), bounded(7), unbounded()] {
        let sender = thread::spawn(move || (0..1000).for_each(|number| tx.send_blocking(number).unwrap()));
        let mut expected = 0;
        for number in &rx {
            assert_eq!(number, expected);
            expected += 1;
        }
        assert_eq!(expected, 1000);
        assert_eq!(rx.iter().next(), None);
        sender.join().unwrap();
    }
}
