//! What `select!` does with its arms: what is evaluated, polled, matched and dropped, and when.

#[path = "common/by_hand.rs"]
mod by_hand;
#[path = "common/drops.rs"]
mod drops;
#[path = "common/flag.rs"]
mod flag;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{IntoFuture, Ready, pending, poll_fn, ready};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Mutex;
use std::task::{Context, Poll};

use by_hand::wait;
use canter_channel::{RecvError, SendError, bounded, never, select, unbounded, unbuffered};
use drops::Drops;
use flag::poll;
use futures::executor::block_on;

#[test]
fn futures_are_made_from_left_to_right_before_the_first_is_polled() {
    let log = RefCell::new(Vec::new());
    let note = |word: &'static str| log.borrow_mut().push(word);
    let logged = |made: &'static str, polled: &'static str| {
        note(made);
        poll_fn(move |_| {
            note(polled);
            Poll::<()>::Pending
        })
    };
    block_on(async {
        select! { biased;
            () = logged("make a", "poll a") => {}
            () = logged("make b", "poll b"), if { note("guard b"); true } => {}
            () = logged("make c", "poll c"), if { note("guard c"); false } => {}
            default => note("default"),
        }
    });
    assert_eq!(
        log.into_inner(),
        [
            "make a", "guard b", "make b", "guard c", "poll a", "poll b", "default"
        ]
    );
}

#[test]
fn the_future_of_an_arm_whose_guard_is_false_is_not_made() {
    let made = Cell::new(false);
    let make = || {
        made.set(true);
        ready(1)
    };
    let maybe = Some(4);
    block_on(async {
        assert_eq!(select! { x = make(), if made.get() => x, x = ready(7) => x }, 7);
        assert_eq!(
            select! { x = make(), if matches!(maybe, Some(5)) => x, else => 0 },
            0
        );
        assert_eq!(
            select! { x = make(), if let Some(5) = maybe => x, default => 3 },
            3
        );
    });
    assert!(!made.get());
}

#[test]
fn a_guard_may_bind_names_for_its_future() {
    block_on(async {
        let maybe = Some(4);
        assert_eq!(
            select! { x = ready(y), if let Some(y) = maybe => x, else => 0 },
            4
        );
    });
}

#[test]
fn an_arm_that_is_switched_off_leaves_its_channel_alone() {
    let (tx, rx) = bounded(1);
    tx.try_send(1).unwrap();
    block_on(async {
        let on = false;
        select! {
            _ = rx.recv(), if on => unreachable!(),
            () = ready(()) => {}
        }
        select! {
            _ = tx.send(2), if on => unreachable!(),
            else => {}
        }
    });
    assert_eq!((rx.len(), rx.try_recv()), (1, Ok(1)));
}

#[test]
fn an_output_that_does_not_match_is_dropped_and_switches_its_arm_off() {
    let drops = Drops::default();
    let polls = Cell::new(0);
    let guarded = poll_fn(|_| {
        polls.set(polls.get() + 1);
        Poll::Ready(Err::<Infallible, _>(drops.guard()))
    });
    let mut select = Box::pin(async {
        select! { biased;
            Ok(never) = guarded => match never {},
            x = pending::<u32>() => x,
        }
    });
    let flag = wait(&mut select);
    assert_eq!((drops.count(), polls.get()), (1, 1));
    assert!(poll(&mut select, &flag).is_pending());
    assert_eq!((drops.count(), polls.get()), (1, 1), "it has ended");
}

#[test]
fn a_message_that_does_not_match_is_gone_and_the_next_one_stays() {
    let (tx, rx) = bounded(2);
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    let chosen = block_on(async {
        select! {
            Ok(2) = rx.recv() => "the second",
            else => "none",
        }
    });
    assert_eq!(chosen, "none");
    assert_eq!((rx.try_recv(), rx.len()), (Ok(2), 0));
}

#[test]
fn a_select_goes_on_with_the_other_arms_after_one_that_did_not_match() {
    let (closed, gone) = unbuffered::<u32>();
    drop(gone);
    let (tx, rx) = unbuffered();
    let mut select = Box::pin(async {
        select! {
            Ok(()) = closed.send(1) => 0,
            Ok(message) = rx.recv() => message,
            else => 100,
        }
    });
    let flag = wait(&mut select);
    tx.try_send(7).unwrap();
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut select), 7);
}

#[test]
fn an_arm_that_stops_matching_while_the_select_waits_is_switched_off() {
    let (first, others) = (unbuffered::<u32>(), unbuffered::<u32>());
    let mut select = Box::pin(async {
        select! {
            Ok(7) = first.1.recv() => "first",
            Ok(_) = others.1.recv() => "others",
            else => "none",
        }
    });
    let flag = wait(&mut select);
    first.0.try_send(6).unwrap();
    assert!(flag.take());
    assert!(poll(&mut select, &flag).is_pending());
    assert!(first.0.try_send(7).is_err(), "nobody waits for it any more");
    others.0.close();
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut select), "none");
}

