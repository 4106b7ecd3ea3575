//! Selects that are dropped: before their first poll, while they wait, and after an arm was completed.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::cell::Cell;
use std::future::pending;
use std::pin::Pin;
use std::task::Poll;

use by_hand::{ready, wait};
use canter_channel::{TryRecvError, bounded, select, unbounded, unbuffered};
use drops::Drops;
use flag::{Flag, poll};

#[test]
fn a_select_that_was_never_polled_has_no_effect() {
    let (to, from) = (bounded(1), bounded(1));
    from.0.try_send(1).unwrap();
    drop(async {
        select! { _ = to.0.send(1) => {}, _ = from.1.recv() => {} }
    });
    assert_eq!((to.1.len(), from.1.len()), (0, 1));
}

#[test]
fn a_select_that_is_dropped_while_it_waits_has_no_effect() {
    let (to, from) = (unbuffered(), unbuffered::<u32>());
    let drops = Drops::default();
    let mut select = Box::pin(async {
        select! { _ = to.0.send(drops.guard()) => {}, _ = from.1.recv() => {} }
    });
    let flag = wait(&mut select);
    drop(select);
    assert_eq!(drops.count(), 1, "the message was dropped unsent");
    assert!(to.1.try_recv().is_err());
    assert!(from.0.try_send(1).is_err());
    assert!(!flag.take());
}

#[test]
fn a_message_for_a_select_that_is_dropped_goes_back_to_its_place() {
    for (tx, rx) in [unbuffered(), bounded(4), unbounded()] {
        let mut select = Box::pin(async {
            select! { message = rx.recv() => message, () = pending() => unreachable!() }
        });
        let flag = wait(&mut select);
        tx.try_send(1).unwrap();
        assert!(flag.take());
        let mut second = Box::pin(tx.send(2));
        _ = poll(&mut second, &flag);
        drop(select);
        assert_eq!([rx.try_recv(), rx.try_recv()], [Ok(1), Ok(2)]);
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_select_that_is_decided_gets_the_oldest_message_that_is_left() {
    for (tx, rx) in [unbuffered(), bounded(4), unbounded()] {
        let mut select = Box::pin(async {
            select! { message = rx.recv() => message, () = pending() => unreachable!() }
        });
        let flag = wait(&mut select);
        tx.try_send(1).unwrap();
        let mut second = Box::pin(tx.send(2));
        _ = poll(&mut second, &flag);
        assert_eq!(
            rx.try_recv(),
            Ok(1),
            "messages leave in the order in which they came"
        );
        assert_eq!(ready(&mut select), Ok(2));
    }
}

#[test]
fn a_message_for_a_select_that_is_dropped_goes_to_whoever_waits_next() {
    let (tx, rx) = unbuffered();
    let (_silent, other) = unbuffered::<u32>();
    let waiting = || {
        Box::pin(async {
            select! { message = rx.recv() => message, _ = other.recv() => unreachable!() }
        })
    };
    let (mut first, mut second, mut lone) = (waiting(), waiting(), Box::pin(rx.recv()));
    let flags = (wait(&mut first), wait(&mut second), wait(&mut lone));
    tx.try_send(1).unwrap();
    assert!(flags.0.take() && !flags.1.take());
    drop(first);
    assert!(flags.1.take() && !flags.2.take());
    drop(second);
    assert!(flags.2.take());
    assert_eq!(ready(&mut lone), Ok(1));
}

#[test]
fn a_send_of_a_select_that_is_dropped_after_it_was_taken_has_been_sent_once() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        while tx.try_send(drops.guard()).is_ok() {}
        let other = bounded::<u32>(1);
        let mut select = Box::pin(async {
            select! { sent = tx.send(drops.guard()) => sent.is_ok(), _ = other.1.recv() => false }
        });
        let flag = wait(&mut select);
        let before = rx.try_recv().unwrap();
        assert!(flag.take());
        let dropped = drops.count();
        drop(select);
        assert_eq!(drops.count(), dropped, "it is out");
        assert_eq!(rx.try_recv().is_ok(), tx.capacity() == Some(1));
        assert!(rx.try_recv().is_err());
        drop(before);
    }
}

