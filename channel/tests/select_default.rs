//! `default` is taken only if there was a moment at which no arm could go: also while others come and go.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/flag.rs"]
mod flag;

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, RwLock};
use std::thread;

use by_hand::wait;
use canter_channel::{Receiver, Select, Sender, bounded, never, select, select_blocking, unbuffered};
use flag::{Flag, poll};

/// How often the races are run.
const ROUNDS: u32 = 10_000;

/// The same for races in which both sides go on until they meet.
const LONG_ROUNDS: u32 = 1_000;

#[test]
fn default_is_taken_if_no_arm_can_go() {
    let (tx, rx) = unbuffered::<u32>();
    let chosen = select_blocking! {
        _ = rx.recv() => "recv",
        _ = tx.send(1) => "send",
        _ = tx.reserve() => "reserve",
        () = pending() => "future",
        default => "default",
    };
    assert_eq!(chosen, "default");
}

#[test]
fn default_is_not_taken_if_an_arm_can_go() {
    let (tx, rx) = bounded(1);
    let nobody = never::<u32>();
    assert!(
        select_blocking! { sent = tx.send(1) => sent.is_ok(), _ = nobody.recv() => false, default => false }
    );
    assert!(select_blocking! { _ = nobody.recv() => false, m = rx.recv() => m == Ok(1), default => false });
    assert!(select_blocking! { _ = nobody.recv() => false, () = ready(()) => true, default => false });
    tx.close();
    assert!(select_blocking! { _ = nobody.recv() => false, m = rx.recv() => m.is_err(), default => false });
}

#[test]
fn a_future_beside_a_default_is_polled_once() {
    let mut polls = 0;
    let counted = std::future::poll_fn(|_| {
        polls += 1;
        std::task::Poll::<()>::Pending
    });
    select_blocking! { () = counted => unreachable!(), default => {} }
    assert_eq!(polls, 1);
}

#[test]
fn a_select_with_a_default_meets_a_peer_that_waits() {
    let (tx, rx) = unbuffered();
    let mut peer = Box::pin(async {
        select! { sent = tx.send(7) => sent, () = pending() => unreachable!() }
    });
    let flag = wait(&mut peer);
    assert_eq!(
        select_blocking! { m = rx.recv() => m.ok(), default => None },
        Some(7)
    );
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut peer), Ok(()));
}

#[test]
fn a_select_with_a_default_leaves_no_trace() {
    let (tx, rx) = unbuffered();
    for _ in 0..3 {
        select_blocking! { _ = rx.recv() => unreachable!(), _ = tx.send(1) => unreachable!(), default => {} }
    }
    assert!(tx.try_send(1).is_err());
    assert!(rx.try_recv().is_err());
}

/// In each round `check` runs beside `change`, on what `make` made.
fn race<C: Sync + Send>(
    rounds: u32,
    make: impl Fn() -> C,
    change: impl Fn(&C) + Sync,
    check: impl Fn(&C) -> bool + Sync,
) {
    let (begin, end) = (Barrier::new(2), Barrier::new(2));
    let current = RwLock::new(None::<C>);
    thread::scope(|scope| {
        let checker = scope.spawn(|| {
            let mut defaults = 0;
            for _ in 0..rounds {
                begin.wait();
                defaults += u32::from(!check(current.read().unwrap().as_ref().unwrap()));
                end.wait();
            }
            defaults
        });
        for _ in 0..rounds {
            *current.write().unwrap() = Some(make());
            begin.wait();
            change(current.read().unwrap().as_ref().unwrap());
            end.wait();
        }
        assert_eq!(checker.join().unwrap(), 0, "a channel was ready at every moment");
    });
}

type Channel = (Sender<u32>, Receiver<u32>);

fn receives_from_one((first, second): &(Channel, Channel)) -> bool {
    select_blocking! {
        _ = first.1.recv() => true,
        _ = second.1.recv() => true,
        default => false,
    }
}

/// `TestNonblockSelectRace` of Go.
#[test]
fn a_default_sees_that_one_channel_was_filled_before_the_other_was_emptied() {
    let make = || {
        let channels = (bounded(1), bounded(1));
        channels.0.0.try_send(1).unwrap();
        channels
    };
    let change = |(first, second): &(Channel, Channel)| {
        second.0.try_send(1).unwrap();
        select_blocking! { _ = first.1.recv() => {}, default => {} }
    };
    race(ROUNDS, make, change, receives_from_one);
}

/// `TestNonblockSelectRace2` of Go.
#[test]
fn a_default_sees_that_one_channel_was_closed_before_the_other_was_emptied() {
    let make = || {
        let channels = (bounded(1), unbuffered());
        channels.0.0.try_send(1).unwrap();
        channels
    };
    let change = |(first, second): &(Channel, Channel)| {
        second.0.close();
        select_blocking! { _ = first.1.recv() => {}, default => {} }
    };
    race(ROUNDS, make, change, receives_from_one);
}

