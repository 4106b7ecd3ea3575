//! The end of a channel, and waiting for it.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use by_hand::{ready, wait};
use canter_channel::{Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError};
use canter_channel::{bounded, unbounded, unbuffered};
use flag::Flag;
use futures::executor::block_on;

fn all_kinds() -> Vec<(Sender<u32>, Receiver<u32>)> {
    vec![unbuffered(), bounded(1), bounded(7), unbounded()]
}

#[test]
fn the_first_close_says_so_from_either_side() {
    for (tx, rx) in all_kinds() {
        assert!(!tx.is_closed() && !rx.is_closed());
        assert!(tx.close());
        assert!(!tx.close() && !rx.close());
        assert!(tx.is_closed() && rx.is_closed());
    }
    for (tx, rx) in all_kinds() {
        assert!(rx.close());
        assert!(!tx.close() && !rx.close());
    }
}

#[test]
fn the_last_sender_closes_the_channel() {
    for (tx, rx) in all_kinds() {
        let other = tx.clone();
        drop(tx);
        assert!(!rx.is_closed());
        drop(other);
        assert!(rx.is_closed());
        assert!(!rx.close());
    }
}

#[test]
fn the_last_receiver_closes_the_channel() {
    for (tx, rx) in all_kinds() {
        let other = rx.clone();
        drop(rx);
        assert!(!tx.is_closed());
        drop(other);
        assert!(tx.is_closed());
        assert!(!tx.close());
    }
}

#[test]
fn what_is_in_a_closed_channel_can_be_received() {
    for (tx, rx) in [bounded(7), unbounded()] {
        (0..5).for_each(|number| tx.try_send(number).unwrap());
        tx.close();
        assert_eq!(rx.len(), 5);
        assert_eq!(tx.try_send(5), Err(TrySendError::Closed(5)));
        assert_eq!(block_on(rx.recv()), Ok(0));
        assert_eq!(rx.recv_blocking(), Ok(1));
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(rx.drain().collect::<Vec<_>>(), [3, 4]);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(block_on(rx.recv()), Err(RecvError));
    }
}

#[test]
fn close_wakes_every_receiver_that_waits() {
    for (tx, rx) in all_kinds() {
        let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
        let woken: Vec<_> = receives.iter_mut().map(wait).collect();
        tx.close();
        assert!(woken.iter().all(|flag| flag.take()));
        assert!(receives.iter_mut().all(|recv| ready(recv) == Err(RecvError)));
    }
}

#[test]
fn close_gives_every_sender_that_waits_its_message_back() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        _ = tx.try_send(0);
        let mut sends: Vec<_> = (1..6).map(|number| Box::pin(tx.send(number))).collect();
        let woken: Vec<_> = sends.iter_mut().map(wait).collect();
        rx.close();
        assert!(woken.iter().all(|flag| flag.take()));
        for (send, number) in sends.iter_mut().zip(1..) {
            assert_eq!(ready(send), Err(SendError(number)));
        }
        assert_eq!(
            rx.drain().count(),
            rx.capacity().unwrap(),
            "they were not received"
        );
    }
}

#[test]
fn close_ends_every_reservation_that_waits() {
    let (tx, _rx) = unbuffered::<u32>();
    let mut reserves = [Box::pin(tx.reserve()), Box::pin(tx.reserve())];
    let woken = reserves.each_mut().map(wait);
    tx.close();
    assert_eq!(woken.map(|flag| flag.take()), [true, true]);
    assert!(
        reserves
            .each_mut()
            .into_iter()
            .all(|reserve| ready(reserve).is_err())
    );
    assert!(block_on(tx.reserve()).is_err());
    assert_eq!(tx.try_reserve().unwrap_err(), TrySendError::Closed(()));
}

#[test]
fn a_message_that_was_promised_before_the_close_is_received() {
    for (tx, rx) in all_kinds() {
        let mut first = Box::pin(rx.recv());
        let mut second = Box::pin(rx.recv());
        let _woken = wait(&mut first);
        let second_woken = wait(&mut second);
        tx.try_send(1).unwrap();
        drop(tx);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "there is a message");
        assert_eq!(ready(&mut first), Ok(1));
        assert!(second_woken.take());
        assert_eq!(ready(&mut second), Err(RecvError));
    }
}

