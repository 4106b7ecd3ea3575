//! Functions that run after the end of a context: when, where and how often, and when they never do.

#[path = "common/child.rs"]
mod child;
mod context_support;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;

use std::sync::mpsc;
use std::time::Duration;

use canter_executor::context::{Canceller, Context};
use canter_executor::runtime::{Handle, Runtime};
use child::{child, stderr_of};
use context_support::{FAR, assert_followers, told};
use drops::Drops;

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().expect("a runtime")
}

/// A function that does nothing, and a count that says one when it was dropped.
fn guarded() -> (impl FnOnce() + Send + 'static, Drops) {
    let drops = Drops::default();
    let guard = drops.guard();
    (move || drop(guard), drops)
}

#[test]
fn a_function_runs_once_and_leaves_the_list() {
    let (ctx, canceller) = cancellable();
    let (tell, is_told) = told();
    let after = ctx.after_cancel(tell);
    assert_followers(&ctx, 0, 0, 1);
    canceller.cancel();
    canceller.cancel();
    assert_followers(&ctx, 0, 0, 0);
    assert_eq!(is_told.recv(), Ok(()));
    assert!(is_told.recv().is_err(), "it was dropped after it ran");
    assert!(!after.stop());
}

#[test]
fn a_function_of_a_context_that_has_ended_runs_at_once() {
    let (ctx, canceller) = cancellable();
    canceller.cancel();
    let (tell, is_told) = told();
    let after = ctx.after_cancel(tell);
    is_told.recv().expect("it runs");
    assert!(!after.stop());
}

#[test]
fn a_function_has_a_task_of_its_own_and_does_not_hold_up_the_canceller() {
    let (ctx, canceller) = cancellable();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (tell, is_told) = told();
    ctx.after_cancel(move || {
        may_go_on.recv().expect("the test says when");
        tell();
    });
    canceller.cancel();
    go_on.send(()).expect("it waits");
    is_told.recv().expect("it runs");
}

#[test]
fn a_function_that_was_stopped_is_dropped_and_never_runs() {
    let (ctx, canceller) = cancellable();
    let (f, drops) = guarded();
    let (tell, is_told) = told();
    let after = ctx.after_cancel(move || {
        f();
        tell();
    });
    assert!(after.stop());
    assert_eq!(drops.count(), 1);
    assert_followers(&ctx, 0, 0, 0);
    canceller.cancel();
    assert!(is_told.recv().is_err());
}

#[test]
fn dropping_the_handle_leaves_the_function_registered() {
    let (ctx, canceller) = cancellable();
    let (tell, is_told) = told();
    drop(ctx.after_cancel(tell));
    canceller.cancel();
    is_told.recv().expect("it runs");
}

#[test]
fn stopping_one_function_leaves_the_others() {
    let (ctx, canceller) = cancellable();
    let (handles, told): (Vec<_>, Vec<_>) = (0..10)
        .map(|_| {
            let (tell, is_told) = told();
            (ctx.after_cancel(tell), is_told)
        })
        .unzip();
    let stopped: Vec<_> = handles
        .into_iter()
        .enumerate()
        .filter_map(|(number, handle)| (number % 2 == 0).then(|| handle.stop()))
        .collect();
    assert_eq!(stopped, [true; 5]);
    canceller.cancel();
    for (number, is_told) in told.iter().enumerate() {
        assert_eq!(is_told.recv().is_ok(), number % 2 == 1);
    }
}

