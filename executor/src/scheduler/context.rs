//! What a thread knows of the worker that runs on it. The one thread-local of the scheduler, and all access to it.

use std::cell::{Cell, RefCell};
use std::ptr;
use std::sync::Arc;

use super::Scheduler;
use super::seat::Core;
use crate::diagnostics::trace::{self, Event, Queued, Recorder};
use crate::task::{self, Meta, Runnable, Woken};

/// Gives a seat to another thread. Where no thread can be had, the seat comes back.
pub(super) type HandOver = dyn Fn(Box<Core>) -> Result<(), Box<Core>>;

/// The state of one worker. It lies on the stack of the thread that runs it.
pub(super) struct Context {
    pub(super) scheduler: Arc<Scheduler>,
    /// `None` once the seat was handed over. Borrowed for moments only, never while a task runs or a waker is called.
    pub(super) core: RefCell<Option<Box<Core>>>,
    /// While a turn of the driver wakes tasks: how many so far. They go to the queue in their order, and one look at the
    /// sleepers afterwards does for all.
    pub(super) batch: Cell<Option<usize>>,
    pub(super) hand_over: Box<HandOver>,
}

thread_local! {
    static CONTEXT: Cell<*const Context> = const { Cell::new(ptr::null()) };
}

impl Context {
    /// Runs `f` with this context as the thread's own.
    pub(super) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Leave(*const Context);
        impl Drop for Leave {
            fn drop(&mut self) {
                CONTEXT.set(self.0);
            }
        }
        let _leave = Leave(CONTEXT.replace(self));
        f()
    }

    /// Whether the thread still sits in a seat.
    pub(super) fn has_seat(&self) -> bool {
        self.core.borrow().is_some()
    }

    /// For a trace: before the task can be seen in its queue.
    #[inline]
    fn note_queued(&self, runnable: &Runnable, woken: Woken, queued: Queued) {
        if trace::is_on() {
            note_queued(&self.scheduler.recorder, runnable.metadata(), woken, queued);
        }
    }

    /// Puts a task where this worker finds it; into the injector where the seat was handed over.
    fn push(&self, runnable: Runnable, woken: Woken) {
        let core = self.core.borrow();
        let Some(core) = core.as_deref() else {
            self.scheduler.inject(runnable, woken);
            return;
        };
        if let Some(woken_so_far) = self.batch.get() {
            self.batch.set(Some(woken_so_far + 1));
            self.note_queued(&runnable, woken, Queued::Local);
            core.queue.push(runnable);
            return;
        }
        match woken {
            // It leaves as many ready tasks as there were, and goes behind all of them: nobody has to be woken.
            Woken::WhileRunning => {
                self.note_queued(&runnable, woken, Queued::Local);
                core.queue.push(runnable);
            }
            // Behind those that are ready it finds many of its tasks ended; as above, nobody has to be woken.
            // One that was spawned has collected nothing yet.
            _ if runnable.metadata().collects() && !core.queue.is_empty() => {
                self.note_queued(&runnable, woken, Queued::Local);
                core.queue.push(runnable);
            }
            _ => {
                self.note_queued(&runnable, woken, Queued::Next);
                let previous = core.seat.next.replace(runnable);
                if let Some(previous) = previous {
                    core.queue.push(previous);
                    self.scheduler.notify();
                }
            }
        }
    }
}

#[expect(
    unsafe_code,
    reason = "the thread-local points to a context on the stack of this thread"
)]
fn with<R>(f: impl FnOnce(Option<&Context>) -> R) -> R {
    // SAFETY: the pointer is null or was set by `Context::enter`, which sets it back before the context goes; the reference
    // stays on this thread and within this call.
    f(unsafe { CONTEXT.get().as_ref() })
}

/// How to schedule a task on the worker of this thread, if it sits in a seat of that scheduler.
#[inline(never)] // elsewhere the compiler calls a function for the thread-local, which here is a load
pub(super) fn here(scheduler: &Scheduler) -> Option<fn(Runnable, Woken)> {
    let sits_here = with(|context| {
        context
            .is_some_and(|context| ptr::eq(Arc::as_ptr(&context.scheduler), scheduler) && context.has_seat())
    });
    sits_here.then_some(schedule_here)
}

/// Schedules a task on the worker of this thread; the caller knows that there is one.
fn schedule_here(runnable: Runnable, woken: Woken) {
    with(|context| match context {
        Some(context) => context.push(runnable, woken),
        None => unreachable!("`here` said that there is a worker"),
    });
}

/// The number of the seat in which this thread sits, if it is one of that scheduler's.
pub(crate) fn seat_here(scheduler: &Scheduler) -> Option<usize> {
    with(|context| {
        let context = context.filter(|context| ptr::eq(Arc::as_ptr(&context.scheduler), scheduler))?;
        context.core.borrow().as_ref().map(|core| core.number)
    })
}

/// Declares that this thread is about to block: its seat, with queue and next slot, goes to another thread. Nothing happens
/// on a thread that sits in none.
pub(crate) fn leave_seat() {
    with(|context| {
        let Some(context) = context else { return };
        if context.batch.get().is_some() {
            return; // a waker blocks in the middle of a turn: the turn goes on with this seat
        }
        let recorder = &context.scheduler.recorder;
        let Some(core) = context.core.borrow_mut().take() else {
            return;
        };
        let traced = (trace::is_on() && recorder.is_on())
            .then(|| core.seat.running())
            .flatten();
        if let Some((task, _)) = traced {
            recorder.note_in_seat(core.number, Event::LeavesSeat { task });
        }
        if let Err(core) = (context.hand_over)(core) {
            *context.core.borrow_mut() = Some(core);
        }
        if let Some((task, _)) = traced {
            note(recorder, Event::PollBegin { task, place: None }); // it goes on, on whichever track the thread has now
        }
    });
}

/// Records what happens on this thread, in the ring of its seat if it sits in one of that runtime's.
#[cold]
pub(crate) fn note(recorder: &Recorder, event: Event) {
    if !recorder.is_on() {
        return;
    }
    let noted = with(|context| {
        let context = context.filter(|context| ptr::eq(&*context.scheduler.recorder, recorder))?;
        let core = context.core.borrow();
        recorder.note_in_seat(core.as_ref()?.number, event);
        Some(())
    });
    if noted.is_none() {
        recorder.note_outside(event);
    }
}

/// Records what happens on this thread, if it is a worker.
#[cold]
pub(crate) fn note_here(event: Event) {
    with(|context| {
        if let Some(context) = context {
            note(&context.scheduler.recorder, event);
        }
    });
}

/// Records that a task was spawned or woken and is about to go into a queue.
#[cold]
pub(crate) fn note_queued(recorder: &Recorder, meta: &Meta, woken: Woken, queued: Queued) {
    let task = meta.id();
    let event = match woken {
        Woken::Spawned => Event::Spawn {
            task,
            queued,
            place: Some(meta.spawned_at()),
        },
        Woken::Parked | Woken::WhileRunning => Event::Wake { task, queued },
    };
    note(recorder, event);
}

/// Polls a task once, and records it if the runtime is traced.
#[cold]
pub(crate) fn run_traced(recorder: &Recorder, runnable: Runnable) {
    if !recorder.is_on() {
        return task::run(runnable); // the trace is another runtime's
    }
    let task = runnable.metadata().id();
    let place = Some(runnable.metadata().spawned_at());
    note(recorder, Event::PollBegin { task, place });
    if let Some(waiting) = task::run_traced(runnable) {
        note(recorder, Event::Waits { task, waiting });
    }
    note(recorder, Event::PollEnd { task });
}
