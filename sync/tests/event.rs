//! Who is told by an event, by which notification, and in which order.

#![expect(
    unsafe_code,
    reason = "numbers without protection, so that a race detector can see the order"
)]

#[macro_use]
#[path = "common/bounds.rs"]
mod bounds;
#[path = "../../channel/tests/common/by_hand.rs"]
mod by_hand;
#[path = "common/coop.rs"]
mod coop;
#[path = "../../channel/tests/common/flag.rs"]
mod flag;
#[macro_use]
#[path = "../../channel/tests/common/lacks.rs"]
mod lacks;
#[path = "common/plain.rs"]
mod plain;

use std::fmt::Debug;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread;

use by_hand::{ready, wait};
use canter_sync::Event;
use canter_sync::event::Notified;
use coop::{takes_part_in_the_budget, waits_for};
use flag::{Flag, poll};
use plain::Plain;

has!(Send: Event, Notified<'static>);
has!(Sync: Event, Notified<'static>);
has!(Unpin: Event, Notified<'static>);
has!(UnwindSafe: Event);
has!(RefUnwindSafe: Event);
has!(Default: Event);
has!(Debug: Event, Notified<'static>);
lacks!(Clone: Event, Notified<'static>);

fn woken(flags: &[Arc<Flag>]) -> Vec<usize> {
    (0..flags.len()).filter(|&at| flags[at].take()).collect()
}

/// Whether a notification is kept, which this takes.
fn kept(event: &Event) -> bool {
    poll(&mut Box::pin(event.wait()), &Flag::new()).is_ready()
}

// One.

#[test]
fn a_notification_for_one_is_kept_once_until_somebody_comes() {
    let event = Event::new();
    assert!(!kept(&event), "nobody was told yet");
    event.notify_one();
    event.notify_one();
    event.notify_one();
    assert!(kept(&event));
    assert!(!kept(&event));
}

#[test]
fn a_notification_that_is_kept_is_for_whoever_looks_first() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(event.wait())).collect();
    event.notify_one();
    let flag = Flag::new();
    assert!(poll(&mut waits[1], &flag).is_ready());
    _ = wait(&mut waits[0]);
}

#[test]
fn those_who_wait_are_told_one_after_the_other_in_the_order_in_which_they_came() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..20).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    for (turn, future) in waits.iter_mut().enumerate() {
        event.notify_one();
        assert_eq!(woken(&flags), [turn]);
        ready(future);
    }
    assert!(!kept(&event), "each was taken by somebody");
}

#[test]
fn as_many_notifications_as_wait_tell_each() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..5).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    (0..5).for_each(|_| event.notify_one());
    assert_eq!(woken(&flags), [0, 1, 2, 3, 4]);
    assert!(!kept(&event));
    event.notify_one();
    waits.iter_mut().for_each(ready);
    assert!(kept(&event), "nobody waited any more");
}

#[test]
fn those_who_leave_keep_the_order_of_the_others() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..6).map(|_| Some(Box::pin(event.wait()))).collect();
    let flags: Vec<_> = waits.iter_mut().flatten().map(wait).collect();
    for leaves in [0, 3, 5] {
        waits[leaves] = None;
    }
    for turn in [1, 2, 4] {
        event.notify_one();
        assert_eq!(woken(&flags), [turn]);
    }
    event.notify_one();
    assert_eq!(woken(&flags), [] as [usize; 0]);
    assert!(kept(&event));
}

#[test]
fn one_that_was_told_and_is_dropped_before_it_saw_that_tells_the_next() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..10).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    event.notify_one();
    for turn in 0..10 {
        assert_eq!(woken(&flags), [turn]);
        drop(waits.remove(0));
    }
    assert!(kept(&event), "the last one left it to whoever comes");
}

#[test]
fn one_that_saw_that_it_was_told_and_is_dropped_tells_nobody() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..2).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    event.notify_one();
    ready(&mut waits[0]);
    drop(waits.remove(0));
    assert_eq!(woken(&flags), [0]);
    event.notify_one();
    assert_eq!(woken(&flags), [1]);
}

