//! What a task costs that does nothing but wait.

use std::fs;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use super::everyone::everyone;
use super::timing::{expect_count, nanos_each};
use super::{Better, Failure, Figure, Run, Workload};
use crate::Flag;
use crate::runtimes::Runtime;

/// How many tasks are started before the others have their turn.
const BATCH: u64 = 100;

/// What a parked task costs.
const PARKED: &[Figure] = &[
    Figure {
        name: "bytes",
        unit: "bytes",
        better: Better::Lower,
    },
    Figure {
        name: "start",
        unit: "ns",
        better: Better::Lower,
    },
    Figure {
        name: "wake",
        unit: "ns",
        better: Better::Lower,
    },
];

/// The workloads of this module.
pub fn workloads() -> Vec<Workload> {
    let name = "memory/parked-task";
    vec![Workload {
        name: name.to_owned(),
        about: "A million tasks, which hold a pointer each, wait at a gate: by how much the resident memory of the process \
                grew, the time until all waited, and the time from opening the gate until all have ended; for each task. \
                A thousandth of them warms up, so that little memory is there to be used again; a quick run has a tenth."
            .to_owned(),
        figures: PARKED,
        times: 1_000_000,
        quick_times: 100_000,
        contenders: everyone!(name, parked_tasks),
    }]
}

fn parked_tasks<R: Runtime>(run: &Run) -> Result<Vec<f64>, Failure> {
    let runtime = R::start(run.workers);
    let mut figures = vec![];
    for times in [run.times.div_ceil(1_000), run.times] {
        let gate = Gate::new(times);
        figures = runtime.block_on(async { R::spawn(park_and_wake::<R>(gate)).await })?;
    }
    Ok(figures)
}

/// Parks as many tasks as the gate is for, wakes them, and gives the figures.
async fn park_and_wake<R: Runtime>(gate: Arc<Gate>) -> Result<Vec<f64>, Failure> {
    let before = resident_bytes()?;
    let started = Instant::now();
    for number in 0..gate.tasks {
        R::go(Parked(gate.clone()));
        if number % BATCH == 0 {
            R::yield_now().await;
        }
    }
    gate.all_parked.lowered().await;
    let start = started.elapsed();
    let bytes = resident_bytes()?.saturating_sub(before);

    let started = Instant::now();
    gate.open.store(true, Ordering::Release);
    let wakers = std::mem::take(&mut *gate.wakers.lock().expect("no panic under this lock"));
    expect_count(wakers.len() as u64, gate.tasks)?;
    wakers.into_iter().for_each(Waker::wake);
    gate.all_ended.lowered().await;
    let wake = started.elapsed();

    expect_count(gate.ended.load(Ordering::Relaxed), gate.tasks)?;
    Ok(vec![
        bytes as f64 / gate.tasks as f64,
        nanos_each(start, gate.tasks),
        nanos_each(wake, gate.tasks),
    ])
}

/// Where tasks wait, with room for their wakers that is resident before they come.
struct Gate {
    tasks: u64,
    wakers: Mutex<Vec<Waker>>,
    all_parked: Flag,
    open: AtomicBool,
    ended: AtomicU64,
    all_ended: Flag,
}

impl Gate {
    fn new(tasks: u64) -> Arc<Gate> {
        let mut wakers = vec![Waker::noop().clone(); tasks as usize];
        black_box(&mut wakers).clear();
        Arc::new(Gate {
            tasks,
            wakers: Mutex::new(wakers),
            all_parked: Flag::default(),
            open: AtomicBool::new(false),
            ended: AtomicU64::new(0),
            all_ended: Flag::default(),
        })
    }
}

/// A task that waits until the gate opens, and ends.
struct Parked(Arc<Gate>);

impl Future for Parked {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let gate = &*self.0;
        if gate.open.load(Ordering::Acquire) {
            if gate.ended.fetch_add(1, Ordering::AcqRel) + 1 == gate.tasks {
                gate.all_ended.raise();
            }
            return Poll::Ready(());
        }
        let mut wakers = gate.wakers.lock().expect("no panic under this lock");
        wakers.push(cx.waker().clone());
        let parked = wakers.len() as u64;
        drop(wakers);
        if parked == gate.tasks {
            gate.all_parked.raise();
        }
        Poll::Pending
    }
}

/// The memory of this process that is in use, as Linux counts it exactly.
fn resident_bytes() -> Result<u64, Failure> {
    const PATH: &str = "/proc/self/smaps_rollup";
    let unavailable = |why: &str| Failure::Unavailable(format!("{PATH}: {why}"));
    let rollup = fs::read_to_string(PATH).map_err(|error| unavailable(&error.to_string()))?;
    let kilobytes = rollup.lines().find_map(|line| {
        line.strip_prefix("Rss:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    Ok(kilobytes.ok_or_else(|| unavailable("no Rss"))? * 1024)
}
