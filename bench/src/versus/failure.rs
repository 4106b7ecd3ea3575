//! How a measurement fails.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a measurement gave no figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// Less came out than was put in, or more.
    Miscounted {
        /// What came out.
        counted: u64,
        /// What was put in.
        expected: u64,
    },
    /// As much came out as was put in, but not the same.
    Mixed,
    /// It did not end in time.
    Stuck,
    /// Its process ended without a result: what the operating system says of it, or what it printed last.
    Died(String),
    /// What it needs is not there: an operating system's limit, a command.
    Unavailable(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Miscounted { counted, expected } => write!(f, "counted {counted} of {expected}"),
            Failure::Mixed => f.write_str("lost one and had another twice"),
            Failure::Stuck => f.write_str("did not end in time"),
            Failure::Died(how) => write!(f, "died: {how}"),
            Failure::Unavailable(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Failure {}
