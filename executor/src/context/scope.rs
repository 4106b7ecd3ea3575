//! The tree of what can end: a scope for each cancel, deadline or time-out that a context was given.
//!
//! # Who keeps whom
//!
//! A scope is *held* by its [`Holder`]s: contexts and cancellers. It is *followed* by whoever is to be told of its end: its
//! children, waiters, and the functions of `after_cancel`. It is *in use* while it is held or followed.
//!
//! A parent keeps its children alive, and a child knows its parent weakly; a timer that runs keeps the scope that it is to end,
//! as its waker. So whatever can end a scope keeps it while it is in use: a function runs at the end of its context even if
//! nobody holds that any more. A scope that goes out of use *leaves*: it is taken off its parent, and its timer is dropped.
//! That may put the parent out of use, which leaves as well, and so on upwards. A scope that has neither parent nor timer and
//! that nobody holds can't end by itself: it is dropped, with the functions that wait for it, and its children live on as
//! roots. No cycle comes of it but that of a function which holds its own context, until the end or a stop.
//!
//! Nobody comes to use a scope but through a holder, so one that is out of use stays so.
//!
//! # The end
//!
//! A scope is open, and then it has *ended*, once and for all: `cause` is set, under the scope's lock and together with the
//! taking of all its followers. Hence the first cause wins, and a scope that has ended has no follower and no timer.
//!
//! - Whoever follows does so under the same lock: either it is among those that are taken, or it finds the cause. A child is
//!   made under the lock of its parent, so a child of a scope that has ended is born with the parent's cause.
//! - The end of a scope closes all its descendants first, and only then tells waiters and functions: whoever is told finds the
//!   whole tree ended.
//! - `cause` is read without the lock: once set it does not change.
//!
//! The place of a follower (its index) is its own as long as the scope is open. A child is taken off by its place *and* its
//! identity: of two threads of which one ends it and the other finds it out of use, both take it off, and the second may
//! meet a sibling there.
//!
//! # Locks
//!
//! No two scopes are locked at once. Under a scope's lock its timer may be started or looked at, which takes the lock of a
//! wheel; under that nobody calls a waker, or drops the last reference to a scope. No waker of a user's is cloned, called or
//! dropped under the lock of a scope, and no value.
//!
//! Whatever walks the tree, up or down, is a loop: trees are as deep as their users like.

