//! Places that are reserved before there is a message.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use by_hand::{ready, wait};
use canter_channel::{SendError, TrySendError, bounded, unbounded, unbuffered};
use futures::executor::block_on;

#[test]
fn a_permit_is_a_place_for_one_message() {
    let (tx, rx) = bounded(2);
    let first = block_on(tx.reserve()).unwrap();
    let second = tx.try_reserve().unwrap();
    assert!(tx.is_full() && tx.is_empty());
    assert_eq!(tx.try_reserve().unwrap_err(), TrySendError::Full(()));
    assert_eq!(tx.try_send(0), Err(TrySendError::Full(0)));
    second.send(2).unwrap();
    first.send(1).unwrap();
    assert_eq!(
        rx.drain().collect::<Vec<_>>(),
        [2, 1],
        "the message's time counts, not the permit's"
    );
}

#[test]
fn a_permit_that_is_dropped_gives_its_place_back() {
    let (tx, _rx) = bounded(1);
    drop(tx.try_reserve().unwrap());
    assert!(!tx.is_full());
    tx.try_send(1).unwrap();
}

#[test]
fn a_permit_that_is_dropped_lets_the_next_send_in() {
    let (tx, rx) = bounded(1);
    let permit = tx.try_reserve().unwrap();
    let mut send = Box::pin(tx.send(1));
    let woken = wait(&mut send);
    drop(permit);
    assert!(woken.take());
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_permit_that_is_dropped_goes_to_the_next_reservation() {
    let (tx, rx) = bounded(1);
    let permit = tx.try_reserve().unwrap();
    let mut reserve = Box::pin(tx.reserve());
    let woken = wait(&mut reserve);
    drop(permit);
    assert!(woken.take());
    ready(&mut reserve).unwrap().send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_reservation_waits_until_a_message_is_taken() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut reserve = Box::pin(tx.reserve());
    let woken = wait(&mut reserve);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(woken.take());
    assert_eq!(tx.try_send(2), Err(TrySendError::Full(2)), "the place is taken");
    ready(&mut reserve).unwrap().send(3).unwrap();
    assert_eq!(rx.try_recv(), Ok(3));
}

#[test]
fn a_reservation_that_is_dropped_while_it_waits_takes_no_place() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut reserve = Box::pin(tx.reserve());
    let woken = wait(&mut reserve);
    drop(reserve);
    rx.try_recv().unwrap();
    assert!(!woken.take());
    tx.try_send(2).unwrap();
}

#[test]
fn a_reservation_that_is_dropped_after_a_pop_granted_its_place_gives_that_back() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    let mut reserve = Box::pin(tx.reserve());
    let woken = wait(&mut reserve);
    rx.try_recv().unwrap();
    assert!(woken.take());
    drop(reserve);
    assert!(!tx.is_full());
    assert_eq!(tx.try_send(2), Ok(()));
}

#[test]
fn a_reservation_that_is_dropped_after_a_permit_granted_its_place_gives_that_to_the_next_one() {
    let (tx, _rx) = bounded::<u32>(1);
    let permit = tx.try_reserve().unwrap();
    let mut first = Box::pin(tx.reserve());
    let mut second = Box::pin(tx.reserve());
    let woken = [wait(&mut first), wait(&mut second)];
    drop(permit);
    assert_eq!(woken.each_ref().map(|flag| flag.take()), [true, false]);
    drop(first);
    assert!(woken[1].take());
    assert!(ready(&mut second).is_ok());
}

#[test]
fn a_reservation_that_is_dropped_after_a_receiver_granted_its_place_gives_that_to_the_next_one() {
    let (tx, rx) = unbuffered::<u32>();
    let mut first = Box::pin(tx.reserve());
    let mut second = Box::pin(tx.reserve());
    let woken = [wait(&mut first), wait(&mut second)];
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    assert_eq!(woken.each_ref().map(|flag| flag.take()), [true, false]);
    drop(first);
    assert!(woken[1].take(), "the receiver still waits");
    ready(&mut second).unwrap().send(1).unwrap();
    assert_eq!(ready(&mut recv), Ok(1));
}

