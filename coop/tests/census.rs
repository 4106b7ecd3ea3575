//! Who counts as asleep. One test, since the count is that of the whole process.

use std::sync::mpsc::channel;
use std::task::Waker;
use std::thread;

use canter_coop::{Signal, census};

const ROUNDS: usize = 10_000;

/// A thread is in the count when it says that it sleeps, and out of it when whoever has woken it comes to look: not a moment later, since
/// that one may go to sleep in turn.
#[test]
fn whoever_wakes_a_thread_takes_it_out_of_the_count() {
    let (sleeps, sleeping) = channel::<Waker>();
    let sleeper = thread::spawn(move || {
        for _ in 0..ROUNDS {
            Signal::with(|signal, waker| {
                signal.wait(|| sleeps.send(waker.clone()).expect("the test listens"))
            });
        }
    });
    for _ in 0..ROUNDS {
        let waker = sleeping.recv().expect("the thread comes to sleep");
        let before = census::read();
        assert_eq!(before.asleep(), 1);
        waker.wake_by_ref();
        let after = census::read();
        // It may have come to sleep again by now, but then that is one change more.
        assert_eq!(
            (after.changes() - before.changes()) % 2,
            u32::from(after.asleep() == 0)
        );
        assert!(
            after.changes() > before.changes(),
            "it counts as asleep although it was woken"
        );
    }
    sleeper.join().expect("no panic");
    assert_eq!(census::read().asleep(), 0);
    assert!(
        census::Counted::here().awake(|| census::read().asleep() == 0),
        "but for the time of a call"
    );
}
