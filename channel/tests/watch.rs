//! A channel that holds the latest value.

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
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use canter_channel::watch::{Changed, Closed, Receiver, Ref, Sender, Values, WaitFor};
use canter_channel::{RecvError, SendError, watch};
use canter_coop::host;
use futures::executor::block_on;
use futures::stream::FusedStream;
use futures::{FutureExt, StreamExt};

use alarm::alarm;
use drops::{Drops, Guard};
use flag::{Flag, poll};
use seed::random;

const _: fn() = || {
    fn has<T: Send + Sync + std::fmt::Debug>() {}
    fn unpin<T: Unpin>() {}
    has::<Sender<u8>>();
    has::<Receiver<u8>>();
    has::<Changed<'_>>();
    has::<Closed<'_>>();
    has::<WaitFor<'_, u8, fn(&u8) -> bool>>();
    has::<Values<u8>>();
    unpin::<Values<PhantomPinned>>();
    unpin::<Receiver<PhantomPinned>>();
};

// Every handle lends the value: on two threads at the same time.
lacks!(Send: Sender<Cell<u8>>);
lacks!(Send: Receiver<Cell<u8>>);
lacks!(Sync: Receiver<Cell<u8>>);
lacks!(Send: Receiver<Rc<u8>>);
lacks!(Send: Ref<'static, u8>);

fn boxed<'a, F: Future + 'a>(future: F) -> Pin<Box<dyn Future<Output = F::Output> + 'a>> {
    Box::pin(future)
}

#[test]
fn the_first_value_counts_as_seen() {
    let (tx, mut rx) = watch(1);
    assert_eq!((*rx.borrow(), *tx.borrow()), (1, 1));
    assert_eq!(rx.has_changed(), Ok(false));
    assert!(rx.changed().now_or_never().is_none());
}

#[test]
fn a_receiver_sees_the_latest_value_once() {
    let (tx, mut rx) = watch(1);
    (2..5).for_each(|value| tx.send(value).unwrap());
    assert_eq!(block_on(rx.changed()), Ok(()));
    assert_eq!(*rx.borrow(), 4);
    assert!(rx.changed().now_or_never().is_none());
}

#[test]
fn borrowing_alone_does_not_count_as_seen() {
    let (tx, mut rx) = watch(1);
    tx.send(2).unwrap();
    assert_eq!(*rx.borrow(), 2);
    assert_eq!(rx.has_changed(), Ok(true));
    assert_eq!(*rx.borrow_and_update(), 2);
    assert_eq!(rx.has_changed(), Ok(false));
}

#[test]
fn all_who_wait_are_woken_by_one_change() {
    let (tx, mut first) = watch(1);
    let mut second = tx.subscribe();
    let flags = [Flag::new(), Flag::new()];
    let mut waits = [boxed(first.changed()), boxed(second.changed())];
    for (wait, flag) in waits.iter_mut().zip(&flags) {
        assert!(poll(wait, flag).is_pending() && !flag.take());
    }
    tx.send(2).unwrap();
    for (wait, flag) in waits.iter_mut().zip(&flags) {
        assert!(flag.take());
        assert_eq!(poll(wait, flag), Poll::Ready(Ok(())));
    }
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let (tx, mut rx) = watch(1);
    let (first, second, mut wait) = (Flag::new(), Flag::new(), boxed(rx.changed()));
    assert!(poll(&mut wait, &first).is_pending());
    assert!(poll(&mut wait, &second).is_pending());
    assert_eq!(Arc::strong_count(&first), 1, "its waker has been dropped");
    tx.send(2).unwrap();
    assert!(!first.take() && second.take());
}

