//! Panics in what a select calls, and wakers that call back: the channels stay usable, and no message is lost.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::cell::Cell;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use by_hand::{ready, wait};
use canter_channel::{Receiver, Select, Sender, TryRecvError, bounded, never, select, unbuffered};
use drops::{Drops, Guard};
use flag::Flag;
use futures::executor::block_on;

/// Runs what has to panic.
#[track_caller]
fn panics<R>(body: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(body)).is_err(), "it has to panic");
}

/// A rendezvous channel on which nobody waits, and that works.
#[track_caller]
fn assert_usable(tx: &Sender<u32>, rx: &Receiver<u32>) {
    assert!(tx.try_send(0).is_err(), "nobody receives");
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty), "nobody sends");
    let mut send = Box::pin(tx.send(1));
    let flag = wait(&mut send);
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(flag.take());
    assert_eq!(ready(&mut send), Ok(()));
}

#[test]
fn a_panic_in_a_body_leaves_the_channels_usable() {
    let (tx, rx) = unbuffered();
    panics(|| {
        block_on(async {
            select! {
                _ = rx.recv() => {}
                _ = tx.send(1) => {}
                () = async {} => panic!("in the body"),
            }
        })
    });
    assert_usable(&tx, &rx);
}

#[test]
fn a_panic_in_the_expression_of_a_future_drops_those_before_it() {
    let drops = Drops::default();
    let (tx, rx) = unbuffered::<Guard>();
    let on = std::hint::black_box(None::<bool>);
    panics(|| {
        block_on(async {
            select! {
                _ = tx.send(drops.guard()) => {}
                () = async {}, if on.unwrap() => {}
            }
        })
    });
    assert_eq!(drops.count(), 1);
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_panic_in_a_future_leaves_the_channels_usable() {
    let (tx, rx) = unbuffered();
    for panics_at in 1..4 {
        let polls = Cell::new(0);
        let mut select = Box::pin(async {
            select! {
                _ = rx.recv() => {}
                _ = tx.send(1) => {}
                () = poll_fn(|_| {
                    polls.set(polls.get() + 1);
                    assert_ne!(polls.get(), panics_at);
                    Poll::Pending
                }) => {}
            }
        });
        for _ in 1..panics_at {
            wait(&mut select);
        }
        panics(|| wait(&mut select));
        assert!(tx.try_send(2).is_err(), "the select does not wait any more");
        drop(select);
        assert_usable(&tx, &rx);
    }
}

#[test]
fn a_message_that_does_not_match_and_panics_when_it_is_dropped_leaves_the_channel_usable() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("in the destructor");
        }
    }

    let (tx, rx) = bounded(2);
    tx.try_send(Some(Bomb)).ok().unwrap();
    tx.try_send(None).ok().unwrap();
    panics(|| {
        block_on(async {
            select! { Ok(None) = rx.recv() => {}, else => {} }
        })
    });
    assert!(matches!(rx.try_recv(), Ok(None)));
    let (other, _receiver) = unbuffered();
    panics(|| {
        block_on(async {
            select! { _ = other.send(Bomb) => {}, () = async {} => {} }
        })
    });
    assert!(other.try_send(Bomb).map_err(std::mem::forget).is_err());
}

/// Panics when it is called.
struct Grumpy;

impl Wake for Grumpy {
    fn wake(self: Arc<Grumpy>) {
        panic!("in the waker");
    }
}

#[test]
fn a_panic_in_a_waker_loses_neither_the_message_nor_the_select() {
    let (tx, rx) = unbuffered();
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, _ = tx.send(1) => Ok(100) }
    });
    let grumpy = Waker::from(Arc::new(Grumpy));
    assert!(
        select
            .as_mut()
            .poll(&mut Context::from_waker(&grumpy))
            .is_pending()
    );
    panics(|| tx.try_send(7));
    assert_eq!(ready(&mut select), Ok(7));
    drop(select);
    assert_usable(&tx, &rx);
}

#[test]
fn a_panic_in_the_waker_of_a_sender_reaches_the_select_that_receives_from_it() {
    let (tx, rx) = unbuffered();
    let mut send = Box::pin(tx.send(7));
    let grumpy = Waker::from(Arc::new(Grumpy));
    assert!(send.as_mut().poll(&mut Context::from_waker(&grumpy)).is_pending());
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, () = pending() => unreachable!() }
    });
    panics(|| ready(&mut select));
    drop(select);
    assert_eq!(ready(&mut send), Ok(()), "it was taken");
    assert_usable(&tx, &rx);
}

