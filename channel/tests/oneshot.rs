//! A channel for one value.

#[path = "common/alarm.rs"]
mod alarm;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;
#[macro_use]
#[path = "common/lacks.rs"]
mod lacks;
#[path = "common/seed.rs"]
mod seed;

use std::cell::Cell;
use std::marker::PhantomPinned;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread;

use canter_channel::oneshot::{Receiver, Sender};
use canter_channel::{RecvError, SendError, TryRecvError, oneshot};
use canter_coop::host;
use futures::executor::block_on;
use futures::future::FusedFuture;

use alarm::alarm;
use drops::{Drops, Guard};
use flag::{Flag, poll};
use seed::random;

const _: fn() = || {
    fn has<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    has::<Sender<Cell<u8>>>();
    has::<Receiver<Cell<u8>>>();
    has::<oneshot::Closed<'_, Cell<u8>>>();
    fn unpin<T: Unpin>() {}
    unpin::<Sender<PhantomPinned>>();
    unpin::<Receiver<PhantomPinned>>();
};

lacks!(Send: Sender<Rc<u8>>);
lacks!(Sync: Sender<Rc<u8>>);
lacks!(Send: Receiver<Rc<u8>>);
lacks!(Sync: Receiver<Rc<u8>>);

/// A value that panics when it is dropped, once that has been counted.
struct Bomb(#[expect(dead_code, reason = "it counts when it is dropped")] Guard);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the bomb");
    }
}

fn boxed<'a, F: Future + 'a>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
    Box::pin(future)
}

#[test]
fn a_value_that_was_sent_before_is_received() {
    let (tx, rx) = oneshot();
    assert_eq!(tx.send(1), Ok(()));
    assert_eq!(block_on(rx), Ok(1));
}

#[test]
fn a_receiver_that_waits_is_woken_by_the_value() {
    let (tx, rx) = oneshot();
    let (flag, mut rx) = (Flag::new(), boxed(rx));
    assert!(poll(&mut rx, &flag).is_pending());
    assert!(!flag.take());
    tx.send(1).unwrap();
    assert!(flag.take());
    assert_eq!(poll(&mut rx, &flag), Poll::Ready(Ok(1)));
}

#[test]
fn a_dropped_sender_ends_the_receiver_that_waits() {
    let (tx, rx) = oneshot::<u8>();
    let (flag, mut rx) = (Flag::new(), boxed(rx));
    assert!(poll(&mut rx, &flag).is_pending());
    drop(tx);
    assert!(flag.take());
    assert_eq!(poll(&mut rx, &flag), Poll::Ready(Err(RecvError)));
}

#[test]
fn a_dropped_receiver_returns_the_value() {
    let (tx, rx) = oneshot();
    assert!(!tx.is_closed());
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(tx.send(1), Err(SendError(1)));
}

