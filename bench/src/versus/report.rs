//! The results as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::Better;
use super::machine::Machine;
use super::row::Row;

/// Everything that was measured.
#[derive(Debug, Serialize)]
pub(super) struct Report<'a> {
    machine: &'a Machine,
    rows: Vec<Measured<'a>>,
    ratios: Vec<Ratio<'a>>,
    failures: Vec<Failure<'a>>,
}

/// What a contender that did not fail reached in a row.
#[derive(Debug, Serialize)]
struct Measured<'a> {
    workload: &'a str,
    contender: &'a str,
    unit: &'a str,
    better: Better,
    median: f64,
    min: f64,
    max: f64,
}

/// How canter stands to the best peer in a row: above one, canter is ahead.
#[derive(Debug, Serialize)]
struct Ratio<'a> {
    workload: &'a str,
    best_peer: &'a str,
    ratio: f64,
}

/// A contender that failed in a row, how, and in how many rounds of those that it took part in.
#[derive(Debug, Serialize)]
struct Failure<'a> {
    workload: &'a str,
    contender: &'a str,
    failure: String,
    failed: usize,
    rounds: usize,
}

impl<'a> Report<'a> {
    /// The report of these rows.
    pub(super) fn new(machine: &'a Machine, results: &[&'a Row]) -> Report<'a> {
        let (mut rows, mut ratios, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        for &row in results {
            let workload = &*row.name;
            for line in &row.lines {
                let contender = line.contender;
                match &line.result {
                    Ok(spread) => rows.push(Measured {
                        workload,
                        contender,
                        unit: row.figure.unit,
                        better: row.figure.better,
                        median: spread.median,
                        min: spread.min,
                        max: spread.max,
                    }),
                    Err(failed) => failures.push(Failure {
                        workload,
                        contender,
                        failure: failed.failure.to_string(),
                        failed: failed.failed,
                        rounds: failed.rounds,
                    }),
                }
            }
            if let (Some((line, _)), Some(ratio)) = (row.best_peer(), row.factor()) {
                ratios.push(Ratio {
                    workload,
                    best_peer: line.contender,
                    ratio,
                });
            }
        }
        Report {
            machine,
            rows,
            ratios,
            failures,
        }
    }

    /// Writes it down.
    pub(super) fn write(&self, mut file: impl Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut file, self)?;
        writeln!(file)?;
        file.flush()
    }
}