#[test]
fn a_panic_in_the_future_of_a_dynamic_select_leaves_its_arms_waiting() {
    let (tx, rx) = bounded(1);
    let is_broken = AtomicBool::new(true);
    let mut select = Select::new();
    let recv = select.recv(&rx, |message| message.unwrap());
    let future = select.future(
        poll_fn(|_| {
            assert!(!is_broken.load(SeqCst), "in the future");
            Poll::<u32>::Pending
        }),
        |output| output,
    );
    panics(|| wait(&mut Box::pin(select.wait())));
    is_broken.store(false, SeqCst);
    let mut waiting = Box::pin(select.wait());
    let flag = wait(&mut waiting);
    tx.try_send(7).unwrap();
    assert!(flag.take());
    assert_eq!(ready(&mut waiting), (recv, 7));
    drop(waiting);
    assert!(select.remove(future));
}

#[test]
fn a_panic_in_an_output_of_a_dynamic_select_ends_an_arm_that_takes_effect_once() {
    let (tx, rx) = bounded(4);
    let never = never::<()>();
    let mut select = Select::new();
    select.send(&tx, 1, |_| panic!("in the output"));
    let waits = select.recv(&never, drop);
    panics(|| select.wait_blocking());
    assert_eq!(select.len(), 1);
    assert_eq!(select.try_wait(), None);
    assert_eq!(rx.drain().collect::<Vec<_>>(), [1]);
    assert!(select.remove(waits));
}

#[test]
fn a_panic_in_the_waker_of_a_peer_leaves_the_arms_of_a_dynamic_select_waiting() {
    let (first, last) = (unbuffered(), unbuffered());
    let mut send = Box::pin(first.0.send(1));
    let mut select = Select::biased();
    // It runs between the first look at the channels and the one at which arms are enlisted.
    select.future(
        poll_fn(move |_| {
            let grumpy = Waker::from(Arc::new(Grumpy));
            _ = send.as_mut().poll(&mut Context::from_waker(&grumpy));
            Poll::<u32>::Pending
        }),
        |output| output,
    );
    select.recv(&first.1, |message| message.unwrap_or(100));
    let waits = select.recv(&last.1, |message| message.unwrap_or(200));
    panics(|| wait(&mut Box::pin(select.wait())));
    let (mut waiting, flag) = (Box::pin(select.wait()), Flag::new());
    // Whether it still tells of the message that woke the peer is not promised. That the other arm waits is.
    _ = flag::poll(&mut waiting, &flag);
    _ = flag.take();
    let mut send = Box::pin(last.0.send(2));
    _ = flag::poll(&mut send, &flag);
    loop {
        if let Poll::Ready((arm, message)) = flag::poll(&mut waiting, &flag) {
            if arm == waits {
                assert_eq!(message, 2);
                break;
            }
            drop(waiting);
            waiting = Box::pin(select.wait());
        } else {
            assert!(flag.take(), "the arm was forgotten");
        }
    }
}

/// Does something when it is called, as an executor does that runs what it wakes at once.
struct Inline(Mutex<Box<dyn FnMut() + Send>>);

impl Inline {
    fn waker(action: impl FnMut() + Send + 'static) -> Waker {
        Waker::from(Arc::new(Inline(Mutex::new(Box::new(action)))))
    }
}

impl Wake for Inline {
    fn wake(self: Arc<Inline>) {
        self.0.lock().unwrap()();
    }
}

#[test]
fn a_waker_may_use_the_channels_of_the_select_that_it_wakes() {
    let ((tx, rx), (other, nobody)) = (unbuffered(), unbuffered::<u32>());
    let mut select = Box::pin(async {
        select! { message = rx.recv() => message, message = nobody.recv() => message }
    });
    let senders = (tx.clone(), other.clone());
    let waker = Inline::waker(move || {
        assert!(senders.0.try_send(8).is_err(), "the select is decided");
        assert!(senders.1.try_send(9).is_err(), "the select is decided");
    });
    assert!(
        select
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    tx.try_send(7).unwrap();
    assert_eq!(ready(&mut select), Ok(7));
}

#[test]
fn a_waker_that_a_select_calls_may_use_the_other_channels_of_that_select() {
    let (tx, rx) = unbuffered();
    let (other, from_select) = unbuffered();
    // The peer begins to wait after the select looked at its channels, and before it enlists its arms.
    let waker = Inline::waker(move || assert!(from_select.try_recv().is_err(), "the select is decided"));
    let mut send: Pin<Box<dyn Future<Output = _>>> = Box::pin(tx.send(7));
    let mut begins = poll_fn(move |_| {
        assert!(send.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        Poll::<()>::Pending
    });
    let mut select = Box::pin(async {
        select! { biased;
            () = &mut begins => unreachable!(),
            _ = other.send(1) => unreachable!(),
            message = rx.recv() => message,
        }
    });
    assert_eq!(ready(&mut select), Ok(7));
}
