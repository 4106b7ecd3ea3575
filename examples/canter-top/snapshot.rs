//! A snapshot, as it comes over the socket. What a program does not count is not there.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

/// The version of the protocol that is understood here.
const VERSION: u64 = 1;

/// What a line says, or why it can't be shown.
pub fn parse(line: &str) -> Result<Snapshot, String> {
    let line: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    if let Some(error) = line["error"].as_str() {
        return Err(error.to_owned());
    }
    match line["version"].as_u64() {
        Some(VERSION) => serde_json::from_value(line).map_err(|error| error.to_string()),
        Some(other) => Err(format!(
            "it speaks version {other}, and this program version {VERSION}"
        )),
        None => Err("it does not say its version".to_owned()),
    }
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub process: Process,
    pub uptime_ms: u64,
    pub looks: Looks,
    pub runtimes: Vec<Runtime>,
}

#[derive(Deserialize)]
pub struct Process {
    pub id: u32,
    pub name: Option<String>,
}

#[derive(Deserialize)]
pub struct Looks {
    pub seats: u64,
    pub places: Vec<Place>,
}

#[derive(Deserialize)]
pub struct Place {
    pub spawned_at: String,
    pub seen: u64,
}

#[derive(Deserialize)]
pub struct Runtime {
    pub workers: usize,
    pub seats: Vec<Option<Polled>>,
    pub metrics: Metrics,
    pub dump: Dump,
}

#[derive(Deserialize)]
pub struct Polled {
    pub task: u64,
    pub spawned_at: Option<String>,
    pub for_ms: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Metrics {
    pub workers: Vec<Worker>,
    pub spare_workers: Option<u64>,
    pub injector: Option<u64>,
    pub stalls: Option<u64>,
    pub io_events: Option<u64>,
    pub timers_pending: Option<u64>,
    pub blocking: Option<Blocking>,
    pub tasks: Tasks,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Worker {
    pub polls: u64,
    pub poll_times: Vec<Bucket>,
    pub steals: u64,
    pub parks: u64,
    pub next_slot: u64,
    pub local_queue: u64,
}

#[derive(Deserialize, Clone, Copy)]
pub struct Bucket {
    pub below: Duration,
    pub count: u64,
}

#[derive(Deserialize)]
pub struct Blocking {
    pub running: u64,
    pub waiting: u64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Tasks {
    pub alive: u64,
    pub spawned: u64,
    pub ended: u64,
    pub panicked: u64,
    pub leaked: Option<u64>,
}

#[derive(Deserialize)]
pub struct Dump {
    pub threads: Vec<BlockedThread>,
    pub groups: Vec<Group>,
}

#[derive(Deserialize)]
pub struct BlockedThread {
    pub name: Option<String>,
    pub called_at: String,
    pub waiting: Option<Waiting>,
    pub waited_ms: u64,
}

#[derive(Deserialize)]
pub struct Group {
    pub kind: String,
    pub spawned_at: String,
    pub state: String,
    pub waiting: Option<Waiting>,
    pub count: u64,
    pub longest_ms: Option<u64>,
}

#[derive(Deserialize)]
pub struct Waiting {
    pub reason: String,
    pub place: String,
}
