//! What happens when a task panics.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::process;
use std::sync::Arc;

use crate::report::report;
use crate::task::{Identity, TaskId};

/// What happens when a task panics: see [`TaskPanic`].
#[derive(Clone, Default)]
pub enum OnTaskPanic {
    /// The panic is kept for whoever joins the task. If nobody does it goes to standard error, in one line that names the task, once that
    /// is certain: at the end of a task whose handle is gone, or when the handle is dropped.
    #[default]
    Keep,
    /// A line that names the task goes to standard error, and the process is [aborted](std::process::abort): no destructor runs, and
    /// nothing that is buffered gets written. (A core dump of the place of the panic itself takes `panic = "abort"`.)
    Abort,
    /// This is called with the panic. Whoever joins the task gets it too, afterwards; if nobody does, then no line is printed for it.
    Call(Arc<dyn Fn(&TaskPanic<'_>) + Send + Sync>),
}

impl OnTaskPanic {
    /// [`Call`](OnTaskPanic::Call) of a closure.
    ///
    /// # Examples
    ///
    /// ```
    /// use canter_executor::diagnostics::OnTaskPanic;
    /// use canter_executor::runtime::Builder;
    /// use std::sync::mpsc::channel;
    ///
    /// let (tell, told) = channel();
    /// let on_task_panic = OnTaskPanic::call(move |panic| {
    ///     let _ = tell.send(format!("{}: {}", panic.spawned_at().file(), panic.message()));
    /// });
    /// let runtime = Builder::new().on_task_panic(on_task_panic).build().unwrap();
    /// runtime.go(async { panic!("no more paper") });
    /// assert!(told.recv().unwrap().ends_with(".rs: no more paper"));
    /// ```
    pub fn call(f: impl Fn(&TaskPanic<'_>) + Send + Sync + 'static) -> OnTaskPanic {
        OnTaskPanic::Call(Arc::new(f))
    }

    /// Does what is said. True if the panic needs no line any more where nobody joins the task. Does not panic.
    pub(crate) fn carry_out(self, panic: &TaskPanic<'_>) -> bool {
        match self {
            OnTaskPanic::Keep => false,
            OnTaskPanic::Abort => {
                let TaskPanic { task, .. } = panic;
                report(format_args!(
                    "{task} panicked, and the process is aborted: {}",
                    panic.message()
                ));
                process::abort()
            }
            OnTaskPanic::Call(f) => {
                // By value, so that it is dropped in there too.
                let called = catch_unwind(AssertUnwindSafe(move || f(panic)));
                if called.is_err() {
                    report(format_args!("the function of `on_task_panic` panicked"));
                }
                called.is_ok()
            }
        }
    }
}

impl fmt::Debug for OnTaskPanic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OnTaskPanic::Keep => "Keep",
            OnTaskPanic::Abort => "Abort",
            OnTaskPanic::Call(_) => "Call(..)",
        })
    }
}

/// The panic of a task, for the function that [`OnTaskPanic::Call`] calls.
///
/// Its `Display` is `task 17 "reader" (spawned at src/main.rs:40:5) panicked: no more paper`, as that of the
/// [`JoinError`](crate::task::JoinError).
///
/// # When the function is called
///
/// Once for each panic of a task's future, in a poll or in its destructor: of a task that was spawned, of a local one, of one in a
/// [`Group`](crate::task::Group), and of a closure of `spawn_blocking`. [`Builder::on_task_panic`] of the task's runtime says what happens;
/// for a local task that is the runtime in which its `block_on` runs. A panic of the future that a `block_on` was given is none: it goes on to
/// the caller. Nor is one in the destructor of an output that nobody takes, which is printed.
///
/// Rust's panic hook has run before; by default it has printed the message, and where the panic was, with the name of the thread. It does not
/// know of tasks: what canter says of a panic adds which task it was. In a program that is compiled with `panic = "abort"` the process ends
/// after the hook, and nothing is called.
///
/// # What the function may do
///
/// It runs on the thread that ran the task, a worker in general, and [`task::id`](crate::task::id) is that of the task. The panic has
/// unwound the poll, and the future has not been dropped yet. Until the function returns, the task has not ended for those who wait for it. It may start tasks and wake
/// others. If it blocks, it keeps the worker from other tasks, as a task does that blocks. If it panics, that is printed, and the task's panic
/// is treated as by [`OnTaskPanic::Keep`]. It may be called on several threads at once.
///
/// [`Builder::on_task_panic`]: crate::runtime::Builder::on_task_panic
pub struct TaskPanic<'a> {
    task: &'a Identity,
    payload: &'a (dyn Any + Send),
}

impl<'a> TaskPanic<'a> {
    pub(crate) fn new(task: &'a Identity, payload: &'a (dyn Any + Send)) -> TaskPanic<'a> {
        TaskPanic { task, payload }
    }

    /// The task that panicked.
    pub fn id(&self) -> TaskId {
        self.task.id
    }

    /// The name that the task was given, if it was; see [`task::Builder`](crate::task::Builder).
    pub fn name(&self) -> Option<&'a str> {
        self.task.name.as_deref()
    }

    /// Where the task was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.task.spawned_at
    }

    /// The words of the panic. If the payload is no string, because it comes from [`panic_any`](std::panic::panic_any) or
    /// [`resume_unwind`](std::panic::resume_unwind), the text says that in brackets.
    pub fn message(&self) -> &'a str {
        words(self.payload)
    }

    /// The payload, for a closer look. Whoever joins the task gets it as a whole.
    pub fn payload(&self) -> &'a (dyn Any + Send) {
        self.payload
    }
}

impl fmt::Display for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} panicked: {}", self.task, self.message())
    }
}

impl fmt::Debug for TaskPanic<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskPanic({self})")
    }
}

/// The words of a panic, where its payload has any.
pub(crate) fn words(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a payload that is no string)")
}
