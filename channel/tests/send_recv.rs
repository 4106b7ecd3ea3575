//! One message: sent and received, tried, forced and blocking, on each kind of channel.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use std::pin::pin;
use std::task::Poll;
use std::thread;

use by_hand::{ready, wait};
use canter_channel::{
    Receiver, RecvError, SendError, Sender, TryRecvError, TrySendError, bounded, never, unbounded, unbuffered,
};
use futures::executor::block_on;
use futures::future::{Either, select};

/// Channels that hold at least one message.
fn buffered() -> Vec<(Sender<u32>, Receiver<u32>)> {
    vec![bounded(1), bounded(2), bounded(7), unbounded()]
}

/// Every kind of channel.
fn all_kinds() -> Vec<(Sender<u32>, Receiver<u32>)> {
    let mut kinds = buffered();
    kinds.push(unbuffered());
    kinds
}

#[test]
fn buffered_send_does_not_wait_while_there_is_room() {
    for (tx, rx) in buffered() {
        assert_eq!(block_on(tx.send(1)), Ok(()));
        assert_eq!(block_on(rx.recv()), Ok(1));
    }
}

#[test]
fn send_into_a_full_channel_waits_until_a_message_is_taken() {
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let mut third = Box::pin(tx.send(3));
    let woken = wait(&mut third);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(woken.take());
    assert_eq!(rx.len(), 2, "the message went in when there was room");
    assert_eq!(ready(&mut third), Ok(()));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [2, 3]);
}

#[test]
fn unbuffered_send_ends_when_a_receiver_has_taken_the_message() {
    let (tx, rx) = unbuffered();
    let mut send = Box::pin(tx.send(1));
    let woken = wait(&mut send);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(woken.take());
    assert_eq!(ready(&mut send), Ok(()));
}

#[test]
fn unbuffered_send_ends_at_once_when_a_receiver_waits() {
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let woken = wait(&mut recv);
    assert_eq!(ready(&mut Box::pin(tx.send(1))), Ok(()));
    assert!(woken.take());
    assert_eq!(ready(&mut recv), Ok(1));
}

#[test]
fn bounded_with_zero_is_unbuffered() {
    let (tx, rx) = bounded(0);
    assert_eq!(tx.capacity(), Some(0));
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    assert_eq!(tx.try_send(2), Ok(()));
    assert_eq!(ready(&mut recv), Ok(2));
}

#[test]
fn unbounded_send_never_waits() {
    let (tx, rx) = unbounded();
    for number in 0..10_000 {
        assert_eq!(ready(&mut Box::pin(tx.send(number))), Ok(()));
    }
    assert_eq!((tx.len(), tx.is_full(), tx.capacity()), (10_000, false, None));
    assert!((0..10_000).eq(rx.drain()));
}

#[test]
fn messages_come_in_the_order_in_which_they_were_sent() {
    for (tx, rx) in [bounded(64), unbounded()] {
        for round in 0..10 {
            (0..64).for_each(|number| tx.try_send(round * 64 + number).unwrap());
            (0..64).for_each(|number| assert_eq!(rx.try_recv(), Ok(round * 64 + number)));
        }
    }
}

#[test]
fn a_queue_keeps_its_order_wherever_it_is_filled_and_emptied() {
    for (tx, rx) in [bounded(1000), unbounded()] {
        let (mut sent, mut received) = (0, 0);
        for (more, fewer) in [
            (1000, 1),
            (1, 999),
            (300, 300),
            (700, 699),
            (3, 1),
            (900, 900),
            (1, 2),
            (257, 257),
        ] {
            (0..more).for_each(|_| {
                if tx.try_send(sent).is_ok() {
                    sent += 1;
                }
            });
            for _ in 0..fewer {
                if let Ok(number) = rx.try_recv() {
                    assert_eq!(number, received);
                    received += 1;
                }
            }
            assert_eq!(tx.len(), sent - received);
        }
        assert!((received..sent).eq(rx.drain()));
    }
}

#[test]
fn recv_waits_until_there_is_a_message() {
    for (tx, rx) in all_kinds() {
        let mut recv = Box::pin(rx.recv());
        let woken = wait(&mut recv);
        assert_eq!(tx.try_send(1), Ok(()));
        assert!(woken.take());
        assert_eq!(ready(&mut recv), Ok(1));
    }
}

