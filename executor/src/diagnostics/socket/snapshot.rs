//! What a client is told, and the looks at what the workers poll.

use std::collections::HashMap;
use std::panic::Location;
use std::time::Duration;

use canter_coop::census::Counted;
use serde::Serialize;

use crate::diagnostics::{Dump, Metrics};
use crate::runtime::{self, Shared};
use crate::timer::Moment;

/// Between two looks at what the workers poll.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(5);

const VERSION: u32 = 1;

#[derive(Serialize)]
struct Snapshot<'a> {
    version: u32,
    process: ProcessName,
    uptime_ms: u64,
    looks: LooksSoFar,
    runtimes: &'a [RuntimeNow],
}

#[derive(Serialize)]
struct ProcessName {
    id: u32,
    name: Option<String>,
}

#[derive(Serialize)]
struct LooksSoFar {
    rate: f64,
    seats: u64,
    places: Vec<Seen>,
}

#[derive(Serialize)]
struct Seen {
    spawned_at: String,
    seen: u64,
}

#[derive(Serialize)]
struct RuntimeNow {
    workers: usize,
    seats: Vec<Option<Polled>>,
    metrics: Metrics,
    dump: Dump,
}

#[derive(Serialize)]
struct Polled {
    task: u64,
    spawned_at: Option<String>,
    for_ms: u64,
}

/// What the workers of all runtimes were seen to poll.
#[derive(Default)]
pub(super) struct Looks {
    /// Workers that were looked at, one for each look.
    seats: u64,
    places: HashMap<&'static Location<'static>, u64>,
}

impl Looks {
    /// Looks at every worker once.
    pub(super) fn look(&mut self, counted: &Counted) {
        runtime::with_running(counted, |running| {
            for polled in running.iter().flat_map(|shared| shared.scheduler.polled_places()) {
                self.seats += 1;
                if let Some(place) = polled {
                    *self.places.entry(place).or_default() += 1;
                }
            }
        });
    }

    fn so_far(&self) -> LooksSoFar {
        let places = self.places.iter().map(|(place, &seen)| Seen {
            spawned_at: place.to_string(),
            seen,
        });
        LooksSoFar {
            rate: 1.0 / LOOK_EVERY.as_secs_f64(),
            seats: self.seats,
            places: places.collect(),
        }
    }
}

/// A snapshot of the process, as a line.
pub(super) fn snapshot(uptime: Duration, looks: &Looks, counted: &Counted) -> Vec<u8> {
    let runtimes: Vec<_> = runtime::with_running(counted, |running| {
        running.iter().map(|shared| RuntimeNow::of(shared)).collect()
    });
    let snapshot = Snapshot {
        version: VERSION,
        process: ProcessName {
            id: std::process::id(),
            name: std::env::current_exe()
                .ok()
                .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())),
        },
        uptime_ms: millis(uptime),
        looks: looks.so_far(),
        runtimes: &runtimes,
    };
    let mut line = serde_json::to_vec(&snapshot).expect("its keys are texts, and nothing in it fails");
    line.push(b'\n');
    line
}

impl RuntimeNow {
    fn of(shared: &Shared) -> RuntimeNow {
        let scheduler = &shared.scheduler;
        let now = Moment::now();
        let polled = scheduler.running().zip(scheduler.polled_places());
        let seats = polled.map(|(running, place)| {
            running.map(|(task, since)| Polled {
                task: task.number(),
                spawned_at: place.map(Location::to_string),
                for_ms: millis(now.since(since)),
            })
        });
        RuntimeNow {
            workers: scheduler.workers(),
            seats: seats.collect(),
            metrics: shared.metrics(),
            dump: Dump::of(shared),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
