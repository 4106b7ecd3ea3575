//! What tasks cost where a subscriber is there that wants none of their spans: it is asked once a place, and a task stays one allocation.

#![expect(unsafe_code, reason = "an allocator that counts")]

#[path = "common/counting.rs"]
mod counting;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use canter_executor::runtime::Runtime;
use canter_executor::{spawn, yield_now};
use counting::counts;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

/// How often it was asked.
static ASKED: AtomicUsize = AtomicUsize::new(0);

/// Wants nothing of the runtime's.
struct WantsNothing;

impl Subscriber for WantsNothing {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        ASKED.fetch_add(1, Relaxed);
        assert!(
            metadata.target() == "canter::task" || metadata.target() == "runtime::waker",
            "{metadata:?}"
        );
        Interest::never()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        panic!("it was asked once more about {metadata:?}")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        panic!("it was told of a span")
    }

    fn record(&self, _: &Id, _: &Record<'_>) {
        panic!("it was told of a field")
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {
        panic!("it was told of a span")
    }

    fn event(&self, event: &Event<'_>) {
        panic!("it was told of {event:?}")
    }

    fn enter(&self, _: &Id) {
        panic!("it was told of a poll")
    }

    fn exit(&self, _: &Id) {
        panic!("it was told of a poll")
    }
}

#[test]
fn a_subscriber_that_wants_no_spans_is_told_nothing_and_a_task_is_one_allocation() {
    const TASKS: usize = 10_000;
    tracing::subscriber::set_global_default(WantsNothing).unwrap();
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let measured = runtime.spawn(async {
        let before = counts();
        for _ in 0..TASKS {
            spawn(yield_now()).await.unwrap();
        }
        (counts() - before).allocations
    });
    let allocations = runtime.block_on(measured).unwrap();
    assert_eq!(ASKED.load(Relaxed), 1, "only the span's place was ever reached");
    assert!(allocations >= TASKS, "the count shows nothing");
    // The queues of the scheduler take a block now and then.
    assert!(allocations <= TASKS + TASKS / 20, "{allocations} allocations");
}