#[test]
fn a_message_wakes_one_receiver() {
    for (tx, rx) in all_kinds() {
        let mut receives = [Box::pin(rx.recv()), Box::pin(rx.recv())];
        let woken = receives.each_mut().map(wait);
        tx.try_send(1).unwrap();
        assert_eq!(woken.map(|flag| flag.take()), [true, false]);
    }
}

#[test]
fn try_send_into_a_full_channel_gives_the_message_back() {
    let (tx, rx) = bounded(1);
    assert_eq!(tx.try_send(1), Ok(()));
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(tx.try_send(3), Ok(()));
}

#[test]
fn unbuffered_try_send_succeeds_exactly_when_a_receiver_waits() {
    let (tx, rx) = unbuffered();
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)), "nobody is there");

    let mut unpolled = Box::pin(rx.recv());
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)), "nobody waits yet");
    let _woken = wait(&mut unpolled);
    assert_eq!(tx.try_send(3), Ok(()));
    assert_eq!(tx.try_send(4), Err(TrySendError::Full(4)), "it waits no longer");
    assert_eq!(ready(&mut unpolled), Ok(3));

    let mut cancelled = Box::pin(rx.recv());
    let _woken = wait(&mut cancelled);
    drop(cancelled);
    assert_eq!(tx.try_send(5), Err(TrySendError::Full(5)), "it is gone");
}

#[test]
fn unbuffered_try_send_serves_as_many_receivers_as_wait() {
    let (tx, rx) = unbuffered();
    let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
    let _woken: Vec<_> = receives.iter_mut().map(wait).collect();
    (0..5).for_each(|number| tx.try_send(number).unwrap());
    assert!(tx.try_send(5).is_err());
    let received: Vec<_> = receives.iter_mut().map(|recv| ready(recv).unwrap()).collect();
    assert_eq!(received, [0, 1, 2, 3, 4]);
}

#[test]
fn what_unbuffered_try_send_handed_over_reaches_a_receiver_that_waits_when_its_own_is_dropped() {
    let (tx, rx) = unbuffered();
    let mut first = Box::pin(rx.recv());
    let mut second = Box::pin(rx.recv());
    let _woken = wait(&mut first);
    let second_woken = wait(&mut second);
    tx.try_send(1).unwrap();
    assert!(!second_woken.take());
    drop(first);
    assert!(second_woken.take());
    assert_eq!(ready(&mut second), Ok(1));
}