#[test]
fn a_place_that_was_granted_to_a_select_that_is_dropped_goes_to_the_next() {
    let (tx, rx) = bounded(1);
    tx.try_send(0).unwrap();
    let mut select = Box::pin(async {
        select! { permit = tx.reserve() => permit.is_ok(), () = pending() => false }
    });
    let mut send = Box::pin(tx.send(1));
    let flags = (wait(&mut select), wait(&mut send));
    assert_eq!(rx.try_recv(), Ok(0));
    assert!(
        flags.0.take() && !flags.1.take(),
        "the select is first in the line"
    );
    drop(select);
    assert!(flags.1.take());
    assert_eq!(ready(&mut send), Ok(()));
    assert_eq!(rx.try_recv(), Ok(1));
}

#[test]
fn arms_that_were_not_chosen_take_no_effect_whether_the_select_is_polled_or_dropped() {
    for is_polled in [false, true] {
        let (first, second) = (unbuffered(), unbuffered());
        let drops = Drops::default();
        let mut select = Box::pin(async {
            select! {
                message = first.1.recv() => message,
                _ = second.0.send(drops.guard()) => unreachable!("the other one was first"),
            }
        });
        let flag = wait(&mut select);
        first.0.try_send(7).unwrap();
        assert!(second.1.try_recv().is_err(), "the select is decided");
        assert!(flag.take());
        if is_polled {
            assert_eq!(ready(&mut select), Ok(7));
        }
        drop(select);
        assert_eq!(drops.count(), 1);
        assert_eq!(first.1.try_recv().ok(), (!is_polled).then_some(7));
    }
}

#[test]
fn a_select_is_woken_once_for_its_arm_and_not_for_what_happens_to_others() {
    let (first, second) = (bounded(4), bounded(4));
    let mut select = Box::pin(async {
        select! { _ = first.1.recv() => 1, _ = second.1.recv() => 2 }
    });
    let flag = wait(&mut select);
    second.0.try_send(1).unwrap();
    assert!(flag.take());
    first.0.try_send(1).unwrap();
    second.0.try_send(2).unwrap();
    first.0.close();
    assert!(!flag.take());
    assert_eq!(ready(&mut select), 2);
    assert_eq!((first.1.len(), second.1.len()), (1, 1));
}

#[test]
fn a_select_that_is_polled_by_another_task_wakes_that_one() {
    let (tx, rx) = unbuffered();
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, () = pending() => unreachable!() }
    });
    let former = wait(&mut select);
    let latter = wait(&mut select);
    tx.try_send(1).unwrap();
    assert!(latter.take() && !former.take());
    assert_eq!(ready(&mut select), Ok(1));
}

#[test]
fn a_poll_for_nothing_changes_nothing() {
    let (tx, rx) = unbuffered();
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, () = pending() => unreachable!() }
    });
    let mut behind = Box::pin(rx.recv());
    let flag = wait(&mut select);
    let _second = wait(&mut behind);
    for _ in 0..3 {
        assert!(poll(&mut select, &flag).is_pending());
    }
    tx.try_send(1).unwrap();
    assert_eq!(ready(&mut select), Ok(1), "it kept its place in the line");
}

