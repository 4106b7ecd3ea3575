//! A channel on which each receiver sees every message.

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
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use std::thread;

use canter_channel::broadcast::{
    Closed, Lagged, Messages, Receiver, Recv, RecvError, Sender, TryRecvError, WeakSender,
};
use canter_channel::{SendError, broadcast};
use canter_coop::host;
use futures::executor::block_on;
use futures::stream::FusedStream;
use futures::{Stream, StreamExt};

use Manners::{BadClone, BadDrop, Good};
use alarm::alarm;
use drops::{Drops, Guard};
use flag::{Flag, poll};
use seed::random;

const _: fn() = || {
    fn has<T: Send + Sync + std::fmt::Debug>() {}
    fn unpin<T: Unpin>() {}
    has::<Sender<u8>>();
    has::<WeakSender<u8>>();
    has::<Receiver<u8>>();
    has::<Recv<'_, u8>>();
    has::<Closed<'_, u8>>();
    has::<Messages<u8>>();
    unpin::<Messages<std::marker::PhantomPinned>>();
};

// Receivers on two threads clone one message at the same time.
lacks!(Send: Sender<Cell<u8>>);
lacks!(Send: Receiver<Cell<u8>>);
lacks!(Sync: Receiver<Cell<u8>>);
lacks!(Send: Sender<Rc<u8>>);

/// Counts its clones, and panics where it is told to.
struct Message {
    clones: Arc<AtomicUsize>,
    manners: Manners,
}

#[derive(Clone, Copy, PartialEq)]
enum Manners {
    Good,
    BadClone,
    BadDrop,
}

impl Message {
    fn new(manners: Manners) -> Message {
        Message {
            clones: Arc::default(),
            manners,
        }
    }
}

impl Clone for Message {
    fn clone(&self) -> Message {
        assert!(self.manners != BadClone);
        self.clones.fetch_add(1, SeqCst);
        Message {
            clones: self.clones.clone(),
            manners: Good,
        }
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        assert!(self.manners != BadDrop);
    }
}

fn boxed<'a, F: Future + 'a>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
    Box::pin(future)
}

fn drain<T: Clone>(rx: &mut Receiver<T>) -> Vec<T> {
    std::iter::from_fn(|| rx.try_recv().ok()).collect()
}

