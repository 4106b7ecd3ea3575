//! The wakers, functions and values that a context is given: it keeps none too long, and touches none under a lock.

mod context_support;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use canter_executor::context::{Canceller, Context};
use context_support::{FAR, Flag, Hook, assert_followers, poll_with, told};
use drops::Drops;

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

#[test]
fn a_wait_that_is_dropped_leaves_no_waker_behind() {
    let (ctx, canceller) = cancellable();
    let flag = Flag::new();
    let mut waits = ctx.cancelled();
    assert_eq!(flag.wakers(), 0);
    assert!(flag.poll(&mut waits).is_pending());
    assert_eq!(flag.wakers(), 1);
    assert_followers(&ctx, 0, 1, 0);
    drop(waits);
    assert_eq!(flag.wakers(), 0);
    let mut owned = ctx.clone().cancelled_owned();
    assert!(flag.poll(&mut owned).is_pending());
    drop(owned);
    assert_eq!(flag.wakers(), 0);
    assert_followers(&ctx, 0, 0, 0);
    canceller.cancel();
    assert_eq!(flag.wakes(), 0);
}

#[test]
fn a_wait_that_is_polled_again_keeps_the_last_waker_alone() {
    let (ctx, canceller) = cancellable();
    let (first, last) = (Flag::new(), Flag::new());
    let mut waits = ctx.cancelled();
    assert!(first.poll(&mut waits).is_pending());
    assert!(first.poll(&mut waits).is_pending());
    assert_eq!(first.wakers(), 1);
    assert!(last.poll(&mut waits).is_pending());
    assert_eq!((first.wakers(), last.wakers()), (0, 1));
    assert_followers(&ctx, 0, 1, 0);
    canceller.cancel();
    assert_eq!((first.wakes(), last.wakes(), last.wakers()), (0, 1, 0));
    assert!(last.poll(&mut waits).is_ready());
    assert!(last.poll(&mut waits).is_ready(), "again and again");
    assert_eq!(last.wakers(), 0);
}

#[test]
fn a_place_that_was_given_up_after_the_end_is_nobody_elses() {
    let (ctx, canceller) = cancellable();
    let flag = Flag::new();
    let (mut one, mut other) = (ctx.cancelled(), ctx.cancelled());
    assert!(flag.poll(&mut one).is_pending());
    assert!(flag.poll(&mut other).is_pending());
    drop(one);
    let mut third = ctx.cancelled();
    assert!(flag.poll(&mut third).is_pending());
    canceller.cancel();
    drop(other);
    assert_eq!((flag.wakes(), flag.wakers()), (2, 0));
    assert!(flag.poll(&mut third).is_ready());
}

#[test]
fn each_of_many_waits_is_woken_once() {
    let (ctx, canceller) = cancellable();
    let (child, _) = ctx.with_cancel();
    let flags: Vec<_> = (0..1000).map(|_| Flag::new()).collect();
    let mut waits: Vec<_> = flags
        .iter()
        .enumerate()
        .map(|(number, flag)| {
            let mut waits = if number % 2 == 0 { &ctx } else { &child }.cancelled();
            assert!(flag.poll(&mut waits).is_pending());
            waits
        })
        .collect();
    canceller.cancel();
    canceller.cancel();
    assert!(flags.iter().all(|flag| (flag.wakes(), flag.wakers()) == (1, 0)));
    assert!(
        waits
            .iter_mut()
            .all(|waits| poll_with(Waker::noop(), waits).is_ready())
    );
}

#[test]
fn whoever_is_woken_finds_the_whole_tree_ended() {
    let (ctx, canceller) = cancellable();
    let tree: Vec<_> = (0..20).map(|_| ctx.with_cancel().0.with_cancel().0).collect();
    let woken = Arc::new(AtomicUsize::new(0));
    let wakers: Vec<_> = [&ctx, &tree[0], &tree[19]]
        .iter()
        .map(|_| {
            let (woken, ctx, tree) = (woken.clone(), ctx.clone(), tree.clone());
            Hook::waker(move || {
                assert!(ctx.is_cancelled() && tree.iter().all(Context::is_cancelled));
                woken.fetch_add(1, SeqCst);
            })
        })
        .collect();
    let mut waits = [ctx.cancelled(), tree[0].cancelled(), tree[19].cancelled()];
    for (waker, waits) in wakers.iter().zip(&mut waits) {
        assert!(poll_with(waker, waits).is_pending());
    }
    canceller.cancel();
    assert_eq!(woken.load(SeqCst), 3);
}