use std::mem;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::ptr;
use std::sync::{Arc, OnceLock, PoisonError, Weak};
use std::task::{self, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

use canter_coop::host;
use slab::Slab;

use super::error::{Cause, ContextError, Given};
use crate::sync::{Mutex, lock};
use crate::time::{Sleep, sleep_until};

/// Places for followers that stay when all have gone.
const KEPT_PLACES: usize = 64;

/// One node of the tree.
pub(super) struct Scope {
    /// Set once, under the lock.
    cause: OnceLock<Cause>,
    /// The earliest one of this scope and its ancestors.
    deadline: Option<Instant>,
    place: Option<Place>,
    inner: Mutex<Inner>,
}

/// Where a scope stands among the followers of its parent.
struct Place {
    parent: Weak<Scope>,
    index: usize,
}

struct Inner {
    holders: usize,
    followers: Slab<Follower>,
    timer: Option<Box<Timer>>,
}

struct Timer {
    sleep: Sleep,
    /// The cause, where this is what ends the scope.
    given: Option<Given>,
}

enum Follower {
    Child(Arc<Scope>),
    Watcher(Watcher),
}

/// Who is told of the end of a scope.
pub(super) enum Watcher {
    Waiter(Waker),
    Function(Box<dyn FnOnce() + Send>),
}

impl Watcher {
    /// Wakes the waiter, or calls the function.
    pub(super) fn tell(self) {
        match self {
            Watcher::Waiter(waker) => waker.wake(),
            Watcher::Function(function) => function(),
        }
    }
}

/// How many follow a scope, by kind.
#[derive(Debug, Default)]
pub(super) struct Followers {
    pub(super) children: usize,
    pub(super) waiters: usize,
    pub(super) functions: usize,
}

impl Scope {
    /// A scope that ends with `parent`, with one holder.
    pub(super) fn below(parent: Option<&Arc<Scope>>, deadline: Option<Instant>) -> Holder {
        let Some(parent) = parent else {
            return Holder(Arc::new(Scope::new(deadline, None, OnceLock::new())));
        };
        let deadline = parent.deadline.into_iter().chain(deadline).min();
        let mut inner = lock(&parent.inner);
        if let Some(cause) = parent.cause() {
            return Holder(Arc::new(Scope::new(deadline, None, cause.clone().into())));
        }
        let vacant = inner.followers.vacant_entry();
        let place = Place {
            parent: Arc::downgrade(parent),
            index: vacant.key(),
        };
        let scope = Arc::new(Scope::new(deadline, Some(place), OnceLock::new()));
        vacant.insert(Follower::Child(scope.clone()));
        Holder(scope)
    }

    fn new(deadline: Option<Instant>, place: Option<Place>, cause: OnceLock<Cause>) -> Scope {
        Scope {
            cause,
            deadline,
            place,
            inner: Mutex::new(Inner {
                holders: 1,
                followers: Slab::new(),
                timer: None,
            }),
        }
    }

    /// Why it ended; `None` while it is open.
    pub(super) fn cause(&self) -> Option<&Cause> {
        self.cause.get()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    pub(super) fn followers(&self) -> Followers {
        let mut followers = Followers::default();
        for (_, follower) in &lock(&self.inner).followers {
            match follower {
                Follower::Child(_) => followers.children += 1,
                Follower::Watcher(Watcher::Waiter(_)) => followers.waiters += 1,
                Follower::Watcher(Watcher::Function(_)) => followers.functions += 1,
            }
        }
        followers
    }

    /// Takes a place among the followers, and gives its index. For a holder.
    ///
    /// # Errors
    ///
    /// Gives the watcher back if the scope has ended.
    pub(super) fn watch(&self, watcher: Watcher) -> Result<usize, Watcher> {
        let mut inner = lock(&self.inner);
        if self.cause().is_some() {
            return Err(watcher);
        }
        Ok(inner.followers.insert(Follower::Watcher(watcher)))
    }

    /// Gives the waiter at `index` another waker. Ready if the scope has ended.
    pub(super) fn renew_waker(&self, index: usize, waker: Waker) -> Poll<()> {
        let mut inner = lock(&self.inner);
        let Some(Follower::Watcher(Watcher::Waiter(current))) = inner.followers.get_mut(index) else {
            debug_assert!(self.cause().is_some(), "a place is kept while the scope is open");
            return Poll::Ready(());
        };
        let old = mem::replace(current, waker);
        drop(inner);
        drop(old);
        Poll::Pending
    }

    /// Takes the watcher at `index` off; `None` if the scope has ended.
    pub(super) fn unwatch(&self, index: usize) -> Option<Watcher> {
        match self.reduce(|inner| inner.remove(index)) {
            Some(Follower::Watcher(watcher)) => Some(watcher),
            Some(Follower::Child(_)) => unreachable!("a place is kept while the scope is open"),
            None => None,
        }
    }

    /// Ends the scope and all below it, unless it has ended.
    ///
    /// A panic of a watcher goes on after all have been told.
    pub(super) fn end(&self, cause: &Cause) {
        let Some(followers) = self.close(cause) else {
            return;
        };
        self.leave();
        let mut watchers = Vec::new();
        let mut open = vec![followers];
        while let Some(followers) = open.pop() {
            for (_, follower) in followers {
                match follower {
                    Follower::Child(child) => open.extend(child.close(cause)),
                    Follower::Watcher(watcher) => watchers.push(watcher),
                }
            }
        }
        tell(watchers);
    }

    /// From now on the scope has ended. Gives those who followed it; `None` if it had ended before.
    fn close(&self, cause: &Cause) -> Option<Slab<Follower>> {
        let mut inner = lock(&self.inner);
        if self.cause.get().is_some() {
            return None;
        }
        self.cause.get_or_init(|| cause.clone());
        let followers = mem::take(&mut inner.followers);
        let timer = inner.timer.take();
        drop(inner);
        drop(timer); // without the lock: it has a cause of the user's
        Some(followers)
    }

    /// Makes a change by which the scope may go out of use; if it does, it leaves.
    fn reduce<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        let (result, out_of_use) = self.change(change);
        if out_of_use {
            self.leave();
        }
        result
    }

    /// Makes a change under the lock. True if the scope is open and out of use afterwards; its timer is gone then.
    fn change<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> (T, bool) {
        let mut inner = lock(&self.inner);
        let result = change(&mut inner);
        let out_of_use = self.cause().is_none() && inner.holders == 0 && inner.followers.is_empty();
        let timer = if out_of_use { inner.timer.take() } else { None };
        drop(inner);
        drop(timer); // without the lock: it has a cause of the user's
        (result, out_of_use)
    }

    /// Takes the scope off its parent, and each ancestor that goes out of use by that off its own.
    fn leave(&self) {
        let mut left: Option<Arc<Scope>> = None;
        while let Some(parent) = left.as_deref().unwrap_or(self).take_off() {
            left = Some(parent);
        }
    }

    /// Takes the scope off its parent, and gives that if it goes out of use.
    fn take_off(&self) -> Option<Arc<Scope>> {
        let Place { parent, index } = self.place.as_ref()?;
        let parent = parent.upgrade()?;
        let (this, out_of_use) = parent.change(|inner| match inner.followers.get(*index) {
            Some(Follower::Child(child)) if ptr::eq(&**child, self) => inner.remove(*index),
            _ => None,
        });
        (this.is_some() && out_of_use).then_some(parent)
    }

    /// Starts the timer that ends the scope at `deadline`, or ends it at once.
    pub(super) fn end_at(self: &Arc<Self>, deadline: Instant, given: Option<Given>) {
        if deadline <= Instant::now() {
            self.end(&Cause::new(ContextError::DeadlineExceeded, given));
        } else if self.deadline == Some(deadline) {
            self.set_timer(Box::new(Timer {
                sleep: sleep_until(deadline),
                given,
            }));
            self.look_at_timer();
        } // otherwise an ancestor ends before
    }

    fn set_timer(&self, timer: Box<Timer>) {
        let mut inner = lock(&self.inner);
        if self.cause().is_none() {
            inner.timer = Some(timer);
        }
    }

    /// Ends the scope if its time is over; otherwise the timer will have a look again.
    fn look_at_timer(self: &Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut inner = lock(&self.inner);
        let Some(timer) = &mut inner.timer else {
            return;
        };
        let sleep = Pin::new(&mut timer.sleep);
        // Without a host: the budget of a task that is polled here would put it off, by a call of the waker under the lock.
        let polled = host::unhosted(|| sleep.poll(&mut task::Context::from_waker(&waker)));
        let given = polled.is_ready().then(|| timer.given.clone());
        drop(inner);
        if let Some(given) = given {
            self.end(&Cause::new(ContextError::DeadlineExceeded, given));
        }
    }
}

/// The timer's waker. It is called when the time is over, and when the runtime of the timer ends: another one takes it then.
impl Wake for Scope {
    fn wake(self: Arc<Self>) {
        self.look_at_timer();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.look_at_timer();
    }
}

impl Drop for Scope {
    /// Drops what hangs on it alone, without recursion.
    fn drop(&mut self) {
        let mut open = Vec::new();
        let mut next = Some(self.take_followers());
        while let Some(followers) = next {
            for (_, follower) in followers {
                if let Follower::Child(child) = follower {
                    open.extend(Arc::into_inner(child).map(|mut child| child.take_followers()));
                }
            }
            next = open.pop();
        }
    }
}

impl Scope {
    fn take_followers(&mut self) -> Slab<Follower> {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut inner.followers)
    }
}

