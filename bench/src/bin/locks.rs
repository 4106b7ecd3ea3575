//! Locks and their like beside their peers, interleaved: each round runs every contender once, so that what else the machine does
//! hits them alike.

use std::process::ExitCode;

use canter_bench::contest::{Options, Table};
use canter_bench::locks::{Row, contest};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Measures locks, semaphores, wait groups and their like beside their peers, interleaved")]
struct Args {
    #[command(flatten)]
    options: Options,
    /// Operations a run, a multiple of the number of tasks at the barrier (8)
    #[arg(long, default_value_t = 200_000, value_parser = multiple)]
    operations: u64,
}

fn multiple(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 && number % Row::PARTIES == 0 => Ok(number),
        _ => Err(format!("not a multiple of {} above zero", Row::PARTIES)),
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    Table::print_summary(&contest(args.operations).run(args.options))
}
