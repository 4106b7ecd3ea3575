//! The event.

use std::sync::Arc;

use loom::sync::atomic::AtomicBool;
use loom::sync::atomic::Ordering::{Acquire, Release};

use super::{block_on, check, poll_once, spawn_on};
use crate::Event;

/// Race: a notification for one, against the drop of the one that it means, with another one behind that.
#[test]
fn model_a_notification_that_was_not_seen_goes_to_the_next() {
    check(3, || {
        let event = Arc::new(Event::new());
        let threads = [
            spawn_on(&event, |event| {
                if poll_once(event.wait()).is_some() {
                    event.notify_one();
                }
            }),
            spawn_on(&event, |event| block_on(event.wait())),
        ];
        event.notify_one();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

/// Race: a notification of all, against one that looks between its call of `wait` and its first poll.
#[test]
fn model_a_notification_of_all_reaches_whoever_looked_before() {
    check(3, || {
        let event = Arc::new(Event::new());
        let open = Arc::new(AtomicBool::new(false));
        let opened = open.clone();
        let guests = [0, 1].map(|_| {
            let opened = opened.clone();
            spawn_on(&event, move |event| {
                let told = event.wait();
                if !opened.load(Acquire) {
                    block_on(told);
                }
            })
        });
        open.store(true, Release);
        event.notify_all();
        for guest in guests {
            guest.join().unwrap();
        }
    });
}
