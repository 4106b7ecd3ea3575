//! Canter beside its peers, interleaved, each measurement in a process of its own.
//!
//! A [`Workload`] is something that is done and measured; its [`Contender`]s are the ways in which it can be done. The [`Program`]
//! starts itself once for each measurement, so that no contender meets another one's threads or memory, and goes through the
//! contenders in turn, round after round, so that what else the machine does hits them alike. A [`Series`] is a workload at
//! growing numbers of workers, tasks, channels or timers: how cost grows.

mod all;
mod allocator;
pub mod channels;
mod child;
mod contest;
pub mod cost;
pub mod echo;
mod everyone;
mod failure;
mod go;
pub mod go_benchmarks;
mod grid;
mod group;
pub mod http;
mod limits;
pub mod locks;
mod machine;
mod measure;
pub mod memory;
pub mod network;
mod number;
mod options;
mod output;
mod plot;
mod program;
mod report;
mod row;
mod scale;
pub mod stalls;
mod summary;
mod table;
pub mod tasks;
pub mod timers;
mod timing;
mod workload;

pub use all::workloads;
pub use failure::Failure;
pub use program::Program;
pub use scale::{Series, SeriesContender, series};
pub use workload::{Better, Contender, Figure, Kind, Means, Run, Workload};