#[test]
fn a_future_that_was_never_polled_tells_nobody_when_it_is_dropped() {
    let event = Event::new();
    let never_polled = event.wait();
    event.notify_one();
    drop(never_polled);
    assert!(kept(&event));
    let never_polled = event.wait();
    event.notify_all();
    drop(never_polled);
    assert!(!kept(&event));
}

// All.

#[test]
fn a_notification_of_all_is_not_kept() {
    let event = Event::new();
    event.notify_all();
    assert!(!kept(&event));
}

#[test]
fn a_notification_of_all_reaches_everybody_whose_wait_was_called_before() {
    let event = Event::new();
    let mut polled: Vec<_> = (0..5).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = polled.iter_mut().map(wait).collect();
    let mut not_polled = Box::pin(event.wait());
    event.notify_all();
    let mut later = Box::pin(event.wait());
    assert_eq!(woken(&flags), [0, 1, 2, 3, 4]);
    polled.iter_mut().for_each(ready);
    ready(&mut not_polled);
    let flag = wait(&mut later);
    event.notify_all();
    assert!(flag.take());
    ready(&mut later);
}

#[test]
fn a_notification_of_all_reaches_those_who_were_not_polled_also_if_nobody_is_in_line() {
    let event = Event::new();
    let mut not_polled = Box::pin(event.wait());
    event.notify_all();
    event.notify_all();
    ready(&mut not_polled);
    assert!(!kept(&event));
}

#[test]
fn a_notification_of_all_leaves_the_one_that_is_kept() {
    let event = Event::new();
    let mut before = Box::pin(event.wait());
    event.notify_one();
    event.notify_all();
    ready(&mut before);
    assert!(kept(&event), "the one before was told with all");
    assert!(!kept(&event));
}

#[test]
fn one_that_was_told_with_all_and_is_dropped_tells_nobody() {
    let event = Event::new();
    let mut before = Box::pin(event.wait());
    _ = wait(&mut before);
    event.notify_all();
    let mut later = Box::pin(event.wait());
    let flag = wait(&mut later);
    drop(before);
    assert!(!flag.take());
}

#[test]
fn one_that_was_told_alone_and_then_with_all_passes_its_own_on() {
    let event = Event::new();
    let mut first = Box::pin(event.wait());
    _ = wait(&mut first);
    event.notify_one();
    event.notify_all();
    let mut later = Box::pin(event.wait());
    let flag = wait(&mut later);
    drop(first);
    assert!(flag.take());
    ready(&mut later);
}

#[test]
fn ten_thousand_are_told() {
    let event = Event::new();
    let mut waits: Vec<_> = (0..10_000).map(|_| Box::pin(event.wait())).collect();
    let flags: Vec<_> = waits.iter_mut().map(wait).collect();
    event.notify_all();
    assert!(flags.iter().all(|flag| flag.take()));
    waits.iter_mut().for_each(ready);
}

// The future.

#[test]
fn enabling_stands_in_line_as_the_first_poll_does() {
    let event = Event::new();
    let mut enabled = Box::pin(event.wait());
    assert!(!enabled.as_mut().enable());
    assert!(!enabled.as_mut().enable());
    let mut polled = Box::pin(event.wait());
    let flag = wait(&mut polled);
    event.notify_one();
    assert!(!flag.take(), "the first one is told");
    assert!(enabled.as_mut().enable());
    ready(&mut enabled);
    event.notify_one();
    assert!(flag.take());
}

#[test]
fn enabling_tells_whether_it_has_been_told_already() {
    let event = Event::new();
    event.notify_one();
    let mut first = Box::pin(event.wait());
    assert!(first.as_mut().enable(), "it took the one that was kept");
    assert!(!kept(&event));
    let mut second = Box::pin(event.wait());
    event.notify_all();
    assert!(second.as_mut().enable());
    ready(&mut first);
    ready(&mut second);
}

