//! The futures that wait for the tasks of a group to end.
//!
//! What has ended is in the group's own queue until one of them is ready, so none of them has anything to lose.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use canter_coop::{Reason, budget, waiting};

use super::ended::Ended;
use super::shared::{Rest, Wants};
use super::{Group, GroupError};
use crate::task::{JoinError, TaskId};

static GROUP_JOIN: Reason = Reason::new("group join");

/// The future of [`Group::join_next`].
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinNext<'a, T> {
    group: &'a mut Group<T>,
    place: &'static Location<'static>,
}

/// The future of [`Group::join_next_with_id`].
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinNextWithId<'a, T> {
    group: &'a mut Group<T>,
    place: &'static Location<'static>,
}

/// The future of [`Group::join_all`].
#[must_use = "a future does nothing until it is awaited"]
pub struct JoinAll<'a, T> {
    group: &'a mut Group<T>,
    place: &'static Location<'static>,
}

/// The future of [`Group::wait`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Wait<'a, T, E> {
    group: &'a mut Group<Result<T, E>>,
    /// How many of the group's ends have been looked at.
    seen: usize,
    /// Which of them was the first failure. From then on the others are being ended.
    failed: Option<usize>,
    place: &'static Location<'static>,
}

/// The future of [`Group::shutdown`].
#[must_use = "a future does nothing until it is awaited"]
pub struct Shutdown<'a, T> {
    group: &'a mut Group<T>,
    /// Whether the tasks are being ended.
    begun: bool,
    place: &'static Location<'static>,
}

impl<T> Group<T> {
    pub(super) fn poll_next_ended(
        &mut self,
        cx: &mut Context<'_>,
        place: &'static Location<'static>,
    ) -> Poll<Option<Ended<T>>> {
        let operation = ready!(budget::poll_proceed(cx));
        let taken = self.taken.get();
        if taken.is_empty() {
            let rest = self.shared.collect(taken, Wants::One, cx);
            if taken.is_empty() && rest == Rest::Some {
                waiting::report(&GROUP_JOIN, place);
                return Poll::Pending;
            }
        }
        operation.made_progress();
        Poll::Ready(taken.pop_front())
    }

    /// Takes what has ended, until all have.
    fn poll_all_ended(&mut self, cx: &mut Context<'_>, place: &'static Location<'static>) -> Poll<()> {
        let operation = ready!(budget::poll_proceed(cx));
        if self.shared.collect(self.taken.get(), Wants::All, cx) == Rest::Some {
            waiting::report(&GROUP_JOIN, place);
            return Poll::Pending;
        }
        operation.made_progress();
        Poll::Ready(())
    }
}

/// The results in the order in which the tasks were spawned.
fn in_order<T>(ended: VecDeque<Ended<T>>) -> impl Iterator<Item = Result<T, JoinError>> {
    let mut ended = Vec::from(ended);
    ended.sort_by_key(|ended| ended.number);
    ended.into_iter().map(Ended::into_result)
}

impl<'a, T> JoinNext<'a, T> {
    pub(super) fn new(group: &'a mut Group<T>, place: &'static Location<'static>) -> JoinNext<'a, T> {
        JoinNext { group, place }
    }
}

impl<T> Future for JoinNext<'_, T> {
    type Output = Option<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        let ended = ready!(self.group.poll_next_ended(cx, place));
        Poll::Ready(ended.map(Ended::into_result))
    }
}

impl<'a, T> JoinNextWithId<'a, T> {
    pub(super) fn new(group: &'a mut Group<T>, place: &'static Location<'static>) -> JoinNextWithId<'a, T> {
        JoinNextWithId { group, place }
    }
}

impl<T> Future for JoinNextWithId<'_, T> {
    type Output = Option<(TaskId, Result<T, JoinError>)>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        let ended = ready!(self.group.poll_next_ended(cx, place));
        Poll::Ready(ended.map(|ended| (ended.id(), ended.into_result())))
    }
}

impl<'a, T> JoinAll<'a, T> {
    pub(super) fn new(group: &'a mut Group<T>, place: &'static Location<'static>) -> JoinAll<'a, T> {
        JoinAll { group, place }
    }
}

impl<T> Future for JoinAll<'_, T> {
    type Output = Vec<Result<T, JoinError>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        ready!(self.group.poll_all_ended(cx, place));
        Poll::Ready(in_order(self.group.taken.take()).collect())
    }
}

impl<'a, T, E> Wait<'a, T, E> {
    pub(super) fn new(
        group: &'a mut Group<Result<T, E>>,
        place: &'static Location<'static>,
    ) -> Wait<'a, T, E> {
        Wait {
            group,
            seen: 0,
            failed: None,
            place,
        }
    }

    /// Looks at what has ended since the last look. At the first failure the tasks that still run are told to end.
    fn look(&mut self) {
        if self.failed.is_some() {
            return;
        }
        let taken = self.group.taken.get();
        let failed = taken
            .range(self.seen..)
            .position(|ended| !ended.output().is_some_and(Result::is_ok));
        self.failed = failed.map(|index| self.seen + index);
        self.seen = taken.len();
        if self.failed.is_some() {
            self.group.shared.end_all();
        }
    }

    fn result(&mut self) -> Result<Vec<T>, GroupError<E>> {
        let mut ended = self.group.taken.take();
        let Some(failed) = self.failed.take() else {
            return in_order(ended).map(flat).collect();
        };
        self.group.shared.reopen();
        let failed = ended.swap_remove_back(failed).expect("it was there at the look");
        drop(ended); // a panic among them is printed
        Err(match flat(failed.into_result()) {
            Err(error) => error,
            Ok(_) => unreachable!("an end without a failure was taken for one"),
        })
    }
}

/// The two ways in which a task fails as one.
fn flat<T, E>(result: Result<Result<T, E>, JoinError>) -> Result<T, GroupError<E>> {
    result
        .map_err(GroupError::Join)
        .and_then(|output| output.map_err(GroupError::Task))
}

impl<T, E> Future for Wait<'_, T, E> {
    type Output = Result<Vec<T>, GroupError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        let all_ended = self.group.poll_all_ended(cx, place);
        self.look();
        ready!(all_ended);
        Poll::Ready(self.result())
    }
}

impl<T, E> Drop for Wait<'_, T, E> {
    fn drop(&mut self) {
        if self.failed.is_some() {
            self.group.shared.reopen();
        }
    }
}

impl<'a, T> Shutdown<'a, T> {
    pub(super) fn new(group: &'a mut Group<T>, place: &'static Location<'static>) -> Shutdown<'a, T> {
        Shutdown {
            group,
            begun: false,
            place,
        }
    }
}

impl<T> Future for Shutdown<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !mem::replace(&mut self.begun, true) {
            self.group.shared.end_all();
        }
        let place = self.place;
        ready!(self.group.poll_all_ended(cx, place));
        drop(self.group.taken.take()); // a panic among them is printed
        Poll::Ready(())
    }
}

impl<T> Drop for Shutdown<'_, T> {
    fn drop(&mut self) {
        if self.begun {
            self.group.shared.reopen();
        }
    }
}

impl<T> fmt::Debug for JoinNext<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinNext").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for JoinNextWithId<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinNextWithId").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for JoinAll<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinAll").finish_non_exhaustive()
    }
}

impl<T, E> fmt::Debug for Wait<'_, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Shutdown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shutdown").finish_non_exhaustive()
    }
}
