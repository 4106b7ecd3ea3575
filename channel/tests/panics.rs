//! The user's code inside of a channel: destructors and wakers that panic, or that use the channel themselves.
//!
//! A waker that uses its channel under the channel's lock would never come back.

#![expect(unsafe_code, reason = "a waker is made of raw parts")]

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;
#[path = "common/hooks.rs"]
mod hooks;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Waker};

use by_hand::{ready, wait};
use canter_channel::{Receiver, Sender, bounded, unbounded, unbuffered};
use drops::{Drops, Guard};
use hooks::{Event, hooked};

fn all_kinds<T>() -> Vec<(Sender<T>, Receiver<T>)> {
    vec![unbuffered(), bounded(1), bounded(7), unbounded()]
}

/// Runs what has to panic.
#[track_caller]
fn panics<R>(code: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(code)).is_err(), "it has to panic");
}

/// Runs what may panic.
fn may_panic<R>(code: impl FnOnce() -> R) {
    _ = catch_unwind(AssertUnwindSafe(code));
}

fn poll_with<F: Future>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// A waker that panics at this event, as long as it is armed.
fn panicking(at: Event, armed: &Arc<AtomicBool>) -> Waker {
    let armed = armed.clone();
    hooked(move |event| {
        if event == at && armed.load(SeqCst) && !std::thread::panicking() {
            panic!("a waker that panics");
        }
    })
}

/// Sends and receives on a channel that has to be usable and empty.
#[track_caller]
fn check_usable<T: PartialEq + std::fmt::Debug>((tx, rx): (&Sender<T>, &Receiver<T>), make: impl Fn() -> T) {
    assert!(rx.try_recv().is_err(), "it is empty");
    let mut recv = Box::pin(rx.recv());
    let woken = wait(&mut recv);
    assert!(tx.try_send(make()).is_ok());
    assert!(woken.take());
    assert!(ready(&mut recv).is_ok());
    let mut sends: Vec<_> = (0..9).map(|_| Box::pin(tx.send(make()))).collect();
    sends
        .iter_mut()
        .for_each(|send| _ = flag::poll(send, &flag::Flag::new()));
    assert_eq!((0..9).filter(|_| rx.try_recv().is_ok()).count(), 9);
    assert!(sends.iter_mut().all(|send| ready(send).is_ok()));
    assert!(rx.try_recv().is_err());
}

// Destructors that panic.

/// Panics when it is dropped, if it is told to.
#[derive(Debug)]
struct Bomb {
    goes_off: bool,
    _guard: Guard,
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Guard")
    }
}

impl PartialEq for Bomb {
    fn eq(&self, other: &Bomb) -> bool {
        self.goes_off == other.goes_off
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.goes_off {
            panic!("a message that panics");
        }
    }
}

fn bomb(drops: &Drops, goes_off: bool) -> Bomb {
    Bomb {
        goes_off,
        _guard: drops.guard(),
    }
}

#[test]
fn messages_behind_one_that_panics_in_its_drop_are_dropped_too() {
    for (tx, rx) in [bounded(7), unbounded()] {
        let drops = Drops::default();
        (0..7).for_each(|at| assert!(tx.try_send(bomb(&drops, at == 2)).is_ok()));
        panics(|| drop(rx));
        assert_eq!(drops.count(), 7);
        assert!(tx.is_closed() && tx.is_empty());
        assert!(tx.try_send(bomb(&drops, false)).is_err());
    }
}

#[test]
fn a_send_whose_message_panics_in_its_drop_leaves_the_channel_usable() {
    for channel @ (tx, rx) in &[unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let room = usize::from(tx.try_send(bomb(&drops, false)).is_ok());
        let mut send = Box::pin(tx.send(bomb(&drops, true)));
        _ = wait(&mut send);
        panics(|| drop(send));
        assert_eq!(rx.drain().count(), room);
        check_usable((&channel.0, &channel.1), || bomb(&drops, false));
    }
}