#[test]
fn a_context_that_never_ends_drops_the_function_at_once() {
    let (f, drops) = guarded();
    let after = Context::background().after_cancel(f);
    assert_eq!(drops.count(), 1);
    assert!(after.stop());
    let (f, drops) = guarded();
    let ctx = cancellable().0.with_value(7).without_cancel();
    assert!(ctx.after_cancel(f).stop());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_function_runs_by_a_deadline_also_when_nobody_holds_the_context() {
    let (tell, is_told) = told();
    let (ctx, _) = Context::background().with_timeout(Duration::from_millis(5));
    ctx.after_cancel(tell);
    drop(ctx);
    is_told.recv().expect("it runs");
}

#[test]
fn a_function_runs_with_an_ancestor_also_when_nobody_holds_the_context() {
    let (root, canceller) = cancellable();
    let (tell, is_told) = told();
    let after = root.with_cancel().0.with_timeout(FAR).0.after_cancel(tell);
    assert_followers(&root, 1, 0, 0);
    canceller.cancel();
    is_told.recv().expect("it runs");
    assert!(!after.stop());
}

#[test]
fn a_function_that_was_stopped_lets_its_context_leave() {
    let (root, _canceller) = cancellable();
    let (f, drops) = guarded();
    let after = root.with_cancel().0.with_timeout(FAR).0.after_cancel(f);
    assert_followers(&root, 1, 0, 0);
    assert!(after.stop());
    assert_eq!(drops.count(), 1);
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn a_function_is_dropped_with_the_last_that_could_end_its_context() {
    let (f, drops) = guarded();
    let (ctx, canceller) = cancellable();
    ctx.after_cancel(f);
    drop(ctx);
    assert_eq!(drops.count(), 0);
    drop(canceller);
    assert_eq!(drops.count(), 1);
    // A handle keeps it, so that it can say that it was stopped.
    let (f, drops) = guarded();
    let after = cancellable().0.after_cancel(f);
    assert_eq!(drops.count(), 0);
    assert!(after.stop());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_function_that_holds_its_own_context_goes_with_the_end() {
    let (ctx, canceller) = cancellable();
    let (f, drops) = guarded();
    let (own, of_own) = (ctx.clone(), canceller.clone());
    let (say, said) = mpsc::channel();
    ctx.after_cancel(move || {
        say.send(own.cause().map(|cause| cause.to_string()))
            .expect("the test listens");
        drop(of_own);
        f();
    });
    canceller.with_cause("why").cancel();
    assert_eq!(said.recv(), Ok(Some("why".to_owned())));
    assert!(said.recv().is_err());
    assert_eq!(drops.count(), 1);
}

#[test]
fn a_function_runs_on_the_runtime_that_registered_it() {
    let (one, other) = (runtime(1), runtime(2));
    let (ctx, canceller) = cancellable();
    let (say, said) = mpsc::channel();
    let of_task = say.clone();
    let inside = ctx.clone();
    one.block_on(one.spawn(async move {
        inside.after_cancel(move || of_task.send(format!("{:?}", Handle::current())).unwrap());
    }))
    .unwrap();
    other.block_on(async move { canceller.cancel() });
    assert!(said.recv().unwrap().contains("workers: 1"));
    let entered = other.enter();
    ctx.after_cancel(move || say.send(format!("{:?}", Handle::current())).unwrap());
    drop(entered);
    assert!(said.recv().unwrap().contains("workers: 2"));
}

#[test]
fn a_function_of_a_runtime_that_has_ended_is_dropped() {
    let gone = runtime(1);
    let (ctx, canceller) = cancellable();
    let (f, drops) = guarded();
    let (tell, is_told) = told();
    gone.block_on(async {
        ctx.after_cancel(move || {
            f();
            tell();
        })
    });
    drop(gone);
    assert_eq!(drops.count(), 0);
    canceller.cancel();
    assert_eq!(drops.count(), 1);
    assert!(is_told.recv().is_err());
}

#[test]
fn a_panic_in_a_function_is_one_of_its_task() {
    let place = line!() + 5;
    let panics = child("a_panic_in_a_function_is_one_of_its_task", || {
        let runtime = runtime(1);
        let (ctx, canceller) = cancellable();
        runtime.block_on(async {
            ctx.after_cancel(|| panic!("in the function"));
            let (tell, is_told) = told();
            ctx.after_cancel(tell);
            canceller.cancel();
            is_told.recv().expect("it runs");
        });
        runtime.shutdown(FAR).expect("all tasks end");
    });
    let stderr = stderr_of(panics);
    let said = format!("context_after.rs:{place}:17) panicked and nobody joins it: in the function");
    assert!(stderr.contains(&said), "{stderr}");
}

#[test]
fn stopping_races_with_the_end_and_one_of_them_has_the_function() {
    for _ in 0..500 {
        let (ctx, canceller) = cancellable();
        let (tell, is_told) = told();
        let after = ctx.after_cancel(tell);
        let cancels = std::thread::spawn(move || canceller.cancel());
        let stopped = after.stop();
        cancels.join().unwrap();
        assert_eq!(is_told.recv().is_err(), stopped);
    }
}
