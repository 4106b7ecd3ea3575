//! The allocation of a task: a header that is the same for all, and the future, in whose place the result comes.
//!
//! - [`state`]: the state word, who owns what in which state, and how a leak is found.
//! - [`header`]: what others know of a task, and pointers to it.
//! - [`run`]: the poll, and what ends a task.
//! - [`span`]: what a subscriber of `tracing` is told, with that feature.
//! - [`waker`], [`Runnable`] and [`Joiner`]: the three kinds of references, each of which may be the last one.
//!
//! An end frees the future first, then takes the task off its registry, and then tells the joiner. So whoever sees the end sees that
//! everything that the future had is gone.

mod header;
mod joiner;
mod meta;
#[cfg(all(test, canter_loom))]
mod model;
mod run;
mod runnable;
#[cfg_attr(not(feature = "tracing"), path = "no_span.rs")]
mod span;
mod state;
mod waker;

pub(crate) use header::Name;
pub(crate) use header::TaskRef;
pub(in crate::task) use joiner::Joiner;
pub(in crate::task) use meta::run_traced;
pub(crate) use meta::{Meta, Stage};
pub(in crate::task) use run::allocate;
pub(crate) use runnable::Runnable;
pub(in crate::task) use span::tell_panicked;
