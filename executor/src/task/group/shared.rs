//! What a group, its tasks and its spawners share, behind one lock.
//!
//! The invariants:
//!
//! 1. A task is in a slot from before it is started until its future has been dropped. It is put there with its handle, in
//!    the section that takes its place; so whoever aborts finds every task that was spawned before.
//! 2. It goes from its slot to `ended` in one step, with its result: what is in `ended` needs no more waiting, and a task is
//!    always in exactly one of the two, until the owner of the group takes it.
//! 3. It goes there by itself: [`Member`](super::member::Member) reports when the future has ended, panicked, or was dropped
//!    unfinished, by an abort or because the runtime ends. So an end costs the same however many tasks there are.
//! 4. The waker of the owner is there only while some task is in a slot, and whoever fills `ended` takes it and wakes it.
//! 5. Places are taken by the tasks in slots, and by grants.
//! 6. No waker is called, cloned or dropped, and nothing of the user's is dropped, under the lock. A task is made under it,
//!    which moves the user's future and does no more, and is started afterwards.

use std::collections::VecDeque;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::{Context, Waker};

use super::ended::{Ended, Stop};
use super::places::Places;
use super::slots::{Key, Slot, Slots};
use crate::report::report;
use crate::sync::{Mutex, MutexGuard, lock};
use crate::task::panic::Meeting;
use crate::task::{Fresh, JoinHandle, TaskId};

pub(super) struct Shared<T> {
    state: Mutex<State<T>>,
}

pub(super) struct State<T> {
    pub(super) places: Places,
    pub(super) gate: Gate,
    slots: Slots,
    /// How many tasks have been spawned.
    spawned: u64,
    ended: VecDeque<Ended<T>>,
    /// Whom to wake when a task ends.
    joiner: Option<Waker>,
}

/// Whether the group takes tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// Its tasks are being ended, and their spawners must not bring new ones.
    Ending,
    /// The group is gone.
    Closed,
}

/// When somebody who collects ends is satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// With any one.
    One,
    /// When no task is left.
    All,
}

/// Whether some tasks have not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    None,
    Some,
}

/// Capacity for more ends than that is given back when the group is empty.
const KEPT: usize = 1024;

