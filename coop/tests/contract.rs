//! What a leaf future and a host promise each other.

use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use canter_coop::{Reason, budget, host, waiting};

static OUTER: Reason = Reason::new("outer");
static INNER: Reason = Reason::new("inner");

#[derive(Default)]
struct Count(AtomicU32);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Operations until the budget says no, of `most` at the most.
fn spend(cx: &mut Context<'_>, most: u32) -> u32 {
    (0..most)
        .take_while(|_| match budget::poll_proceed(cx) {
            Poll::Ready(operation) => {
                operation.made_progress();
                true
            }
            Poll::Pending => false,
        })
        .count() as u32
}

#[test]
fn a_poll_does_no_more_operations_than_its_budget_and_is_woken_to_go_on() {
    let wakes = Arc::new(Count::default());
    let waker = Waker::from(wakes.clone());
    let mut cx = Context::from_waker(&waker);
    let (done, _) = host::poll(5, || spend(&mut cx, 100));
    assert_eq!(done, 5);
    assert_eq!(wakes.0.load(Ordering::Relaxed), 1);
}

#[test]
fn an_operation_that_got_nowhere_is_given_back() {
    let mut cx = Context::from_waker(Waker::noop());
    host::poll(1, || {
        for _ in 0..10 {
            assert!(budget::poll_proceed(&mut cx).is_ready());
        }
        assert!(budget::has_remaining());
    });
}

#[test]
fn without_a_host_there_is_no_bound_and_no_report() {
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(spend(&mut cx, 10_000), 10_000);
    assert!(budget::has_remaining());
    let (_, waiting) = host::poll(3, || {
        host::unhosted(|| {
            assert_eq!(spend(&mut cx, 100), 100);
            waiting::report(&INNER, Location::caller());
        });
        assert_eq!(spend(&mut cx, 100), 3);
    });
    assert_eq!(waiting, None);
}

#[test]
fn hosts_nest_and_a_panic_restores_the_outer_one() {
    let mut cx = Context::from_waker(Waker::noop());
    let (_, waiting) = host::poll(4, || {
        waiting::report(&OUTER, Location::caller());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            host::poll(2, || {
                waiting::report(&INNER, Location::caller());
                panic!("in the inner poll");
            })
        }));
        assert!(panicked.is_err());
        assert_eq!(spend(&mut cx, 100), 4);
    });
    assert_eq!(waiting.expect("the outer report").reason, &OUTER);
}

#[test]
fn the_last_report_of_a_poll_counts_and_names_its_place() {
    let (line, waiting) = host::poll(1, || {
        waiting::report(&OUTER, Location::caller());
        waiting::report(&INNER, Location::caller());
        line!() - 1
    });
    let waiting = waiting.expect("a report");
    assert_eq!(waiting.reason.as_str(), "inner");
    assert_eq!(waiting.place.line(), line);
    assert_eq!(
        waiting.to_string(),
        format!("inner at {}:{}:{}", file!(), line, waiting.place.column())
    );
}

#[test]
fn a_number_stands_for_one_reason_until_there_are_too_many() {
    assert_eq!(OUTER.number(), OUTER.number());
    assert_ne!(OUTER.number(), INNER.number());
    assert_eq!(Reason::of_number(INNER.number().get()), Some(&INNER));
    assert_eq!(Reason::of_number(0), None);
    assert_eq!(Reason::of_number(u16::MAX), None);

    static MANY: [Reason; Reason::MOST_NUMBERS as usize] =
        [const { Reason::new("one of many") }; Reason::MOST_NUMBERS as usize];
    let numbers: Vec<u16> = MANY.iter().map(|reason| reason.number().get()).collect();
    let own = numbers
        .iter()
        .filter(|&&number| number < Reason::MOST_NUMBERS)
        .count();
    assert!(own >= usize::from(Reason::MOST_NUMBERS) - 3, "{own}");
    assert_eq!(numbers.last(), Some(&Reason::MOST_NUMBERS));
    let shared = Reason::of_number(Reason::MOST_NUMBERS).expect("a reason for all others");
    assert_eq!(shared.as_str(), "one of too many reasons");
    assert_eq!(Reason::of_number(INNER.number().get()), Some(&INNER));
}