#[test]
fn each_receiver_sees_every_message_in_order() {
    let (tx, mut first) = broadcast(4);
    let mut second = tx.subscribe();
    for number in 0..4 {
        assert_eq!(tx.send(number), Ok(2));
    }
    assert_eq!(drain(&mut first), [0, 1, 2, 3]);
    assert_eq!(drain(&mut second), [0, 1, 2, 3]);
    assert_eq!(first.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn who_subscribes_sees_what_is_sent_from_then_on() {
    let (tx, rx) = broadcast(4);
    tx.send(1).unwrap();
    let (mut late, mut later) = (tx.subscribe(), rx.resubscribe());
    tx.send(2).unwrap();
    assert_eq!((drain(&mut late), drain(&mut later)), (vec![2], vec![2]));
}

#[test]
fn a_clone_sees_what_the_original_has_not_seen() {
    let (tx, mut rx) = broadcast(2);
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    let mut clone = rx.clone();
    assert_eq!((drain(&mut rx), drain(&mut clone)), (vec![2], vec![2]));
    (3..6).for_each(|number| _ = tx.send(number).unwrap());
    let mut lagging = rx.clone();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!(lagging.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!((drain(&mut rx), drain(&mut lagging)), (vec![4, 5], vec![4, 5]));
}

#[test]
fn a_slow_receiver_learns_how_many_it_missed_and_goes_on_with_the_oldest() {
    let (tx, mut slow) = broadcast(2);
    let mut quick = tx.subscribe();
    for number in 0..5 {
        tx.send(number).unwrap();
        assert_eq!(quick.try_recv(), Ok(number));
    }
    assert_eq!(slow.len(), 2);
    assert_eq!(block_on(slow.recv()), Err(RecvError::Lagged(3)));
    assert_eq!((block_on(slow.recv()), block_on(slow.recv())), (Ok(3), Ok(4)));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn without_a_receiver_the_message_comes_back() {
    let (tx, rx) = broadcast(1);
    drop(rx);
    assert_eq!(tx.send(1), Err(SendError(1)));
    let mut rx = tx.subscribe();
    assert_eq!(tx.send(2), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
#[should_panic = "a broadcast needs a capacity of at least 1"]
fn a_capacity_of_zero_is_refused() {
    broadcast::<u8>(0);
}

#[test]
fn what_is_left_is_seen_after_the_close() {
    let close: fn(Sender<u8>) = |tx| assert!(tx.close() && !tx.close());
    for end in [close, drop] {
        let (tx, mut rx) = broadcast(2);
        let weak = tx.downgrade();
        tx.send(1).unwrap();
        assert!(!rx.is_closed());
        end(tx);
        assert!(rx.is_closed());
        assert_eq!(
            (rx.recv_blocking(), rx.recv_blocking()),
            (Ok(1), Err(RecvError::Closed))
        );
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(rx.resubscribe().try_recv(), Err(TryRecvError::Closed));
        assert!(weak.upgrade().is_none());
    }
}

#[test]
fn a_closed_channel_takes_no_message() {
    let (tx, _rx) = broadcast(1);
    tx.clone().close();
    assert!(tx.is_closed());
    assert_eq!(tx.send(1), Err(SendError(1)));
    assert_eq!(tx.subscribe().try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn all_who_wait_are_woken_by_one_send() {
    let (tx, mut first) = broadcast(1);
    let mut second = tx.subscribe();
    let flags = [Flag::new(), Flag::new()];
    let mut waits = [boxed(first.recv()), boxed(second.recv())];
    for (wait, flag) in waits.iter_mut().zip(&flags) {
        assert!(poll(wait, flag).is_pending() && !flag.take());
    }
    tx.send(1).unwrap();
    for (wait, flag) in waits.iter_mut().zip(&flags) {
        assert!(flag.take());
        assert_eq!(poll(wait, flag), Poll::Ready(Ok(1)));
    }
}

#[test]
fn all_who_wait_are_woken_by_the_end() {
    let (tx, mut rx) = broadcast::<u8>(1);
    let (flag, mut wait) = (Flag::new(), boxed(rx.recv()));
    assert!(poll(&mut wait, &flag).is_pending());
    drop(tx.clone());
    assert!(!flag.take(), "there is another sender");
    drop(tx);
    assert!(flag.take());
    assert_eq!(poll(&mut wait, &flag), Poll::Ready(Err(RecvError::Closed)));
}

#[test]
fn a_wait_that_is_dropped_misses_nothing() {
    let (tx, mut rx) = broadcast(2);
    let flag = Flag::new();
    assert!(poll(&mut boxed(rx.recv()), &flag).is_pending());
    assert_eq!(Arc::strong_count(&flag), 1, "its waker has been dropped");
    let mut wait = boxed(rx.recv());
    assert!(poll(&mut wait, &flag).is_pending());
    tx.send(1).unwrap();
    assert!(flag.take());
    drop(wait);
    assert_eq!(block_on(rx.recv()), Ok(1));
}

#[test]
fn a_sender_learns_that_nobody_listens() {
    let (tx, rx) = broadcast::<u8>(1);
    let (flag, mut closed) = (Flag::new(), boxed(tx.closed()));
    let other = rx.clone();
    assert!(poll(&mut closed, &flag).is_pending());
    drop(rx);
    assert!(!flag.take() && !tx.is_closed());
    drop(other);
    assert!(flag.take() && tx.is_closed());
    assert!(poll(&mut closed, &flag).is_ready());
    let (_rx, mut closed) = (tx.subscribe(), boxed(tx.closed()));
    assert!(poll(&mut closed, &flag).is_pending(), "somebody listens again");
    tx.close();
    assert!(flag.take() && poll(&mut closed, &flag).is_ready());
}

#[test]
fn handles_are_counted() {
    let (tx, rx) = broadcast::<u8>(1);
    let (other, clone) = (tx.clone(), rx.clone());
    assert_eq!((tx.sender_count(), tx.receiver_count()), (2, 2));
    let upgraded = tx.downgrade().upgrade().unwrap();
    assert_eq!(tx.sender_count(), 3);
    assert!(upgraded.same_channel(&other) && rx.same_channel(&clone));
    assert!(!rx.same_channel(&broadcast(1).1));
    drop((other, upgraded, clone));
    assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
    assert_eq!(
        format!("{tx:?}"),
        "Sender(Broadcast { len: 0, capacity: 1, closed: false, .. })"
    );
}

#[test]
fn the_last_one_to_see_a_message_gets_it_without_a_clone() {
    let (tx, mut first) = broadcast(2);
    let mut second = tx.subscribe();
    let message = Message::new(Good);
    let clones = message.clones.clone();
    tx.send(message).unwrap();
    drop((first.try_recv(), second.try_recv()));
    assert_eq!((clones.load(SeqCst), tx.len()), (1, 0));
}

#[test]
fn a_dropped_receiver_releases_what_only_it_still_wanted() {
    let drops = Drops::default();
    let (tx, slow) = broadcast(8);
    let mut quick = tx.subscribe();
    (0..4).for_each(|_| _ = tx.send(Arc::new(drops.guard())).ok());
    (0..3).for_each(|_| drop(quick.try_recv()));
    assert_eq!((drops.count(), tx.len()), (0, 4));
    drop(slow);
    assert_eq!((drops.count(), tx.len()), (3, 1));
    drop(quick);
    assert_eq!((drops.count(), tx.len()), (4, 0));
}

#[test]
fn messages_of_any_size_are_dropped_once() {
    fn all_drop<T: Clone>(message: impl Fn(Arc<Guard>) -> T) {
        let drops = Drops::default();
        let (tx, mut rx) = broadcast(2);
        (0..3).for_each(|_| _ = tx.send(message(Arc::new(drops.guard()))));
        assert_eq!(rx.try_recv().err(), Some(TryRecvError::Lagged(1)));
        drop(rx.try_recv());
        assert_eq!(drops.count(), 2);
        drop((tx, rx));
        assert_eq!(drops.count(), 3);
    }
    all_drop(|guard| guard);
    all_drop(|guard| (guard, [7_u8; 10_000]));
    let (tx, mut rx) = broadcast(2);
    (0..3).for_each(|_| _ = tx.send(()));
    assert_eq!(rx.try_recv(), Err(TryRecvError::Lagged(1)));
    assert_eq!(drain(&mut rx).len(), 2);
}

#[test]
fn a_clone_that_panics_has_been_seen() {
    let (tx, mut first) = broadcast(2);
    let mut second = tx.subscribe();
    let bad = Message::new(BadClone);
    assert!(tx.send(bad).is_ok() && tx.send(Message::new(Good)).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(first.recv()))).is_err());
    assert!(first.try_recv().is_ok() && second.try_recv().is_ok() && second.try_recv().is_ok());
    assert!(tx.is_empty());
}

#[test]
fn a_drop_that_panics_leaves_the_channel_usable() {
    let bad = || Message::new(BadDrop);
    let (tx, mut rx) = broadcast(1);
    let mut other = tx.subscribe();
    assert!(tx.send(bad()).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(Message::new(Good)))).is_err());
    assert!(
        matches!(rx.try_recv(), Err(TryRecvError::Lagged(1))),
        "the second one has been sent"
    );
    assert!(rx.try_recv().is_ok());
    drop(other.try_recv());
    drop(other.try_recv());
    assert!(tx.send(bad()).is_ok());
    drop(rx.try_recv());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(other))).is_err());
    assert_eq!(tx.receiver_count(), 1);
    assert!(tx.send(Message::new(Good)).is_ok() && rx.try_recv().is_ok());
}

#[test]
fn a_waker_that_panics_keeps_nobody_asleep() {
    let (tx, mut first) = broadcast(1);
    let (mut second, mut third) = (tx.subscribe(), tx.subscribe());
    let (flag, waker) = (Flag::new(), alarm());
    let mut waits = [boxed(first.recv()), boxed(second.recv()), boxed(third.recv())];
    assert!(
        waits[0]
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(poll(&mut waits[1], &flag).is_pending() && poll(&mut waits[2], &flag).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(1))).is_err());
    assert!(flag.take());
    for wait in &mut waits {
        assert_eq!(poll(wait, &flag), Poll::Ready(Ok(1)));
    }
}