impl Inner {
    fn remove(&mut self, index: usize) -> Option<Follower> {
        let follower = self.followers.try_remove(index);
        if self.followers.is_empty() && self.followers.capacity() > KEPT_PLACES {
            self.followers = Slab::new();
        }
        follower
    }
}

/// Tells each, also when one of them panics; the first panic goes on afterwards, unless another one is under way.
fn tell(watchers: Vec<Watcher>) {
    let mut panicked = None;
    for watcher in watchers {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| watcher.tell())) {
            panicked.get_or_insert(panic);
        }
    }
    match panicked {
        Some(panic) if !thread::panicking() => resume_unwind(panic),
        _ => {}
    }
}

/// A context's or a canceller's hold on its scope.
pub(super) struct Holder(Arc<Scope>);

impl Deref for Holder {
    type Target = Arc<Scope>;

    fn deref(&self) -> &Arc<Scope> {
        &self.0
    }
}

impl Clone for Holder {
    fn clone(&self) -> Holder {
        lock(&self.0.inner).holders += 1;
        Holder(self.0.clone())
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.reduce(|inner| inner.holders -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(scope: &Scope) -> usize {
        lock(&scope.inner).followers.capacity()
    }

    #[test]
    fn children_that_come_and_go_need_few_places() {
        let root = Scope::below(None, None);
        let mut kept = Vec::new();
        for _ in 0..100_000 {
            kept.push(Scope::below(Some(&root), None));
            if kept.len() == 10 {
                kept.clear();
            }
        }
        assert!(places(&root) <= KEPT_PLACES);
    }

    #[test]
    fn the_places_of_a_crowd_are_given_back_when_all_have_gone() {
        let root = Scope::below(None, None);
        let crowd: Vec<_> = (0..100_000).map(|_| Scope::below(Some(&root), None)).collect();
        assert!(places(&root) >= 100_000);
        drop(crowd);
        assert_eq!(places(&root), 0);
        let waits: Vec<_> = (0..1000)
            .map(|_| root.watch(Watcher::Waiter(Waker::noop().clone())).ok())
            .collect();
        waits
            .into_iter()
            .flatten()
            .for_each(|index| drop(root.unwatch(index)));
        assert_eq!(places(&root), 0);
    }

    #[test]
    fn a_scope_that_leaves_twice_does_not_take_off_who_has_its_place_now() {
        let root = Scope::below(None, None);
        let left = Scope::below(Some(&root), None);
        left.leave();
        let next = Scope::below(Some(&root), None);
        left.leave();
        assert_eq!(root.followers().children, 1);
        root.end(&Cause::new(ContextError::Cancelled, None));
        assert!(next.cause().is_some() && left.cause().is_none());
    }
}
