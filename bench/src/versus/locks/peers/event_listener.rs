//! `event-listener`: its event with a flag beside it, as its documentation shows.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};

use event_listener::{Event, listener};

use crate::versus::locks::event::EventContender;

#[derive(Default)]
pub(in crate::versus::locks) struct Flag {
    set: AtomicBool,
    changed: Event,
}

impl Flag {
    fn take(&self) -> bool {
        self.set.swap(false, Acquire)
    }
}

impl EventContender for Flag {
    const NAME: &'static str = "event-listener";

    fn create() -> Self {
        Flag::default()
    }

    fn tell(&self) {
        self.set.store(true, Release);
        self.changed.notify(1);
    }

    async fn told(&self) {
        while !self.take() {
            listener!(self.changed => changed);
            if self.take() {
                return;
            }
            changed.await;
        }
    }
}