#[test]
fn a_message_whose_receiver_is_dropped_after_the_close_goes_to_the_next_one() {
    for (tx, rx) in all_kinds() {
        let mut first = Box::pin(rx.recv());
        let mut second = Box::pin(rx.recv());
        let _woken = wait(&mut first);
        let second_woken = wait(&mut second);
        tx.try_send(1).unwrap();
        drop(tx);
        drop(first);
        assert!(second_woken.take());
        assert_eq!(ready(&mut second), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn a_send_that_was_taken_before_the_close_succeeds() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        _ = tx.try_send(0);
        let mut send = Box::pin(tx.send(1));
        let _woken = wait(&mut send);
        rx.try_recv().unwrap();
        rx.close();
        assert_eq!(ready(&mut send), Ok(()));
    }
}

#[test]
fn closed_ends_at_the_close_on_both_sides() {
    for (tx, rx) in all_kinds() {
        let (mut of_sender, mut of_receiver) = (Box::pin(tx.closed()), Box::pin(rx.closed()));
        let woken = [wait(&mut of_sender), wait(&mut of_receiver)];
        _ = tx.try_send(1);
        _ = rx.try_recv();
        assert_eq!(
            woken.each_ref().map(|flag| flag.take()),
            [false, false],
            "only the end counts"
        );
        rx.close();
        assert_eq!(woken.map(|flag| flag.take()), [true, true]);
        ready(&mut of_sender);
        ready(&mut of_receiver);
        ready(&mut of_receiver);
        block_on(tx.closed());
    }
}

#[test]
fn closed_ends_when_the_other_side_is_gone() {
    for (tx, rx) in all_kinds() {
        let mut closed = Box::pin(tx.closed());
        let woken = wait(&mut closed);
        drop(rx);
        assert!(woken.take());
        ready(&mut closed);
    }
    for (tx, rx) in all_kinds() {
        let mut closed = Box::pin(rx.closed());
        let woken = wait(&mut closed);
        drop(tx);
        assert!(woken.take());
        ready(&mut closed);
    }
}

#[test]
fn closed_does_not_wait_for_the_messages() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    drop(tx);
    block_on(rx.closed());
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn closed_that_is_dropped_is_not_woken() {
    let (tx, rx) = bounded::<u32>(1);
    let mut first = Box::pin(rx.closed());
    let mut second = Box::pin(rx.closed());
    let woken = [wait(&mut first), wait(&mut second)];
    drop(first);
    tx.close();
    assert_eq!(woken.map(|flag| flag.take()), [false, true]);
}

#[test]
fn closed_wakes_the_waker_of_its_last_poll() {
    let (tx, rx) = bounded::<u32>(1);
    let mut closed = Box::pin(rx.closed());
    let _first = wait(&mut closed);
    let second = Flag::new();
    assert!(flag::poll(&mut closed, &second).is_pending());
    tx.close();
    assert!(second.take());
}

#[test]
fn closed_holds_nobody_back() {
    let (tx, rx) = unbuffered();
    let mut closed = Box::pin(rx.closed());
    let _woken = wait(&mut closed);
    assert!(tx.try_send(1).is_err(), "it receives nothing");
    drop(closed);
    drop(rx);
    assert!(tx.is_closed());
}

#[test]
fn the_messages_of_a_channel_without_receivers_are_dropped_at_once() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let message = std::rc::Rc::new(());
        (0..5).for_each(|_| tx.try_send(message.clone()).unwrap());
        drop(rx);
        assert_eq!(std::rc::Rc::strong_count(&message), 1);
        assert!(tx.is_empty());
    }
}

#[test]
fn the_messages_of_a_channel_without_senders_stay() {
    let (tx, rx) = bounded(2);
    let message = std::rc::Rc::new(());
    tx.try_send(message.clone()).unwrap();
    drop(tx);
    assert_eq!(std::rc::Rc::strong_count(&message), 2);
    drop(rx);
    assert_eq!(std::rc::Rc::strong_count(&message), 1);
}