impl<T> Shared<T> {
    pub(super) fn new() -> Shared<T> {
        Shared {
            state: Mutex::new(State {
                slots: Slots::default(),
                places: Places::unlimited(),
                gate: Gate::Open,
                spawned: 0,
                ended: VecDeque::new(),
                joiner: None,
            }),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }

    /// Tasks that have not ended, and those whose ends were not collected.
    pub(super) fn len(&self) -> usize {
        let state = self.lock();
        state.slots.len() + state.ended.len()
    }

    /// What is to be done about a panic of a task, which runs on this thread. `None` if the group let go of it, and the panic is its own.
    pub(super) fn meeting(&self, key: Key) -> Option<Meeting> {
        self.lock().slots.get(key).map(|slot| Meeting::of(slot.task()))
    }

    /// Reports the end of a task, whose future has been dropped. Gives the result back if the group let go of the task.
    pub(super) fn end(&self, key: Key, result: Result<T, Stop>) -> Option<Result<T, Stop>> {
        let mut state = self.lock();
        let Some(slot) = state.slots.remove(key) else {
            drop(state);
            return Some(result);
        };
        state.ended.push_back(Ended::new(&slot, result));
        let joiner = state.joiner.take();
        let next = state.places.release();
        drop(state);
        drop(slot); // the task frees itself when it returns
        wake_all(joiner.into_iter().chain(next));
        None
    }

    /// Appends what has ended to `taken`. Where the caller still has to wait, it will be woken when a task ends.
    pub(super) fn collect(&self, taken: &mut VecDeque<Ended<T>>, wants: Wants, cx: &Context<'_>) -> Rest {
        let mut spare = None;
        loop {
            let mut state = self.lock();
            let rest = state.hand_over(taken);
            let satisfied = rest == Rest::None || (wants == Wants::One && !taken.is_empty());
            let enlisted = state.joiner.as_ref();
            if satisfied || enlisted.is_some_and(|waker| waker.will_wake(cx.waker())) {
                drop(state);
                return rest; // a spare waker is dropped without the lock
            }
            if let Some(waker) = spare.take() {
                let old = state.joiner.replace(waker);
                drop(state);
                drop(old);
                return rest;
            }
            drop(state);
            spare = Some(cx.waker().clone());
        }
    }

    /// As [`collect`](Shared::collect), for somebody who does not wait.
    pub(super) fn collect_now(&self, taken: &mut VecDeque<Ended<T>>) {
        self.lock().hand_over(taken);
    }

    /// Aborts all tasks.
    pub(super) fn abort_all(&self) {
        let aborts = self.lock().mark_aborted();
        aborts.into_iter().for_each(Waker::wake);
    }

    /// Aborts all tasks, and lets spawners bring no new ones until [`reopen`](Shared::reopen).
    pub(super) fn end_all(&self) {
        let mut state = self.lock();
        state.gate = Gate::Ending;
        let aborts = state.mark_aborted();
        let sent_away = state.places.send_away();
        drop(state);
        aborts.into_iter().for_each(Waker::wake);
        wake_all(sent_away);
    }

    pub(super) fn reopen(&self) {
        self.lock().gate = Gate::Open;
    }

    /// Lets go of all tasks, which run on by themselves.
    pub(super) fn detach_all(&self) {
        let mut state = self.lock();
        let slots = state.slots.take();
        let ended = mem::take(&mut state.ended);
        let next = state.places.release_tasks();
        drop(state);
        drop((slots, ended));
        wake_all(next);
    }

    /// Aborts all tasks and lets go of them. No task is taken any more.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.gate = Gate::Closed;
        let aborts = state.mark_aborted();
        let slots = state.slots.take();
        let ended = mem::take(&mut state.ended);
        let sent_away = state.places.send_away();
        let joiner = state.joiner.take();
        drop(state);
        aborts.into_iter().for_each(Waker::wake);
        wake_all(sent_away);
        drop((slots, ended, joiner));
    }
}

impl<T> State<T> {
    /// Puts a task that is made for this key into a slot. Its place has been taken, and it is to be started without the lock.
    pub(super) fn add<'r>(
        &mut self,
        make: impl FnOnce(Key) -> (Fresh<'r>, JoinHandle<()>),
    ) -> (Fresh<'r>, TaskId) {
        let key = self.slots.next_key();
        let (fresh, handle) = make(key);
        let id = handle.id();
        let number = self.spawned;
        self.spawned += 1;
        self.slots.insert(key, Slot { handle, number });
        (fresh, id)
    }

    /// Moves all ends to `taken`.
    fn hand_over(&mut self, taken: &mut VecDeque<Ended<T>>) -> Rest {
        if taken.is_empty() {
            mem::swap(taken, &mut self.ended);
        } else {
            taken.append(&mut self.ended);
        }
        if self.slots.len() > 0 {
            return Rest::Some;
        }
        if self.ended.capacity() > KEPT {
            self.ended = VecDeque::new();
        }
        if taken.is_empty() && taken.capacity() > KEPT {
            *taken = VecDeque::new();
        }
        Rest::None
    }

    /// The wakers by which the tasks notice it.
    fn mark_aborted(&self) -> Vec<Waker> {
        let handles = self.slots.iter().map(|slot| &slot.handle);
        handles.filter_map(|handle| handle.mark_aborted()).collect()
    }
}

/// Wakes each, also when one of them panics. That has nowhere to go: whoever runs this is a task that ends, or a destructor.
pub(super) fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    for waker in wakers {
        if catch_unwind(AssertUnwindSafe(|| waker.wake())).is_err() {
            report(format_args!(
                "a waker that a group woke panicked; the others were woken"
            ));
        }
    }
}