#[test]
fn a_displaced_message_that_panics_in_its_drop_leaves_the_channel_usable() {
    let drops = Drops::default();
    let (tx, rx) = bounded(1);
    assert!(tx.try_send(bomb(&drops, true)).is_ok());
    panics(|| drop(tx.force_send(bomb(&drops, false))));
    assert!(rx.try_recv().is_ok());
    check_usable((&tx, &rx), || bomb(&drops, false));
}

#[test]
fn a_received_message_that_panics_in_its_drop_leaves_the_channel_usable() {
    for (tx, rx) in all_kinds() {
        let drops = Drops::default();
        let mut send = Box::pin(tx.send(bomb(&drops, true)));
        _ = flag::poll(&mut send, &flag::Flag::new());
        panics(|| drop(rx.try_recv()));
        assert!(ready(&mut send).is_ok());
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
}

// Wakers that panic.

#[test]
fn a_receivers_waker_that_panics_when_it_is_woken_loses_no_message() {
    for (tx, rx) in all_kinds() {
        let armed = Arc::new(AtomicBool::new(true));
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(&mut recv, &panicking(Event::Wake, &armed)).is_pending());
        panics(|| tx.try_send(1));
        assert_eq!(ready(&mut recv), Ok(1), "it was promised the message before");
        check_usable((&tx, &rx), || 2);
    }
}

#[test]
fn a_senders_waker_that_panics_when_it_is_woken_leaves_the_channel_usable() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(true));
        let room = usize::from(tx.try_send(bomb(&drops, false)).is_ok());
        let made = drops.count();
        let mut send = Box::pin(tx.send(bomb(&drops, false)));
        assert!(poll_with(&mut send, &panicking(Event::Wake, &armed)).is_pending());
        panics(|| rx.try_recv());
        assert!(ready(&mut send).is_ok(), "its message was taken");
        rx.drain().for_each(drop);
        assert_eq!(
            drops.count() - made,
            1 + room,
            "each was dropped, also the one in the panicking receive"
        );
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
}

#[test]
fn a_receive_that_panics_in_anothers_waker_drops_its_message_once() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(true));
        let room = usize::from(tx.try_send(bomb(&drops, false)).is_ok());
        let made = drops.count();
        let mut send = Box::pin(tx.send(bomb(&drops, false)));
        assert!(poll_with(&mut send, &panicking(Event::Wake, &armed)).is_pending());
        let mut recv = Box::pin(rx.recv());
        panics(|| poll_with(&mut recv, Waker::noop()));
        drop(recv);
        assert!(ready(&mut send).is_ok());
        rx.drain().for_each(drop);
        assert_eq!(drops.count() - made, 1 + room);
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
}

#[test]
fn everyone_is_woken_when_one_waker_panics() {
    let armed = Arc::new(AtomicBool::new(true));
    let (tx, rx) = unbuffered::<u32>();
    let mut receives: Vec<_> = (0..5).map(|_| Box::pin(rx.recv())).collect();
    let flags: Vec<_> = (0..5).map(|_| flag::Flag::new()).collect();
    for (at, recv) in receives.iter_mut().enumerate() {
        let waker = if at % 2 == 0 {
            panicking(Event::Wake, &armed)
        } else {
            flags[at].waker()
        };
        assert!(poll_with(recv, &waker).is_pending());
    }
    panics(|| tx.close());
    assert!(flags[1].take() && flags[3].take());
    assert!(tx.is_closed());
    assert!(receives.iter_mut().all(|recv| ready(recv).is_err()));
}

#[test]
fn the_last_handle_closes_the_channel_although_a_waker_panics() {
    for (tx, rx) in all_kinds::<u32>() {
        let armed = Arc::new(AtomicBool::new(true));
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(&mut recv, &panicking(Event::Wake, &armed)).is_pending());
        panics(|| drop(tx));
        assert!(rx.is_closed());
        assert!(ready(&mut recv).is_err());
    }
    for (tx, rx) in [bounded(1), bounded(7)] {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(true));
        while tx.try_send(drops.guard()).is_ok() {}
        let mut closed = Box::pin(tx.closed());
        assert!(poll_with(&mut closed, &panicking(Event::Wake, &armed)).is_pending());
        let queued = rx.len();
        let before = drops.count();
        panics(|| drop(rx));
        assert_eq!(
            drops.count() - before,
            queued,
            "what is queued is dropped all the same"
        );
        ready(&mut closed);
    }
}

