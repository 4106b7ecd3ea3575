//! Canter beside its peers, interleaved, each measurement in a process of its own.

use std::process::ExitCode;

use canter_bench::versus::{Program, series, workloads};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let program = Program {
        workloads: workloads(),
        series: series(),
    };
    program.main()
}
