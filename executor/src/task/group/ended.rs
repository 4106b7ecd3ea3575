//! A task of a group that has ended, on its way to whoever joins.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use super::slots::Slot;
use crate::task::join::{Failure, Output};
use crate::task::panic::Panicked;
use crate::task::{Identity, JoinError, TaskId};

/// What a task left. Where nobody takes it, a panic is printed, be it the task's or that of its output's destructor.
pub(super) struct Ended<T> {
    /// How many were spawned into the group before it.
    pub(super) number: u64,
    id: TaskId,
    spawned_at: &'static Location<'static>,
    result: Result<Output<T>, Failure>,
}

/// Why a task ended without an output.
pub(super) enum Stop {
    Cancelled,
    /// The payload is that of a panic which was met, where the group has not let go of the task.
    Panicked(Box<dyn Any + Send>),
}

impl<T> Ended<T> {
    pub(super) fn new(slot: &Slot, result: Result<T, Stop>) -> Ended<T> {
        let task = slot.task();
        Ended {
            number: slot.number,
            id: task.id(),
            spawned_at: task.spawned_at(),
            result: match result {
                Ok(output) => Ok(Output::new(task, output)),
                Err(Stop::Cancelled) => Err(Failure::Cancelled),
                Err(Stop::Panicked(payload)) => Err(Failure::panic(task, Panicked::met(payload))),
            },
        }
    }

    pub(super) fn id(&self) -> TaskId {
        self.id
    }

    /// The output, where there is one.
    pub(super) fn output(&self) -> Option<&T> {
        self.result.as_ref().ok().map(Output::value)
    }

    pub(super) fn into_result(self) -> Result<T, JoinError> {
        let task = Identity {
            id: self.id,
            name: None, // a group gives none
            spawned_at: self.spawned_at,
        };
        match self.result {
            Ok(output) => Ok(output.into_inner()),
            Err(failure) => Err(failure.into_join_error(task)),
        }
    }
}

/// What has ended and is the owner's alone. The lock lets a group be shared between threads where its outputs can't be; nobody
/// ever waits for it.
pub(super) struct Taken<T>(Mutex<VecDeque<Ended<T>>>);

impl<T> Taken<T> {
    pub(super) fn new() -> Taken<T> {
        Taken(Mutex::new(VecDeque::new()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    pub(super) fn get(&mut self) -> &mut VecDeque<Ended<T>> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&mut self) -> VecDeque<Ended<T>> {
        std::mem::take(self.get())
    }
}
