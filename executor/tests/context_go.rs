//! What Go promises of its `context`, asked of canter's: the cases that Go's own tests cover, written anew.

mod context_support;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::io;
use std::sync::{Barrier, mpsc};
use std::task::Waker;
use std::thread;
use std::time::{Duration, Instant};

use canter_executor::block_on;
use canter_executor::context::{Canceller, Context, ContextError};
use context_support::{FAR, Flag, assert_followers, poll_with, told};

const CANCELLED: Option<ContextError> = Some(ContextError::Cancelled);
const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);
const SOON: Duration = Duration::from_millis(5);

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

fn is_done(ctx: &Context) -> bool {
    poll_with(Waker::noop(), &mut ctx.cancelled()).is_ready()
}

#[track_caller]
fn assert_open(ctx: &Context) {
    assert!(!is_done(ctx) && !ctx.is_cancelled());
    assert!(ctx.error().is_none() && ctx.cause().is_none());
}

#[track_caller]
fn assert_ended(ctx: &Context, error: Option<ContextError>) {
    assert!(is_done(ctx) && ctx.is_cancelled());
    assert_eq!(ctx.error(), error);
}

#[test]
fn background_is_never_done() {
    let ctx = Context::background();
    assert_open(&ctx);
    assert_eq!(format!("{ctx:?}"), "Context(never ends)");
}

#[test]
fn with_cancel_is_done_when_it_is_cancelled_and_tells_the_children_of_it() {
    let (first, cancel) = cancellable();
    let second = first.with_value("a value");
    let third = second.with_cancel().0;
    let flag = Flag::new();
    let mut waits = third.cancelled();
    assert!(flag.poll(&mut waits).is_pending());
    [&first, &second, &third].into_iter().for_each(assert_open);
    cancel.cancel();
    assert_eq!(flag.wakes(), 1);
    [&first, &second, &third]
        .into_iter()
        .for_each(|ctx| assert_ended(ctx, CANCELLED));
}

#[test]
fn a_parent_finishes_its_children() {
    let (parent, cancel) = cancellable();
    let (child, child_cancel) = parent.with_cancel();
    let value_child = parent.with_value("key");
    let (timer_child, _stop) = value_child.with_timeout(FAR);
    let (tell, is_told) = told();
    let after = parent.after_cancel(tell);
    [&parent, &child, &value_child, &timer_child]
        .into_iter()
        .for_each(assert_open);
    assert_followers(&parent, 2, 0, 1);

    cancel.cancel();
    assert_followers(&parent, 0, 0, 0);
    [&parent, &child, &value_child, &timer_child]
        .into_iter()
        .for_each(|ctx| assert_ended(ctx, CANCELLED));
    is_told.recv().expect("the function runs");
    assert!(!after.stop());
    assert_ended(&parent.with_value("late"), CANCELLED);
    let (late, late_cancel) = parent.with_cancel();
    assert_ended(&late, CANCELLED);
    late_cancel.cancel();
    child_cancel.cancel();
}

#[test]
fn a_child_that_finishes_first_leaves_its_parent_open() {
    let (stopped_parent, _stop) = cancellable();
    for parent in [Context::background(), stopped_parent] {
        let (child, cancel) = parent.with_cancel();
        assert_open(&parent);
        assert_open(&child);
        cancel.cancel();
        assert_ended(&child, CANCELLED);
        assert_open(&parent);
        assert!(!format!("{parent:?}").contains("children: 1"));
    }
}

#[test]
fn a_deadline_passes_directly_and_through_layers() {
    let root = Context::background();
    let deadline = Instant::now() + SOON;
    let (direct, _) = root.with_deadline(deadline);
    let (outer, _) = root.with_deadline(deadline);
    let layered = outer.with_value(1).with_deadline(deadline + FAR).0.with_value(2);
    let (past, _) = root.with_deadline(deadline.checked_sub(FAR).unwrap_or(deadline));
    block_on(async {
        for ctx in [direct, layered, past] {
            ctx.cancelled().await;
            assert_ended(&ctx, EXCEEDED);
            assert!(ctx.deadline() <= Some(deadline));
        }
    });
    assert_ended(&root.with_deadline(Instant::now()).0, EXCEEDED);
}

