//! A tour for those who know Go: one small program for each idea, with the Go version beside it.
//!
//! ```sh
//! cargo run --example tour              # lists them
//! cargo run --example tour -- pipeline  # runs one
//! cargo run --example tour -- all       # runs all
//! ```
//!
//! Each program says at its top what it prints, where `[..]` stands for what differs from run to run. `tests/tour.rs` runs them all and
//! looks.

mod buffered;
mod cancel_tree;
mod channel_counter;
mod crawler;
mod go;
mod group;
mod jobs;
mod million;
mod mutex_counter;
mod parallelism;
mod pipeline;
mod printers;
mod rate_limiter;
mod select_default;
mod select_timeout;
mod unbuffered;
mod wait_group;

use clap::Parser;
use clap::builder::PossibleValuesParser;

/// A program of the tour.
struct Stop {
    name: &'static str,
    idea: &'static str,
    run: fn(),
}

const STOPS: &[Stop] = &[
    Stop {
        name: "go",
        idea: "start tasks, and what becomes of them when main returns",
        run: go::main,
    },
    Stop {
        name: "printers",
        idea: "two printers that interleave",
        run: printers::main,
    },
    Stop {
        name: "wait_group",
        idea: "a WaitGroup and three workers",
        run: wait_group::main,
    },
    Stop {
        name: "unbuffered",
        idea: "a hand-over from task to task",
        run: unbuffered::main,
    },
    Stop {
        name: "buffered",
        idea: "a channel that holds a few messages",
        run: buffered::main,
    },
    Stop {
        name: "select_default",
        idea: "a select that does not wait",
        run: select_default::main,
    },
    Stop {
        name: "select_timeout",
        idea: "a select that waits so long and no longer",
        run: select_timeout::main,
    },
    Stop {
        name: "mutex_counter",
        idea: "a counter behind a mutex",
        run: mutex_counter::main,
    },
    Stop {
        name: "channel_counter",
        idea: "the same counter, owned by a task behind a channel",
        run: channel_counter::main,
    },
    Stop {
        name: "pipeline",
        idea: "stages, with fan-out and fan-in",
        run: pipeline::main,
    },
    Stop {
        name: "jobs",
        idea: "a pool of background jobs: a queue, results, an orderly stop",
        run: jobs::main,
    },
    Stop {
        name: "crawler",
        idea: "a polite crawler with bounded concurrency",
        run: crawler::main,
    },
    Stop {
        name: "rate_limiter",
        idea: "so many a second, with bursts",
        run: rate_limiter::main,
    },
    Stop {
        name: "cancel_tree",
        idea: "cancel a tree of work",
        run: cancel_tree::main,
    },
    Stop {
        name: "group",
        idea: "tasks that belong together: the first error ends the others",
        run: group::main,
    },
    Stop {
        name: "parallelism",
        idea: "concurrency is not parallelism: one worker and two",
        run: parallelism::main,
    },
    Stop {
        name: "million",
        idea: "a million tasks",
        run: million::main,
    },
];

/// A tour for those who know Go: one small program for each idea.
#[derive(Parser)]
struct Options {
    /// The program to run, or `all`. Without it they are listed.
    #[arg(value_parser = PossibleValuesParser::new(STOPS.iter().map(|stop| stop.name).chain(["all"])))]
    program: Option<String>,
}

fn main() {
    match Options::parse().program.as_deref() {
        None => list(),
        Some("all") => {
            for stop in STOPS {
                println!("== {}: {}", stop.name, stop.idea);
                (stop.run)();
                println!();
            }
        }
        Some(name) => {
            for stop in STOPS.iter().filter(|stop| stop.name == name) {
                (stop.run)();
            }
        }
    }
}

fn list() {
    println!("cargo run --example tour -- NAME runs one of these, and `all` runs them all:\n");
    for stop in STOPS {
        println!("  {:<16}{}", stop.name, stop.idea);
    }
}