#[test]
fn selects_that_leave_the_middle_of_a_line_leave_the_others_in_order() {
    let (tx, rx) = unbuffered();
    let other = unbuffered::<u32>();
    let waiting = || {
        Box::pin(async {
            select! { message = rx.recv() => message, _ = other.1.recv() => Ok(100) }
        })
    };
    for leaves in [[0, 1], [0, 4], [1, 3], [2, 3], [3, 4]] {
        let mut line: Vec<_> = (0..5).map(|_| waiting()).collect();
        let _flags: Vec<_> = line.iter_mut().map(wait).collect();
        for &leaving in leaves.iter().rev() {
            drop(line.remove(leaving));
        }
        for number in 0..3 {
            tx.try_send(number).unwrap();
        }
        assert!(tx.try_send(3).is_err());
        assert!(other.0.try_send(3).is_err(), "all are decided");
        let received: Vec<_> = line.iter_mut().map(|select| ready(select).unwrap()).collect();
        assert_eq!(received, [0, 1, 2]);
    }
}

#[test]
fn a_select_that_names_a_channel_thrice_leaves_it_entirely() {
    let (tx, rx) = unbuffered();
    for is_decided in [false, true] {
        let mut select = Box::pin(async {
            select! {
                message = rx.recv() => message,
                message = rx.recv() => message,
                _ = tx.send(0) => Ok(0),
            }
        });
        let flag = wait(&mut select);
        if is_decided {
            tx.try_send(1).unwrap();
            assert!(flag.take());
        }
        drop(select);
        assert_eq!(rx.try_recv().ok(), is_decided.then_some(1));
        assert!(tx.try_send(2).is_err(), "nobody is left");
        assert!(rx.try_recv().is_err());
    }
}

#[test]
fn a_decided_select_that_is_not_polled_any_more_withholds_no_message_for_ever() {
    let (tx, rx) = bounded(1);
    let receive = || {
        Box::pin(async {
            select! { message = rx.recv() => message, () = pending() => unreachable!() }
        })
    };
    for is_select in [false, true] {
        let (mut idle, mut select, mut lone) = (receive(), receive(), Box::pin(rx.recv()));
        let first = wait(&mut idle);
        tx.try_send(1).unwrap();
        assert!(first.take());
        let flag = Flag::new();
        let polled = |lone: &mut Pin<Box<_>>, select: &mut Pin<Box<_>>| match is_select {
            true => poll(select, &flag),
            false => poll(lone, &flag),
        };
        assert!(polled(&mut lone, &mut select).is_pending(), "it gives way");
        assert!(flag.take());
        assert_eq!(polled(&mut lone, &mut select), Poll::Ready(Ok(1)));
        // And the one that was idle goes on, if it comes to that.
        assert!(poll(&mut idle, &first).is_pending());
        tx.try_send(2).unwrap();
        assert!(first.take());
        assert_eq!(ready(&mut idle), Ok(2));
    }
}

#[test]
fn a_task_that_is_dropped_at_any_of_its_awaits_loses_nothing_and_sends_nothing_twice() {
    // Polls take turns with what the peer does: it gives 1, takes 2 and gives 3.
    for steps in 0..=7 {
        let (to, from) = (unbuffered::<u32>(), unbuffered::<u32>());
        let received = Cell::new(0);
        let mut task = Box::pin(async {
            select! {
                message = from.1.recv() => received.set(message.unwrap()),
                _ = to.0.send(100) => unreachable!(),
            }
            select! {
                sent = to.0.send(2) => sent.unwrap(),
                () = pending() => unreachable!(),
            }
            select! {
                message = from.1.recv() => received.set(message.unwrap()),
                () = pending() => unreachable!(),
            }
        });
        let mut given = 0;
        for step in 0..steps {
            match step {
                1 | 5 => {
                    given = if step == 1 { 1 } else { 3 };
                    from.0.try_send(given).unwrap();
                }
                3 => assert_eq!(to.1.try_recv(), Ok(2)),
                _ => assert_eq!(poll(&mut task, &Flag::new()).is_ready(), step == 6),
            }
        }
        drop(task);
        assert_eq!(from.1.try_recv().ok(), (given != received.get()).then_some(given));
        assert_eq!(to.1.try_recv(), Err(TryRecvError::Empty));
        assert!(from.0.try_send(4).is_err(), "nobody waits any more");
    }
}
