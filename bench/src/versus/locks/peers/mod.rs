//! The crates that take part, a file each.

mod async_lock;
mod awaitgroup;
mod canter;
mod event_listener;
mod futures;
mod tokio;

pub(super) use event_listener::Flag;
pub(super) use futures::JoinAll;
