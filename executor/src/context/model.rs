//! Scopes that are followed, ended and let go of on two threads.

use std::sync::Arc;

use loom::thread;

use super::error::{Cause, ContextError};
use super::scope::{Holder, Scope, Watcher};
use crate::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn cancel(scope: &Scope) {
    scope.end(&Cause::new(ContextError::Cancelled, None));
}

/// A function that counts its calls.
fn counted(calls: &Arc<AtomicUsize>) -> Watcher {
    let calls = calls.clone();
    Watcher::Function(Box::new(move || {
        calls.fetch_add(1, Relaxed);
    }))
}

/// A scope below `parent` that only an uncounted reference can reach, as a timer has it, besides the holder.
fn below(parent: &Holder) -> (Holder, Arc<Scope>) {
    let holder = Scope::below(Some(parent), None);
    let scope = Arc::clone(&holder);
    (holder, scope)
}

/// Race: somebody follows a scope while it ends.
#[test]
fn who_follows_while_the_scope_ends_is_told_or_finds_the_end() {
    loom::model(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let scope = Scope::below(None, None);
        let ends = Arc::clone(&scope);
        let ends = thread::spawn(move || cancel(&ends));
        let watched = scope.watch(counted(&calls)).is_ok();
        assert!(watched || scope.cause().is_some());
        ends.join().unwrap();
        assert_eq!(calls.load(Relaxed), usize::from(watched));
    });
}

/// Race: a child is made while its parent ends.
#[test]
fn a_child_that_is_made_while_its_parent_ends_has_ended() {
    loom::model(|| {
        let parent = Scope::below(None, None);
        let ends = Arc::clone(&parent);
        let ends = thread::spawn(move || cancel(&ends));
        let child = Scope::below(Some(&parent), None);
        ends.join().unwrap();
        assert!(child.cause().is_some());
        assert_eq!(parent.followers().children, 0);
    });
}

/// Race: a scope is ended while it goes out of use, and a sibling comes.
#[test]
fn a_scope_that_ends_and_goes_out_of_use_takes_no_sibling_off() {
    loom::model(|| {
        let root = Scope::below(None, None);
        let (holder, scope) = below(&root);
        let ends = thread::spawn(move || cancel(&scope));
        drop(holder);
        let sibling = Scope::below(Some(&root), None);
        ends.join().unwrap();
        assert_eq!(root.followers().children, 1);
        cancel(&root);
        assert!(sibling.cause().is_some());
    });
}

/// Race: the last holder and the last function of a scope go at once.
#[test]
fn a_scope_leaves_whoever_goes_last() {
    loom::model(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let root = Scope::below(None, None);
        let middle = Scope::below(Some(&root), None);
        let (holder, scope) = below(&middle);
        drop(middle);
        let index = holder.watch(counted(&calls)).ok().expect("it is open");
        let alive = Arc::downgrade(&scope);
        let stops = thread::spawn(move || assert!(scope.unwatch(index).is_some()));
        drop(holder);
        stops.join().unwrap();
        assert_eq!((root.followers().children, alive.strong_count()), (0, 0));
        assert_eq!(calls.load(Relaxed), 0);
    });
}

/// Race: the last holder of a scope goes while an ancestor ends.
#[test]
fn a_function_runs_with_an_ancestor_while_the_last_holder_goes() {
    loom::model(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let root = Scope::below(None, None);
        let (holder, scope) = below(&root);
        let alive = Arc::downgrade(&scope);
        drop(scope);
        assert!(holder.watch(counted(&calls)).is_ok());
        let ends = Arc::clone(&root);
        let ends = thread::spawn(move || cancel(&ends));
        drop(holder);
        ends.join().unwrap();
        assert_eq!((calls.load(Relaxed), alive.strong_count()), (1, 0));
        assert_eq!(root.followers().children, 0);
    });
}

/// Race: a scope is cancelled on one thread, and its parent on another.
#[test]
fn the_ends_of_parent_and_child_beside_each_other_tell_each_watcher_once() {
    loom::model(|| {
        let calls = Arc::new(AtomicUsize::new(0));
        let root = Scope::below(None, None);
        let (holder, scope) = below(&root);
        assert!(holder.watch(counted(&calls)).is_ok());
        assert!(root.watch(counted(&calls)).is_ok());
        let ends = thread::spawn(move || cancel(&scope));
        cancel(&root);
        ends.join().unwrap();
        assert_eq!(calls.load(Relaxed), 2);
        assert!(holder.cause().is_some());
    });
}