#[test]
fn a_waker_may_look_at_the_value() {
    struct Look(Receiver<u8>, AtomicU8);
    impl Wake for Look {
        fn wake(self: Arc<Look>) {
            self.1.store(*self.0.borrow(), SeqCst);
        }
    }
    let (tx, mut rx) = watch(1);
    let look = Arc::new(Look(rx.clone(), AtomicU8::new(0)));
    let waker = Waker::from(look.clone());
    let mut wait = boxed(rx.changed());
    assert!(wait.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    tx.send(2).unwrap();
    assert_eq!(look.1.load(SeqCst), 2);
}

#[test]
fn the_last_value_is_seen_before_the_end() {
    let (tx, mut rx) = watch(1);
    tx.send(2).unwrap();
    drop(tx);
    assert_eq!(rx.has_changed(), Ok(true));
    assert_eq!(block_on(rx.changed()), Ok(()));
    assert_eq!(block_on(rx.changed()), Err(RecvError));
    assert_eq!(rx.has_changed(), Err(RecvError));
    assert_eq!(*rx.borrow(), 2, "the value is still there");
}

#[test]
fn the_last_sender_ends_those_who_wait() {
    let (tx, mut rx) = watch(1);
    let (flag, mut wait) = (Flag::new(), boxed(rx.changed()));
    assert!(poll(&mut wait, &flag).is_pending());
    drop(tx.clone());
    assert!(!flag.take(), "there is another sender");
    drop(tx);
    assert!(flag.take());
    assert_eq!(poll(&mut wait, &flag), Poll::Ready(Err(RecvError)));
}

#[test]
fn a_wait_that_is_dropped_misses_nothing() {
    let (tx, mut rx) = watch(1);
    let flag = Flag::new();
    assert!(poll(&mut boxed(rx.changed()), &flag).is_pending());
    assert!(poll(&mut boxed(rx.wait_for(|value| *value == 3)), &flag).is_pending());
    assert_eq!(Arc::strong_count(&flag), 1, "its waker has been dropped");
    let mut wait = boxed(rx.changed());
    assert!(poll(&mut wait, &flag).is_pending());
    tx.send(2).unwrap();
    assert!(flag.take());
    drop(wait);
    assert_eq!(block_on(rx.changed()), Ok(()));
}

#[test]
fn without_a_receiver_a_send_returns_the_value() {
    let (tx, rx) = watch(1);
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(tx.send(2), Err(SendError(2)));
    assert_eq!(*tx.borrow(), 1);
    assert_eq!(tx.send_replace(3), 1);
    let rx = tx.subscribe();
    assert_eq!((*rx.borrow(), rx.has_changed()), (3, Ok(false)));
    assert_eq!(tx.send(4), Ok(()));
}

#[test]
fn a_change_in_place_is_told_if_the_closure_says_so() {
    let (tx, mut rx) = watch(vec![1]);
    let (flag, mut wait) = (Flag::new(), boxed(rx.changed()));
    assert!(poll(&mut wait, &flag).is_pending());
    assert!(!tx.send_if_modified(|list| list.is_empty()));
    assert!(!flag.take());
    assert!(tx.send_if_modified(|list| list.pop().is_some()));
    assert!(flag.take());
    assert_eq!(poll(&mut wait, &flag), Poll::Ready(Ok(())));
    drop(wait);
    tx.send_modify(|list| list.push(7));
    assert_eq!((rx.has_changed(), &*rx.borrow()), (Ok(true), &vec![7]));
}

#[test]
fn a_closure_that_panics_leaves_the_value_as_it_is_and_tells_nobody() {
    let (tx, mut rx) = watch(1);
    let change = |value: &mut i32| {
        *value = 2;
        panic!("halfway");
    };
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send_modify(change))).is_err());
    assert_eq!((*rx.borrow(), rx.has_changed()), (2, Ok(false)));
    tx.send(3).unwrap();
    assert_eq!((block_on(rx.changed()), *tx.borrow()), (Ok(()), 3));
}

#[test]
fn a_condition_that_panics_leaves_the_channel_usable() {
    let (tx, mut rx) = watch(1);
    let wait = rx.wait_for(|_| panic!("no idea"));
    assert!(catch_unwind(AssertUnwindSafe(|| block_on(wait).is_ok())).is_err());
    tx.send(2).unwrap();
    assert_eq!(*block_on(rx.wait_for(|value| *value == 2)).unwrap(), 2);
}

