//! Wakers that do something of the user's when they are woken, cloned or dropped.

use std::sync::Arc;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// What may happen to a waker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Wake,
    Clone,
    Drop,
}

type Hook = dyn Fn(Event) + Send + Sync;

struct Hooked(Box<Hook>);

/// A waker that calls this function each time. Waking by value is a wake, and no drop.
pub fn hooked(hook: impl Fn(Event) + Send + Sync + 'static) -> Waker {
    let hooked = Arc::new(Hooked(Box::new(hook)));
    // SAFETY: the functions of the table take an `Arc<Hooked>`, which this is.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(hooked).cast(), &TABLE)) }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

fn clone(data: *const ()) -> RawWaker {
    let hooked: *const Hooked = data.cast();
    // SAFETY: it came from `Arc::into_raw`, and the waker that is cloned keeps it alive.
    unsafe { &*hooked }.0(Event::Clone); // before there is another one, in case that it panics
    // SAFETY: as above.
    unsafe { Arc::increment_strong_count(hooked) };
    RawWaker::new(data, &TABLE)
}

fn wake(data: *const ()) {
    // SAFETY: it came from `Arc::into_raw`, and the waker ends here.
    let hooked = unsafe { Arc::from_raw(data.cast::<Hooked>()) };
    hooked.0(Event::Wake);
}

fn wake_by_ref(data: *const ()) {
    let hooked: *const Hooked = data.cast();
    // SAFETY: it came from `Arc::into_raw`, and the waker keeps it alive.
    unsafe { &*hooked }.0(Event::Wake);
}

fn drop_waker(data: *const ()) {
    // SAFETY: it came from `Arc::into_raw`, and the waker ends here.
    let hooked = unsafe { Arc::from_raw(data.cast::<Hooked>()) };
    hooked.0(Event::Drop);
}
