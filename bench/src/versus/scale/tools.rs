//! What the series share.

use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use crate::Flag;
use crate::runtimes::Runtime;

/// Runs a future as a task, on a runtime with that many workers.
pub(super) fn on_workers<R: Runtime, T: Send + 'static>(
    workers: usize,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    R::start(workers).block_on(async { R::spawn(work).await })
}

/// What so many tasks come together at.
#[derive(Debug)]
pub(super) struct Count {
    left: AtomicU64,
    none_left: Arc<Flag>,
}

impl Count {
    /// A count of that many, at least one.
    pub(super) fn of(number: u64) -> Count {
        Count {
            left: AtomicU64::new(number),
            none_left: Flag::new(),
        }
    }

    /// Counts one.
    pub(super) fn one(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.none_left.raise();
        }
    }

    /// Waits until all are counted.
    pub(super) async fn all(&self) {
        self.none_left.lowered().await;
    }
}

/// Places where tasks wait, each of them alone, until they are let go.
#[derive(Debug)]
pub(super) struct Places {
    places: Vec<Mutex<Place>>,
    taken: Count,
}

#[derive(Debug, Default)]
struct Place {
    is_free: bool,
    waker: Option<Waker>,
}

impl Places {
    /// That many places, at least one.
    pub(super) fn new(number: u64) -> Places {
        Places {
            places: (0..number).map(|_| Mutex::default()).collect(),
            taken: Count::of(number),
        }
    }

    /// Waits at a place until it is let go.
    pub(super) async fn wait(&self, place: u64) {
        let place = &self.places[usize::try_from(place).expect("a place")];
        let mut waits = false;
        poll_fn(|cx| {
            let mut place = place.lock().expect("no panic under this lock");
            if place.is_free {
                return Poll::Ready(());
            }
            place.waker = Some(cx.waker().clone());
            drop(place);
            if !waits {
                waits = true;
                self.taken.one();
            }
            Poll::Pending
        })
        .await;
    }

    /// Waits until somebody waits at each place.
    pub(super) async fn all_taken(&self) {
        self.taken.all().await;
    }

    /// Lets all go, one after the other.
    pub(super) fn let_go(&self) {
        for place in &self.places {
            let waker = {
                let mut place = place.lock().expect("no panic under this lock");
                place.is_free = true;
                place.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}