#[test]
fn a_stream_yields_the_messages_and_what_was_missed() {
    let (tx, rx) = broadcast(2);
    (0..3).for_each(|number| _ = tx.send(number));
    let mut stream = rx.into_stream();
    assert_eq!(block_on(stream.next()), Some(Err(Lagged(1))));
    assert_eq!(stream.size_hint(), (2, None));
    assert_eq!(
        (block_on(stream.next()), block_on(stream.next())),
        (Some(Ok(1)), Some(Ok(2)))
    );
    let flag = Flag::new();
    assert!(poll(&mut boxed(stream.next()), &flag).is_pending());
    drop(tx);
    assert!(flag.take());
    assert!(!stream.is_terminated());
    assert_eq!(block_on(stream.next()), None);
    assert!(stream.is_terminated());
}

#[test]
fn a_wait_says_where_it_was_made_and_keeps_to_the_budget() {
    let (tx, mut rx) = broadcast(1);
    let line = line!() + 1;
    let mut wait = boxed(rx.recv());
    let (_, waiting) = host::poll(9, || poll(&mut wait, &Flag::new()).is_pending());
    let waiting = waiting.expect("it waits");
    assert_eq!(waiting.reason.as_str(), "broadcast receive");
    assert_eq!((waiting.place.file(), waiting.place.line()), (file!(), line));
    tx.send(1).unwrap();
    assert!(host::poll(0, || poll(&mut wait, &Flag::new())).0.is_pending());
    assert_eq!(
        host::poll(1, || poll(&mut wait, &Flag::new())).0,
        Poll::Ready(Ok(1))
    );
}

