//! The benchmarks of channels that Go has for its own, under Go's names: the same things done, in Rust and in Go.
//!
//! Each contender stands where it is used most: canter's channels on canter's runtime with its `select!`, peers' on tokio's with
//! `tokio::select!`, crossbeam's between threads.

mod benchmark;
mod chan;
mod channels;
mod measure;
mod peers;
mod select;
mod work;

pub use benchmark::Benchmark;
pub use channels::Channels;
pub use measure::measure;

use super::Workload;

/// All of them.
pub fn workloads() -> Vec<Workload> {
    Benchmark::all().into_iter().map(workload).collect()
}

fn workload(benchmark: Benchmark) -> Workload {
    Workload::timed(
        format!("go/{benchmark}"),
        benchmark.about(),
        benchmark.times(),
        peers::contenders(benchmark),
    )
}
