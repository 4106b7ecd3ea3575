//! Contexts, their cancellers and causes: what each call does, one by one.

mod context_support;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;

use std::cell::Cell;
use std::error::Error;
use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::Poll;
use std::time::Duration;

use canter_executor::context::{
    AfterCancel, Cancelled, CancelledOwned, Canceller, Cause, Context, ContextError, DropGuard, Run,
};
use canter_executor::runtime::Runtime;
use canter_executor::time::sleep;
use canter_executor::{block_on, go};
use context_support::{FAR, Flag, assert_followers};
use drops::Drops;

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

#[test]
fn a_context_is_one_pointer_and_everything_here_goes_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    assert_eq!(size_of::<Context>(), size_of::<usize>());
    assert_eq!(size_of::<Option<ContextError>>(), 1);
    shared::<Context>();
    shared::<Canceller>();
    shared::<DropGuard>();
    shared::<Cause>();
    shared::<ContextError>();
    shared::<AfterCancel>();
    shared::<CancelledOwned>();
    shared::<Cancelled<'static>>();
    shared::<Run<'static, std::future::Ready<()>>>();
}

#[test]
fn the_background_has_nothing_and_keeps_no_waker() {
    static ROOT: Context = Context::background();
    let flag = Flag::new();
    let mut waits = ROOT.cancelled();
    assert!(flag.poll(&mut waits).is_pending());
    assert_eq!(flag.wakers(), 0);
    assert!(!ROOT.is_cancelled() && ROOT.cause().is_none() && ROOT.error().is_none());
    assert_eq!((ROOT.deadline(), ROOT.time_left()), (None, None));
    assert_eq!(ROOT.value::<()>(), None);
    assert_eq!(block_on(ROOT.run(async { 7 })), Ok(7));
    assert!(!Context::default().is_cancelled());
}

#[test]
fn cancelling_twice_is_cancelling_once_and_the_first_cause_stays() {
    let (ctx, canceller) = cancellable();
    canceller.with_cause("first").cancel();
    canceller.with_cause("second").cancel();
    canceller.clone().cancel();
    assert_eq!(ctx.cause().unwrap().to_string(), "first");
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    canceller.with_cause("second").cancel();
    assert_eq!(ctx.cause().unwrap().to_string(), "the context was cancelled");
    assert_eq!(ctx.error(), Some(ContextError::Cancelled));
}

#[test]
fn the_clones_of_a_canceller_keep_the_cause_that_they_were_given() {
    let (ctx, canceller) = cancellable();
    let with_cause = canceller.with_cause("given").clone();
    assert!(!ctx.is_cancelled());
    drop(canceller);
    with_cause.cancel();
    assert_eq!(ctx.cause().unwrap().to_string(), "given");
}

#[derive(Debug)]
struct Outer(io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("outer")
    }
}

impl Error for Outer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_cause_is_the_error_that_was_given_and_shared() {
    let (ctx, canceller) = cancellable();
    canceller.with_cause(Outer(io::Error::other("inner"))).cancel();
    let (child, _) = ctx.with_cancel();
    let (cause, of_child) = (ctx.cause().unwrap(), child.cause().unwrap());
    assert_eq!(
        (cause.error(), cause.to_string()),
        (ContextError::Cancelled, "outer".into())
    );
    assert_eq!(cause.source().unwrap().to_string(), "inner");
    let (outer, same) = (
        cause.downcast_ref::<Outer>().unwrap(),
        of_child.downcast_ref::<Outer>().unwrap(),
    );
    assert!(std::ptr::eq(outer, same));
    assert!(cause.downcast_ref::<ContextError>().is_none());
    assert!(format!("{cause:?}").contains("inner"));
}

#[test]
fn without_a_given_error_the_cause_is_the_plain_one() {
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    let cause = ctx.cause().unwrap();
    assert_eq!(cause.downcast_ref(), Some(&ContextError::Cancelled));
    assert!(cause.source().is_none());
}

#[test]
fn the_cause_of_another_context_is_passed_on_and_not_wrapped() {
    let (first, first_canceller) = cancellable();
    first_canceller
        .with_cause(Outer(io::Error::other("inner")))
        .cancel();
    let (second, second_canceller) = cancellable();
    second_canceller.with_cause(first.cause().unwrap()).cancel();
    assert!(second.cause().unwrap().downcast_ref::<Outer>().is_some());

    let (late, _) = Context::background().with_timeout(Duration::ZERO);
    let (third, third_canceller) = cancellable();
    third_canceller.with_cause(late.cause().unwrap()).cancel();
    let cause = third.cause().unwrap();
    assert_eq!(cause.error(), ContextError::Cancelled);
    assert_eq!(cause.downcast_ref(), Some(&ContextError::DeadlineExceeded));
}

