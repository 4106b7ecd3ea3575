//! The tree of contexts: who ends with whom, who leaves whom, and that neither breadth nor depth costs anything.

mod context_support;
#[path = "../../channel/tests/common/drops.rs"]
mod drops;
#[path = "../../channel/tests/common/seed.rs"]
mod seed;

use canter_executor::context::{Canceller, Context, ContextError};
use context_support::{FAR, assert_followers, on_a_small_stack, told};
use drops::Drops;

const MANY: usize = 100_000;

fn cancellable() -> (Context, Canceller) {
    Context::background().with_cancel()
}

/// Contexts of which each is the child of the one before it.
fn chain(root: &Context, length: usize) -> Vec<Context> {
    let mut contexts = vec![root.clone()];
    for number in 0..length {
        let last = contexts.last().expect("there is the root");
        contexts.push(match number % 3 {
            0 => last.with_cancel().0,
            1 => last.with_timeout(FAR).0,
            _ => last.with_value(number).with_cancel().0,
        });
    }
    contexts
}

#[test]
fn a_context_ends_its_descendants_and_neither_parent_nor_siblings() {
    let (root, root_canceller) = cancellable();
    let (parent, canceller) = root.with_cancel();
    let (sibling, _) = root.with_timeout(FAR);
    let (child, _) = parent.with_timeout(FAR);
    let grandchild = child.with_value(7_u8).with_cancel().0;
    canceller.with_cause("enough").cancel();
    for ended in [&parent, &child, &grandchild] {
        assert_eq!(ended.error(), Some(ContextError::Cancelled));
        assert_eq!(ended.cause().unwrap().to_string(), "enough");
    }
    assert!(!root.is_cancelled() && !sibling.is_cancelled());
    root_canceller.with_cause("all of it").cancel();
    assert_eq!(sibling.cause().unwrap().to_string(), "all of it");
    assert_eq!(child.cause().unwrap().to_string(), "enough");
}

