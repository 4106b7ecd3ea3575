//! Selects that are passed by, while they poll a future of their own or do not wait at present: whoever comes then sleeps, and is
//! met when they look.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use by_hand::{ready, wait};
use canter_channel::{Select, TryRecvError, select, select_blocking, unbuffered};
use flag::{Flag, poll};

type Peer<'a> = Pin<Box<dyn Future<Output = u32> + 'a>>;

/// Runs an action in its second poll, and is never ready. In its first the select is not enlisted yet.
fn in_second_poll(action: impl FnOnce()) -> impl Future<Output = ()> {
    let (mut polls, mut action) = (0, Some(action));
    poll_fn(move |_| {
        polls += 1;
        if polls == 2 {
            action.take().expect("it is the second")();
        }
        Poll::Pending
    })
}

#[test]
fn a_receiver_that_comes_while_a_select_polls_sleeps_until_it_looks() {
    let (tx, rx) = unbuffered();
    let flag = Flag::new();
    let peer: RefCell<Peer<'_>> = RefCell::new(Box::pin(async { rx.recv().await.unwrap() }));
    let comes = || {
        assert!(poll(&mut peer.borrow_mut(), &flag).is_pending());
        assert!(!flag.take());
        assert!(poll(&mut peer.borrow_mut(), &flag).is_pending());
        assert!(!flag.take());
    };
    let mut select = Box::pin(async {
        select! { sent = tx.send(7) => sent, () = in_second_poll(comes) => unreachable!() }
    });
    wait(&mut select);
    assert_eq!(ready(&mut select), Ok(()));
    assert!(flag.take());
    assert_eq!(ready(&mut peer.borrow_mut()), 7);
}

#[test]
fn a_sender_that_comes_while_a_select_polls_sleeps_until_it_looks() {
    let (tx, rx) = unbuffered();
    let flag = Flag::new();
    let peer: RefCell<Peer<'_>> = RefCell::new(Box::pin(async { tx.send(7).await.map_or(0, |()| 1) }));
    let comes = || {
        assert!(poll(&mut peer.borrow_mut(), &flag).is_pending());
        assert!(!flag.take());
    };
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, () = in_second_poll(comes) => unreachable!() }
    });
    wait(&mut select);
    assert_eq!(ready(&mut select), Ok(7));
    assert!(flag.take());
    assert_eq!(ready(&mut peer.borrow_mut()), 1);
}

#[test]
fn a_select_that_comes_while_another_one_polls_sleeps_until_that_looks() {
    let (tx, rx) = unbuffered();
    let other = unbuffered::<u32>();
    let flag = Flag::new();
    let peer: RefCell<Peer<'_>> = RefCell::new(Box::pin(async {
        select! { message = rx.recv() => message.unwrap(), _ = other.1.recv() => 0 }
    }));
    let comes = || {
        assert!(poll(&mut peer.borrow_mut(), &flag).is_pending());
        assert!(!flag.take());
    };
    let mut select = Box::pin(async {
        select! { sent = tx.send(7) => sent, () = in_second_poll(comes) => unreachable!() }
    });
    wait(&mut select);
    assert_eq!(ready(&mut select), Ok(()));
    assert!(flag.take());
    assert_eq!(ready(&mut peer.borrow_mut()), 7);
}

#[test]
fn one_that_comes_while_a_select_polls_may_leave_again() {
    let (tx, rx) = unbuffered();
    let comes_and_leaves = || {
        let mut recv = Box::pin(rx.recv());
        wait(&mut recv);
    };
    let mut select = Box::pin(async {
        select! { sent = tx.send(7) => sent, () = in_second_poll(comes_and_leaves) => unreachable!() }
    });
    let flag = wait(&mut select);
    assert!(poll(&mut select, &flag).is_pending());
    assert_eq!(rx.try_recv(), Ok(7));
    assert_eq!(ready(&mut select), Ok(()));
}

#[test]
fn operations_that_do_not_wait_do_not_find_a_select_that_polls() {
    let ((tx, rx), (other, nobody)) = (unbuffered(), unbuffered());
    let tries = || {
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert!(other.try_send(1).is_err_and(|error| error.is_full()));
        select_blocking! { _ = rx.recv() => unreachable!(), _ = other.send(1) => unreachable!(), default => {} }
        let mut select = Select::new();
        select.recv(&rx, |_| ());
        assert!(select.try_wait().is_none());
    };
    let mut select = Box::pin(async {
        select! {
            sent = tx.send(7) => sent.is_ok(),
            message = nobody.recv() => message.is_ok(),
            () = in_second_poll(tries) => unreachable!(),
        }
    });
    wait(&mut select);
    wait(&mut select);
    assert_eq!(rx.try_recv(), Ok(7));
    assert!(ready(&mut select));
}

