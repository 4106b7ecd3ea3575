//! What a runtime tells about itself, and what it does when something goes wrong.

mod stall;

pub(crate) use stall::warn as warn_of_stall;