#[test]
fn a_child_of_a_context_that_has_ended_is_born_with_its_cause() {
    let (ctx, canceller) = cancellable();
    canceller.with_cause("before").cancel();
    for (child, child_canceller) in [
        ctx.with_cancel(),
        ctx.with_timeout(FAR),
        ctx.with_timeout_cause(std::time::Duration::ZERO, "of its own"),
    ] {
        child_canceller.with_cause("after").cancel();
        assert_eq!(child.cause().unwrap().to_string(), "before");
        assert_eq!(child.error(), Some(ContextError::Cancelled));
    }
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn a_child_leaves_its_parent_when_it_is_dropped_and_when_it_is_cancelled() {
    let (ctx, _canceller) = cancellable();
    let (dropped, _) = ctx.with_cancel();
    let (timed, _) = ctx.with_timeout(FAR);
    let (cancelled, canceller) = ctx.with_cancel();
    assert_followers(&ctx, 3, 0, 0);
    drop(dropped);
    assert_followers(&ctx, 2, 0, 0);
    canceller.cancel();
    assert_followers(&ctx, 1, 0, 0);
    drop((timed, cancelled, canceller));
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn a_child_stays_as_long_as_a_canceller_a_grandchild_or_a_value_needs_it() {
    let (ctx, _canceller) = cancellable();
    let (child, canceller) = ctx.with_cancel();
    drop(child);
    assert_followers(&ctx, 1, 0, 0);
    drop(canceller);
    assert_followers(&ctx, 0, 0, 0);

    let with_value = ctx.with_cancel().0.with_value(7);
    assert_followers(&ctx, 1, 0, 0);
    let grandchild = with_value.with_cancel().0;
    drop(with_value);
    assert_followers(&ctx, 1, 0, 0);
    drop(grandchild);
    assert_followers(&ctx, 0, 0, 0);
}

#[test]
fn an_ancestor_ends_a_context_across_one_that_nobody_holds() {
    let (root, canceller) = cancellable();
    let grandchild = root.with_cancel().0.with_timeout(FAR).0.with_cancel().0;
    canceller.cancel();
    assert!(grandchild.is_cancelled());
}

#[test]
fn a_sibling_in_the_place_of_one_that_left_is_not_taken_for_it() {
    let (root, root_canceller) = cancellable();
    let (first, first_canceller) = root.with_cancel();
    first_canceller.cancel();
    let (second, _second_canceller) = root.with_cancel();
    drop((first, first_canceller));
    assert_followers(&root, 1, 0, 0);
    root_canceller.cancel();
    assert!(second.is_cancelled());
}

#[test]
fn children_come_and_go_in_any_order_and_none_is_left() {
    let mut random = seed::random("children_come_and_go_in_any_order");
    let (root, canceller) = cancellable();
    let mut children: Vec<(Context, Canceller)> = Vec::new();
    for _ in 0..MANY {
        if children.len() < 50 && random.bool() {
            children.push(match random.u8(..3) {
                0 => root.with_timeout(FAR),
                _ => root.with_cancel(),
            });
        } else if !children.is_empty() {
            let (child, canceller) = children.swap_remove(random.usize(..children.len()));
            if random.bool() {
                canceller.cancel();
                assert!(child.is_cancelled());
            }
        }
    }
    assert_followers(&root, children.len(), 0, 0);
    assert!(children.iter().all(|(child, _)| !child.is_cancelled()));
    canceller.cancel();
    assert!(children.iter().all(|(child, _)| child.is_cancelled()));
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn after_a_hundred_thousand_children_a_cancel_visits_none() {
    let (root, canceller) = cancellable();
    let children: Vec<_> = (0..MANY).map(|_| root.with_cancel().0).collect();
    assert_followers(&root, MANY, 0, 0);
    drop(children);
    assert_followers(&root, 0, 0, 0);
    canceller.cancel();
    assert_followers(&root, 0, 0, 0);
}

#[test]
fn a_hundred_thousand_children_all_end() {
    let (root, canceller) = cancellable();
    let children: Vec<_> = (0..MANY).map(|_| root.with_cancel().0).collect();
    canceller.cancel();
    assert!(children.iter().all(Context::is_cancelled));
}

#[test]
fn a_deep_chain_ends_from_its_root_without_recursion() {
    on_a_small_stack(|| {
        let (root, canceller) = cancellable();
        let contexts = chain(&root, MANY);
        canceller.cancel();
        assert!(contexts.iter().all(Context::is_cancelled));
    });
}

#[test]
fn a_deep_chain_of_which_only_the_ends_are_held_is_cancelled_and_dropped_without_recursion() {
    on_a_small_stack(|| {
        let (root, canceller) = cancellable();
        let innermost = chain(&root, MANY).pop().expect("there is the root");
        assert_followers(&root, 1, 0, 0);
        canceller.cancel();
        assert!(innermost.is_cancelled());

        let (root, _canceller) = cancellable();
        let innermost = chain(&root, MANY).pop().expect("there is the root");
        drop(innermost);
        assert_followers(&root, 0, 0, 0);
    });
}

#[test]
fn a_deep_chain_is_dropped_in_either_order_without_recursion() {
    on_a_small_stack(|| {
        let outermost_first = chain(&cancellable().0, MANY);
        drop(outermost_first);
        let mut innermost_first = chain(&cancellable().0, MANY);
        while innermost_first.pop().is_some() {}
    });
}

#[test]
fn a_deep_chain_of_values_is_searched_and_dropped_without_recursion() {
    on_a_small_stack(|| {
        let mut ctx = Context::background().with_value("at the bottom");
        for number in 0..MANY {
            ctx = ctx.with_value(number);
        }
        assert_eq!(ctx.value::<&str>(), Some(&"at the bottom"));
        assert_eq!(ctx.value::<usize>(), Some(&(MANY - 1)));
    });
}

#[test]
fn a_function_at_the_end_of_a_deep_chain_that_nobody_holds_runs_when_its_root_ends() {
    on_a_small_stack(|| {
        let (root, canceller) = cancellable();
        let (tell, is_told) = told();
        let innermost = chain(&root, MANY).pop().expect("there is the root");
        innermost.after_cancel(tell);
        drop(innermost);
        assert_followers(&root, 1, 0, 0);
        canceller.cancel();
        is_told.recv().expect("the function runs");
    });
}

#[test]
fn a_function_at_the_end_of_a_deep_chain_is_dropped_when_nothing_can_end_it_any_more() {
    on_a_small_stack(|| {
        let drops = Drops::default();
        let guard = drops.guard();
        let (root, canceller) = cancellable();
        let mut innermost = root.clone();
        for _ in 0..MANY {
            innermost = innermost.with_cancel().0;
        }
        innermost.after_cancel(move || drop(guard));
        drop((root, innermost));
        assert_eq!(drops.count(), 0);
        drop(canceller);
        assert_eq!(drops.count(), 1);
    });
}

#[test]
fn the_children_of_a_root_that_nobody_can_end_live_on() {
    let (root, canceller) = cancellable();
    let (child, child_canceller) = root.with_cancel();
    let grandchild = child.with_cancel().0;
    drop((root, canceller));
    assert!(!child.is_cancelled());
    child_canceller.cancel();
    assert!(child.is_cancelled() && grandchild.is_cancelled());
}
