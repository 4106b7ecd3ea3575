//! A waker that panics when it is woken.

use std::sync::Arc;
use std::task::{Wake, Waker};

struct Alarm;

impl Wake for Alarm {
    fn wake(self: Arc<Alarm>) {
        panic!("the alarm");
    }
}

pub fn alarm() -> Waker {
    Waker::from(Arc::new(Alarm))
}