#[test]
fn a_default_sees_that_room_was_made_before_other_room_was_filled() {
    let make = || {
        let channels = (bounded(1), bounded(1));
        channels.1.0.try_send(1).unwrap();
        channels
    };
    let change = |(first, second): &(Channel, Channel)| {
        second.1.try_recv().unwrap();
        select_blocking! { _ = first.0.send(1) => {}, default => {} }
    };
    let check = |(first, second): &(Channel, Channel)| {
        select_blocking! {
            _ = first.0.send(2) => true,
            _ = second.0.send(2) => true,
            default => false,
        }
    };
    race(ROUNDS, make, change, check);
}

#[test]
fn a_dynamic_select_that_does_not_wait_sees_one_moment_too() {
    let make = || {
        let channels = (bounded(1), bounded(1));
        channels.0.0.try_send(1).unwrap();
        channels
    };
    let change = |(first, second): &(Channel, Channel)| {
        second.0.try_send(1).unwrap();
        select_blocking! { _ = first.1.recv() => {}, default => {} }
    };
    let check = |(first, second): &(Channel, Channel)| {
        let mut select = Select::new();
        select.recv(&first.1, drop);
        select.recv(&second.1, drop);
        select.try_wait().is_some()
    };
    race(ROUNDS, make, change, check);
}

/// Two channels, of which at every moment one holds a message, until the check has taken it.
struct Toggled {
    channels: (Channel, Channel),
    has_begun: AtomicBool,
    is_over: AtomicBool,
}

impl Toggled {
    fn new() -> Toggled {
        let channels = (bounded(1), bounded(1));
        channels.0.0.try_send(1).unwrap();
        Toggled {
            channels,
            has_begun: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
        }
    }

    /// Fills the one channel and empties the other, to and fro.
    fn toggle(&self) {
        let (mut full, mut empty) = (&self.channels.0, &self.channels.1);
        while !self.is_over.load(Relaxed) {
            empty.0.try_send(1).unwrap();
            if full.1.try_recv().is_err() {
                return;
            }
            (full, empty) = (empty, full);
            self.has_begun.store(true, Relaxed);
        }
    }

    fn check(&self, receives_from_one: impl Fn(&Receiver<u32>, &Receiver<u32>) -> bool) -> bool {
        while !self.has_begun.load(Relaxed) {
            thread::yield_now();
        }
        let receives = receives_from_one(&self.channels.0.1, &self.channels.1.1);
        self.is_over.store(true, Relaxed);
        receives
    }
}

/// A default that only looked at one channel after the other would miss a message that is always on the other one. The arms
/// between them make such a look longer.
#[test]
fn a_default_sees_a_message_that_is_now_in_the_one_channel_and_now_in_the_other() {
    let nobody = never::<u32>();
    race(LONG_ROUNDS, Toggled::new, Toggled::toggle, |toggled| {
        toggled.check(|first, second| {
            select_blocking! {
                _ = first.recv() => true,
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = nobody.recv() => unreachable!(),
                _ = second.recv() => true,
                default => false,
            }
        })
    });
}

#[test]
fn a_dynamic_select_that_does_not_wait_sees_a_message_that_is_now_here_and_now_there() {
    race(LONG_ROUNDS, Toggled::new, Toggled::toggle, |toggled| {
        toggled.check(|first, second| {
            let mut select = Select::new();
            select.recv(first, drop);
            select.recv(second, drop);
            select.try_wait().is_some()
        })
    });
}

type Peer = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Two rendezvous channels, on the first of which a peer waits until it is dropped.
struct Relay {
    channels: (Channel, Channel),
    first: Mutex<Option<Peer>>,
}

/// Peers wait on one channel, then on both, then on the other: so at every moment one of them waits.
fn race_with_peers(peer: impl Fn(Sender<u32>) -> Peer + Sync) {
    let make = || {
        let channels = (unbuffered(), unbuffered());
        let mut first = peer(channels.0.0.clone());
        let _flag = wait(&mut first);
        let first = Mutex::new(Some(first));
        Relay { channels, first }
    };
    let change = |relay: &Relay| {
        let mut second = peer(relay.channels.1.0.clone());
        _ = poll(&mut second, &Flag::new());
        *relay.first.lock().unwrap() = None;
        *relay.first.lock().unwrap() = Some(second);
    };
    race(ROUNDS, make, change, |relay| receives_from_one(&relay.channels));
}

#[test]
fn a_default_sees_that_one_sender_began_to_wait_before_the_other_one_left() {
    race_with_peers(|tx| Box::pin(async move { _ = tx.send(1).await }));
}

#[test]
fn a_default_sees_that_one_select_began_to_wait_before_the_other_one_left() {
    race_with_peers(|tx| {
        Box::pin(async move {
            select! { _ = tx.send(1) => {}, _ = tx.send(2) => {} }
        })
    });
}