#[test]
fn a_condition_is_asked_once_about_each_value_that_is_found() {
    let (tx, mut rx) = watch(1);
    let mut asked = Vec::new();
    let (flag, mut wait) = (
        Flag::new(),
        Box::pin(rx.wait_for(|value| {
            asked.push(*value);
            *value > 2
        })),
    );
    assert!(poll(&mut wait, &flag).is_pending() && poll(&mut wait, &flag).is_pending());
    tx.send(2).unwrap();
    assert!(flag.take());
    assert!(poll(&mut wait, &flag).is_pending());
    tx.send(3).unwrap();
    assert!(matches!(poll(&mut wait, &flag), Poll::Ready(Ok(value)) if *value == 3));
    drop(wait);
    assert_eq!(asked, [1, 2, 3]);
    assert_eq!(rx.has_changed(), Ok(false));
}

#[test]
fn a_condition_may_be_fulfilled_at_once_or_never() {
    let (tx, mut rx) = watch(1);
    assert_eq!(*block_on(rx.wait_for(|value| *value == 1)).unwrap(), 1);
    tx.send(2).unwrap();
    drop(tx);
    assert_eq!(block_on(rx.wait_for(|value| *value == 3)).err(), Some(RecvError));
    assert_eq!(
        *block_on(rx.wait_for(|value| *value == 2)).unwrap(),
        2,
        "after the end as well"
    );
}

#[test]
fn a_value_can_be_marked_as_seen_or_not() {
    let (tx, mut rx) = watch(1);
    rx.mark_changed();
    assert_eq!((rx.has_changed(), block_on(rx.changed())), (Ok(true), Ok(())));
    tx.send(2).unwrap();
    rx.mark_unchanged();
    assert_eq!(rx.has_changed(), Ok(false));
}

#[test]
fn a_clone_has_seen_what_the_original_has() {
    let (tx, rx) = watch(1);
    tx.send(2).unwrap();
    assert_eq!(rx.clone().has_changed(), Ok(true));
    assert_eq!(tx.subscribe().has_changed(), Ok(false));
    assert!(rx.same_channel(&tx.subscribe()) && tx.same_channel(&tx.clone()));
    assert!(!rx.same_channel(&watch(1).1));
    assert_eq!(tx.receiver_count(), 1);
    assert_eq!(
        format!("{rx:?}"),
        "Receiver(Watch { senders: 1, receivers: 1, .. })"
    );
}

#[test]
fn a_sender_learns_that_nobody_looks() {
    let (tx, rx) = watch(1);
    let (flag, mut closed) = (Flag::new(), boxed(tx.closed()));
    let other = rx.clone();
    assert!(poll(&mut closed, &flag).is_pending());
    drop(rx);
    assert!(!flag.take());
    drop(other);
    assert!(flag.take());
    assert!(poll(&mut closed, &flag).is_ready());
}

#[test]
fn a_value_does_not_change_while_it_is_held() {
    let (tx, rx) = watch(1);
    let held = rx.borrow();
    let sender = thread::spawn(move || tx.send(2));
    for _ in 0..100 {
        thread::yield_now();
        assert_eq!(*held, 1);
    }
    drop(held);
    sender.join().unwrap().unwrap();
    assert_eq!(*rx.borrow(), 2);
}

#[test]
fn values_are_dropped_once() {
    fn all_drop<T>(value: impl Fn(Guard) -> T) {
        let drops = Drops::default();
        let (tx, rx) = watch(value(drops.guard()));
        tx.send(value(drops.guard())).ok().unwrap();
        assert_eq!(drops.count(), 1);
        drop(tx.send_replace(value(drops.guard())));
        assert_eq!(drops.count(), 2);
        drop(rx);
        drop(tx.send(value(drops.guard())));
        assert_eq!(drops.count(), 3);
        drop(tx);
        assert_eq!(drops.count(), 4);
    }
    all_drop(|guard| guard);
    all_drop(|guard| (guard, [7_u8; 10_000]));
    let (tx, mut rx) = watch(());
    tx.send(()).unwrap();
    assert_eq!(block_on(rx.changed()), Ok(()));
}