#[test]
fn a_receiver_beside_a_dynamic_select_that_does_not_wait_sleeps() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.send(&tx, 7, |sent| sent);
    wait(&mut Box::pin(select.wait()));
    let mut recv = Box::pin(rx.recv());
    let flag = wait(&mut recv);
    assert!(poll(&mut recv, &flag).is_pending());
    assert!(!flag.take());
    assert_eq!(select.try_wait(), Some((arm, Ok(()))));
    assert!(flag.take());
    assert_eq!(ready(&mut recv), Ok(7));
}

#[test]
fn a_sender_beside_a_dynamic_select_that_does_not_wait_sleeps() {
    let (tx, rx) = unbuffered();
    let mut select = Select::new();
    let arm = select.recv(&rx, |message| message);
    wait(&mut Box::pin(select.wait()));
    let mut send = Box::pin(tx.send(7));
    let flag = wait(&mut send);
    assert!(poll(&mut send, &flag).is_pending());
    assert!(!flag.take());
    assert_eq!(select.try_wait(), Some((arm, Ok(7))));
    assert!(flag.take());
    assert_eq!(ready(&mut send), Ok(()));
}

#[test]
fn a_dynamic_select_that_does_not_wait_holds_nobody_up_behind_it() {
    let (tx, rx) = unbuffered();
    let (mut sends, mut receives) = (Select::new(), Select::new());
    sends.send(&tx, 1, |_| ());
    wait(&mut Box::pin(sends.wait()));
    let mut behind = Box::pin(tx.send(2));
    wait(&mut behind);
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(ready(&mut behind), Ok(()));
    drop(sends);
    receives.recv(&rx, |_| ());
    wait(&mut Box::pin(receives.wait()));
    let mut behind = Box::pin(rx.recv());
    wait(&mut behind);
    tx.try_send(3).unwrap();
    assert_eq!(ready(&mut behind), Ok(3));
}

#[test]
fn a_receiver_beside_a_reservation_and_a_dynamic_select_that_does_not_wait_sleeps() {
    let (tx, rx) = unbuffered();
    let mut sends = Select::new();
    let arm = sends.send(&tx, 1, |sent| sent);
    wait(&mut Box::pin(sends.wait()));
    let (mut first, mut second) = (Box::pin(rx.recv()), Box::pin(rx.recv()));
    let flag = wait(&mut first);
    let permit = tx.try_reserve().unwrap();
    let behind = wait(&mut second);
    assert!(!flag.take() && !behind.take());
    permit.send(2).unwrap();
    assert_eq!(ready(&mut first), Ok(2));
    assert_eq!(sends.try_wait(), Some((arm, Ok(()))));
    assert_eq!(ready(&mut second), Ok(1));
}

#[test]
fn a_select_beside_a_reservation_and_a_dynamic_select_that_does_not_wait_falls_asleep() {
    let ((tx, rx), other) = (unbuffered(), unbuffered::<u32>());
    let mut sends = Select::new();
    let arm = sends.send(&tx, 1, |sent| sent);
    wait(&mut Box::pin(sends.wait()));
    let receive = || {
        Box::pin(async {
            select! { message = rx.recv() => message, m = other.1.recv() => m }
        })
    };
    let (mut first, mut second) = (receive(), receive());
    wait(&mut first);
    let permit = tx.try_reserve().unwrap();
    let flag = wait(&mut second);
    permit.send(2).unwrap();
    assert_eq!(ready(&mut first), Ok(2));
    for _ in 0..2 {
        assert!(poll(&mut second, &flag).is_pending()); // it may have been woken once, for nothing
    }
    _ = flag.take();
    assert!(poll(&mut second, &flag).is_pending());
    assert!(!flag.take(), "it is woken again and again");
    assert_eq!(sends.try_wait(), Some((arm, Ok(()))));
    assert!(flag.take());
    assert_eq!(ready(&mut second), Ok(1));
}