#[test]
fn else_is_taken_only_when_all_arms_are_switched_off() {
    let (tx, rx) = unbounded::<u32>();
    let mut select = Box::pin(async {
        select! {
            Ok(message) = rx.recv() => Some(message),
            else => None,
        }
    });
    let flag = wait(&mut select);
    drop(tx);
    assert!(flag.take());
    assert_eq!(by_hand::ready(&mut select), None);
}

#[test]
fn default_is_taken_when_all_arms_are_switched_off() {
    let off = |on: bool| {
        block_on(async {
            select! { x = ready(1), if on => x, default => 2 }
        })
    };
    assert_eq!((off(true), off(false)), (1, 2));
    let unmatched = block_on(async {
        select! { Some(x) = ready(None::<u32>) => x, default => 2 }
    });
    assert_eq!(unmatched, 2);
}

#[test]
fn a_select_whose_arms_are_all_switched_off_waits_for_ever() {
    let on = false;
    let mut guarded = Box::pin(async {
        select! { x = ready(1), if on => x }
    });
    let mut unmatched = Box::pin(async {
        select! { Some(x) = ready(None::<u32>) => x }
    });
    let mut empty: Pin<Box<dyn Future<Output = u32>>> = Box::pin(async {
        select! {}
    });
    let mut empty_biased: Pin<Box<dyn Future<Output = String>>> = Box::pin(async {
        select! { biased; }
    });
    wait(&mut guarded);
    wait(&mut unmatched);
    wait(&mut empty);
    wait(&mut empty_biased);
}

#[test]
fn futures_are_dropped_before_the_body_runs() {
    let drops = Drops::default();
    block_on(async {
        let guards = [drops.guard(), drops.guard(), drops.guard()];
        let [a, b, c] = guards;
        select! { biased;
            () = async { let _held = a; pending().await } => {}
            () = async { let _held = b; } => assert_eq!(drops.count(), 3),
            () = async { let _held = c; } => {}
        }
    });
    assert_eq!(drops.count(), 3);
}

#[test]
#[expect(
    clippy::await_holding_lock,
    reason = "the guard lives as long as its future, and is gone before the body"
)]
fn temporaries_in_the_expression_of_a_future_live_until_the_select_ends() {
    struct Increment<'a>(&'a mut u32);

    impl Future for Increment<'_> {
        type Output = u32;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
            *self.get_mut().0 += 1;
            Poll::Ready(5)
        }
    }

    fn increment(number: &mut u32) -> Increment<'_> {
        Increment(number)
    }

    let number = Mutex::new(4);
    let got = block_on(async {
        select! {
            x = increment(&mut number.lock().unwrap()) => {
                let unlocked = number.try_lock().expect("the guard lived too long");
                x + *unlocked
            }
        }
    });
    assert_eq!(got, 10);
}

#[test]
fn a_body_may_use_what_the_futures_borrowed() {
    let (tx, rx) = bounded(2);
    let mut text = String::from("a");
    block_on(async {
        select! {
            _ = async { text.push('b'); pending::<()>().await } => unreachable!(),
            sent = tx.send(1) => {
                sent.unwrap();
                text.push('c');
                drop(tx);
                drop(rx);
            }
        }
    });
    assert!(text == "abc" || text == "ac");
}

#[test]
fn a_body_may_move_what_the_pattern_bound() {
    struct Held(String);

    impl Drop for Held {
        fn drop(&mut self) {
            self.0.clear();
        }
    }

    let got = block_on(async {
        select! { Some(held) = ready(Some(Held("a".into()))) => if held.0 == "a" { Some(held) } else { None } }
    });
    assert!(got.is_some_and(|held| held.0 == "a"));
}

#[test]
fn futures_need_be_neither_send_nor_unpin_nor_static() {
    let shared = Rc::new(Cell::new(1));
    let text = String::from("borrowed");
    let got = block_on(async {
        select! {
            n = async { let shared = shared.clone(); ready(()).await; shared.get() + text.len() } => n,
            n = async { pending::<()>().await; text.len() } => n,
        }
    });
    assert_eq!(got, 9);
}