#[test]
fn a_drop_that_panics_leaves_the_next_value() {
    struct Bomb(bool);
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(!self.0, "the bomb");
        }
    }
    let (tx, mut rx) = watch(Bomb(true));
    let (flag, mut wait) = (Flag::new(), boxed(rx.changed()));
    assert!(poll(&mut wait, &flag).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(Bomb(false)))).is_err());
    assert!(flag.take());
    assert_eq!(poll(&mut wait, &flag), Poll::Ready(Ok(())));
    drop(wait);
    assert!(!rx.borrow().0);
}

#[test]
fn a_waker_that_panics_keeps_nobody_asleep() {
    let (tx, mut first) = watch(1);
    let mut second = tx.subscribe();
    let (flag, waker) = (Flag::new(), alarm());
    let mut waits = [boxed(first.changed()), boxed(second.changed())];
    assert!(
        waits[0]
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    assert!(poll(&mut waits[1], &flag).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| tx.send(2))).is_err());
    assert!(flag.take());
    for wait in &mut waits {
        assert_eq!(poll(wait, &flag), Poll::Ready(Ok(())));
    }
    assert_eq!(*tx.borrow(), 2);
}

#[test]
fn a_stream_yields_each_value_that_it_finds() {
    let (tx, mut rx) = watch(1);
    rx.mark_changed();
    let mut values = rx.into_stream();
    assert_eq!(block_on(values.next()), Some(1));
    let flag = Flag::new();
    assert!(poll(&mut boxed(values.next()), &flag).is_pending());
    tx.send(2).unwrap();
    tx.send(3).unwrap();
    assert!(flag.take());
    drop(tx);
    assert_eq!(block_on(values.next()), Some(3));
    assert!(!values.is_terminated());
    assert_eq!(block_on(values.next()), None);
    assert!(values.is_terminated());
}

#[test]
fn a_wait_says_where_it_was_made_and_keeps_to_the_budget() {
    let (tx, mut rx) = watch(1);
    let line = line!() + 1;
    let mut wait = boxed(rx.changed());
    let (_, waiting) = host::poll(9, || poll(&mut wait, &Flag::new()).is_pending());
    let waiting = waiting.expect("it waits");
    assert_eq!(waiting.reason.as_str(), "watch change");
    assert_eq!((waiting.place.file(), waiting.place.line()), (file!(), line));
    tx.send(2).unwrap();
    assert!(host::poll(0, || poll(&mut wait, &Flag::new())).0.is_pending());
    assert_eq!(
        host::poll(1, || poll(&mut wait, &Flag::new())).0,
        Poll::Ready(Ok(()))
    );
}

#[test]
fn threads_see_values_in_order_and_the_last_one() {
    const LAST: u64 = if cfg!(miri) { 50 } else { 20_000 };
    let mut rng = random("threads_see_values_in_order_and_the_last_one");
    let (tx, rx) = watch(0_u64);
    let receivers: Vec<_> = (0..3)
        .map(|_| {
            let (mut rx, mut rng) = (rx.clone(), rng.fork());
            thread::spawn(move || {
                let mut latest = 0;
                while latest < LAST {
                    let seen = match rng.u8(..3) {
                        0 => *block_on(rx.wait_for(|value| *value > latest)).unwrap(),
                        1 => {
                            _ = rx.changed().now_or_never();
                            *rx.borrow()
                        }
                        _ => match block_on(rx.changed()) {
                            Ok(()) => *rx.borrow_and_update(),
                            Err(RecvError) => *rx.borrow(),
                        },
                    };
                    assert!(seen >= latest);
                    latest = seen;
                }
            })
        })
        .collect();
    drop(rx);
    let senders = (0..2).map(|_| {
        let tx = tx.clone();
        thread::spawn(move || {
            while tx.send_if_modified(|value| {
                let goes_on = *value < LAST;
                *value += u64::from(goes_on);
                goes_on
            }) {}
        })
    });
    senders
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(|sender| sender.join().unwrap());
    drop(tx);
    receivers
        .into_iter()
        .for_each(|receiver| receiver.join().unwrap());
}