#[test]
fn a_promise_is_passed_on_although_the_next_waker_panics() {
    for (tx, rx) in all_kinds() {
        let armed = Arc::new(AtomicBool::new(true));
        let mut first = Box::pin(rx.recv());
        let _flag = wait(&mut first);
        let mut second = Box::pin(rx.recv());
        assert!(poll_with(&mut second, &panicking(Event::Wake, &armed)).is_pending());
        tx.try_send(1).unwrap();
        panics(|| drop(first));
        assert_eq!(ready(&mut second), Ok(1));
        check_usable((&tx, &rx), || 2);
    }
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_the_channel_as_it_was() {
    let armed = Arc::new(AtomicBool::new(true));
    let waker = panicking(Event::Clone, &armed);
    for (tx, rx) in all_kinds() {
        let mut recv = Box::pin(rx.recv());
        panics(|| poll_with(&mut recv, &waker));
        let mut closed = Box::pin(rx.closed());
        panics(|| poll_with(&mut closed, &waker));
        assert!(
            tx.capacity() != Some(0) || tx.try_send(0).is_err(),
            "nobody waits"
        );
        check_usable((&tx, &rx), || 1);

        let woken = wait(&mut recv);
        panics(|| poll_with(&mut recv, &waker));
        tx.try_send(2).unwrap();
        assert!(woken.take(), "the waker of the poll before stays");
        assert_eq!(ready(&mut recv), Ok(2));
    }
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let room = usize::from(tx.try_send(0).is_ok());
        let mut send = Box::pin(tx.send(1));
        panics(|| poll_with(&mut send, &waker));
        let woken = wait(&mut send);
        panics(|| poll_with(&mut send, &waker));
        assert_eq!((0..2).filter(|_| rx.try_recv().is_ok()).count(), 1 + room);
        assert!(woken.take());
        drop(send);
        check_usable((&tx, &rx), || 2);
    }
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_leaves_the_channel_usable() {
    for (tx, rx) in all_kinds() {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(false));
        let waker = panicking(Event::Drop, &armed);

        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(&mut recv, &waker).is_pending());
        armed.store(true, SeqCst);
        may_panic(|| poll_with(&mut recv, Waker::noop()));
        armed.store(false, SeqCst);
        assert!(tx.try_send(bomb(&drops, false)).is_ok());
        assert!(ready(&mut recv).is_ok());

        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(&mut recv, &waker).is_pending());
        armed.store(true, SeqCst);
        may_panic(|| drop(recv));
        armed.store(false, SeqCst);
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(false));
        let waker = panicking(Event::Drop, &armed);
        let room = usize::from(tx.try_send(bomb(&drops, false)).is_ok());
        let made = drops.count();
        let mut send = Box::pin(tx.send(bomb(&drops, false)));
        assert!(poll_with(&mut send, &waker).is_pending());
        armed.store(true, SeqCst);
        may_panic(|| drop(send));
        armed.store(false, SeqCst);
        assert_eq!(rx.drain().count(), room);
        assert_eq!(drops.count() - made, 1 + room);
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
}

#[test]
fn a_ready_poll_whose_waker_panics_when_it_is_dropped_loses_no_message() {
    for (tx, rx) in [unbuffered(), bounded(1)] {
        let drops = Drops::default();
        let armed = Arc::new(AtomicBool::new(false));
        let waker = panicking(Event::Drop, &armed);
        let mut send = Box::pin(tx.send(bomb(&drops, false)));
        _ = poll_with(&mut send, Waker::noop());
        let mut recv = Box::pin(rx.recv());
        armed.store(true, SeqCst);
        may_panic(|| poll_with(&mut recv, &waker));
        armed.store(false, SeqCst);
        drop((send, recv));
        rx.drain().for_each(drop);
        assert_eq!(drops.count(), 1, "it was received, or dropped, or it is there");
        check_usable((&tx, &rx), || bomb(&drops, false));
    }
}

// Wakers that use the channel.