#[test]
fn a_receiver_that_has_ended_ends_again() {
    let (tx, mut rx) = oneshot();
    tx.send(1).unwrap();
    assert!(!rx.is_terminated());
    assert_eq!(block_on(&mut rx), Ok(1));
    assert!(rx.is_terminated());
    assert_eq!(block_on(&mut rx), Err(RecvError));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_wait_that_is_dropped_leaves_the_value_for_the_next() {
    let (tx, mut rx) = oneshot();
    let flag = Flag::new();
    assert!(poll(&mut boxed(&mut rx), &flag).is_pending());
    tx.send(1).unwrap();
    drop(boxed(&mut rx));
    assert_eq!(block_on(&mut rx), Ok(1));
}

#[test]
fn a_select_loop_over_it_gets_the_value() {
    let (tx, mut rx) = oneshot();
    let (mut tx, mut turns) = (Some(tx), 0);
    let value = block_on(async {
        loop {
            futures::select_biased! {
                value = &mut rx => break value,
                () = futures::future::ready(()) => turns += 1,
            }
            if turns == 3 {
                tx.take().unwrap().send("done").unwrap();
            }
        }
    });
    assert_eq!((value, turns), (Ok("done"), 3));
}

#[test]
fn try_recv_tells_what_may_come_from_what_will_not() {
    let (tx, mut rx) = oneshot();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(rx.is_terminated());
    let (tx, mut rx) = oneshot::<u8>();
    drop(tx);
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_closed_receiver_still_gets_what_was_sent() {
    let (tx, mut rx) = oneshot();
    tx.send(1).unwrap();
    rx.close();
    assert_eq!(block_on(rx), Ok(1));
}

#[test]
fn a_closed_receiver_lets_nothing_in() {
    let (tx, mut rx) = oneshot();
    rx.close();
    assert_eq!(
        block_on(&mut rx),
        Err(RecvError),
        "although the sender is still there"
    );
    assert_eq!(tx.send(1), Err(SendError(1)));
}

#[test]
fn a_sender_learns_that_nobody_wants_the_value() {
    let drop_it: fn(Receiver<u8>) -> Option<Receiver<u8>> = |_| None;
    let close_it: fn(Receiver<u8>) -> Option<Receiver<u8>> = |mut rx| {
        rx.close();
        Some(rx)
    };
    for end in [drop_it, close_it] {
        let (mut tx, rx) = oneshot::<u8>();
        let (flag, mut closed) = (Flag::new(), boxed(tx.closed()));
        assert!(poll(&mut closed, &flag).is_pending());
        let _rx = end(rx);
        assert!(flag.take());
        assert!(poll(&mut closed, &flag).is_ready());
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (tx, rx) = oneshot();
    let (first, second, mut rx) = (Flag::new(), Flag::new(), boxed(rx));
    assert!(poll(&mut rx, &first).is_pending());
    assert!(poll(&mut rx, &second).is_pending());
    assert_eq!(Arc::strong_count(&first), 1, "its waker has been dropped");
    tx.send(1).unwrap();
    assert!(!first.take() && second.take());
}

#[test]
fn who_does_not_wait_any_more_keeps_no_waker() {
    let (mut tx, mut rx) = oneshot::<u8>();
    let flag = Flag::new();
    assert!(poll(&mut boxed(tx.closed()), &flag).is_pending());
    assert_eq!(Arc::strong_count(&flag), 1);
    assert!(poll(&mut boxed(&mut rx), &flag).is_pending());
    drop(rx);
    assert_eq!(Arc::strong_count(&flag), 1);
    assert!(!flag.take());
    drop(tx);
}

#[test]
fn a_value_is_dropped_once_whoever_goes_first() {
    fn goes_once<T>(value: impl Fn(Guard) -> T) {
        let drops = Drops::default();
        let pair = || (value(drops.guard()), oneshot());
        let (value, (tx, rx)) = pair();
        assert!(tx.send(value).is_ok());
        assert_eq!(drops.count(), 0);
        drop(rx);
        assert_eq!(drops.count(), 1, "the receiver drops what was sent");
        let (value, (tx, rx)) = pair();
        drop(rx);
        drop(tx.send(value));
        assert_eq!(drops.count(), 2, "the value came back");
        let (value, (tx, rx)) = pair();
        assert!(tx.send(value).is_ok());
        drop(rx.recv_blocking());
        assert_eq!(drops.count(), 3, "the value was received");
    }
    goes_once(|guard| guard);
    goes_once(|guard| (guard, [7_u8; 10_000]));
}

#[test]
fn a_value_without_size_is_dropped_once() {
    thread_local! { static DROPS: Cell<u32> = const { Cell::new(0) } }
    #[derive(Debug)]
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let (tx, rx) = oneshot();
    tx.send(Nothing).unwrap();
    drop(block_on(rx));
    assert_eq!(DROPS.get(), 1);
    let (tx, rx) = oneshot();
    tx.send(Nothing).unwrap();
    drop(rx);
    assert_eq!(DROPS.get(), 2);
}

#[test]
fn a_value_that_panics_when_it_is_dropped_has_been_dropped_once() {
    let drops = Drops::default();
    let (tx, rx) = oneshot();
    assert!(tx.send(Bomb(drops.guard())).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_waker_that_panics_leaves_the_value_to_the_receiver() {
    let (tx, mut rx) = oneshot();
    let waker = alarm();
    assert!(
        Pin::new(&mut rx)
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert_eq!(block_on(rx), Ok(1));
}

#[test]
fn a_waker_that_panics_lets_the_receiver_go() {
    let (mut tx, rx) = oneshot::<u8>();
    let waker = alarm();
    let mut closed = boxed(tx.closed());
    assert!(
        closed
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(catch_unwind(AssertUnwindSafe(|| drop(rx))).is_err());
    assert!(poll(&mut closed, &Flag::new()).is_ready());
}

#[test]
fn a_wait_says_where_the_channel_was_made() {
    let line = line!() + 1;
    let (tx, rx) = oneshot::<u8>();
    let mut rx = boxed(rx);
    let (_, waiting) = host::poll(9, || poll(&mut rx, &Flag::new()).is_pending());
    let waiting = waiting.expect("it waits");
    assert_eq!(waiting.reason.as_str(), "oneshot receive");
    assert_eq!((waiting.place.file(), waiting.place.line()), (file!(), line));
    drop(tx);
}

#[test]
fn a_spent_budget_leaves_the_value_where_it_is() {
    let (tx, rx) = oneshot();
    tx.send(1).unwrap();
    let (flag, mut rx) = (Flag::new(), boxed(rx));
    assert!(host::poll(0, || poll(&mut rx, &flag)).0.is_pending());
    assert!(flag.take(), "to be polled again");
    assert_eq!(host::poll(1, || poll(&mut rx, &flag)).0, Poll::Ready(Ok(1)));
}

#[test]
fn handles_say_how_things_stand() {
    let (tx, rx) = oneshot();
    assert_eq!(format!("{tx:?}"), "Sender { closed: false, .. }");
    tx.send(1).unwrap();
    assert_eq!(format!("{rx:?}"), "Receiver { sent: true, closed: false, .. }");
}

#[test]
fn threads_neither_lose_nor_double_a_value() {
    const ROUNDS: usize = if cfg!(miri) { 50 } else { 20_000 };
    let mut rng = random("threads_neither_lose_nor_double_a_value");
    let drops = Drops::default();
    let (hand_over, senders) = mpsc::sync_channel::<Sender<Guard>>(4);
    let (guards, mut their_rng) = (drops.clone(), rng.fork());
    let sender = thread::spawn(move || {
        let mut made = 0;
        for mut tx in senders {
            let flag = Flag::new();
            match their_rng.u8(..4) {
                0 => drop(tx),
                1 => {
                    _ = poll(&mut boxed(tx.closed()), &flag);
                    drop(tx);
                }
                _ => {
                    made += 1;
                    drop(tx.send(guards.guard()));
                }
            }
        }
        made
    });
    for _ in 0..ROUNDS {
        let (tx, mut rx) = oneshot();
        hand_over.send(tx).unwrap();
        match rng.u8(..5) {
            0 => drop(rx),
            1 => _ = poll(&mut boxed(&mut rx), &Flag::new()),
            2 => {
                rx.close();
                _ = rx.try_recv();
            }
            3 => _ = rx.recv_blocking(),
            _ => _ = block_on(rx),
        }
    }
    drop(hand_over);
    let made = sender.join().unwrap();
    assert_eq!(drops.count(), made);
}