#[test]
fn errors_say_what_happened_also_as_io_errors() {
    let cancelled = io::Error::from(ContextError::Cancelled);
    assert_eq!(cancelled.kind(), io::ErrorKind::Other);
    assert_eq!(cancelled.to_string(), "the context was cancelled");
    let exceeded = io::Error::from(ContextError::DeadlineExceeded);
    assert_eq!(exceeded.kind(), io::ErrorKind::TimedOut);
    assert_eq!(exceeded.to_string(), "the context's deadline has passed");
    let (ctx, _) = Context::background().with_timeout_cause(Duration::ZERO, "no answer");
    let cause = io::Error::from(ctx.cause().unwrap());
    assert_eq!(
        (cause.kind(), cause.to_string()),
        (io::ErrorKind::TimedOut, "no answer".into())
    );
    assert!(cause.get_ref().unwrap().is::<Cause>());
}

#[test]
fn dropping_every_canceller_cancels_nothing() {
    let (ctx, canceller) = cancellable();
    drop((canceller.clone(), canceller.with_cause("never given"), canceller));
    assert!(!ctx.is_cancelled());
    let (timed, _) = Context::background().with_timeout(FAR);
    assert!(!timed.is_cancelled());
}

#[test]
fn a_drop_guard_cancels_at_the_end_of_its_block_and_in_a_panic() {
    let (ctx, canceller) = cancellable();
    let guard = canceller.with_cause("the block is over").drop_guard();
    assert!(!ctx.is_cancelled());
    drop(guard);
    assert_eq!(ctx.cause().unwrap().to_string(), "the block is over");

    let (ctx, canceller) = cancellable();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = canceller.drop_guard();
        panic!("in the block");
    }));
    assert!(panicked.is_err() && ctx.is_cancelled());
}

#[test]
fn a_drop_guard_that_is_disarmed_gives_the_canceller_back() {
    let (ctx, canceller) = cancellable();
    let canceller = canceller.drop_guard().disarm();
    assert!(!ctx.is_cancelled());
    canceller.cancel();
    assert!(ctx.is_cancelled());
}

#[test]
fn values_are_found_by_type_the_innermost_first() {
    let root = Context::background();
    let outer = root.with_value(1_u8).with_value("text");
    let (timed, _) = outer.with_timeout(FAR);
    let inner = timed.with_value(2_u8).with_cancel().0;
    assert_eq!(inner.value::<u8>(), Some(&2));
    assert_eq!(inner.value::<&str>(), Some(&"text"));
    assert_eq!(timed.value::<u8>(), Some(&1));
    assert_eq!((inner.value::<u16>(), root.value::<u8>()), (None, None));
}

#[test]
fn a_value_is_dropped_with_the_last_context_that_carries_it() {
    let drops = Drops::default();
    let ctx = Context::background().with_value(drops.guard());
    let (child, canceller) = ctx.with_cancel();
    let detached = child.without_cancel();
    drop((ctx, child));
    assert_eq!(drops.count(), 0);
    drop(detached);
    assert_eq!(drops.count(), 1, "a canceller carries no value");
    drop(canceller);
}

#[test]
fn without_cancel_keeps_the_values_and_neither_cancel_nor_deadline() {
    let (ctx, canceller) = Context::background().with_value(7_u8).with_timeout(FAR);
    let detached = ctx.without_cancel();
    assert!(ctx.deadline().is_some() && detached.deadline().is_none());
    canceller.cancel();
    assert!(!detached.is_cancelled() && !ctx.without_cancel().is_cancelled());
    assert_eq!(detached.value::<u8>(), Some(&7));
    let (child, canceller) = detached.with_cancel();
    canceller.cancel();
    assert!(child.is_cancelled() && !detached.is_cancelled());
    assert_eq!(child.value::<u8>(), Some(&7));
    assert_eq!(format!("{:?}", ctx.without_cancel()), "Context(never ends)");
}