#[test]
fn one_that_was_enabled_is_woken_by_the_waker_of_its_poll_and_passes_on_what_it_did_not_see() {
    let event = Event::new();
    let mut first = Box::pin(event.wait());
    assert!(!first.as_mut().enable());
    let flag = wait(&mut first);
    let mut second = Box::pin(event.wait());
    assert!(!second.as_mut().enable());
    let mut third = Box::pin(event.wait());
    let third_flag = wait(&mut third);
    event.notify_one();
    assert!(flag.take());
    event.notify_one();
    drop(second);
    assert!(third_flag.take());
}

#[test]
fn a_future_that_was_told_stays_ready() {
    let event = Event::new();
    let mut future = Box::pin(event.wait());
    _ = wait(&mut future);
    event.notify_one();
    ready(&mut future);
    ready(&mut future);
    assert!(future.as_mut().enable());
    event.notify_one();
    ready(&mut future);
    drop(future);
    assert!(kept(&event), "it took one, and no more");
}

#[test]
fn the_waker_of_the_last_poll_is_woken() {
    let event = Event::new();
    let mut future = Box::pin(event.wait());
    let [first, second] = [wait(&mut future), wait(&mut future)];
    for _ in 0..10 {
        assert!(poll(&mut future, &second).is_pending());
    }
    event.notify_one();
    assert!(second.take() && !first.take());
    let mut future = Box::pin(event.wait());
    let [first, second] = [wait(&mut future), wait(&mut future)];
    event.notify_all();
    assert!(second.take() && !first.take());
}

// Threads.

static BELL: Event = Event::new();

#[test]
fn an_event_can_be_a_static_and_threads_may_block_for_it() {
    const ROUNDS: usize = 1000;
    let rung = Event::new();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                BELL.wait_blocking();
                rung.notify_one();
            }
        });
        for _ in 0..ROUNDS {
            BELL.notify_one();
            rung.wait_blocking();
        }
    });
    assert!(!kept(&BELL) && !kept(&rung));
}

#[test]
fn what_was_done_before_a_notification_is_visible_to_whoever_was_told() {
    let (event, back) = (Event::new(), Event::new());
    let number = Plain::default();
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 1..1000 {
                event.wait_blocking();
                assert_eq!(number.get(), round);
                number.set(0);
                back.notify_one();
            }
        });
        for round in 1..1000 {
            number.set(round);
            event.notify_one();
            back.wait_blocking();
            assert_eq!(number.get(), 0);
        }
    });
}

#[test]
fn what_was_done_before_a_notification_of_all_is_visible_to_whoever_was_told() {
    for _ in 0..300 {
        let event = Event::new();
        let number = Plain::default();
        let [polled, not_polled] = [event.wait(), event.wait()];
        thread::scope(|scope| {
            for told in [polled, not_polled] {
                scope.spawn(|| {
                    futures::executor::block_on(told);
                    assert_eq!(number.get(), 7);
                });
            }
            number.set(7);
            event.notify_all();
        });
    }
}

// What it tells others.

#[test]
fn the_debug_form_shows_whether_a_future_was_told() {
    let event = Event::default();
    assert_eq!(format!("{event:?}"), "Event { .. }");
    let mut future = Box::pin(event.wait());
    assert_eq!(format!("{future:?}"), "Notified { over: false, .. }");
    event.notify_all();
    ready(&mut future);
    assert_eq!(format!("{future:?}"), "Notified { over: true, .. }");
}

#[test]
fn a_wait_says_why_and_where() {
    let event = Event::new();
    assert_eq!(waits_for(event.wait()), ("event", line!()));
}

#[test]
fn a_wait_takes_part_in_the_budget() {
    let event = Event::new();
    event.notify_one();
    takes_part_in_the_budget(event.wait());
    let mut future = Box::pin(event.wait());
    _ = wait(&mut future);
    event.notify_one();
    takes_part_in_the_budget(&mut future);
    takes_part_in_the_budget(future);
}