#[test]
fn what_unbuffered_try_send_handed_over_stays_for_the_next_receiver_when_its_own_is_dropped() {
    let (tx, rx) = unbuffered();
    let mut first = Box::pin(rx.recv());
    let _woken = wait(&mut first);
    tx.try_send(1).unwrap();
    drop(first);
    assert_eq!((rx.len(), rx.is_empty()), (1, false));
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn what_unbuffered_try_send_handed_over_can_be_received_after_the_last_sender_is_gone() {
    let (tx, rx) = unbuffered();
    let mut first = Box::pin(rx.recv());
    let _woken = wait(&mut first);
    tx.try_send(1).unwrap();
    drop(tx);
    drop(first);
    assert_eq!(block_on(rx.recv()), Ok(1));
    assert_eq!(block_on(rx.recv()), Err(RecvError));
}

#[test]
fn try_recv_of_an_empty_channel_says_so() {
    for (tx, rx) in all_kinds() {
        let error = rx.try_recv().unwrap_err();
        assert!(error.is_empty() && !error.is_closed());
        drop(tx);
        let error = rx.try_recv().unwrap_err();
        assert!(error.is_closed() && !error.is_empty());
    }
}

#[test]
fn try_recv_takes_from_a_sender_that_waits() {
    for (tx, rx) in all_kinds() {
        let mut sends: Vec<_> = (0..9).map(|number| Box::pin(tx.send(number))).collect();
        sends
            .iter_mut()
            .for_each(|send| _ = flag::poll(send, &flag::Flag::new()));
        assert!((0..9).all(|number| rx.try_recv() == Ok(number)));
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_promised_message_is_not_taken_by_those_who_do_not_wait() {
    for (tx, rx) in all_kinds() {
        let mut recv = Box::pin(rx.recv());
        let _woken = wait(&mut recv);
        tx.try_send(1).unwrap();
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!((rx.len(), rx.drain().count()), (0, 0));
        assert_eq!(ready(&mut recv), Ok(1));
    }
}

#[test]
fn a_promised_message_takes_no_room() {
    let (tx, rx) = bounded(1);
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!(tx.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!(ready(&mut recv), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn a_newcomer_that_finds_promised_messages_gives_way_once_and_then_takes_them() {
    let (tx, rx) = bounded(1);
    let mut first = Box::pin(rx.recv());
    let _woken = wait(&mut first);
    tx.try_send(1).unwrap();
    let mut newcomer = Box::pin(rx.recv());
    let flag = flag::Flag::new();
    assert!(flag::poll(&mut newcomer, &flag).is_pending());
    assert!(flag.take(), "it looks again when others had a turn");
    assert_eq!(ready(&mut newcomer), Ok(1));

    let first_woken = wait(&mut first);
    tx.try_send(2).unwrap();
    assert!(first_woken.take());
    assert_eq!(ready(&mut first), Ok(2));
}

#[test]
fn force_send_into_room_displaces_nothing() {
    for (tx, rx) in buffered() {
        assert_eq!(tx.force_send(1), Ok(None));
        assert_eq!(rx.try_recv(), Ok(1));
    }
}

#[test]
fn force_send_displaces_the_oldest_message() {
    let (tx, rx) = bounded(2);
    (1..3).for_each(|number| tx.try_send(number).unwrap());
    assert_eq!(tx.force_send(3), Ok(Some(1)));
    assert_eq!(tx.force_send(4), Ok(Some(2)));
    assert_eq!(rx.drain().collect::<Vec<_>>(), [3, 4]);
}

#[test]
fn force_send_goes_in_before_senders_that_wait() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut waiting = Box::pin(tx.send(2));
    let woken = wait(&mut waiting);
    assert_eq!(tx.force_send(3), Ok(Some(1)));
    assert!(!woken.take());
    assert_eq!([rx.try_recv(), rx.try_recv()], [Ok(3), Ok(2)]);
    assert_eq!(ready(&mut waiting), Ok(()));
}

#[test]
fn force_send_never_fills_an_unbounded_channel() {
    let (tx, rx) = unbounded();
    (0..1000).for_each(|number| assert_eq!(tx.force_send(number), Ok(None)));
    assert_eq!(rx.len(), 1000);
}

#[test]
fn unbuffered_force_send_comes_back_unless_a_receiver_waits() {
    let (tx, rx) = unbuffered();
    assert_eq!(tx.force_send(1), Ok(Some(1)));
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    assert_eq!(tx.force_send(2), Ok(None));
    assert_eq!(tx.force_send(3), Ok(Some(3)));
    assert_eq!(ready(&mut recv), Ok(2));
}

#[test]
fn unbuffered_force_send_displaces_no_message_whose_receiver_was_dropped() {
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    tx.try_send(1).unwrap();
    drop(recv);
    assert_eq!(tx.force_send(2), Ok(Some(2)));
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(rx.try_recv().is_err());
}

#[test]
fn force_send_into_a_channel_with_more_than_its_capacity_displaces_one_message() {
    let (tx, rx) = bounded(1);
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(recv);
    assert_eq!(rx.len(), 2);
    let displaced = tx.force_send(3).unwrap();
    let mut all: Vec<_> = displaced.into_iter().chain(rx.drain()).collect();
    all.sort();
    assert_eq!(all, [1, 2, 3], "each is received or comes back");
}

#[test]
fn force_send_displaces_no_promised_message_and_no_permit() {
    let (tx, rx) = bounded(1);
    let permit = tx.try_reserve().unwrap();
    assert_eq!(tx.force_send(1), Ok(Some(1)), "the only place is reserved");
    permit.send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(2));

    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    tx.try_send(3).unwrap();
    assert_eq!(tx.force_send(4), Ok(None), "a promised message takes no room");
    assert_eq!(
        tx.force_send(5),
        Ok(Some(3)),
        "the oldest one goes; the promise is for the next one"
    );
    assert_eq!(ready(&mut recv), Ok(4));
    assert_eq!(rx.try_recv(), Ok(5));
}

#[test]
fn sends_into_a_closed_channel_give_the_message_back() {
    for (tx, rx) in all_kinds() {
        drop(rx);
        assert_eq!(block_on(tx.send(1)), Err(SendError(1)));
        assert_eq!(tx.send_blocking(2), Err(SendError(2)));
        assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!(tx.force_send(4), Err(SendError(4)));
    }
}

#[test]
fn errors_say_what_happened_and_give_the_message_back() {
    assert_eq!(SendError("it").into_inner(), "it");
    assert_eq!(TrySendError::Full("it").into_inner(), "it");
    assert_eq!(TrySendError::from(SendError("it")), TrySendError::Closed("it"));
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Closed);
    assert!(TrySendError::Full(()).is_full() && !TrySendError::Full(()).is_closed());
    assert!(TrySendError::Closed(()).is_closed() && !TrySendError::Closed(()).is_full());
    struct Opaque;
    let errors: Vec<Box<dyn std::error::Error>> = vec![
        Box::new(SendError(Opaque)),
        Box::new(TrySendError::Full(Opaque)),
        Box::new(TrySendError::Closed(Opaque)),
        Box::new(RecvError),
        Box::new(TryRecvError::Empty),
        Box::new(TryRecvError::Closed),
    ];
    for error in errors {
        let text = error.to_string();
        assert!(
            !text.ends_with('.') && text.starts_with(char::is_lowercase),
            "{text}"
        );
        assert!(!format!("{error:?}").is_empty());
    }
}

#[test]
fn blocking_sends_and_receives_meet() {
    for (tx, rx) in all_kinds() {
        let sender = thread::spawn(move || (0..1000).for_each(|number| tx.send_blocking(number).unwrap()));
        (0..1000).for_each(|number| assert_eq!(rx.recv_blocking(), Ok(number)));
        assert_eq!(rx.recv_blocking(), Err(RecvError));
        sender.join().unwrap();
    }
}

#[test]
fn blocked_sends_and_receives_end_when_the_channel_is_closed() {
    let (tx, rx) = unbuffered::<u32>();
    thread::scope(|scope| {
        let receives = scope.spawn(|| rx.recv_blocking());
        tx.close();
        assert_eq!(receives.join().unwrap(), Err(RecvError));
    });
    let (tx, rx) = unbuffered::<u32>();
    thread::scope(|scope| {
        let sends = scope.spawn(|| tx.send_blocking(1));
        rx.close();
        assert_eq!(sends.join().unwrap(), Err(SendError(1)));
    });
}

#[test]
fn a_deadline_beside_a_reservation_keeps_the_value() {
    let (tx, rx) = bounded(1);
    tx.try_send(String::from("first")).unwrap();
    let message = String::from("second");
    let unsent = block_on(async {
        match select(pin!(tx.reserve()), pin!(async {})).await {
            Either::Left((permit, _)) => permit.unwrap().send(message).err().map(SendError::into_inner),
            Either::Right(((), _)) => Some(message),
        }
    });
    assert_eq!(unsent.as_deref(), Some("second"));
    assert_eq!(rx.try_recv().as_deref(), Ok("first"));
    let message = unsent.unwrap();
    block_on(async {
        match select(pin!(tx.reserve()), pin!(std::future::pending::<()>())).await {
            Either::Left((permit, _)) => permit.unwrap().send(message).unwrap(),
            Either::Right(_) => unreachable!("there is room"),
        }
    });
    assert_eq!(rx.try_recv().as_deref(), Ok("second"));
}

#[test]
fn a_deadline_beside_a_receive_loses_no_message() {
    let (tx, rx) = unbuffered();
    block_on(async {
        let (recv, deadline) = (pin!(rx.recv()), pin!(async { tx.try_send(1) }));
        let outcome = select(recv, deadline).await;
        assert!(
            matches!(outcome, Either::Right((Ok(()), _))),
            "the receive was told of it too late"
        );
    });
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn nothing_comes_to_never_and_it_stays_open() {
    let nobody = never::<u32>();
    let mut recv = Box::pin(nobody.recv());
    let woken = wait(&mut recv);
    assert_eq!(nobody.try_recv(), Err(TryRecvError::Empty));
    assert!(!nobody.is_closed() && nobody.is_empty());
    assert_eq!((nobody.drain().count(), nobody.capacity()), (0, Some(0)));
    assert!(!woken.take());
}

#[test]
fn a_send_that_is_polled_after_its_end_sends_nothing_more() {
    let (tx, rx) = bounded(2);
    let mut send = Box::pin(tx.send(1));
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!(rx.len(), 1);
    tx.close();
    assert_eq!(ready(&mut send), Ok(()));
}

#[test]
fn a_receive_that_is_polled_after_its_end_receives_once_more() {
    let (tx, rx) = bounded(2);
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    let mut recv = Box::pin(rx.recv());
    assert_eq!([ready(&mut recv), ready(&mut recv)], [Ok(0), Ok(1)]);
    assert!(matches!(flag::poll(&mut recv, &flag::Flag::new()), Poll::Pending));
}

#[test]
#[should_panic]
fn a_channel_larger_than_memory_panics() {
    _ = bounded::<u64>(usize::MAX);
}
