//! Channels beside their peers, interleaved: each round runs every contender once, so that what else the machine does hits
//! them alike.

use std::process::ExitCode;

use canter_bench::channels::{Row, contest};
use canter_bench::contest::{Options, Table};
use clap::Parser;

#[derive(Parser)]
#[command(about = "Measures channels beside their peers, interleaved")]
struct Args {
    #[command(flatten)]
    options: Options,
    /// Messages a run, an even number
    #[arg(long, default_value_t = 200_000, value_parser = even)]
    messages: u64,
}

fn even(text: &str) -> Result<u64, String> {
    match text.parse() {
        Ok(number) if number > 0 && number % 2 == 0 => Ok(number),
        _ => Err("not an even number above zero".into()),
    }
}

/// What a select costs beside a plain receive.
fn print_select_costs(tables: &[Table<Row>]) {
    for table in tables.iter().filter(|table| table.row() == Row::Select) {
        let receive = tables
            .iter()
            .find(|other| other.row() == Row::Receive && other.host() == table.host());
        if let (Some(select), Some(receive)) = (table.ours_ns(), receive.and_then(Table::ours_ns)) {
            let times = select / receive;
            println!(
                "on {}, canter's select takes {times:.2} of its receive",
                table.host()
            );
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let tables = contest(args.messages).run(args.options);
    let code = Table::print_summary(&tables);
    print_select_costs(&tables);
    code
}