#[test]
fn a_permit_that_is_dropped_gives_a_receiver_that_waits_to_a_send_that_waits() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let mut permits: Vec<_> = std::iter::from_fn(|| tx.try_reserve().ok()).collect();
        let mut reserve = Box::pin(tx.reserve());
        let _reserve_woken = wait(&mut reserve);
        let mut send = Box::pin(tx.send(1));
        let send_woken = wait(&mut send);
        let mut recv = Box::pin(rx.recv());
        let flag = flag::Flag::new();
        assert!(
            flag::poll(&mut recv, &flag).is_pending(),
            "the reservation comes first"
        );
        permits.push(ready(&mut reserve).unwrap());
        permits.clear();
        assert!(send_woken.take(), "nobody else is there");
        assert!(flag.take(), "nor here");
        assert_eq!(ready(&mut send), Ok(()));
        assert_eq!(ready(&mut recv), Ok(1));
    }
}

#[test]
fn a_permit_that_is_dropped_beside_another_gives_its_receiver_to_a_send_that_waits() {
    let (tx, rx) = unbuffered();
    let mut receives = [Box::pin(rx.recv()), Box::pin(rx.recv())];
    let woken = receives.each_mut().map(wait);
    let dropped = tx.try_reserve().unwrap();
    let kept = tx.try_reserve().unwrap();
    let mut send = Box::pin(tx.send(1));
    let send_woken = wait(&mut send);
    drop(dropped);
    assert!(send_woken.take());
    assert_eq!(woken.map(|flag| flag.take()), [true, false]);
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!(ready(&mut receives[0]), Ok(1));
    kept.send(2).unwrap();
    assert_eq!(ready(&mut receives[1]), Ok(2));
}

#[test]
fn a_permit_keeps_its_receiver_from_other_senders() {
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    let permit = tx.try_reserve().unwrap();
    assert_eq!(tx.try_send(1), Err(TrySendError::Full(1)));
    assert_eq!(tx.force_send(2), Ok(Some(2)));
    let mut send = Box::pin(tx.send(3));
    let send_woken = wait(&mut send);
    permit.send(4).unwrap();
    assert_eq!(ready(&mut recv), Ok(4));
    assert!(!send_woken.take());
    assert_eq!(rx.try_recv(), Ok(3));
}

#[test]
fn a_send_behind_a_reservation_is_not_overtaken_by_a_newcomer() {
    let (tx, rx) = unbuffered();
    let mut reserve = Box::pin(tx.reserve());
    let _reserve_woken = wait(&mut reserve);
    let mut send = Box::pin(tx.send(1));
    let _send_woken = wait(&mut send);
    let mut recv = Box::pin(rx.recv());
    assert!(
        flag::poll(&mut recv, &flag::Flag::new()).is_pending(),
        "the reservation comes first"
    );
    let mut newcomer = Box::pin(tx.send(2));
    _ = flag::poll(&mut newcomer, &flag::Flag::new());
    drop(reserve);
    assert_eq!(ready(&mut recv), Ok(1));
}

#[test]
fn an_unbuffered_reservation_waits_for_a_receiver() {
    let (tx, rx) = unbuffered();
    assert_eq!(tx.try_reserve().unwrap_err(), TrySendError::Full(()));
    let mut reserve = Box::pin(tx.reserve());
    let woken = wait(&mut reserve);
    let mut recv = Box::pin(rx.recv());
    let recv_woken = wait(&mut recv);
    assert!(woken.take());
    let permit = ready(&mut reserve).unwrap();
    assert_eq!(
        tx.try_reserve().unwrap_err(),
        TrySendError::Full(()),
        "one receiver is one place"
    );
    permit.send(1).unwrap();
    assert!(recv_woken.take());
    assert_eq!(ready(&mut recv), Ok(1));
}

#[test]
fn what_an_unbuffered_permit_sends_is_kept_for_the_next_receiver_if_its_own_is_gone() {
    let (tx, rx) = unbuffered();
    let mut recv = Box::pin(rx.recv());
    let _woken = wait(&mut recv);
    let permit = tx.try_reserve().unwrap();
    drop(recv);
    permit.send(1).unwrap();
    assert_eq!(block_on(rx.recv()), Ok(1));
}

