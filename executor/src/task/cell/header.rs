//! What lies at the beginning of every task, and pointers to it.

#![expect(unsafe_code, reason = "a task is known by a pointer to its allocation")]

use std::mem::MaybeUninit;
use std::ops::{Deref, Range};
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

use super::meta::Meta;
use super::runnable::Runnable;
use super::span::TaskSpan;
use super::state::{Left, State};
use crate::sync::UnsafeCell;
use crate::task::identity::Identity;
use crate::task::{Registry, Woken};

/// The beginning of a task's allocation.
pub(in crate::task) struct Header {
    pub(super) vtable: &'static VTable,
    /// The waker of whoever joins; [`state`](super::state) says whose it is.
    pub(super) joiner: UnsafeCell<MaybeUninit<Waker>>,
    pub(super) meta: Meta,
    /// The part that can change is whose the future is.
    pub(super) span: TaskSpan,
}

/// With this, a task whose future has six words or fewer is among the small blocks that glibc frees without a lock, whichever thread
/// does it: tasks often end on another one.
const _: () = assert!(cfg!(canter_loom) || cfg!(feature = "tracing") || size_of::<Header>() <= 72);

/// What depends on the future's type. Each function takes a pointer to the header that can reach the whole allocation.
pub(super) struct VTable {
    /// Polls the future. The caller has the runnable, and gives it up.
    pub(super) run: unsafe fn(NonNull<Header>),
    /// Ends the task without a poll. The caller has the runnable, and gives it up.
    pub(super) cancel: unsafe fn(NonNull<Header>),
    /// Where the result lies. The caller owns it.
    pub(super) result: unsafe fn(NonNull<Header>) -> NonNull<()>,
    /// Where the future lies, in bytes from the header on.
    pub(super) future: Range<usize>,
    /// The name. The caller keeps the allocation for as long as the name is used.
    pub(super) name: for<'a> unsafe fn(&'a NonNull<Header>) -> Option<&'a Arc<str>>,
    /// Frees the allocation, which nobody else refers to.
    pub(super) free: unsafe fn(NonNull<Header>),
}

/// A name, or none, which then takes no room in a task.
pub(crate) trait Name: Send + Sync + 'static {
    fn get(&self) -> Option<&Arc<str>>;
}

impl Name for () {
    fn get(&self) -> Option<&Arc<str>> {
        None
    }
}

impl Name for Arc<str> {
    fn get(&self) -> Option<&Arc<str>> {
        Some(self)
    }
}

/// A pointer to a task whose allocation is known to be there.
#[derive(PartialEq, Eq)]
pub(crate) struct TaskRef(NonNull<Header>);

impl TaskRef {
    /// # Safety
    /// The allocation outlives the value, and the pointer can reach all of it.
    pub(super) unsafe fn new(header: NonNull<Header>) -> TaskRef {
        TaskRef(header)
    }

    pub(super) fn pointer(&self) -> NonNull<Header> {
        self.0
    }

    pub(super) fn header(&self) -> &Header {
        // SAFETY: `new`'s caller keeps the allocation, and the header is only ever shared.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn state(&self) -> &State {
        &self.header().meta.state
    }

    pub(crate) fn name(&self) -> Option<&Arc<str>> {
        // SAFETY: the allocation outlives the value, and so the borrow of it.
        unsafe { (self.header().vtable.name)(&self.0) }
    }

    /// The addresses between which the future lies, or lay.
    pub(crate) fn future(&self) -> Range<usize> {
        let header = self.0.addr().get();
        let Range { start, end } = &self.header().vtable.future;
        header + start..header + end
    }

    /// What a person is told of the task.
    pub(crate) fn identity(&self) -> Identity {
        Identity {
            id: self.id(),
            name: self.name().cloned(),
            spawned_at: self.spawned_at(),
        }
    }

    /// A waker of a task that is listed, for the registry, which calls this under its lock. `None` of one that nobody can wake any more.
    pub(in crate::task) fn listed_waker(&self) -> Option<Waker> {
        self.state()
            .try_add_reference()
            // SAFETY: the reference has just been made.
            .then(|| unsafe { super::waker::of(self.0) })
    }
}

impl Deref for TaskRef {
    type Target = Meta;

    fn deref(&self) -> &Meta {
        &self.header().meta
    }
}

// SAFETY: it gives shared access to the metadata and to the name only, which are `Sync`, and pointers for those who answer for them.
unsafe impl Send for TaskRef {}
// SAFETY: as for `Send`.
unsafe impl Sync for TaskRef {}

/// Does what is left to do where a reference or the handle went.
///
/// # Safety
/// `left` comes from the task's state, and the caller uses the task no more.
#[inline]
pub(super) unsafe fn leave(task: NonNull<Header>, left: Left) {
    match left {
        Left::Others => {}
        // SAFETY: nobody refers to the task any more.
        Left::Nobody => unsafe { free(task) },
        Left::Leak => {
            // SAFETY: the state has made a runnable's reference.
            let runnable = unsafe { Runnable::new(task) };
            Registry::schedule(runnable, Woken::Parked);
        }
    }
}

/// # Safety
/// Nobody refers to the task any more.
pub(super) unsafe fn free(task: NonNull<Header>) {
    // SAFETY: the allocation is there until the call below.
    let vtable = unsafe { task.as_ref() }.vtable;
    // SAFETY: passed on to the caller.
    unsafe { (vtable.free)(task) }
}