/// Uses the channel each time that something happens to the waker, unless that happens in such a use.
fn busybody(tx: &Sender<u32>, rx: &Receiver<u32>, events: &Arc<AtomicUsize>) -> Waker {
    let (tx, rx, events) = (tx.downgrade(), rx.downgrade(), events.clone());
    let inside = AtomicBool::new(false);
    hooked(move |event| {
        events.fetch_or(1 << event as usize, SeqCst);
        if inside.swap(true, SeqCst) {
            return;
        }
        if let (Some(tx), Some(rx)) = (tx.upgrade(), rx.upgrade()) {
            _ = (tx.len(), rx.is_full(), tx.is_closed(), format!("{tx:?}"));
            if tx.try_send(100).is_ok() {
                _ = rx.try_recv();
            }
            _ = rx.try_recv();
            _ = tx.force_send(101);
            _ = rx.try_recv();
            drop(tx.try_reserve());
            let mut recv = Box::pin(rx.recv());
            _ = poll_with(&mut recv, Waker::noop());
            let mut send = Box::pin(tx.send(102));
            _ = poll_with(&mut send, Waker::noop());
            drop((recv, send));
            while rx.try_recv().is_ok() {}
        }
        inside.store(false, SeqCst);
    })
}

#[test]
fn a_waker_may_use_the_channel_when_it_is_woken_cloned_or_dropped() {
    for (tx, rx) in all_kinds() {
        let events = Arc::new(AtomicUsize::new(0));
        let wakers: Vec<_> = (0..3).map(|_| busybody(&tx, &rx, &events)).collect();

        let mut receives: Vec<_> = (0..3).map(|_| Box::pin(rx.recv())).collect();
        for (recv, waker) in receives.iter_mut().zip(&wakers) {
            _ = poll_with(recv, waker);
        }
        for (recv, waker) in receives.iter_mut().zip(wakers.iter().rev()) {
            _ = poll_with(recv, waker);
        }
        _ = tx.try_send(1);
        _ = tx.force_send(2);
        drop(receives.remove(1));
        for recv in &mut receives {
            _ = poll_with(recv, Waker::noop());
        }
        drop(receives);

        let mut sends: Vec<_> = (0..12).map(|number| Box::pin(tx.send(number))).collect();
        for (send, waker) in sends.iter_mut().zip(wakers.iter().cycle()) {
            _ = poll_with(send, waker);
        }
        for (send, waker) in sends.iter_mut().zip(wakers.iter().rev().cycle()) {
            _ = poll_with(send, waker);
        }
        _ = rx.try_recv();
        sends.truncate(9);
        _ = rx.drain().count();
        drop(sends);

        let mut reserves: Vec<_> = (0..9).map(|_| Box::pin(tx.reserve())).collect();
        for (reserve, waker) in reserves.iter_mut().zip(wakers.iter().cycle()) {
            drop(poll_with(reserve, waker));
        }
        drop(reserves);

        let mut closed: Vec<_> = (0..3).map(|_| Box::pin(rx.closed())).collect();
        for (closed, waker) in closed.iter_mut().zip(&wakers) {
            _ = poll_with(closed, waker);
        }
        drop(closed.remove(0));
        let mut receives: Vec<_> = (0..3).map(|_| Box::pin(rx.recv())).collect();
        while rx.try_recv().is_ok() {}
        for (recv, waker) in receives.iter_mut().zip(&wakers) {
            _ = poll_with(recv, waker);
        }
        tx.close();
        drop((receives, closed));
        drop(wakers);
        assert_eq!(events.load(SeqCst), 0b111, "all that can happen to a waker did");
    }
}

#[test]
fn a_waker_may_drop_the_handles_of_its_channel() {
    for (tx, rx) in all_kinds() {
        let own = std::sync::Mutex::new(Some((tx.clone(), rx.clone())));
        let waker = hooked(move |event| {
            if event == Event::Wake {
                drop(own.lock().unwrap().take());
            }
        });
        let mut recv = Box::pin(rx.recv());
        assert!(poll_with(&mut recv, &waker).is_pending());
        tx.try_send(1).unwrap();
        assert_eq!((tx.sender_count(), tx.receiver_count()), (1, 1));
        assert_eq!(ready(&mut recv), Ok(1));
    }
}