#[test]
fn a_reservation_is_granted_by_a_receiver_that_was_overtaken_and_waits_again() {
    let (tx, rx) = bounded(1);
    let mut overtaken = Box::pin(rx.recv());
    let _woken = wait(&mut overtaken);
    tx.try_send(1).unwrap();
    let mut newcomer = Box::pin(rx.recv());
    assert!(
        flag::poll(&mut newcomer, &flag::Flag::new()).is_pending(),
        "it gives way once"
    );
    assert_eq!(ready(&mut newcomer), Ok(1));

    let mut reserve = Box::pin(tx.reserve());
    let flag = flag::Flag::new();
    let at_once = flag::poll(&mut reserve, &flag).is_ready();
    let mut recv_flag = flag::Flag::new();
    assert!(flag::poll(&mut overtaken, &recv_flag).is_pending());
    assert!(at_once || flag.take(), "a receiver waits");
    if !at_once {
        ready(&mut reserve).unwrap().send(2).unwrap();
        assert!(recv_flag.take());
        recv_flag = flag::Flag::new();
        assert!(flag::poll(&mut overtaken, &recv_flag).is_ready());
    }
}

#[test]
fn a_permit_of_a_closed_channel_gives_the_message_back() {
    for (tx, rx) in [bounded(1), unbounded()] {
        let permit = tx.try_reserve().unwrap();
        rx.close();
        assert_eq!(permit.send(1), Err(SendError(1)));
        assert!(rx.is_empty());
        assert!(block_on(tx.reserve()).is_err());
    }
}

#[test]
fn a_permit_keeps_no_receiver_waiting_for_the_end() {
    let (tx, rx) = bounded::<u32>(1);
    let permit = tx.try_reserve().unwrap();
    let mut recv = Box::pin(rx.recv());
    let woken = wait(&mut recv);
    tx.close();
    assert!(woken.take());
    assert!(ready(&mut recv).is_err());
    drop(permit);
}

#[test]
fn a_permit_wakes_the_receiver_that_waits() {
    for (tx, rx) in [bounded(1), unbounded()] {
        let permit = tx.try_reserve().unwrap();
        let mut recv = Box::pin(rx.recv());
        let woken = wait(&mut recv);
        permit.send(1).unwrap();
        assert!(woken.take());
        assert_eq!(ready(&mut recv), Ok(1));
    }
}

#[test]
fn permits_of_an_unbounded_channel_are_free() {
    let (tx, rx) = unbounded();
    let permits: Vec<_> = (0..100).map(|_| tx.try_reserve().unwrap()).collect();
    for (permit, number) in permits.into_iter().zip(0..) {
        permit.send(number).unwrap();
    }
    assert!((0..100).eq(rx.drain()));
}

#[test]
fn permits_of_an_unbounded_channel_are_free_while_promises_are_outstanding() {
    let (tx, rx) = unbounded();
    let mut promised = [Box::pin(rx.recv()), Box::pin(rx.recv())];
    let _woken = promised.each_mut().map(wait);
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    for number in 0..2 {
        let mut newcomer = Box::pin(rx.recv());
        assert!(
            flag::poll(&mut newcomer, &flag::Flag::new()).is_pending(),
            "it gives way once"
        );
        assert_eq!(ready(&mut newcomer), Ok(number));
    }
    tx.try_reserve().unwrap().send(2).unwrap();
    assert_eq!(ready(&mut promised[0]), Ok(2));
}

#[test]
fn a_permit_in_a_bounded_channel_leaves_the_other_places_to_others() {
    let (tx, rx) = bounded(3);
    let permit = tx.try_reserve().unwrap();
    (0..2).for_each(|number| tx.try_send(number).unwrap());
    assert!(tx.try_send(2).is_err());
    rx.try_recv().unwrap();
    tx.try_send(3).unwrap();
    assert!(tx.try_send(4).is_err());
    permit.send(5).unwrap();
    assert_eq!(rx.drain().collect::<Vec<_>>(), [1, 3, 5]);
}
