//! The crowd under loom. See the crate's `model`.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Poll, Wake, Waker};

use loom::thread;

use super::{Counts, Crowd, Wait};
use crate::chan::Side;
use crate::model::block_on;
use canter_coop::Wakes;

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

impl Counts for usize {
    fn handles(&self, _side: Side) -> &usize {
        self
    }
}

fn wait_until(crowd: &Crowd<usize>, value: usize) {
    let wait = pin!(Wait::new(crowd, Side::Receiver));
    let look = |state: &mut usize| (*state >= value).then_some(());
    block_on(poll_fn(|cx| wait.as_ref().poll(cx.waker(), look)));
}

fn change(crowd: &Crowd<usize>) {
    let mut wakes = Wakes::new();
    let mut inside = crowd.enter();
    inside.state += 1;
    inside.wake_all(Side::Receiver, &mut wakes);
}

/// Race: two changes against the polls that enlist one who waits for the second.
#[test]
fn model_no_change_falls_between_a_look_and_the_wait() {
    loom::model(|| {
        let crowd = Arc::new(Crowd::new(0));
        let other = crowd.clone();
        let changes = thread::spawn(move || {
            change(&other);
            change(&other);
        });
        wait_until(&crowd, 2);
        changes.join().unwrap();
    });
}

/// Race: a change against a wait that is polled once and dropped.
#[test]
fn model_a_wait_that_is_dropped_is_not_touched_any_more() {
    loom::model(|| {
        let crowd = Arc::new(Crowd::new(0));
        let other = crowd.clone();
        let changes = thread::spawn(move || change(&other));
        let count = Arc::new(Count::default());
        let polled = {
            let wait = pin!(Wait::new(&*crowd, Side::Receiver));
            let look = |state: &mut usize| (*state > 0).then_some(());
            wait.as_ref().poll(&Waker::from(count.clone()), look)
        };
        changes.join().unwrap();
        let woken = count.0.load(Relaxed);
        assert!(woken == 0 || (woken == 1 && polled == Poll::Pending));
        assert_eq!(Arc::strong_count(&count), 1, "its waker is gone");
    });
}