#[test]
fn a_time_out_passes_directly_and_through_layers() {
    let root = Context::background();
    let (direct, _) = root.with_timeout(SOON);
    let (outer, _) = root.with_timeout(SOON);
    let layered = outer.with_value(1).with_timeout(FAR).0;
    for ctx in [direct, layered] {
        block_on(ctx.cancelled());
        assert_ended(&ctx, EXCEEDED);
    }
}

#[test]
fn a_time_out_that_is_cancelled_says_so_and_not_that_it_passed() {
    let (outer, _) = Context::background().with_timeout(FAR);
    let (ctx, cancel) = outer.with_value(1).with_timeout(FAR);
    assert_open(&ctx);
    cancel.cancel();
    assert_ended(&ctx, CANCELLED);
    assert_open(&outer);
}

#[test]
fn an_exceeded_deadline_is_a_time_out_as_an_io_error() {
    let error: io::Error = ContextError::DeadlineExceeded.into();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
}

#[test]
fn values_are_told_apart_by_type_and_shadowed_by_inner_ones() {
    #[derive(Debug, PartialEq)]
    struct One(&'static str);
    #[derive(Debug, PartialEq)]
    struct Two(&'static str);
    fn check(ctx: &Context, one: Option<&One>, two: Option<&Two>) {
        assert_eq!((ctx.value(), ctx.value()), (one, two));
    }
    let root = Context::background();
    check(&root, None, None);
    let first = root.with_value(One("1"));
    check(&first, Some(&One("1")), None);
    let second = first.with_value(Two("2"));
    check(&second, Some(&One("1")), Some(&Two("2")));
    let third = second.with_cancel().0.with_value(One("3"));
    check(&third, Some(&One("3")), Some(&Two("2")));
    check(&second, Some(&One("1")), Some(&Two("2")));
    // Siblings do not see each other's.
    let other = first.with_value(Two("other"));
    check(&other, Some(&One("1")), Some(&Two("other")));
    check(&third.without_cancel(), Some(&One("3")), Some(&Two("2")));
}

#[test]
fn simultaneous_cancels_of_a_whole_tree_end_all_of_it() {
    let (root, root_cancel) = cancellable();
    let mut all = vec![(root, root_cancel)];
    for parent in 0..50 {
        let children = [all[parent].0.with_cancel(), all[parent].0.with_timeout(FAR)];
        all.extend(children);
    }
    let barrier = Barrier::new(all.len());
    thread::scope(|scope| {
        for (_, cancel) in &all {
            scope.spawn(|| {
                barrier.wait();
                cancel.cancel();
            });
        }
        for (ctx, _) in &all {
            ctx.cancelled_blocking();
        }
    });
    for (ctx, _) in &all {
        assert_ended(ctx, CANCELLED);
        assert_followers(ctx, 0, 0, 0);
    }
}

#[test]
fn interlocked_cancels_do_not_lock_each_other_out() {
    let (parent, cancel_parent) = cancellable();
    let (child, cancel_child) = parent.with_cancel();
    thread::scope(|scope| {
        scope.spawn(|| {
            parent.cancelled_blocking();
            cancel_child.cancel();
        });
        cancel_parent.cancel();
        child.cancelled_blocking();
    });
    assert_ended(&child, CANCELLED);
}

/// Layers of cancels, time-outs and values at random; the values are all found, and all layers end together.
fn test_layers(
    test: &str,
    ends: impl FnOnce(&Context, Vec<Canceller>),
    error: Option<ContextError>,
    time: Duration,
) {
    let mut random = seed::random(test);
    let mut cancellers = Vec::new();
    let mut kept = Vec::new();
    let (mut ctx, canceller) = Context::background().with_timeout(time);
    cancellers.push(canceller);
    let mut last = None;
    for number in 0..30 {
        match random.u8(..3) {
            0 => {
                ctx = ctx.with_value(number);
                last = Some(number);
            }
            kind => {
                let (child, canceller) = if kind == 1 {
                    ctx.with_cancel()
                } else {
                    ctx.with_timeout(FAR)
                };
                kept.push(ctx);
                ctx = child;
                cancellers.push(canceller);
            }
        }
        assert_eq!(ctx.value::<i32>().copied(), last);
    }
    ends(&ctx, cancellers);
    kept.push(ctx);
    kept.iter().for_each(|ctx| assert_ended(ctx, error));
    assert_eq!(kept.last().and_then(|ctx| ctx.value::<i32>().copied()), last);
}

#[test]
fn layers_all_end_with_the_outermost_cancel() {
    let cancels = |ctx: &Context, cancellers: Vec<Canceller>| {
        assert_open(ctx);
        cancellers[0].cancel();
        cancellers.iter().for_each(Canceller::cancel);
    };
    test_layers(
        "layers_all_end_with_the_outermost_cancel",
        cancels,
        CANCELLED,
        FAR,
    );
}

#[test]
fn layers_all_end_with_the_outermost_time_out() {
    let waits = |ctx: &Context, _: Vec<Canceller>| ctx.cancelled_blocking();
    test_layers(
        "layers_all_end_with_the_outermost_time_out",
        waits,
        EXCEEDED,
        SOON,
    );
}

#[test]
fn a_cancel_removes_the_child_the_time_out_and_the_function_from_the_parent() {
    let (parent, _cancel) = cancellable();
    assert_followers(&parent, 0, 0, 0);
    let (_child, cancel) = parent.with_cancel();
    assert_followers(&parent, 1, 0, 0);
    cancel.cancel();
    assert_followers(&parent, 0, 0, 0);
    let (_child, cancel) = parent.with_timeout(FAR);
    assert_followers(&parent, 1, 0, 0);
    cancel.cancel();
    assert_followers(&parent, 0, 0, 0);
    let after = parent.after_cancel(|| ());
    assert_followers(&parent, 0, 0, 1);
    assert!(after.stop());
    assert_followers(&parent, 0, 0, 0);
}

#[test]
fn a_child_of_a_cancelled_parent_is_cancelled_with_its_cause() {
    let (parent, cancel) = cancellable();
    cancel.with_cause("because").cancel();
    let (child, _) = parent.with_cancel();
    assert_ended(&child, CANCELLED);
    assert_eq!(child.cause().unwrap().to_string(), "because");
}

#[test]
fn a_child_of_a_parent_that_is_cancelled_at_the_same_time_is_cancelled() {
    for _ in 0..500 {
        let (parent, cancel) = cancellable();
        let cancels = thread::spawn(move || cancel.with_cause("because").cancel());
        let (child, _) = parent.with_cancel();
        child.cancelled_blocking();
        assert_eq!(child.cause().unwrap().to_string(), "because");
        cancels.join().unwrap();
    }
}

/// One line of the table: what is said in the end by the error, and by the cause where that is another.
#[track_caller]
fn says(case: (Context, Canceller), error: Option<ContextError>, cause: &str) {
    let (ctx, _canceller) = case;
    assert_ended(&ctx, error);
    assert_eq!(ctx.cause().unwrap().to_string(), cause);
}

#[test]
fn the_cause_of_a_cancel_is_the_first_of_its_own_and_its_parents() {
    let plain = ContextError::Cancelled.to_string();
    let (parent, parent_cancel) = cancellable();
    let (child, cancel) = parent.with_cancel();
    cancel.with_cause("child's").cancel();
    parent_cancel.with_cause("parent's").cancel();
    says((child, cancel), CANCELLED, "child's");
    says((parent, parent_cancel), CANCELLED, "parent's");

    let (parent, parent_cancel) = cancellable();
    let (child, cancel) = parent.with_cancel();
    parent_cancel.with_cause("parent's").cancel();
    cancel.with_cause("child's").cancel();
    says((child, cancel), CANCELLED, "parent's");

    // A plain cancel is a cause like any other.
    let (parent, parent_cancel) = cancellable();
    let (child, cancel) = parent.with_cancel();
    parent_cancel.cancel();
    cancel.with_cause("child's").cancel();
    says((child, cancel), CANCELLED, &plain);
    let (parent, parent_cancel) = cancellable();
    let (child, cancel) = parent.with_cancel();
    cancel.cancel();
    parent_cancel.with_cause("parent's").cancel();
    says((child, cancel), CANCELLED, &plain);
    says((parent, parent_cancel), CANCELLED, "parent's");
    // It goes down through plain layers.
    let (parent, parent_cancel) = cancellable();
    let (child, cancel) = parent
        .with_value(1)
        .with_timeout_cause(FAR, "never")
        .0
        .with_cancel();
    parent_cancel.with_cause("parent's").cancel();
    says((child, cancel), CANCELLED, "parent's");
}

#[test]
fn the_cause_of_a_time_out_is_its_own_unless_it_was_cancelled() {
    let root = Context::background();
    let plain = ContextError::DeadlineExceeded.to_string();
    let ended = |case: (Context, Canceller)| {
        case.0.cancelled_blocking();
        case
    };
    says(ended(root.with_timeout(SOON)), EXCEEDED, &plain);
    says(ended(root.with_timeout_cause(SOON, "slow")), EXCEEDED, "slow");
    says(
        ended(root.with_deadline_cause(Instant::now() + SOON, "late")),
        EXCEEDED,
        "late",
    );
    says(root.with_deadline_cause(Instant::now(), "past"), EXCEEDED, "past");
    let (slow, _) = root.with_timeout_cause(SOON, "slow");
    says(ended(slow.with_cancel()), EXCEEDED, "slow");
    says(ended(slow.with_timeout_cause(FAR, "later")), EXCEEDED, "slow");

    let (ctx, cancel) = root.with_timeout_cause(FAR, "slow");
    cancel.cancel();
    says((ctx, cancel), CANCELLED, "the context was cancelled");
    let (ctx, cancel) = root.with_timeout_cause(FAR, "slow");
    cancel.with_cause("given up").cancel();
    says((ctx, cancel), CANCELLED, "given up");
    let (parent, parent_cancel) = cancellable();
    let (ctx, cancel) = parent.with_timeout_cause(FAR, "slow");
    parent_cancel.with_cause("parent's").cancel();
    says((ctx, cancel), CANCELLED, "parent's");
}

#[test]
fn a_cause_is_there_as_soon_as_the_context_is_done() {
    thread::scope(|scope| {
        let (ctx, cancel) = cancellable();
        let threads = (0..4).map(|number| {
            let (ctx, cancel) = (ctx.clone(), cancel.with_cause(format!("thread {number}")));
            scope.spawn(move || {
                cancel.cancel();
                ctx.cause().expect("it was cancelled").to_string()
            })
        });
        let seen: Vec<_> = threads.collect();
        while !ctx.is_cancelled() {
            thread::yield_now();
        }
        let cause = ctx.cause().expect("it is done").to_string();
        for thread in seen {
            assert_eq!(thread.join().unwrap(), cause);
        }
    });
}

#[test]
fn without_cancel_is_open_for_ever_and_has_no_deadline() {
    let (ctx, cancel) = Context::background().with_value("value").with_timeout(FAR);
    let without = ctx.without_cancel();
    cancel.with_cause("because").cancel();
    assert_ended(&ctx, CANCELLED);
    for without in [without, ctx.without_cancel()] {
        assert_open(&without);
        assert_eq!(without.deadline(), None);
        assert_eq!(without.value(), Some(&"value"));
    }
}

#[test]
fn an_after_function_is_called_after_a_cancel_of_its_context_or_above() {
    let (parent, cancel) = cancellable();
    let (tell, is_told) = told();
    let (tell_of_child, is_told_of_child) = told();
    parent.after_cancel(tell);
    parent
        .with_value(1)
        .with_timeout(FAR)
        .0
        .after_cancel(tell_of_child);
    assert!(is_told.try_recv().is_err());
    cancel.cancel();
    is_told.recv().expect("it is called");
    is_told_of_child.recv().expect("it is called");
}

#[test]
fn an_after_function_is_called_after_a_time_out() {
    let (ctx, _) = Context::background().with_timeout(SOON);
    let (tell, is_told) = told();
    ctx.after_cancel(tell);
    is_told.recv().expect("it is called");
    assert_ended(&ctx, EXCEEDED);
}

#[test]
fn an_after_function_is_called_at_once_when_its_context_is_done() {
    let (ctx, _) = Context::background().with_timeout(Duration::ZERO);
    let (tell, is_told) = told();
    let after = ctx.after_cancel(tell);
    is_told.recv().expect("it is called");
    assert!(!after.stop());
}

#[test]
fn an_after_function_is_not_called_after_it_was_stopped() {
    let (ctx, cancel) = cancellable();
    let (tell, is_told) = told();
    let after = ctx.after_cancel(tell);
    assert!(after.stop());
    cancel.cancel();
    assert!(is_told.recv().is_err());
}

#[test]
fn after_functions_are_called_once_each() {
    let (ctx, cancel) = cancellable();
    let (send, receive) = mpsc::channel();
    for number in 0..10 {
        let send = send.clone();
        ctx.after_cancel(move || send.send(number).expect("the test listens"));
    }
    drop(send);
    cancel.cancel();
    cancel.cancel();
    let mut called: Vec<i32> = receive.iter().collect();
    called.sort_unstable();
    assert!(called.into_iter().eq(0..10));
}
