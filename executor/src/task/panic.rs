//! What becomes of a panic of a task, before whoever joins learns of it.
//!
//! Each panic is *met* once, by whoever catches it first, on the thread that ran the task: what the runtime says is done. From then on it is a
//! [`Panicked`]. A task of a group catches its own; where the group has let go of it the panic goes on to the task around it, as a payload
//! that is known to have been met.

#![expect(unsafe_code, reason = "a task that runs points to its registry")]

use std::any::Any;

use super::cell::tell_panicked;
use super::{Identity, TaskRef, current};
use crate::diagnostics::{OnTaskPanic, TaskPanic, words};

/// A panic that was met.
pub(super) struct Panicked {
    pub(super) payload: Box<dyn Any + Send>,
    /// Whether it was told of, so that nothing is left to be said where nobody joins the task.
    pub(super) told: bool,
}

/// What is to be done about a panic of a task.
pub(super) struct Meeting {
    task: Identity,
    on_panic: OnTaskPanic,
}

impl Meeting {
    /// For a panic of the task that runs on this thread.
    pub(super) fn of(task: &TaskRef) -> Meeting {
        assert_eq!(
            current::id(),
            Some(task.id()),
            "a panic is met where its task runs"
        );
        // SAFETY: the task runs here, further up the stack, so that it is listed; or it was refused, by a call that has the registry.
        let registry = unsafe { task.registry() };
        Meeting {
            task: task.identity(),
            on_panic: registry.on_task_panic(),
        }
    }

    /// Not under a lock: this calls the program's function.
    pub(super) fn meet(self, payload: Box<dyn Any + Send>) -> Panicked {
        tell_panicked(words(&*payload));
        let told = self.on_panic.carry_out(&TaskPanic::new(&self.task, &*payload));
        Panicked { payload, told }
    }
}

impl Panicked {
    /// Meets the panic of the task that runs on this thread, if that has not been done.
    pub(super) fn meet(task: &TaskRef, payload: Box<dyn Any + Send>) -> Panicked {
        match payload.downcast::<Panicked>() {
            Ok(met) => *met,
            Err(payload) => Meeting::of(task).meet(payload),
        }
    }

    /// One that was met, from its [payload](Panicked::into_payload).
    pub(super) fn met(payload: Box<dyn Any + Send>) -> Panicked {
        match payload.downcast::<Panicked>() {
            Ok(met) => *met,
            Err(payload) => Panicked { payload, told: false },
        }
    }

    /// A payload for a panic that goes on, to be caught as one that was met.
    pub(super) fn into_payload(self) -> Box<dyn Any + Send> {
        Box::new(self)
    }
}
