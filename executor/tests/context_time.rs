//! Deadlines of contexts. No bound on how late: only that nothing comes early, that everything comes, and that nobody has to
//! wait for it.

mod context_support;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use canter_coop::host;
use canter_executor::block_on;
use canter_executor::context::{Canceller, Context, ContextError};
use canter_executor::runtime::Runtime;
use canter_executor::time::sleep_until;
use context_support::{FAR, Flag, assert_followers, on_a_small_stack, pause, told};
use drops::{Drops, Guard};

const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(5)
}

/// Looks again and again until the context has ended; nothing waits for it.
#[track_caller]
fn ends_by_itself(ctx: &Context) {
    while !ctx.is_cancelled() {
        pause();
    }
    assert_eq!(ctx.error(), EXCEEDED);
    assert!(Instant::now() >= ctx.deadline().expect("it had one"));
}

/// A cause whose end is counted: it goes with the timer that it was given to.
struct Counted {
    _guard: Guard,
}

impl fmt::Debug for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counted")
    }
}

impl Error for Counted {}

/// A context whose timer is watched.
fn counted(parent: &Context, drops: &Drops) -> (Context, Canceller) {
    let _guard = drops.guard();
    parent.with_timeout_cause(FAR, Counted { _guard })
}

#[test]
fn a_deadline_ends_the_whole_tree_and_runs_functions_without_anybody_who_polls() {
    let (tell, is_told) = told();
    let deadline = soon();
    let (ctx, _) = Context::background().with_deadline(deadline);
    let (child, _) = ctx.with_value(7).with_cancel();
    let (timed, _) = child.with_timeout(FAR);
    timed.after_cancel(tell);
    is_told.recv().expect("the function runs");
    assert!(Instant::now() >= deadline);
    for ended in [&ctx, &child, &timed] {
        assert_eq!((ended.error(), ended.deadline()), (EXCEEDED, Some(deadline)));
        assert_eq!(ended.time_left(), Some(Duration::ZERO));
    }
}

#[test]
fn a_deadline_wakes_who_waits_and_never_early() {
    block_on(async {
        let deadline = soon();
        let (ctx, _) = Context::background().with_deadline(deadline);
        ctx.cancelled().await;
        assert!(Instant::now() >= deadline);
        let deadline = soon();
        let (ctx, _) = Context::background().with_deadline(deadline);
        let ended = ctx.run(std::future::pending::<()>()).await;
        assert_eq!(ended.err(), EXCEEDED);
        assert!(Instant::now() >= deadline);
    });
}

#[test]
fn a_context_outside_of_any_runtime_ends_on_the_timers_of_the_default_one() {
    std::thread::spawn(|| {
        let (ctx, _) = Context::background().with_deadline(soon());
        ctx.cancelled_blocking();
        assert_eq!(ctx.error(), EXCEEDED);
    })
    .join()
    .unwrap();
}

#[test]
fn a_context_outlives_the_runtime_of_its_timer() {
    let gone = runtime(1);
    let (ctx, _) = gone.block_on(async { Context::background().with_deadline(soon()) });
    let (late, _) = gone.block_on(async { Context::background().with_timeout(FAR) });
    drop(gone);
    assert!(!late.is_cancelled());
    ends_by_itself(&ctx);
    assert!(!late.is_cancelled());
}

#[test]
fn a_context_made_by_a_task_that_has_spent_its_budget_ends_too() {
    let (ctx, canceller) = host::poll(0, || Context::background().with_deadline(soon())).0;
    ends_by_itself(&ctx);
    drop(canceller);
}

#[test]
fn the_wait_of_a_poll_is_not_that_of_the_timer() {
    let ((_ctx, _canceller), waiting) = host::poll(128, || Context::background().with_timeout(FAR));
    assert_eq!(waiting, None);
}

#[test]
fn a_deadline_that_has_passed_gives_a_context_that_is_over() {
    let now = Instant::now();
    let (ctx, _) = Context::background().with_deadline(now);
    assert_eq!((ctx.error(), ctx.deadline()), (EXCEEDED, Some(now)));
    let (zero, _) = Context::background().with_timeout(Duration::ZERO);
    assert_eq!(zero.error(), EXCEEDED);
    let (parent, canceller) = Context::background().with_cancel();
    let (child, _) = parent.with_deadline_cause(now, "long ago");
    assert_eq!(child.cause().unwrap().to_string(), "long ago");
    assert!(!parent.is_cancelled());
    assert_followers(&parent, 0, 0, 0);
    canceller.cancel();
    assert_eq!(child.error(), EXCEEDED);
}

#[test]
fn a_time_out_beyond_the_end_of_the_clock_is_none() {
    let (ctx, canceller) = Context::background().with_timeout(Duration::MAX);
    assert_eq!((ctx.deadline(), ctx.time_left()), (None, None));
    let (limited, _) = Context::background().with_timeout(FAR);
    let (child, _) = limited.with_timeout(Duration::MAX);
    assert_eq!(child.deadline(), limited.deadline());
    canceller.cancel();
    assert_eq!(ctx.error(), Some(ContextError::Cancelled));
}

