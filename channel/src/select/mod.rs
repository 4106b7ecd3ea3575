//! `select!` and [`Select`]: of several operations exactly one takes effect.
//!
//! # The protocol in short
//!
//! Each select has one word, its [claim](crate::claim), and one waiter for each arm that is a channel operation, in the wait list of that
//! channel. Whoever could complete such an arm, a sender that meets a waiting receive for example, must win the word first, under the
//! channel's lock; so at most one arm is completed, and the other waiters are withdrawn by the select itself. Arms that are any other
//! future are polled, one at a time, in a state in which nobody can win the word: a future that returned `Ready` has had its effect, too
//! late to lose. The owner's loop, step by step, is in [`wait`].

mod dynamic;
mod foreign;
mod list;
mod macros;
mod order;
mod wait;

pub use dynamic::{ArmId, Select, Waiting};

/// What `select!` expands to. No part of the interface.
#[doc(hidden)]
pub mod private {
    pub use super::foreign::{Foreign, IntoArm};
    pub use super::list::{ArmList, Arms, NoArm, NothingReady, Output};
    pub use super::order::Order;
    pub use super::wait::{Next, Otherwise, Wait as Select, next};
    pub use crate::arm::Arm;
    pub use canter_channel_macros::__select;
    pub use canter_coop::block_on;
}
