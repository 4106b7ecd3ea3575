//! Who waits is served first come, first served.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;
#[path = "common/seed.rs"]
mod seed;

use std::sync::Arc;

use by_hand::{ready, wait};
use canter_channel::{bounded, unbounded, unbuffered};
use flag::{Flag, poll};
use futures::{FutureExt, StreamExt};
use seed::random;

fn woken(flags: &[Arc<Flag>]) -> Vec<usize> {
    (0..flags.len()).filter(|&at| flags[at].take()).collect()
}

#[test]
fn senders_that_wait_are_served_in_the_order_in_which_they_came() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = bounded(capacity);
        (0..capacity).for_each(|number| tx.try_send(number).unwrap());
        let mut sends: Vec<_> = (0..20)
            .map(|number| Box::pin(tx.send(capacity + number)))
            .collect();
        let flags: Vec<_> = sends.iter_mut().map(wait).collect();
        for turn in 0..20 {
            assert_eq!(rx.try_recv(), Ok(turn));
            assert_eq!(woken(&flags), [turn]);
        }
    }
}

#[test]
fn receivers_that_wait_are_served_in_the_order_in_which_they_came() {
    for (tx, rx) in [unbuffered(), bounded(1), unbounded()] {
        let mut receives: Vec<_> = (0..20).map(|_| Box::pin(rx.recv())).collect();
        let flags: Vec<_> = receives.iter_mut().map(wait).collect();
        for (turn, recv) in receives.iter_mut().enumerate() {
            tx.try_send(turn).unwrap();
            assert_eq!(woken(&flags), [turn]);
            assert_eq!(ready(recv), Ok(turn));
        }
    }
}

#[test]
fn those_who_are_dropped_leave_the_order_of_the_others() {
    let mut random = random("those_who_are_dropped_leave_the_order_of_the_others");
    for _ in 0..100 {
        let (tx, rx) = unbuffered();
        let mut receives: Vec<_> = (0..20).map(|at| (at, Box::pin(rx.recv()))).collect();
        let flags: Vec<_> = receives.iter_mut().map(|(_, recv)| wait(recv)).collect();
        receives.retain(|_| random.bool());
        for (at, recv) in &mut receives {
            tx.try_send(*at).unwrap();
            assert_eq!(woken(&flags), [*at]);
            assert_eq!(ready(recv), Ok(*at));
        }
        assert!(tx.try_send(0).is_err());
    }
}

#[test]
fn a_poll_with_another_waker_keeps_the_place_in_the_line() {
    let (tx, rx) = unbuffered();
    let mut first = Box::pin(rx.recv());
    let mut second = Box::pin(rx.recv());
    let _flags = [wait(&mut first), wait(&mut second)];
    let flag = wait(&mut first);
    tx.try_send(1).unwrap();
    assert!(flag.take());

    let mut sends: Vec<_> = (0..2).map(|number| Box::pin(tx.send(number))).collect();
    assert_eq!(ready(&mut second_of(&mut sends)), Ok(()), "a receiver waits");
    assert_eq!(ready(&mut first), Ok(1));
    assert_eq!(ready(&mut second), Ok(1));
}

/// The second one, which is polled alone.
fn second_of<F>(futures: &mut Vec<F>) -> F {
    futures.remove(1)
}

#[test]
fn a_newcomer_does_not_overtake_senders_that_wait() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut waiting = Box::pin(tx.send(1));
    let _flag = wait(&mut waiting);
    rx.try_recv().unwrap();
    assert!(tx.try_send(2).is_err(), "the room is for whoever waited");
    assert!(tx.try_reserve().is_err());
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn a_newcomer_does_not_overtake_receivers_that_wait() {
    let (tx, rx) = bounded(2);
    let mut waiting = Box::pin(rx.recv());
    let _flag = wait(&mut waiting);
    tx.try_send(1).unwrap();
    assert!(rx.try_recv().is_err(), "the message is for whoever waited");
    assert_eq!(ready(&mut waiting), Ok(1));
}

#[test]
fn reservations_and_sends_stand_in_one_line() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut first = Box::pin(tx.send(1));
    let mut second = Box::pin(tx.reserve());
    let mut third = Box::pin(tx.send(3));
    let flags = [wait(&mut first), wait(&mut second), wait(&mut third)];
    rx.try_recv().unwrap();
    assert_eq!(woken(&flags), [0]);
    rx.try_recv().unwrap();
    assert_eq!(woken(&flags), [1]);
    ready(&mut second).unwrap().send(2).unwrap();
    assert_eq!(woken(&flags), [] as [usize; 0]);
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(woken(&flags), [2]);
}

#[test]
fn a_reservation_on_an_unbuffered_channel_is_not_starved_by_sends_behind_it() {
    let (tx, rx) = unbuffered();
    let mut reserve = Box::pin(tx.reserve());
    let mut send = Box::pin(tx.send(2));
    let flags = [wait(&mut reserve), wait(&mut send)];
    let mut recv = Box::pin(rx.recv());
    _ = poll(&mut recv, &Flag::new());
    assert_eq!(woken(&flags).first(), Some(&0));
}

#[test]
fn a_newcomer_does_not_overtake_a_receiver_for_whom_a_place_is_reserved() {
    let (tx, rx) = unbuffered();
    let mut first = Box::pin(rx.recv());
    let _flag = wait(&mut first);
    let permit = tx.try_reserve().unwrap();
    let mut send = Box::pin(tx.send(1));
    let send_flag = wait(&mut send);
    let mut newcomer = Box::pin(rx.recv());
    assert!(
        poll(&mut newcomer, &Flag::new()).is_pending(),
        "the first one waits longer"
    );
    assert!(send_flag.take(), "there are two receivers now");
    assert_eq!(ready(&mut first), Ok(1));
    permit.send(2).unwrap();
    assert_eq!(ready(&mut newcomer), Ok(2));
}

#[test]
fn a_receiver_that_was_overtaken_waits_before_all_others() {
    let (tx, rx) = bounded(1);
    let mut overtaken = Box::pin(rx.recv());
    let _flag = wait(&mut overtaken);
    tx.try_send(1).unwrap();
    let mut newcomer = Box::pin(rx.recv());
    assert!(poll(&mut newcomer, &Flag::new()).is_pending());
    assert_eq!(ready(&mut newcomer), Ok(1));
    let mut other = Box::pin(rx.recv());
    let other_flag = wait(&mut other);
    let overtaken_flag = wait(&mut overtaken);
    tx.try_send(2).unwrap();
    assert!(overtaken_flag.take() && !other_flag.take());
}

#[test]
fn a_stream_that_was_overtaken_once_has_no_privilege_later() {
    let (tx, mut stream) = bounded(1);
    let rx = stream.clone();
    assert!(stream.next().now_or_never().is_none());
    tx.try_send(1).unwrap();
    let mut newcomer = Box::pin(rx.recv());
    assert!(poll(&mut newcomer, &Flag::new()).is_pending());
    assert_eq!(ready(&mut newcomer), Ok(1));
    let mut send = Box::pin(tx.send(2));
    _ = poll(&mut send, &Flag::new());
    assert_eq!(
        stream.next().now_or_never(),
        Some(Some(2)),
        "now it got its message"
    );

    let mut first = Box::pin(rx.recv());
    let flag = wait(&mut first);
    assert!(stream.next().now_or_never().is_none());
    tx.try_send(3).unwrap();
    assert!(flag.take(), "it came before the stream");
}