#[test]
fn a_child_has_the_earlier_one_of_the_two_deadlines() {
    let deadline = soon();
    let (parent, _) = Context::background().with_deadline(deadline);
    let (child, _) = parent.with_timeout_cause(FAR, "never said");
    let (grandchild, _) = child.with_cancel();
    assert_eq!(
        (child.deadline(), grandchild.deadline()),
        (Some(deadline), Some(deadline))
    );
    ends_by_itself(&grandchild);
    assert_eq!(
        child.cause().unwrap().to_string(),
        "the context's deadline has passed"
    );

    let deadline = soon();
    let (parent, _) = Context::background().with_timeout(FAR);
    let (child, _) = parent.with_deadline_cause(deadline, "sooner");
    assert_eq!(child.deadline(), Some(deadline));
    assert!(parent.time_left() > child.time_left());
    ends_by_itself(&child);
    assert_eq!(child.cause().unwrap().to_string(), "sooner");
    assert!(!parent.is_cancelled());
    assert_followers(&parent, 0, 0, 0);
}

#[test]
fn a_child_of_a_parent_that_nobody_holds_ends_at_the_parents_deadline() {
    let (parent, _) = Context::background().with_deadline(soon());
    let (child, _) = parent.with_cancel();
    drop(parent);
    ends_by_itself(&child);
}

#[test]
fn a_timer_is_given_up_when_its_context_ends_earlier() {
    let drops = Drops::default();
    let (root, root_canceller) = Context::background().with_cancel();
    let (ctx, canceller) = counted(&root, &drops);
    canceller.cancel();
    assert_eq!(drops.count(), 1);
    assert_eq!(ctx.error(), Some(ContextError::Cancelled));
    let (child, _) = counted(&root, &drops);
    root_canceller.cancel();
    assert_eq!(drops.count(), 2);
    assert!(child.is_cancelled());
    let (_born_ended, _) = counted(&root, &drops);
    assert_eq!(drops.count(), 3);
}

#[test]
fn a_timer_is_given_up_when_nobody_holds_its_context() {
    let drops = Drops::default();
    drop(counted(&Context::background(), &drops));
    assert_eq!(drops.count(), 1);
    let (root, _canceller) = Context::background().with_cancel();
    let (ctx, canceller) = counted(&root, &drops);
    let (child, _) = ctx.with_cancel();
    drop((ctx, canceller));
    assert_eq!(drops.count(), 1);
    drop(child);
    assert_eq!(drops.count(), 2);
    let (ctx, _) = counted(&root, &drops);
    let after = ctx.after_cancel(|| ());
    drop(ctx);
    assert_eq!(drops.count(), 2);
    assert!(after.stop());
    assert_eq!(drops.count(), 3);
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn a_deep_chain_of_deadlines_ends_at_the_outermost_one() {
    on_a_small_stack(|| {
        let deadline = soon();
        let mut ctx = Context::background().with_deadline(deadline).0;
        for _ in 0..20_000 {
            ctx = ctx.with_timeout(FAR).0;
        }
        ends_by_itself(&ctx);
        assert_eq!(ctx.deadline(), Some(deadline));
    });
}

#[test]
fn a_hundred_thousand_time_outs_that_come_and_go_leave_nothing() {
    let (root, _canceller) = Context::background().with_cancel();
    let drops = Drops::default();
    for _ in 0..100_000 {
        drop(counted(&root, &drops));
    }
    assert_eq!(drops.count(), 100_000);
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn deadlines_at_random_all_pass_and_none_early() {
    let mut random = seed::random("deadlines_at_random");
    let runtime = runtime(2);
    let (root, _canceller) = Context::background().with_cancel();
    let tasks: Vec<_> = (0..2000)
        .map(|_| {
            let (own, pause) = (random.u64(..30_000), random.u64(..30_000));
            let (cancels, parent) = (random.u8(..4) == 0, root.clone());
            runtime.spawn(async move {
                let deadline = Instant::now() + Duration::from_micros(own);
                let (ctx, canceller) = parent.with_deadline(deadline);
                if cancels {
                    sleep_until(Instant::now() + Duration::from_micros(pause)).await;
                    canceller.cancel();
                }
                ctx.cancelled().await;
                match ctx.error() {
                    EXCEEDED => assert!(Instant::now() >= deadline),
                    error => assert!(cancels && error == Some(ContextError::Cancelled)),
                }
            })
        })
        .collect();
    tasks.into_iter().for_each(|task| block_on(task).unwrap());
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn a_waiter_of_a_deadline_is_woken_once() {
    let (ctx, _) = Context::background().with_deadline(soon());
    let flag = Flag::new();
    let mut waits = ctx.cancelled();
    assert!(flag.poll(&mut waits).is_pending());
    while flag.wakes() == 0 {
        pause();
    }
    assert!(flag.poll(&mut waits).is_ready());
    assert_eq!((flag.wakes(), flag.wakers()), (1, 0));
}