#[test]
fn a_panic_in_a_waker_reaches_the_canceller_when_all_others_were_woken() {
    let (ctx, canceller) = cancellable();
    let (child, _) = ctx.with_cancel();
    let (tell, is_told) = told();
    let before = Flag::new();
    let after = Flag::new();
    let woken = AtomicBool::new(false);
    let alarm = Hook::waker(move || {
        if !woken.swap(true, SeqCst) {
            panic!("the alarm");
        }
    });
    let mut waits: Vec<_> = (0..3).map(|_| ctx.cancelled()).collect();
    let mut of_child = child.cancelled();
    assert!(before.poll(&mut waits[0]).is_pending());
    assert!(poll_with(&alarm, &mut waits[1]).is_pending());
    assert!(after.poll(&mut waits[2]).is_pending());
    assert!(after.poll(&mut of_child).is_pending());
    child.after_cancel(tell);

    let panicked = catch_unwind(AssertUnwindSafe(|| canceller.with_cause("still said").cancel()));
    let panic = panicked.expect_err("the waker panics");
    assert_eq!(panic.downcast_ref(), Some(&"the alarm"));
    assert_eq!((before.wakes(), after.wakes()), (1, 2));
    is_told.recv().expect("the function runs");
    assert_eq!(child.cause().unwrap().to_string(), "still said");
    let (late, _) = ctx.with_cancel();
    assert!(late.is_cancelled());
    assert!(waits.iter_mut().all(|waits| before.poll(waits).is_ready()));
}

#[test]
fn a_waker_that_panics_while_a_guard_unwinds_does_not_end_the_process() {
    let (ctx, canceller) = cancellable();
    let woken = AtomicBool::new(false);
    let alarm = Hook::waker(move || {
        if !woken.swap(true, SeqCst) {
            panic!("the alarm");
        }
    });
    let mut waits = ctx.cancelled();
    assert!(poll_with(&alarm, &mut waits).is_pending());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = canceller.drop_guard();
        panic!("in the block");
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"in the block"));
    assert!(ctx.is_cancelled());
}

/// Uses everything that takes a lock of a context: if one is held, the test hangs.
fn use_all(ctx: &Context, canceller: &Canceller) {
    let (child, child_canceller) = ctx.with_timeout(FAR);
    let mut waits = child.cancelled();
    let _ = poll_with(Waker::noop(), &mut waits);
    child.after_cancel(|| ()).stop();
    child_canceller.cancel();
    let _ = (
        ctx.cause(),
        format!("{ctx:?}"),
        ctx.with_value(7),
        canceller.clone(),
    );
    canceller.with_cause("from within").cancel();
}

/// An error that uses everything when it is dropped.
struct Reenters {
    _hook: Hook<Box<dyn Fn() + Send + Sync>>,
}

impl fmt::Debug for Reenters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reenters")
    }
}

impl fmt::Display for Reenters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("reenters")
    }
}

impl Error for Reenters {}

/// A tree, and hooks that use all of its contexts and count their calls.
struct Tree {
    contexts: Vec<(Context, Canceller)>,
    calls: Arc<AtomicUsize>,
}

impl Tree {
    fn new() -> Tree {
        let (root, root_canceller) = cancellable();
        let (child, child_canceller) = root.with_cancel();
        let grandchild = child.with_timeout(FAR);
        Tree {
            contexts: vec![(root, root_canceller), (child, child_canceller), grandchild],
            calls: Arc::default(),
        }
    }

    fn hook(&self) -> impl Fn() + Send + Sync + 'static {
        let (contexts, calls) = (self.contexts.clone(), self.calls.clone());
        move || {
            contexts
                .iter()
                .for_each(|(ctx, canceller)| use_all(ctx, canceller));
            calls.fetch_add(1, SeqCst);
        }
    }

    fn calls(&self) -> usize {
        self.calls.swap(0, SeqCst)
    }
}