/// The whole history, and how much of it each receiver has seen.
#[test]
fn random_operations_agree_with_a_history_that_keeps_everything() {
    let mut rng = random("random_operations_agree_with_a_history_that_keeps_everything");
    for _ in 0..if cfg!(miri) { 3 } else { 300 } {
        let capacity = rng.usize(1..6);
        let (tx, rx) = broadcast(capacity);
        let (mut sent, mut receivers) = (0_usize, vec![(rx, 0_usize)]);
        for _ in 0..200 {
            let chosen = rng.usize(..receivers.len().max(1));
            let oldest = |seen: usize| seen.max(sent.saturating_sub(capacity));
            match rng.u8(..8) {
                0 => receivers.push((tx.subscribe(), sent)),
                1 if !receivers.is_empty() => drop(receivers.swap_remove(chosen)),
                2 if !receivers.is_empty() => {
                    receivers.push((receivers[chosen].0.clone(), receivers[chosen].1))
                }
                3 | 4 => {
                    let delivered = tx.send(sent).ok();
                    assert_eq!(delivered, (!receivers.is_empty()).then_some(receivers.len()));
                    sent += usize::from(delivered.is_some());
                }
                _ if !receivers.is_empty() => {
                    let (rx, seen) = &mut receivers[chosen];
                    let missed = oldest(*seen) - *seen;
                    let expected = match missed {
                        0 if *seen == sent => Err(TryRecvError::Empty),
                        0 => Ok(*seen),
                        _ => Err(TryRecvError::Lagged(missed as u64)),
                    };
                    assert_eq!(rx.try_recv(), expected);
                    *seen += missed + usize::from(expected.is_ok());
                }
                _ => {}
            }
            let oldest = |seen: usize| seen.max(sent.saturating_sub(capacity));
            let wanted = receivers.iter().map(|(_, seen)| sent - oldest(*seen)).max();
            assert_eq!(tx.len(), wanted.unwrap_or(0));
            assert!(
                receivers
                    .iter()
                    .all(|(rx, seen)| rx.len() == sent - oldest(*seen))
            );
        }
    }
}

#[test]
fn threads_see_each_message_once_or_learn_that_they_missed_it() {
    const MESSAGES: u64 = if cfg!(miri) { 50 } else { 20_000 };
    const SENDERS: u64 = 2;
    let drops = Drops::default();
    let (tx, rx) = broadcast::<(u64, u64, Arc<Guard>)>(16);
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let mut rx = rx.clone();
            thread::spawn(move || {
                let (mut next, mut seen, mut missed) = ([0; SENDERS as usize], 0, 0);
                loop {
                    match block_on(rx.recv()) {
                        Ok((sender, number, _)) => {
                            assert!(number >= next[sender as usize], "in the order of the sender");
                            next[sender as usize] = number + 1;
                            seen += 1;
                        }
                        Err(RecvError::Lagged(number)) => missed += number,
                        Err(RecvError::Closed) => return seen + missed,
                    }
                }
            })
        })
        .collect();
    drop(rx);
    let senders = (0..SENDERS).map(|sender| {
        let (tx, drops) = (tx.clone(), drops.clone());
        thread::spawn(move || {
            (0..MESSAGES).for_each(|number| _ = tx.send((sender, number, Arc::new(drops.guard()))));
        })
    });
    senders
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    drop(tx);
    for receiver in receivers {
        assert_eq!(receiver.join().unwrap(), SENDERS * MESSAGES);
    }
    assert_eq!(drops.count() as u64, SENDERS * MESSAGES);
}
