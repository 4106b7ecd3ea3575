//! Canter beside its peers, interleaved, each measurement in a process of its own.
//!
//! A [`Workload`] is something that is done and measured; its [`Contender`]s are the ways in which it can be done. The program
//! `versus` starts itself once for each measurement, so that no contender meets another one's threads or memory, and goes
//! through the contenders in turn, round after round, so that what else the machine does hits them alike.

mod failure;
mod workload;

pub use failure::Failure;
pub use workload::{Better, Contender, Figure, Kind, Means, Run, Workload};