#[test]
fn no_lock_is_held_while_a_waker_is_woken_or_dropped() {
    for number in 0..3 {
        let tree = Tree::new();
        let (ctx, canceller) = &tree.contexts[number];
        let waker = Hook::waker(tree.hook());
        let mut waits = ctx.cancelled();
        assert!(poll_with(&waker, &mut waits).is_pending());
        drop(waker);
        canceller.cancel();
        assert_eq!(tree.calls(), 2, "woken, and dropped after that");
    }
    // The waker of a wait is dropped with it, and by another one.
    for replace in [true, false] {
        let tree = Tree::new();
        let ctx = tree.contexts[1].0.clone();
        let mut waits = ctx.cancelled();
        assert!(poll_with(&Hook::waker(tree.hook()), &mut waits).is_pending());
        if replace {
            assert!(poll_with(Waker::noop(), &mut waits).is_pending());
        } else {
            drop(waits);
        }
        assert_eq!(tree.calls(), 1);
    }
    // One that comes too late, since the waker before it ended the context when it was cloned or dropped.
    let tree = Tree::new();
    tree.contexts[0].1.cancel();
    let mut waits = tree.contexts[2].0.cancelled();
    assert!(poll_with(&Hook::waker(tree.hook()), &mut waits).is_ready());
    assert_eq!(tree.calls(), 1);
}

#[test]
fn no_lock_is_held_while_a_function_is_dropped() {
    let tree = Tree::new();
    let hook = Hook(tree.hook());
    let after = tree.contexts[1].0.after_cancel(move || drop(hook));
    assert!(after.stop());
    assert_eq!(tree.calls(), 1);
    // With the last holder of the context.
    let hook = Hook(tree.hook());
    let (ctx, canceller) = cancellable();
    ctx.after_cancel(move || drop(hook));
    drop((ctx, canceller));
    assert_eq!(tree.calls(), 1);
    // At once.
    let hook = Hook(tree.hook());
    Context::background().after_cancel(move || drop(hook));
    assert_eq!(tree.calls(), 1);
}

#[test]
fn no_lock_is_held_while_a_cause_is_dropped() {
    let cause = |tree: &Tree| Reenters {
        _hook: Hook(Box::new(tree.hook())),
    };
    // One that came too late.
    let tree = Tree::new();
    tree.contexts[0].1.cancel();
    tree.contexts[2].1.with_cause(cause(&tree)).cancel();
    assert_eq!(tree.calls(), 1);
    // That of a time-out which did not end its context: it goes with the timer.
    let tree = Tree::new();
    let (ctx, canceller) = tree.contexts[2].0.with_timeout_cause(FAR / 2, cause(&tree));
    assert_eq!(tree.calls(), 0);
    canceller.cancel();
    assert_eq!(tree.calls(), 1);
    drop(ctx);
    let tree = Tree::new();
    drop(tree.contexts[2].0.with_timeout_cause(FAR / 2, cause(&tree)));
    assert_eq!(tree.calls(), 1);
    // One that the contexts keep.
    let tree = Tree::new();
    let (ctx, canceller) = cancellable();
    let (child, _) = ctx.with_cancel();
    canceller.with_cause(cause(&tree)).cancel();
    drop((ctx, canceller));
    assert_eq!(
        (tree.calls(), child.cause().unwrap().to_string()),
        (0, "reenters".into())
    );
    drop(child);
    assert_eq!(tree.calls(), 1);
}

#[test]
fn no_lock_is_held_while_a_value_is_dropped() {
    let tree = Tree::new();
    let hook = Mutex::new(Hook(tree.hook()));
    let ctx = tree.contexts[1].0.with_value(hook).with_cancel().0;
    drop(ctx);
    assert_eq!(tree.calls(), 1);
}

#[test]
fn a_context_that_has_ended_keeps_no_waker_and_no_function() {
    let (ctx, canceller) = cancellable();
    let (drops, flag) = (Drops::default(), Flag::new());
    let guard = drops.guard();
    let (tell, is_told) = told();
    let mut waits = ctx.cancelled();
    assert!(flag.poll(&mut waits).is_pending());
    ctx.after_cancel(move || {
        drop(guard);
        tell();
    });
    canceller.cancel();
    assert_eq!(flag.wakers(), 0);
    is_told.recv().expect("the function runs");
    assert_eq!(drops.count(), 1);
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn a_loop_that_waits_anew_each_time_needs_one_place() {
    let (ctx, _canceller) = cancellable();
    let flag = Flag::new();
    for _ in 0..10_000 {
        let mut waits = ctx.cancelled();
        assert_eq!(flag.poll(&mut waits), Poll::Pending);
        assert_followers(&ctx, 0, 1, 0);
    }
    assert_eq!(flag.wakers(), 0);
    assert_followers(&ctx, 0, 0, 0);
}