#[test]
fn run_gives_the_output_and_leaves_nothing_behind() {
    let (ctx, _canceller) = cancellable();
    let not_send = Rc::new(Cell::new(1));
    let borrowed = String::from("borrowed");
    let output = block_on(ctx.run(async {
        sleep(Duration::from_millis(1)).await;
        not_send.set(2);
        borrowed.len()
    }));
    assert_eq!((output, not_send.get()), (Ok(8), 2));
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn run_polls_its_future_first_and_once_also_in_a_context_that_has_ended() {
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    assert_eq!(block_on(ctx.run(async { 7 })), Ok(7));
    let polled = Cell::new(0);
    let result = block_on(ctx.run(std::future::poll_fn(|_| {
        polled.set(polled.get() + 1);
        Poll::<()>::Pending
    })));
    assert_eq!((result, polled.get()), (Err(ContextError::Cancelled), 1));
}

#[test]
fn run_drops_its_future_as_soon_as_it_sees_the_end() {
    let (ctx, canceller) = cancellable();
    let drops = Drops::default();
    let guard = drops.guard();
    let flag = Flag::new();
    let mut runs = pin!(ctx.run(async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    assert!(flag.poll(&mut runs).is_pending());
    assert_followers(&ctx, 0, 1, 0);
    canceller.cancel();
    assert_eq!((flag.wakes(), drops.count()), (1, 0));
    assert_eq!(flag.poll(&mut runs), Poll::Ready(Err(ContextError::Cancelled)));
    assert_eq!(drops.count(), 1, "before the `Run` itself is dropped");
    assert_eq!(flag.poll(&mut runs), Poll::Ready(Err(ContextError::Cancelled)));
}

#[test]
fn a_run_that_is_dropped_drops_its_future_and_its_waker() {
    let (ctx, _canceller) = cancellable();
    let drops = Drops::default();
    let guard = drops.guard();
    let flag = Flag::new();
    let mut runs = Box::pin(ctx.run(async move {
        let _guard = guard;
        pending::<()>().await;
    }));
    assert!(flag.poll(&mut runs).is_pending());
    assert_eq!(flag.wakers(), 1);
    drop(runs);
    assert_eq!((flag.wakers(), drops.count()), (0, 1));
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn a_future_that_spends_every_budget_does_not_outlast_its_context() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let (ctx, canceller) = cancellable();
    let busy = runtime.spawn(async move {
        ctx.run(async {
            loop {
                sleep(Duration::ZERO).await;
            }
        })
        .await
    });
    canceller.cancel();
    let ended: Result<(), ContextError> = runtime.block_on(busy).unwrap();
    assert_eq!(ended, Err(ContextError::Cancelled));
}

#[test]
fn a_task_that_asks_again_and_again_gives_way() {
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    let other_ran = Arc::new(AtomicBool::new(false));
    let seen = other_ran.clone();
    let asks = runtime.spawn(async move {
        while !seen.load(SeqCst) {
            ctx.cancelled().await;
        }
    });
    runtime.go(async move { other_ran.store(true, SeqCst) });
    runtime.block_on(asks).unwrap();
}

#[test]
fn a_thread_can_wait_for_the_end_and_so_can_a_task_that_blocks() {
    let (ctx, canceller) = cancellable();
    let waits = ctx.clone();
    let thread = std::thread::spawn(move || waits.cancelled_blocking());
    let runtime = Runtime::builder().workers(1).build().unwrap();
    let waits = ctx.clone();
    let blocks = runtime.spawn(async move { waits.cancelled_blocking() });
    // It runs though the task above blocks the only worker.
    runtime.go(async move { canceller.cancel() });
    runtime.block_on(blocks).unwrap();
    thread.join().unwrap();
    ctx.cancelled_blocking();
}

#[test]
fn the_owned_wait_needs_no_context_beside_it() {
    let (ctx, canceller) = cancellable();
    let waits = ctx.cancelled_owned();
    go(async move { canceller.cancel() });
    block_on(waits);
}

#[test]
fn a_context_shows_how_it_stands() {
    let (ctx, canceller) = cancellable();
    assert_eq!(
        format!("{ctx:?}"),
        "Context { error: None, deadline: None, \
         followers: Followers { children: 0, waiters: 0, functions: 0 } }"
    );
    canceller.cancel();
    assert!(format!("{ctx:?}").starts_with("Context { error: Some(Cancelled)"));
    assert_eq!(
        format!("{canceller:?}"),
        "Canceller { error: Some(Cancelled), .. }"
    );
    assert!(format!("{:?}", ctx.cancelled()).starts_with("Cancelled(Context"));
}