#[test]
fn a_future_that_is_lent_goes_on_in_the_next_select() {
    let (tx, rx) = unbuffered::<u32>();
    let mut polls = 0;
    let mut steps = pin!(poll_fn(|_| {
        polls += 1;
        if polls == 3 {
            Poll::Ready("done")
        } else {
            Poll::Pending
        }
    }));
    block_on(async {
        for _ in 0..2 {
            select! {
                _ = &mut steps => unreachable!("it takes three polls"),
                _ = rx.recv() => unreachable!("nothing was sent"),
                default => {}
            }
        }
        let last = select! {
            word = steps.as_mut() => word,
            _ = rx.recv() => unreachable!("nothing was sent"),
        };
        assert_eq!(last, "done");
    });
    drop(tx);
}

#[test]
fn a_channel_operation_that_is_lent_keeps_its_place_in_the_line() {
    let (tx, rx) = unbuffered();
    let mut lent = pin!(rx.recv());
    block_on(async {
        select! { _ = lent.as_mut() => unreachable!(), default => {} }
        let mut second = Box::pin(rx.recv());
        let _woken = wait(&mut second);
        tx.send(1).await.unwrap();
        tx.send(2).await.unwrap();
        assert_eq!(select! { first = lent => first }, Ok(1));
        assert_eq!(second.await, Ok(2));
    });
}

#[test]
fn boxed_futures_and_trait_objects_are_arms() {
    let mut boxed: Box<dyn Future<Output = u32> + Unpin> = Box::new(ready(3));
    let pinned: Pin<Box<dyn Future<Output = u32>>> = Box::pin(async { 4 });
    block_on(async {
        assert_eq!(select! { x = &mut boxed => x }, 3);
        assert_eq!(select! { x = pinned => x }, 4);
        assert_eq!(select! { x = { ready(3) } => x, y = (pending()) => y }, 3);
    });
}

#[test]
fn what_can_be_made_a_future_is_an_arm() {
    struct Request(u32);

    impl IntoFuture for Request {
        type Output = u32;
        type IntoFuture = Ready<u32>;

        fn into_future(self) -> Ready<u32> {
            ready(self.0 * 2)
        }
    }

    assert_eq!(
        block_on(async {
            select! { x = Request(21) => x }
        }),
        42
    );
}

#[test]
fn futures_of_the_channel_that_are_no_operations_are_arms_too() {
    let (tx, rx) = bounded(4);
    block_on(async {
        assert_eq!(
            select! { sent = tx.send_many(&mut [1, 2, 3].into()) => sent },
            Ok(3)
        );
        let mut buffer = Vec::new();
        assert_eq!(
            select! { received = rx.recv_many(&mut buffer, 2) => received },
            Ok(2)
        );
        assert_eq!(buffer, [1, 2]);
        drop(rx);
        select! { () = tx.closed() => {} }
    });
}

#[test]
fn a_reservation_is_an_arm_whose_permit_goes_to_the_body() {
    let (tx, rx) = bounded(1);
    block_on(async {
        let other = never::<u32>();
        select! {
            permit = tx.reserve() => permit.unwrap().send(7).unwrap(),
            _ = other.recv() => unreachable!(),
        }
        let message = select! { permit = tx.reserve() => permit.is_ok(), default => false };
        assert!(!message, "there is no room");
    });
    assert_eq!(rx.try_recv(), Ok(7));
}

#[test]
fn a_closed_channel_is_ready() {
    let (tx, rx) = unbuffered::<String>();
    tx.close();
    let nobody = never::<()>();
    block_on(async {
        select! {
            message = rx.recv() => assert_eq!(message, Err(RecvError)),
            _ = nobody.recv() => unreachable!(),
        }
        select! {
            Err(SendError(message)) = tx.send("back".to_owned()) => assert_eq!(message, "back"),
            _ = nobody.recv() => unreachable!(),
        }
        select! {
            permit = tx.reserve() => assert!(permit.is_err()),
            _ = nobody.recv() => unreachable!(),
        }
    });
}

#[test]
fn a_message_whose_send_was_not_chosen_is_dropped_before_the_body_runs() {
    let (tx, rx) = unbuffered();
    let drops = Drops::default();
    block_on(async {
        select! {
            _ = tx.send(drops.guard()) => unreachable!("nobody receives"),
            () = ready(()) => assert_eq!(drops.count(), 1),
        }
    });
    assert!(rx.try_recv().is_err());
}

#[test]
fn a_select_is_send_when_its_arms_are() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }

    let (tx, rx) = bounded::<String>(1);
    let got = block_on(is_send(async {
        select! {
            sent = tx.send("message".to_owned()) => sent.is_ok(),
            permit = tx.reserve(), if tx.is_full() => permit.is_ok(),
            received = rx.recv() => received.is_ok(),
            () = async { ready(()).await; pending().await } => false,
        }
    }));
    assert!(got);
    let waits = is_send(async {
        select! { _ = rx.recv() => ready(1).await }
    });
    drop(is_send(async {
        select! {}
    }));
    drop(waits);
}
